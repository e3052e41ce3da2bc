import socket

import pytest

from portal.local import ports


@pytest.fixture
def taken_port():
    with socket.create_server((ports.LOOPBACK, 0)) as listener:
        yield listener.getsockname()[1]


def test_pick_gives_each_name_a_port_of_its_own():
    picked = ports.pick([f"server-{number}" for number in range(20)])

    assert len(set(picked.values())) == 20
    assert all(ports.is_free(port) for port in picked.values())


def test_pick_keeps_the_ports_of_last_time_where_they_are_free(taken_port):
    free = ports.pick(["free"])["free"]

    picked = ports.pick(["free", "taken"], {"free": free, "taken": taken_port, "unasked": 1})

    assert picked["free"] == free
    assert picked["taken"] != taken_port
    assert set(picked) == {"free", "taken"}


def test_pick_does_not_give_two_names_one_remembered_port():
    free = ports.pick(["free"])["free"]

    picked = ports.pick(["one", "two"], {"one": free, "two": free})

    assert picked["one"] == free
    assert picked["two"] != free


def test_is_free_tells_a_taken_port(taken_port):
    assert not ports.is_free(taken_port)
    assert ports.accepts(taken_port)


def test_accepts_tells_a_port_where_nobody_listens():
    assert not ports.accepts(ports.pick(["nobody"])["nobody"])
