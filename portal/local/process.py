"""One child process: started with a log of its own, stopped with all that it started."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from portal.local import launch
from portal.local.errors import StartFailed

MAX_LOG_BYTES = 5_000_000
POLL_SECONDS = 0.05
_TAIL_BYTES = 16_000


class Child:
    """A process in a session of its own, so that Ctrl-C reaches only the supervisor.

    `keep_open` are file descriptors that the child inherits. Start it from a thread that
    lives as long as the supervisor (the main one): on Linux the child ends with that thread.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        log: Path,
        environment: Mapping[str, str] | None = None,
        directory: Path | None = None,
        keep_open: Sequence[int] = (),
    ) -> None:
        self.name = name
        self._command = [str(part) for part in command]
        self.log = log
        self._environment = environment
        self._directory = directory
        self._keep_open = keep_open
        self._process: subprocess.Popen[bytes] | None = None
        self._is_group_ended = False

    @property
    def pid(self) -> int:
        """The process id, which is also that of its group and session."""
        return self._started.pid

    @property
    def _started(self) -> "subprocess.Popen[bytes]":
        if self._process is None:
            raise RuntimeError(f"{self.name} was not started")
        return self._process

    def start(self) -> None:
        """Start the process; its output goes to the end of the log."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > MAX_LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        launcher = [sys.executable, "-I", "-S", launch.__file__, str(os.getpid())]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - programs of our own choice, no shell
                [*launcher, *self._command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment,
                cwd=self._directory,
                start_new_session=True,
                pass_fds=self._keep_open,
            )
        self._is_group_ended = False

    def exit_code(self) -> int | None:
        """Return how it ended (minus the signal's number if killed), or None while it runs."""
        code = self._started.poll()
        if code is not None:
            self._end_group()  # a master that crashed leaves its workers behind
        return code

    def is_running(self) -> bool:
        return self._process is not None and self.exit_code() is None

    def terminate(self) -> None:
        """Ask it to end. Only the leader: it tells its own workers, in its own order."""
        if self.is_running():
            self._started.terminate()

    def kill(self) -> None:
        """End it and all that it started, at once."""
        self._end_group()
        self._started.wait()

    def stop(self, grace_seconds: float) -> None:
        """Ask it to end, and kill it when it has not done so in time."""
        if self._process is None:
            return
        self.terminate()
        # The time-out is answered by the kill below, which also takes what the leader left.
        with suppress(subprocess.TimeoutExpired):
            self._started.wait(grace_seconds)
        self.kill()

    def wait_until(self, ready: Callable[[], bool], *, limit_seconds: float) -> None:
        """Wait until `ready()`. Raises StartFailed, with the log's end, if it ends or time does."""
        deadline = time.monotonic() + limit_seconds
        while not ready():
            code = self.exit_code()
            if code is not None:
                raise StartFailed(f"{self.name} ended with code {code}.\n{self.log_tail()}")
            if time.monotonic() > deadline:
                raise StartFailed(f"{self.name} was not ready in {limit_seconds:g} s.\n{self.log_tail()}")
            time.sleep(POLL_SECONDS)

    def log_tail(self, lines: int = 15) -> str:
        """Return the last lines of the log."""
        with self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - _TAIL_BYTES))
            return "\n".join(log.read().decode(errors="replace").splitlines()[-lines:])

    def _end_group(self) -> None:
        """Kill the group, once: when all its members are gone its number may become somebody else's."""
        if self._is_group_ended:
            return
        self._is_group_ended = True
        with suppress(ProcessLookupError, PermissionError):  # nobody is left; macOS: only zombies are
            os.killpg(self.pid, signal.SIGKILL)
