import os
import signal
import time

import pytest

from portal.local.supervisor import Service, Step, Supervisor
from tests.portal.local.processes import eventually, group_is_empty, is_alive, python

SLEEP = "import time; time.sleep(60)"
LIMIT_SECONDS = 20


@pytest.fixture
def run(tmp_path):
    """Run units, asking them to stop once they are up; return the exit code and what was said."""

    def run(*units, when_up=lambda: os.kill(os.getpid(), signal.SIGTERM)):
        lines: list[str] = []
        supervisor = Supervisor(
            units, environment=dict(os.environ), directory=tmp_path, logs=tmp_path / "logs", say=lines.append
        )
        code = supervisor.run(when_up)
        return code, "\n".join(lines)

    return run


def step(name, source, **options):
    options = {"label": name, "limit_seconds": LIMIT_SECONDS, **options}
    return Step(name=name, command=python(source), **options)


def service(name, source=SLEEP, **options):
    options = {"label": name, "limit_seconds": LIMIT_SECONDS, "stop_seconds": 5, **options}
    return Service(name=name, command=python(source), **options)


def touch(path):
    return f"open({str(path)!r}, 'a').write('.')"


def pid_writer(path, then=SLEEP):
    """Return a program that adds its pid to the file."""
    return f"import os; print(os.getpid(), file=open({str(path)!r}, 'a')); {then}"


def pids(path):
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def test_run_starts_each_unit_when_what_it_needs_is_there(run, tmp_path):
    made = tmp_path / "made"
    checks = f"import os, sys; sys.exit(not os.path.exists({str(made)!r}))"

    code, said = run(
        step("after", checks, needs=("before",)),
        step("before", f"import time; time.sleep(0.3); {touch(made)}"),
    )

    assert code == 0
    assert said.index("before") < said.index("after")


def test_run_waits_until_a_service_is_ready(run, tmp_path):
    made = tmp_path / "made"

    code, _said = run(
        service("server", f"import time; time.sleep(0.3); {touch(made)}; {SLEEP}", is_ready=made.exists),
        step("client", f"import os, sys; sys.exit(not os.path.exists({str(made)!r}))", needs=("server",)),
    )

    assert code == 0


def test_run_leaves_out_a_step_that_is_not_wanted(run, tmp_path):
    code, _said = run(step("unwanted", touch(tmp_path / "made"), is_wanted=lambda: False))

    assert code == 0
    assert not (tmp_path / "made").exists()


def test_step_that_fails_stops_everything_and_shows_its_log(run, tmp_path):
    noted = tmp_path / "pids"

    code, said = run(
        service("server", pid_writer(noted), is_ready=noted.exists),
        step("migrate", "import sys; sys.exit('no such table')", needs=("server",)),
    )

    assert code == 1
    assert "migrate ended with code 1" in said
    assert "no such table" in said
    assert all(group_is_empty(pid) for pid in pids(noted))


def test_background_step_that_fails_stops_nothing(run, tmp_path):
    log = tmp_path / "logs" / "data.log"

    code, said = run(
        step("data", "import sys; sys.exit('real pets here')", is_background=True),
        service("server", is_ready=lambda: log.exists() and log.read_text() != ""),
        step("breath", "import time; time.sleep(0.5)", needs=("server",)),
    )

    assert code == 0
    assert "data ended with code 1" in said
    assert "real pets here" in said


@pytest.mark.parametrize("source", ["import sys; sys.exit('no memory left')", SLEEP])
def test_background_service_that_fails_stops_nothing(run, tmp_path, source):
    """Neither one that ends nor one that never answers; what needs it is not started."""
    made = tmp_path / "made"

    code, said = run(
        service("extra", source, is_ready=lambda: False, limit_seconds=0.3, is_background=True),
        step("samples", touch(made), needs=("extra",), is_background=True),
        step("breath", "import time; time.sleep(1.5)"),
    )

    assert code == 0
    assert "extra ended with code 1" in said or "extra: not ready after 0.3 s" in said
    assert not made.exists()


def test_unit_that_is_not_ready_in_time_stops_everything(run):
    code, said = run(service("slow", is_ready=lambda: False, limit_seconds=0.2))

    assert code == 1
    assert "slow: not ready after 0.2 s" in said


def test_server_that_crashes_stops_everything_and_is_named(run, tmp_path):
    noted = tmp_path / "pids"
    stored = service("store", pid_writer(noted), is_ready=lambda: bool(pids(noted)))
    worker = service("worker", restarts=3, needs=("store",))

    code, said = run(stored, worker, when_up=lambda: os.kill(pids(noted)[0], signal.SIGKILL))

    assert code == 1
    assert "store was killed by signal 9" in said
    assert str(tmp_path / "logs" / "store.log") in said


def test_worker_that_crashes_is_started_again(run, tmp_path):
    noted = tmp_path / "pids"

    class StopWhenTwo:
        """Stands for the person who stops the demo after the worker has come back."""

        def __call__(self):
            if len(pids(noted)) >= 2:
                os.kill(os.getpid(), signal.SIGTERM)
            return bool(pids(noted))

    worker = service("worker", pid_writer(noted), restarts=3, is_ready=StopWhenTwo())

    code, said = run(worker, when_up=lambda: os.kill(pids(noted)[0], signal.SIGKILL))

    assert code == 0
    assert "worker was killed by signal 9" in said
    assert "Starting it again (1 of 3)" in said
    assert all(group_is_empty(pid) for pid in pids(noted))


def test_worker_that_crashes_again_and_again_stops_everything(run, tmp_path):
    noted = tmp_path / "pids"

    code, said = run(service("worker", pid_writer(noted, then="1/0"), restarts=2), when_up=lambda: None)

    assert code == 1
    assert len(pids(noted)) == 3
    assert "ZeroDivisionError" in said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_stops_every_child(run, tmp_path, number):
    noted = tmp_path / "pids"
    forks = f"import os; os.fork(); {pid_writer(noted)}"

    code, _said = run(
        service("web", forks, is_ready=lambda: len(pids(noted)) == 2),
        when_up=lambda: os.kill(os.getpid(), number),
    )

    assert code == 0
    assert len(pids(noted)) == 2
    assert eventually(lambda: not any(is_alive(pid) for pid in pids(noted)))


def test_stop_tells_users_before_what_they_use(run, tmp_path):
    order = tmp_path / "order"
    up = tmp_path / "up"

    def ending(name):
        note = f"print({name!r}, file=open({str(order)!r}, 'a'), flush=True)"
        return (
            f"import signal, sys, time\ndef end(*_):\n    time.sleep(0.2); {note}; sys.exit()\n"
            f"signal.signal(signal.SIGTERM, end)\n{touch(up)}\ntime.sleep(60)"
        )

    run(
        service("store", ending("store"), is_ready=up.exists),
        step("bucket", "pass", needs=("store",)),
        service("worker", ending("worker"), needs=("bucket",), is_ready=lambda: len(up.read_text()) == 2),
    )

    assert order.read_text().split() == ["worker", "store"]


def test_stop_kills_a_child_that_does_not_listen(run, tmp_path):
    noted = tmp_path / "pids"
    deaf = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {pid_writer(noted)}"
    began = time.monotonic()

    code, _said = run(service("deaf", deaf, stop_seconds=0.3, is_ready=lambda: bool(pids(noted))))

    assert code == 0
    assert group_is_empty(pids(noted)[0])
    assert time.monotonic() - began < LIMIT_SECONDS


def test_second_signal_does_not_wait(run, tmp_path):
    noted = tmp_path / "pids"
    # Asked to end it sends the supervisor one more signal, as an impatient person would.
    deaf = (
        "import os, signal\n"
        f"signal.signal(signal.SIGTERM, lambda *_: os.kill({os.getpid()}, signal.SIGINT))\n"
        + pid_writer(noted)
        + "\ntime.sleep(60)"
    )
    began = time.monotonic()

    run(service("deaf", deaf, stop_seconds=60, is_ready=lambda: bool(pids(noted))))

    assert group_is_empty(pids(noted)[0])
    assert time.monotonic() - began < LIMIT_SECONDS


def test_run_gives_the_signals_back(run):
    before = signal.getsignal(signal.SIGTERM)

    run(step("nothing", "pass"))

    assert signal.getsignal(signal.SIGTERM) is before


def test_run_stops_its_children_although_nobody_reads_what_it_says(tmp_path):
    noted = tmp_path / "pids"

    def say(_line):
        raise BrokenPipeError

    supervisor = Supervisor(
        [service("web", pid_writer(noted), is_ready=lambda: bool(pids(noted)))],
        environment={"PATH": os.defpath},
        directory=tmp_path,
        logs=tmp_path,
        say=say,
    )

    code = supervisor.run(lambda: os.kill(os.getpid(), signal.SIGTERM))

    assert code == 0
    assert group_is_empty(pids(noted)[0])
