import signal

import pytest
import redis

from portal.local import ports, valkey
from portal.local.errors import BinaryMissing
from tests.servers import running_queue

pytestmark = pytest.mark.servers


@pytest.fixture(params=[valkey.find_server, valkey.bundled_server], ids=["found", "bundled"])
def program(request):
    return request.param()


def client(queue):
    return redis.Redis(port=queue.port, socket_timeout=5)


def test_find_server_takes_the_one_on_path_first(tmp_path, monkeypatch):
    program = tmp_path / "valkey-server"
    program.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert valkey.find_server() == program


def test_find_server_falls_back_to_the_wheel(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))

    assert valkey.find_server() == valkey.bundled_server()


def test_find_server_without_any_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    with pytest.raises(BinaryMissing, match="redis-server"):
        valkey.find_server()


def test_queue_never_drops_and_always_writes_down(request):
    shared = request.getfixturevalue("valkey")  # by name: here the module is called so, too

    with client(shared) as connection:
        settings = connection.config_get("maxmemory-policy", "appendonly", "bind")

    assert settings["maxmemory-policy"] == "noeviction"
    assert settings["appendonly"] == "yes"
    assert settings["bind"] == ports.LOOPBACK


def test_queue_keeps_its_messages_over_a_restart(tmp_path, program):
    with running_queue(tmp_path, program=program) as queue, client(queue) as connection:
        connection.rpush("interactive", "one", "two")

    with running_queue(tmp_path, program=program) as queue, client(queue) as connection:
        assert connection.lrange("interactive", 0, -1) == [b"one", b"two"]


def test_answers_tells_that_the_server_is_gone(tmp_path):
    with running_queue(tmp_path) as queue:
        assert valkey.answers(queue.port)
        queue.process.stop(5)

        assert queue.process.exit_code() in {0, -signal.SIGTERM}
        assert not valkey.answers(queue.port)
