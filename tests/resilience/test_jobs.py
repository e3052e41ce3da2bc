"""A job over 12,000 objects, with a store that is busy every fifth time and a worker that dies twice."""

import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config

from tests.resilience.faulty_store import FaultyStore, faulty_store
from tests.resilience.filling import Filler
from tests.resilience.stack import Stack
from tests.servers import KEYS

pytestmark = pytest.mark.servers

OBJECTS = 12_000
OLDER = 1_500  # keys with one version more
HIDDEN = 700
UPLOADS = 120
ENTRIES = OBJECTS + OLDER + HIDDEN + UPLOADS
SECONDS = 240


@pytest.fixture
def store(stack: Stack) -> Iterator[Any]:
    """Plain boto3, beside the portal."""
    client = boto3.client(
        "s3", endpoint_url=stack.store.server.endpoint_url, region_name="us-east-1",
        aws_access_key_id=KEYS.access_key, aws_secret_access_key=KEYS.secret_key,
        config=Config(max_pool_connections=16, request_checksum_calculation="when_required"),
    )  # fmt: skip
    yield client
    client.close()


@pytest.fixture
def busy_store(stack: Stack) -> Iterator[FaultyStore]:
    """The store as the bulk worker sees it in this test."""
    stack.children["worker-bulk"].kill()
    with faulty_store(stack.store.server.endpoint_url, every=5) as busy:
        yield busy
        stack.children["worker-bulk"].kill()
    stack.start("worker-bulk")


def fill(store: Any, bucket: str) -> None:
    store.create_bucket(Bucket=bucket)
    store.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    names = [f"{number % 40:02}/{number:05}.jpg" for number in range(OBJECTS)]
    filler = Filler(store.meta.endpoint_url, bucket)
    filler.send("PUT", names, b"x")
    filler.send("PUT", names[:OLDER], b"xy")
    filler.send("DELETE", names[-HIDDEN:])
    filler.send("POST", (f"open/{number}" for number in range(UPLOADS)), query="uploads")
    filler.close()


def count(store: Any, bucket: str) -> int:
    pages = store.get_paginator("list_object_versions").paginate(Bucket=bucket)
    entries = sum(len(page.get("Versions", [])) + len(page.get("DeleteMarkers", [])) for page in pages)
    return entries + len(store.list_multipart_uploads(Bucket=bucket).get("Uploads", []))


def look_until(stack: Stack, job: int, *, state: str = "", done: int = 0) -> dict[str, Any]:
    deadline = time.monotonic() + SECONDS
    while True:
        found: dict[str, Any] = stack.ask("look_at_job", job=job)
        if (state and found["state"] == state) or (done and found["done"] >= done):
            return found
        if found["state"] in {"failed", "cancelled", "partial", "paused"} or time.monotonic() > deadline:
            pytest.fail(f"{found}\n{stack.children['worker-bulk'].log_tail(40)}")
        time.sleep(0.1)


def test_bucket_is_emptied_by_workers_that_die_on_a_store_that_is_busy(
    stack: Stack, store: Any, busy_store: FaultyStore
) -> None:
    bucket, neighbour = (f"{name}-{uuid4().hex[:8]}" for name in ("emptied", "neighbour"))
    fill(store, bucket)
    store.create_bucket(Bucket=neighbour)
    store.put_object(Bucket=neighbour, Key="00/00000.jpg", Body=b"x")
    stack.start("worker-bulk", AWS_ENDPOINT_URL_S3=busy_store.url)
    job = stack.ask("draft_job", kind="empty", bucket=bucket, parameters={})
    assert look_until(stack, job, state="planned")["total"] == ENTRIES
    stack.ask("start_job", job=job)

    for death in (1, 2):
        look_until(stack, job, done=death * 4_000)
        stack.children["worker-bulk"].kill()
        stack.start("worker-bulk", AWS_ENDPOINT_URL_S3=busy_store.url)
    ended = look_until(stack, job, state="done")

    assert (ended["done"], ended["failed"], ended["skipped"]) == (ENTRIES, 0, 0)
    assert ended["items"] == ENTRIES
    assert count(store, bucket) == 0
    assert count(store, neighbour) == 1
    assert busy_store.refused > 10
