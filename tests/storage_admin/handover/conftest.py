"""What the tests of handing over share: the yard of the jobs' tests, and a stand-in for Amazon."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config

from portal.models import User
from portal.s3 import buckets, session
from portal.s3.buckets import Birth
from storage_admin.handover import services
from storage_admin.jobs import running
from storage_admin.models import HandoverWay, Job
from tests.storage_admin.handover import amazon as stand_in
from tests.storage_admin.handover.amazon import Amazon
from tests.storage_admin.jobs.conftest import planned, put_in, worked, yard
from tests.store import leave_store

__all__ = ["planned", "put_in", "worked", "yard"]

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/batch"


@pytest.fixture
def at_amazon(settings: Any) -> Iterator[None]:
    """Connections to Amazon by name alone, which nobody calls; clients of their own."""
    leave_store()
    settings.S3_CONNECTIONS = {"default": {"region": "us-east-1"}, "other": {"region": "us-east-1"}}
    settings.BATCH_BUCKET, settings.BATCH_ROLE_ARN = "desk", ROLE
    settings.HANDOVER_OBJECTS = 10
    yield
    session.forget()


@pytest.fixture
def few(settings: Any) -> None:
    """One object is few: all above is handed over."""
    settings.HANDOVER_OBJECTS = 1


@pytest.fixture
def desk(photo_bucket: str, settings: Any) -> str:
    """The bucket for lists and reports."""
    name = f"desk-{uuid4().hex[:12]}"
    buckets.create(name, Birth())
    settings.BATCH_BUCKET, settings.BATCH_ROLE_ARN = name, ROLE
    return name


@pytest.fixture
def amazon(desk: str, few: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Amazon]:
    """A stand-in for S3 Batch Operations; the store under it is the real one of the tests."""
    settings.S3_CONNECTIONS["default"]["server"] = "amazon"
    with stand_in.running() as found:
        client = boto3.client(
            "s3control", region_name="us-east-1", endpoint_url=found.address,
            config=Config(retries={"total_max_attempts": 1}),
        )  # fmt: skip
        # botocore puts the account before the host, whatever the address.
        client.meta.events.register("before-send.s3-control", _without_account)
        monkeypatch.setattr(session, "control_client", lambda _alias="default": client)
        monkeypatch.setattr(session, "account_id", lambda _alias="default": ACCOUNT)
        yield found
        client.close()


def _without_account(request: Any, **_event: Any) -> None:
    request.url = request.url.replace(f"{ACCOUNT}.", "")


@pytest.fixture
def handed(ada: User) -> Callable[..., Job]:
    """Hand a planned job over."""

    def hand_over(job: Job, way: HandoverWay = HandoverWay.BATCH) -> Job:
        services.hand_over(actor=ada, job=job, way=way, typed=job.bucket.name)
        return job

    return hand_over


def let_work(job: Job, times: int = 20) -> Job:
    """Let the sweep come by so often; a job that waits for a person, or has ended, is left alone."""
    for _n in range(times):
        running.work(job.pk)
    job.refresh_from_db()
    return job
