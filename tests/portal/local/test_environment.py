import os
import stat

import pytest

from portal.local import environment, ports, seaweedfs
from portal.local.seaweedfs import Keys, SeaweedFS
from portal.local.simulator import Simulator
from portal.local.state import State
from portal.s3 import session
from portal.s3.types import Connection

STATE = State(secret_key="kept", s3_access_key="KEY", s3_secret_key="secret")


@pytest.fixture
def store(tmp_path):
    return SeaweedFS(tmp_path, ports.pick(seaweedfs.PORT_NAMES), Keys("KEY", "secret", "passphrase"))


def children(inherited, **changes):
    given = {"state": STATE, "root": "/data", "web_port": 8000, "queue_port": 6000, "store": None}
    return environment.for_children(inherited, **{**given, **changes})


def test_prepare_needs_nothing_to_be_set(monkeypatch):
    monkeypatch.setattr(os, "environ", {})

    environment.prepare([])

    assert len(os.environ["SECRET_KEY"]) >= 50
    assert "PORTAL_DATA_DIR" not in os.environ


@pytest.mark.parametrize("arguments", [["--data", "here"], ["--pets", "3", "--data=here", "--no-data"]])
def test_prepare_takes_the_data_directory_from_the_command_line(monkeypatch, tmp_path, arguments):
    monkeypatch.setattr(os, "environ", {})
    monkeypatch.chdir(tmp_path)

    environment.prepare(arguments)

    assert os.environ["PORTAL_DATA_DIR"] == str(tmp_path / "here")


def test_prepare_keeps_a_secret_key_that_a_file_gives(monkeypatch):
    monkeypatch.setattr(os, "environ", {"SECRET_KEY_FILE": "/run/secrets/key"})

    environment.prepare([])

    assert "SECRET_KEY" not in os.environ


def test_children_use_the_embedded_servers(store):
    found = children({"PATH": "/bin"}, store=store)

    assert found["SECRET_KEY"] == "kept"
    assert found["REDIS_URL"] == "redis://127.0.0.1:6000/0"
    assert found["AWS_ENDPOINT_URL_S3"] == found["S3_BROWSER_ENDPOINT_URL"] == store.endpoint_url
    assert found["PORTAL_ORIGINS"] == "http://127.0.0.1:8000,http://localhost:8000"
    assert found["HTTPS_ONLY"] == "false"
    assert found["PATH"] == "/bin"
    assert "DATABASE_URL" not in found


def test_children_get_nobody_elses_keys_or_broker(store):
    inherited = {
        "AWS_PROFILE": "work",
        "AWS_SESSION_TOKEN": "token",
        "S3_ADDRESSING_STYLE": "virtual",
        "CELERY_BROKER_URL": "redis://production/0",
        "SECRET_KEY_FILE": "/run/secrets/key",
    }

    found = children(inherited, store=store)

    assert not set(inherited) & set(found)


def test_children_have_the_simulator_beside_the_store(store, tmp_path):
    simulated = Simulator(tmp_path / "simulator", 24566)

    found = children(
        {"S3_CONNECTION_NAMES": "work", "S3_WORK_PROFILE": "work"}, store=store, simulator=simulated
    )

    assert found["S3_CONNECTION_NAMES"] == "simulator"
    assert found["S3_SIMULATOR_ENDPOINT_URL"] == "http://127.0.0.1:24566"
    assert found["S3_SIMULATOR_SERVER"] == "ministack"
    assert found["AWS_ENDPOINT_URL_S3"] == store.endpoint_url
    assert "S3_WORK_PROFILE" not in found


def test_children_find_the_simulators_keys_in_a_file_of_their_own(store, tmp_path, monkeypatch):
    simulated = Simulator(tmp_path / "simulator", 24566)
    simulated.prepare()
    for name, text in children({}, store=store, simulator=simulated).items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, text)

    keys = session._make_session(Connection("simulator", profile="simulator")).get_credentials()
    own = session._make_session(Connection("default")).get_credentials()

    assert keys
    assert own
    assert keys.access_key == "simulated"
    assert own.access_key == store.keys.access_key
    assert stat.S_IMODE(simulated.credentials.stat().st_mode) == 0o600


def test_children_use_servers_that_were_given():
    inherited = {
        "AWS_ENDPOINT_URL_S3": "https://s3.example.org",
        "AWS_PROFILE": "work",
        "REDIS_URL": "redis://given/0",
        "DATABASE_URL": "postgres://given/portal",
    }

    found = children(inherited, queue_port=None, store=None)

    assert {name: found[name] for name in inherited} == inherited
