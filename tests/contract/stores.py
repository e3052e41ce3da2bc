"""The stores that the contract is held to, and how each is started."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest
from moto import mock_aws

from portal.local import ports
from portal.local.process import Child
from portal.s3 import probe
from portal.s3.capabilities import Server
from tests.servers import Store

START_SECONDS = 30
STOP_SECONDS = 5


@dataclass(frozen=True)
class Endpoint:
    """A store that answers; `endpoint_url` is empty for moto, which answers in place of Amazon."""

    server: Server
    endpoint_url: str
    access_key: str
    secret_key: str
    region: str = "us-east-1"


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
    if find_spec("ministack") is None:
        pytest.skip("MiniStack is not installed: pip install --no-deps ministack==1.5.33 and what it names")
    port = ports.pick(["ministack"])["ministack"]
    child = Child(
        "MiniStack",
        [sys.executable, "-m", "ministack"],
        log=directory / "ministack.log",
        environment={
            "PATH": os.environ["PATH"],
            "HOME": str(directory),
            "TMPDIR": str(directory),
            "BIND_HOST": ports.LOOPBACK,
            "GATEWAY_PORT": str(port),
            "SERVICES": "s3,sts,kms",
            "LOG_LEVEL": "WARNING",
        },
    )
    child.start()
    try:
        child.wait_until(lambda: ports.accepts(port), limit_seconds=START_SECONDS)
        found = Endpoint(Server.MINISTACK, f"http://{ports.LOOPBACK}:{port}", "testing", "testing-secret")
        probe.wait_for_writes(found.endpoint_url, found.access_key, found.secret_key, START_SECONDS)
        yield found
    finally:
        child.stop(STOP_SECONDS)


def given() -> Endpoint | None:
    """Return the store that the environment names, if it names one."""
    address = os.environ.get("CONTRACT_S3_ENDPOINT")
    if not address:
        return None
    return Endpoint(
        Server(os.environ.get("CONTRACT_S3_SERVER", "other")),
        address,
        os.environ["CONTRACT_S3_ACCESS_KEY"],
        os.environ["CONTRACT_S3_SECRET_KEY"],
        os.environ.get("CONTRACT_S3_REGION", "us-east-1"),
    )
