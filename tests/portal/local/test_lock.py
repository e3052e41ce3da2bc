import os

import pytest

from portal.local.errors import AlreadyRunning
from portal.local.lock import DataLock


def test_lock_tells_the_second_who_holds_it_and_where(tmp_path):
    path = tmp_path / "demo.lock"
    with DataLock(path) as lock:
        lock.describe("http://127.0.0.1:8000/")

        with pytest.raises(AlreadyRunning, match=rf"process {os.getpid()} at http://127\.0\.0\.1:8000/"):
            DataLock(path).__enter__()


def test_lock_of_a_demo_that_still_starts_says_so(tmp_path):
    path = tmp_path / "demo.lock"
    with DataLock(path), pytest.raises(AlreadyRunning, match="still starting"):
        DataLock(path).__enter__()


def test_lock_can_be_taken_again_when_it_was_given_back(tmp_path):
    path = tmp_path / "demo.lock"
    with DataLock(path):
        pass

    with DataLock(path) as lock:
        assert lock.descriptor >= 0


def test_lock_stays_while_a_child_that_inherited_it_runs(tmp_path):
    path = tmp_path / "demo.lock"
    with DataLock(path) as lock:
        inherited = os.dup(lock.descriptor)

    try:
        with pytest.raises(AlreadyRunning):
            DataLock(path).__enter__()
    finally:
        os.close(inherited)
    with DataLock(path):
        pass  # free once the child is gone


def test_lock_of_a_killed_demo_says_that_its_servers_still_end(tmp_path):
    path = tmp_path / "demo.lock"
    gone = os.posix_spawn("/bin/true", ["true"], {})
    os.waitpid(gone, 0)
    with DataLock(path):
        path.write_text(f'{{"pid": {gone}, "address": ""}}')

        with pytest.raises(AlreadyRunning, match=rf"process {gone}\) was killed"):
            DataLock(path).__enter__()
