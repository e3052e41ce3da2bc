"""The stores that the contract is held to, and how each is started."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from moto import mock_aws

from portal.local import ports, simulator
from portal.local.process import Child
from portal.local.simulator import Simulator
from portal.s3 import probe
from portal.s3.differences import Capability, Server
from tests.servers import Store

STOP_SECONDS = 5
# What is so only when the simulator is asked over HTTP; in this process it does better.
OVER_HTTP = {
    Server.MOTO: {Capability.LINE_FEEDS: "Its web server finds no address with a line feed."},
}


@dataclass(frozen=True)
class Endpoint:
    """A store that answers; `endpoint_url` is empty for moto, which answers in place of Amazon."""

    server: Server
    endpoint_url: str
    access_key: str
    secret_key: str
    region: str = "us-east-1"
    checksums: str = "when_supported"
    is_given: bool = False  # by whoever runs the suite: nobody here has tried it before


@contextmanager
def moto() -> Iterator[Endpoint]:
    """Let moto answer inside this process: botocore signs and parses as ever, with Amazon's addresses."""
    with mock_aws():
        yield Endpoint(Server.MOTO, "", "testing", "testing-secret")


def seaweedfs(running: Store) -> Endpoint:
    return Endpoint(Server.SEAWEEDFS, running.endpoint_url, running.access_key, running.secret_key)


@contextmanager
def ministack(directory: Path) -> Iterator[Endpoint]:
    """Run MiniStack, an AWS simulator, as a process of its own that keeps nothing."""
    if not simulator.is_installed():
        pytest.skip("MiniStack is not installed; requirements.txt names it")
    simulated = Simulator(directory, ports.pick([simulator.NAME])[simulator.NAME])
    child = Child(
        "MiniStack",
        simulated.command(),
        log=directory / "ministack.log",
        environment=simulated.environment(),
    )
    child.start()
    try:
        child.wait_until(lambda: ports.accepts(simulated.port), limit_seconds=simulator.START_SECONDS)
        found = Endpoint(Server.MINISTACK, simulated.endpoint_url, "testing", "testing-secret")
        probe.wait_for_writes(found.endpoint_url, found.access_key, found.secret_key, simulator.START_SECONDS)
        yield found
    finally:
        child.stop(STOP_SECONDS)


def given() -> Endpoint | None:
    """Return the store that the environment names, if it names one; its software is asked for later."""
    address = os.environ.get("CONTRACT_S3_ENDPOINT")
    if not address:
        return None
    return Endpoint(
        Server(os.environ.get("CONTRACT_S3_SERVER", "other")),
        address.rstrip("/"),
        _key("CONTRACT_S3_ACCESS_KEY"),
        _key("CONTRACT_S3_SECRET_KEY"),
        os.environ.get("CONTRACT_S3_REGION", "us-east-1"),
        os.environ.get("CONTRACT_S3_CHECKSUMS", "when_supported"),
        is_given=True,
    )


def declared() -> set[Capability]:
    """Return what whoever runs the suite says that the given store lacks: names of `Capability`."""
    names = os.environ.get("CONTRACT_S3_LACKS", "").replace(",", " ").split()
    wrong = [name for name in names if name not in Capability.__members__]
    if wrong:
        raise pytest.UsageError(f"CONTRACT_S3_LACKS names no capability: {', '.join(wrong)}")
    return {Capability[name] for name in names}


def _key(name: str) -> str:
    if not os.environ.get(name):
        raise pytest.UsageError(f"CONTRACT_S3_ENDPOINT is set, but {name} is not.")
    return os.environ[name]
