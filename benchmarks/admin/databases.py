"""Databases to fill: a SQLite file, a private PostgreSQL cluster, or the one that DATABASE_URL names."""

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

POSTGRES_USER = "postgres"
# What a small server is commonly given; the planner's settings stay as they come.
POSTGRES_SETTINGS = {
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
    # Only loading gains by these: pages are read from memory either way.
    "fsync": "off",
    "full_page_writes": "off",
    "maintenance_work_mem": "512MB",
}


@contextmanager
def sqlite(folder: Path) -> Iterator[str]:
    """Yield the URL of a SQLite file in the folder, used with the portal's own settings (WAL)."""
    yield f"sqlite:///{folder / 'portal.sqlite3'}"


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """Yield DATABASE_URL if it names PostgreSQL, else the URL of a cluster that runs until the end.

    Raises FileNotFoundError when no server is installed.
    """
    given = os.environ.get("DATABASE_URL", "")
    if given.startswith("postgres"):
        yield given
        return
    binaries = _binaries()
    data = folder / "cluster"
    if not (data / "PG_VERSION").exists():
        data.mkdir(parents=True, exist_ok=True)
        _hand_over(data)
        _run(
            binaries / "initdb",
            "-D",
            data,
            "-U",
            POSTGRES_USER,
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
        )
    port = _free_port()
    options = {
        **POSTGRES_SETTINGS,
        "port": port,
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
    }
    flags = " ".join(f"-c {name}='{value}'" for name, value in options.items())
    _run(binaries / "pg_ctl", "-D", data, "-w", "-t", 60, "-l", data / "log", "-o", flags, "start")
    try:
        yield f"postgres://{POSTGRES_USER}@127.0.0.1:{port}/postgres"
    finally:
        _run(binaries / "pg_ctl", "-D", data, "-m", "fast", "stop")


def _binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    if found:
        return found[-1]
    on_path = shutil.which("pg_ctl")
    if on_path is None:
        raise FileNotFoundError("PostgreSQL is not installed; give DATABASE_URL or --database sqlite.")
    return Path(on_path).parent


def _run(*command: object) -> None:
    words = [str(word) for word in command]
    if os.geteuid() == 0:  # the server refuses to run as root
        words = ["runuser", "-u", POSTGRES_USER, "--", *words]
    # Not a pipe: the server inherits the output, and would hold a pipe open for ever.
    subprocess.run(words, check=True, cwd="/", stdout=subprocess.DEVNULL)


def _hand_over(folder: Path) -> None:
    if os.geteuid() != 0:
        return
    account = pwd.getpwnam(POSTGRES_USER)
    os.chown(folder, account.pw_uid, account.pw_gid)
    for above in folder.parents[:2]:
        above.chmod(above.stat().st_mode | 0o011)  # mkdtemp's 0700 would keep the server out


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
