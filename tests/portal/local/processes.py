"""What tests of supervised processes ask of the system."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

WAIT_SECONDS = 20


def python(source: str) -> list[str]:
    """Return a command that runs the source, without the seconds of site-packages."""
    return [sys.executable, "-I", "-S", "-c", source]


def is_alive(pid: int) -> bool:
    """Return whether the process runs; a zombie, whom nobody has waited for yet, does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in {"Z", "X"}


def group_is_empty(group: int) -> bool:
    """Return whether no process of the group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


def eventually(condition: Callable[[], bool]) -> bool:
    """Return whether the condition becomes true in WAIT_SECONDS."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return condition()
