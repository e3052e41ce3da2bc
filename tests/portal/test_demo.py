import io
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command

from portal.local import plan, ports, simulator, state
from portal.local.layout import DataDir
from portal.local.lock import DataLock
from portal.local.state import State
from portal.local.supervisor import Supervisor
from portal.management.commands import demo

ROOT = Path(__file__).parents[2]
START_SECONDS = 120


@pytest.fixture
def data(tmp_path, settings):
    found = DataDir(tmp_path / "data")
    settings.PORTAL_DATA_DIR = found.root
    found.create()
    return found


@pytest.fixture
def never_run(monkeypatch):
    """Fail should the command go on to start something."""

    def run(*_args, **_options):
        raise AssertionError("the demo was started")

    monkeypatch.setattr(Supervisor, "run", run)


def test_demo_on_data_in_use_names_the_other_and_starts_nothing(data, never_run):
    with DataLock(data.lock) as lock:
        lock.describe("http://127.0.0.1:8123/")

        with pytest.raises(
            CommandError, match=rf"process {os.getpid()} at http://127\.0\.0\.1:8123/"
        ) as refusal:
            call_command("demo")

    assert refusal.value.returncode == 1


def test_demo_reset_deletes_nothing_while_another_demo_runs(data, never_run):
    state.save(State(), data.state)
    with DataLock(data.lock), pytest.raises(CommandError):
        call_command("demo", "--reset", "--no-input")

    assert data.state.exists()


@pytest.mark.parametrize("typed", ["y\n", "no\n", "\n", ""])
def test_demo_reset_asks_first(data, never_run, monkeypatch, typed):
    state.save(State(), data.state)
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))

    with pytest.raises(CommandError, match="Nothing was deleted"):
        call_command("demo", "--reset", stdout=io.StringIO())

    assert data.state.exists()


def test_demo_reset_starts_with_new_secrets(data, monkeypatch):
    before = State()
    state.save(before, data.state)
    (data.root / "portal.sqlite3").touch()
    monkeypatch.setattr(Supervisor, "run", lambda *_args: 0)

    call_command("demo", "--reset", "--no-input", stdout=io.StringIO())

    assert state.load(data.state).secret_key != before.secret_key
    assert not (data.root / "portal.sqlite3").exists()


def test_demo_refuses_a_port_that_is_taken(data, never_run):
    with socket.create_server((ports.LOOPBACK, 0)) as other:
        taken = other.getsockname()[1]

        with pytest.raises(CommandError, match=f"Port {taken} is taken"):
            call_command("demo", "--port", str(taken))


@pytest.mark.parametrize("port", ["0", "65536", "http"])
def test_demo_refuses_what_is_no_port(port):
    with pytest.raises(CommandError, match="is not a port number"):
        call_command("demo", "--port", port)


def test_demo_that_fails_ends_with_its_code(data, monkeypatch):
    monkeypatch.setattr(Supervisor, "run", lambda *_args: 1)

    with pytest.raises(SystemExit) as end:
        call_command("demo", stdout=io.StringIO())

    assert end.value.code == 1


def test_demo_starts_without_its_simulator_and_says_so(data, monkeypatch):
    planned: list[Any] = []
    monkeypatch.setattr(simulator, "is_installed", lambda: False)

    def units(**given: Any) -> list[Any]:
        planned.append(given["simulated"])
        return []

    monkeypatch.setattr(plan, "units", units)
    monkeypatch.setattr(Supervisor, "run", lambda *_args: 0)
    said = io.StringIO()

    call_command("demo", stdout=said)

    assert planned == [None]
    assert "No simulated Amazon S3 this time" in said.getvalue()


@pytest.mark.servers
def test_demo_runs_where_nothing_is_set_until_it_is_told_to_stop(tmp_path):
    web_port = ports.pick(["web"])["web"]
    command = [sys.executable, str(ROOT / "manage.py"), "demo", "--no-data"]
    process = subprocess.Popen(
        [*command, "--data", str(tmp_path / "data"), "--port", str(web_port)],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"]},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    killer = threading.Timer(START_SECONDS, process.terminate)  # ends the reading below
    killer.start()
    try:
        said = ""
        assert process.stdout is not None
        for line in process.stdout:
            said += line
            if "Ctrl-C" in line:
                break
        assert f"PetTracker is at http://127.0.0.1:{web_port}/" in said, said
        assert "photographer" in said
        with urlopen(f"http://127.0.0.1:{web_port}/", timeout=10) as page:
            assert page.url.endswith("/admin/login/?next=/admin/")

        process.send_signal(signal.SIGTERM)
        rest, _nothing = process.communicate(timeout=60)
    finally:
        killer.cancel()
        process.kill()
        process.wait()

    assert process.returncode == 0
    assert "Stopped in" in rest
    found = state.load(tmp_path / "data" / "state.json")
    assert all(ports.is_free(port) for port in found.ports.values())


@pytest.mark.django_db(transaction=True)
def test_demo_makes_pets_up_only_where_there_are_none():
    assert demo._has_no_pets()

    apps.get_model("pets", "Pet")._default_manager.create(name="Rex", species="dog")

    assert not demo._has_no_pets()
