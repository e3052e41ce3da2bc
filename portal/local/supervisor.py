"""Run the steps and services of a plan: each as soon as what it needs is there, all watched.

What happens when a child ends although nobody stopped it:

* a *step* (migrate, ...) that fails ends the start: everything stops, exit code 1;
* a *background* step or service (demo data, the simulator) that fails is told, and nothing else
  happens: nobody waits for it, and what needs it is not started;
* a *service* with `restarts` (web, workers, beat) is started again, at most that many times
  in RESTART_WINDOW_SECONDS; after that, or without `restarts` (the servers that hold data:
  a full disk or a damaged file does not heal by trying), everything stops, exit code 1.

Whoever is to blame is named, with the end of his log. SIGINT, SIGTERM and SIGHUP stop all
children, users before what they use; a second one of them kills at once.
"""

import contextlib
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path

from portal.local.errors import StartFailed
from portal.local.process import Child

RESTART_WINDOW_SECONDS = 60
_POLL_SECONDS = 0.1
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _at_once() -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class Unit:
    """What steps and services have in common.

    `name` names the log, `label` is what a person reads, `needs` are the names of units that
    must be done or ready before. `environment` replaces the supervisor's own for children.
    A unit in the background is not waited for, and its failure stops nothing.
    """

    name: str
    label: str
    command: Sequence[str]
    needs: tuple[str, ...] = ()
    limit_seconds: float = 120
    environment: Mapping[str, str] | None = None
    is_background: bool = False


@dataclass(frozen=True, kw_only=True)
class Step(Unit):
    """A program that ends by itself. `is_wanted` is asked when its turn comes."""

    is_wanted: Callable[[], bool] = _at_once


@dataclass(frozen=True, kw_only=True)
class Service(Unit):
    """A program that runs until it is told to stop."""

    is_ready: Callable[[], bool] = _at_once
    restarts: int = 0
    stop_seconds: float = 10


class _Phase(Enum):
    WAITING = auto()
    STARTING = auto()
    UP = auto()  # a service is ready; a step is done
    GIVEN_UP = auto()  # it failed, in the background


@dataclass
class _Run:
    """One unit in this run."""

    unit: Unit
    child: Child
    phase: _Phase = _Phase.WAITING
    began: float = 0.0
    crashes: list[float] = field(default_factory=list)


class Supervisor:
    """Runs units; `say` takes one line for the person at the terminal."""

    def __init__(
        self,
        units: Sequence[Unit],
        *,
        environment: Mapping[str, str],
        directory: Path,
        logs: Path,
        say: Callable[[str], None],
        keep_open: Sequence[int] = (),
    ) -> None:
        self._say_line = say
        self._signals_seen = 0
        self._runs = {
            unit.name: _Run(
                unit,
                Child(
                    unit.label,
                    unit.command,
                    log=logs / f"{unit.name}.log",
                    environment=environment if unit.environment is None else unit.environment,
                    directory=directory,
                    keep_open=keep_open,
                ),
            )
            for unit in units
        }

    def run(self, when_up: Callable[[], None]) -> int:
        """Run until a signal (returns 0) or a failure (returns 1); no child is left either way.

        `when_up` is called once, when all but the background steps are done or ready. To be
        called from the main thread, as signals and the children's lives are tied to it.
        """
        told = False
        with self._listening():
            try:
                while not self._signals_seen:
                    self._start_what_can()
                    for run in self._runs.values():
                        if run.phase in {_Phase.STARTING, _Phase.UP}:
                            self._look_after(run)
                    if not told and all(
                        run.phase is _Phase.UP or run.unit.is_background for run in self._runs.values()
                    ):
                        told = True
                        when_up()
                    time.sleep(_POLL_SECONDS)
            except StartFailed as error:
                self._say(str(error))
                return 1
            finally:
                self._stop()
        return 0

    @contextlib.contextmanager
    def _listening(self) -> Iterator[None]:
        def note(_number: int, _frame: object) -> None:
            self._signals_seen += 1

        before = {number: signal.signal(number, note) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _start_what_can(self) -> None:
        up = {name for name, run in self._runs.items() if run.phase is _Phase.UP}
        for run in self._runs.values():
            if run.phase is not _Phase.WAITING or not up.issuperset(run.unit.needs):
                continue
            if isinstance(run.unit, Step) and not run.unit.is_wanted():
                run.phase = _Phase.UP
                continue
            self._start(run)

    def _start(self, run: _Run) -> None:
        run.phase = _Phase.STARTING
        run.began = time.monotonic()
        run.child.start()

    def _look_after(self, run: _Run) -> None:
        if isinstance(run.unit, Service):
            self._look_after_service(run, run.unit)
        elif run.phase is _Phase.STARTING:
            self._look_after_step(run)

    def _look_after_step(self, run: _Run) -> None:
        code = run.child.exit_code()
        if code is None:
            if not run.unit.is_background:
                self._check_time(run)
        elif code == 0:
            self._is_up(run)
        else:
            self._fail(run, _ended(run, code))

    def _look_after_service(self, run: _Run, service: Service) -> None:
        code = run.child.exit_code()
        if code is not None:
            self._after_crash(run, service, code)
        elif run.phase is _Phase.STARTING:
            if service.is_ready():
                self._is_up(run)
            else:
                self._check_time(run)

    def _after_crash(self, run: _Run, service: Service, code: int) -> None:
        now = time.monotonic()
        run.crashes = [at for at in run.crashes if now - at < RESTART_WINDOW_SECONDS] + [now]
        if len(run.crashes) > service.restarts:
            self._fail(run, _ended(run, code))
            return
        self._say(f"{_ended(run, code)}\nStarting it again ({len(run.crashes)} of {service.restarts}).")
        self._start(run)

    def _check_time(self, run: _Run) -> None:
        if time.monotonic() - run.began > run.unit.limit_seconds:
            self._fail(
                run, f"{run.unit.label}: not ready after {run.unit.limit_seconds:g} s. {_log_end(run)}"
            )

    def _fail(self, run: _Run, sentence: str) -> None:
        if not run.unit.is_background:
            raise StartFailed(sentence)
        run.phase = _Phase.GIVEN_UP
        run.child.kill()
        self._say(sentence)

    def _is_up(self, run: _Run) -> None:
        run.phase = _Phase.UP
        self._say(f"{time.monotonic() - run.began:7.1f} s  {run.unit.label}")

    def _stop(self) -> None:
        """Tell each child to end once nothing that needs it runs; kill those that take too long."""
        began = time.monotonic()
        asked: dict[str, float] = {}
        killed: set[str] = set()
        signals_before = self._signals_seen
        while running := [name for name, run in self._runs.items() if run.child.is_running()]:
            in_use = set().union(*(self._all_needs(name) for name in running))
            for name in running:
                if name not in asked and name not in in_use:
                    asked[name] = time.monotonic()
                    self._runs[name].child.terminate()
                elif name not in killed and (
                    self._signals_seen > signals_before
                    or time.monotonic() - asked.get(name, time.monotonic()) > _stop_seconds(self._runs[name])
                ):
                    killed.add(name)
                    self._runs[name].child.kill()
            time.sleep(_POLL_SECONDS)
        self._say(f"Stopped in {time.monotonic() - began:.1f} s.")

    def _all_needs(self, name: str) -> set[str]:
        needs: set[str] = set()
        for needed in self._runs[name].unit.needs:
            needs |= {needed} | self._all_needs(needed)
        return needs

    def _say(self, line: str) -> None:
        with contextlib.suppress(OSError):  # the terminal is gone: the children must still be stopped
            self._say_line(line)


def _stop_seconds(run: _Run) -> float:
    return run.unit.stop_seconds if isinstance(run.unit, Service) else 0


def _ended(run: _Run, code: int) -> str:
    how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
    return f"{run.unit.label} {how}. {_log_end(run)}"


def _log_end(run: _Run) -> str:
    return f"The end of {run.child.log}:\n{run.child.log_tail()}"
