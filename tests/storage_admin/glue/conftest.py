"""Glue as MiniStack serves it, with a job of each test's own; workers are the tests themselves."""

import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import boto3
import pytest

from portal.aws import clients, glue
from storage_admin.glue import running
from storage_admin.models import GlueRun
from tests.contract import stores
from tests.portal.aws.test_glue import SCRIPT


@pytest.fixture(autouse=True)
def no_queue(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Nothing is sent; what would have been is kept."""
    sent: list[int] = []
    monkeypatch.setattr("storage_admin.tasks.run_glue.delay", sent.append)
    return sent


@pytest.fixture(scope="session")
def scripts(ministack: stores.Endpoint) -> stores.Endpoint:
    store: Any = boto3.client(
        "s3", endpoint_url=ministack.endpoint_url, region_name=ministack.region,
        aws_access_key_id=ministack.access_key, aws_secret_access_key=ministack.secret_key,
    )  # fmt: skip
    store.create_bucket(Bucket="scripts")
    store.put_object(Bucket="scripts", Key="script.py", Body=SCRIPT)
    store.close()
    return ministack


@pytest.fixture
def job(scripts: stores.Endpoint, settings: Any, db: None) -> Iterator[str]:
    """A job that the settings allow; it waits, fails or succeeds as its arguments say."""
    settings.SERVICES_ENDPOINT_URL = scripts.endpoint_url
    name = f"job-{uuid4().hex[:8]}"
    settings.GLUE_JOBS = [name]
    glue.make_shell_job(name, script="s3://scripts/script.py", role="glue")
    yield name
    clients.forget()


@pytest.fixture
def followed() -> Callable[[GlueRun], GlueRun]:
    """Let sweeps look after the run until it has ended."""

    def follow(run: GlueRun) -> GlueRun:
        for _try in range(200):
            running.sweep()
            run.refresh_from_db()
            if run.ended_at is not None:
                return run
            time.sleep(0.05)
        raise AssertionError(run.state)

    return follow


def at_glue(job: str) -> list[glue.Run]:
    return list(glue.runs(job))
