"""The portal as a process of its own, the way it runs for people: gunicorn, manifest static files.

A real process, because Playwright's event loop and Django's ORM do not share a thread,
and because what is tested is then what is served.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60
STOP_SECONDS = 10


@dataclass(frozen=True)
class Server:
    """A running portal. `environment` is what a worker beside it must be started with."""

    url: str
    environment: dict[str, str]


def prepared_environment(directory: Path, **extra: str) -> dict[str, str]:
    """Make an empty data directory into a portal with accounts and some pets; return its environment."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "PORTAL_DATA_DIR": str(directory),
        "STATIC_ROOT": str(directory / "static"),
        "DATABASE_URL": f"sqlite:///{directory / 'portal.sqlite3'}",
        "ANALYTICS_BUCKET": "analytics",
        "GLUE_JOBS": "report",
        **extra,
    }
    # In the shell, for models can be imported only after Django has been set up.
    run(
        ["manage.py", "shell", "-v0", "-c", "from tests.browser import prepare; prepare.prepare()"],
        environment,
    )
    return environment


@contextmanager
def serving(environment: dict[str, str]) -> Iterator[Server]:
    """Run gunicorn on a free port until the block ends; its log is in PORTAL_DATA_DIR/gunicorn.log."""
    log_path = Path(environment["PORTAL_DATA_DIR"]) / "gunicorn.log"
    # The socket is ours and is handed over: nobody can take the port in between.
    with socket.create_server(("127.0.0.1", 0)) as listener, log_path.open("wb") as log:
        number = listener.fileno()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "portal.wsgi", "--bind", f"fd://{number}", "--threads", "4"],
            cwd=ROOT,
            env=environment,
            pass_fds=[number],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_for(f"{url}/health/live", process, log_path)
            yield Server(url, environment)
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def run(arguments: list[str], environment: dict[str, str]) -> None:
    """Run a script of the project to its end; RuntimeError with what it said when it fails."""
    finished = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if finished.returncode:
        raise RuntimeError(f"{' '.join(arguments)} failed:\n{finished.stdout}\n{finished.stderr}")


def _wait_for(url: str, process: subprocess.Popen[bytes], log_path: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urlopen(url, timeout=2):
                return
        except OSError:  # refused, reset or too slow: not there yet
            time.sleep(0.1)
    raise RuntimeError(f"{url} does not answer:\n{log_path.read_text(errors='replace')}")
