"""Real servers for the tests that need them; every pytest process starts its own.

Mark such tests `servers`, and ask for the fixture `seaweedfs` or `valkey`. Data is kept
between tests of a session: use names of your own for buckets and keys.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from portal.local import ports, seaweedfs, valkey
from portal.local.process import Child
from portal.local.seaweedfs import Keys, SeaweedFS
from portal.s3 import probe

KEYS = Keys("TESTACCESSKEY", "test-secret-key-of-nobody", "passphrase-of-nobody")
STOP_SECONDS = 5


@dataclass(frozen=True)
class Store:
    """A running S3 store."""

    endpoint_url: str
    access_key: str
    secret_key: str
    process: Child


@dataclass(frozen=True)
class Queue:
    """A running Redis or Valkey."""

    url: str
    port: int
    process: Child


@contextmanager
def running_store(directory: Path, port_by_name: dict[str, int] | None = None) -> Iterator[Store]:
    """Run SeaweedFS on the directory, which may hold data of an earlier run."""
    server = SeaweedFS(directory, port_by_name or ports.pick(seaweedfs.PORT_NAMES), KEYS)
    server.prepare()
    child = Child(
        "SeaweedFS", server.command(), log=directory / "server.log", environment=server.environment()
    )
    child.start()
    try:
        s3_port = server.ports["seaweedfs_s3"]
        child.wait_until(lambda: ports.accepts(s3_port), limit_seconds=seaweedfs.START_SECONDS)
        probe.wait_for_writes(
            server.endpoint_url, KEYS.access_key, KEYS.secret_key, timeout_seconds=seaweedfs.START_SECONDS
        )
        yield Store(server.endpoint_url, KEYS.access_key, KEYS.secret_key, child)
    finally:
        child.stop(seaweedfs.STOP_SECONDS)
        server.remove_sockets()


@contextmanager
def running_queue(directory: Path, port: int | None = None, program: Path | None = None) -> Iterator[Queue]:
    """Run Redis or Valkey on the directory, which may hold data of an earlier run."""
    port = port or ports.pick(["queue"])["queue"]
    directory.mkdir(exist_ok=True)
    command = valkey.command(program or valkey.find_server(), port=port, directory=directory)
    child = Child("Valkey", command, log=directory / "server.log")
    child.start()
    try:
        child.wait_until(lambda: valkey.answers(port), limit_seconds=valkey.START_SECONDS)
        yield Queue(valkey.url(port), port, child)
    finally:
        child.stop(STOP_SECONDS)


@pytest.fixture(scope="session", name="seaweedfs")
def seaweedfs_fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with running_store(tmp_path_factory.mktemp("seaweedfs")) as store:
        yield store


@pytest.fixture(scope="session", name="valkey")
def valkey_fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Queue]:
    with running_queue(tmp_path_factory.mktemp("valkey")) as queue:
        yield queue
