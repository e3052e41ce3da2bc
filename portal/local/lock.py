"""One demo at a time on a data directory."""

import fcntl
import json
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from portal.local.errors import AlreadyRunning


class DataLock:
    """An flock on the data directory's lock file.

    The children inherit `descriptor`, and an flock is free only when its last holder is
    gone: should the supervisor be killed where children cannot be told to die with it
    (not Linux), a second start is refused instead of opening their files a second time.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.descriptor = -1

    def __enter__(self) -> Self:
        """Take the lock. Raises AlreadyRunning, naming the holder."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(descriptor)
            raise AlreadyRunning(_holder(self._path)) from error
        self.descriptor = descriptor
        self.describe("")
        return self

    def describe(self, address: str) -> None:
        """Write down who holds the lock, for the one who comes second."""
        text = json.dumps({"pid": os.getpid(), "address": address})
        os.ftruncate(self.descriptor, 0)
        os.pwrite(self.descriptor, text.encode(), 0)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Closed, not unlocked: LOCK_UN would also take it from a child that still runs. The file
        # stays: were it deleted, a second start could lock a new one beside a third on the old.
        os.ftruncate(self.descriptor, 0)
        os.close(self.descriptor)


def _holder(path: Path) -> str:
    try:
        found = json.loads(path.read_text())
        pid, address = int(found["pid"]), str(found["address"])
    except (OSError, ValueError, KeyError, TypeError):
        return f"A demo is starting or stopping on {path.parent}; try again in a moment."
    if not _is_alive(pid):
        return (
            f"The demo on {path.parent} (process {pid}) was killed, and its servers have not ended yet. "
            "Try again in a moment."
        )
    where = f" at {address}" if address else ", still starting"
    return f"A demo already runs on {path.parent}: process {pid}{where}."


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
