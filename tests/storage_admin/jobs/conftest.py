"""What the tests of jobs share: a bucket of each test's own, and a worker that runs here."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from portal.models import User
from portal.s3 import buckets, session, uploads
from portal.s3.buckets import Birth
from storage_admin.jobs import running, services
from storage_admin.models import Bucket, Job, JobState
from tests.factories import BucketFactory

Put = Callable[..., str]


@pytest.fixture
def yard(photo_bucket: str, db: None) -> Bucket:
    """A versioned bucket of this test's own, empty."""
    name = f"yard-{uuid4().hex[:12]}"
    buckets.create(name, Birth())
    row: Bucket = BucketFactory(name=name)
    return row


@pytest.fixture
def put_in(yard: Bucket) -> Put:
    """Store an object in the yard and return its version id."""

    def store(key: str, body: bytes = b"bytes", **options: Any) -> str:
        answer = session.client().put_object(Bucket=yard.name, Key=key, Body=body, **options)
        return str(answer.get("VersionId", ""))

    return store


@pytest.fixture
def planned(yard: Bucket, ada: User) -> Callable[..., Job]:
    """Draft a job over the yard and let it be planned to the end."""

    def make(kind: str, prefix: str = "", **options: Any) -> Job:
        job = services.draft(actor=ada, kind=kind, bucket=yard, prefix=prefix, **options)
        while running.work(job.pk):
            pass
        job.refresh_from_db()
        assert job.state == JobState.PLANNED
        return job

    return make


@pytest.fixture
def worked(ada: User) -> Callable[[Job], Job]:
    """Start the job and let it come to its end."""

    def run(job: Job) -> Job:
        services.start(actor=ada, job=job, typed=job.bucket.name)
        while running.work(job.pk):
            pass
        job.refresh_from_db()
        return job

    return run


def held(bucket: Bucket) -> dict[str, int]:
    """Count what plain boto3 finds in the bucket."""
    found = session.client().list_object_versions(Bucket=bucket.name)
    assert not found.get("IsTruncated")
    return {
        "versions": len(found.get("Versions", [])),
        "markers": len(found.get("DeleteMarkers", [])),
        "uploads": len(list(uploads.every(bucket.name))),
    }
