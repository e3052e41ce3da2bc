import os
import signal
import sys
from pathlib import Path

import pytest

from portal.local.errors import StartFailed
from portal.local.process import MAX_LOG_BYTES, Child
from tests.portal.local.processes import eventually, group_is_empty, is_alive, python

ROOT = Path(__file__).parents[3]
SLEEP = "import time; time.sleep(60)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); {SLEEP}"
# A leader that dies and leaves a member of its group behind.
LEAVES_ONE_BEHIND = f"""
import os, sys, time
pid = os.fork()
if pid == 0:
    {SLEEP}
print(pid, flush=True)
"""


@pytest.fixture
def start(tmp_path):
    started = []

    def start(source, **options):
        child = Child("dummy", python(source), log=tmp_path / "dummy.log", **options)
        child.start()
        started.append(child)
        return child

    yield start
    for child in started:
        child.kill()


def test_child_runs_in_a_session_of_its_own(start):
    child = start(SLEEP)

    assert os.getsid(child.pid) == child.pid != os.getsid(0)


def test_stop_ends_a_child_that_listens(start):
    child = start(SLEEP)

    child.stop(grace_seconds=10)

    assert child.exit_code() == -signal.SIGTERM
    assert group_is_empty(child.pid)


def test_stop_kills_a_child_that_does_not_listen(start):
    child = start(STUBBORN)
    child.wait_until(lambda: "deaf" in child.log_tail(), limit_seconds=10)

    child.stop(grace_seconds=0.2)

    assert child.exit_code() == -signal.SIGKILL


def test_exit_code_of_a_crashed_leader_takes_the_rest_of_its_group_along(start):
    child = start(LEAVES_ONE_BEHIND)
    assert eventually(lambda: child.exit_code() == 0)

    left_behind = int(child.log_tail())

    assert eventually(lambda: not is_alive(left_behind))


def test_wait_until_tells_how_a_child_ended_and_shows_its_log(start):
    child = start("import sys; print('no such file'); sys.exit(3)")

    with pytest.raises(StartFailed, match=r"dummy ended with code 3\.\nno such file"):
        child.wait_until(lambda: False, limit_seconds=10)


def test_wait_until_gives_up_in_time(start):
    child = start(SLEEP)

    with pytest.raises(StartFailed, match=r"dummy was not ready in 0\.1 s"):
        child.wait_until(lambda: False, limit_seconds=0.1)


def test_child_whose_program_is_missing_says_so(tmp_path):
    child = Child("dummy", ["/no/such/program"], log=tmp_path / "dummy.log")
    child.start()

    with pytest.raises(StartFailed, match="/no/such/program: No such file"):
        child.wait_until(lambda: False, limit_seconds=10)


def test_start_puts_a_long_log_aside(tmp_path, start):
    log = tmp_path / "dummy.log"
    log.write_bytes(b"x" * (MAX_LOG_BYTES + 1))

    child = start("print('fresh')")

    assert eventually(lambda: child.exit_code() == 0)
    assert log.read_text() == "fresh\n"
    assert (tmp_path / "dummy.log.1").stat().st_size == MAX_LOG_BYTES + 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can tie a child's life to its parent's")
def test_child_ends_when_its_supervisor_is_killed(tmp_path, start):
    supervisor = start(f"""
import sys, time
sys.path[:0] = {[str(ROOT), *sys.path]!r}
from pathlib import Path
from portal.local.process import Child
child = Child("sleeper", [sys.executable, "-c", {SLEEP!r}], log=Path({str(tmp_path)!r}) / "sleeper.log")
child.start()
print(child.pid, flush=True)
time.sleep(60)
""")
    supervisor.wait_until(lambda: supervisor.log_tail().isdecimal(), limit_seconds=20)
    sleeper = int(supervisor.log_tail())
    assert is_alive(sleeper)

    os.kill(supervisor.pid, signal.SIGKILL)

    assert eventually(lambda: not is_alive(sleeper))
