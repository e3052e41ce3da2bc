"""2,500 deletes, some of which the store itself refuses: told to the last one, and retried alone."""

import csv
import io
from collections.abc import Callable
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from portal.models import User
from portal.s3 import buckets, object_lock, session
from portal.s3.buckets import Birth
from storage_admin.jobs import running, services
from storage_admin.models import Bucket, Job, JobItem, JobState
from tests.factories import BucketFactory
from tests.resilience.filling import Filler
from tests.servers import Store

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

OBJECTS = 2_500  # of three calls of DeleteObjects
HELD = [*range(0, OBJECTS, 150), 998, 999, 1_000, 1_001, 2_499]  # in all three, and where they meet
STUBBORN = [998, 1_000]  # whose holds stay a while longer


@pytest.fixture
def locked(photo_bucket: str, seaweedfs: Store, db: None) -> Bucket:
    """A bucket of 2,500 objects; the store lets some of them not be destroyed."""
    name = f"locked-{uuid4().hex[:12]}"
    buckets.create(name, Birth(object_lock=True))
    filler = Filler(seaweedfs.endpoint_url, name)
    filler.send("PUT", [key(number) for number in range(OBJECTS)], b"12345")
    filler.close()
    for number in HELD:
        object_lock.hold(name, key(number), on=True)
    session.client().put_object(Bucket=name, Key="out/kept.jpg", Body=b"1")
    row: Bucket = BucketFactory(name=name)
    return row


def key(number: int) -> str:
    return f"in/{number:04}.jpg"


def held(bucket: Bucket) -> dict[str, list[str]]:
    """Return the version ids below each key, as plain boto3 lists them."""
    found: dict[str, list[str]] = {}
    for page in session.client().get_paginator("list_object_versions").paginate(Bucket=bucket.name):
        assert not page.get("DeleteMarkers")
        for one in page.get("Versions", []):
            found.setdefault(one["Key"], []).append(one["VersionId"])
    return found


def planned(job: Job) -> Job:
    while running.work(job.pk):
        pass
    job.refresh_from_db()
    assert job.state == JobState.PLANNED
    return job


def test_what_the_store_refuses_is_told_exactly_and_retried_alone(
    locked: Bucket, page: Client, ada: User, worked: Callable[[Job], Job], store_calls: list[str]
) -> None:
    before = held(locked)
    refused = {key(number) for number in HELD}
    job = planned(
        services.draft(
            actor=ada, kind="destroy", bucket=locked, prefix="in/", parameters={"which": "everything"}
        )
    )
    assert (job.total, job.total_bytes) == (OBJECTS, 5 * OBJECTS)
    store_calls.clear()

    job = worked(job)

    assert store_calls.count("DeleteObjects") == 3
    assert (job.state, job.done, job.skipped, job.failed) == (
        JobState.PARTIAL, OBJECTS - len(refused), 0, len(refused),
    )  # fmt: skip
    assert job.done_bytes == 5 * (OBJECTS - len(refused))
    assert held(locked) == {name: before[name] for name in {*refused, "out/kept.jpg"}}
    assert outcomes(job, JobItem.Outcome.DONE) == {
        (name, version, "") for name, [version] in before.items() if name not in {*refused, "out/kept.jpg"}
    }
    said = {(name, before[name][0], "AccessDenied") for name in refused}
    assert outcomes(job, JobItem.Outcome.FAILED) == said
    assert told(page, job) == said

    for number in set(HELD) - set(STUBBORN):
        object_lock.hold(locked.name, key(number), on=False)
    again = planned(services.retry(actor=ada, job=job))
    assert (again.total, again.plan["skips"]) == (len(refused), {})
    again = worked(again)

    stubborn = {key(number) for number in STUBBORN}
    assert (again.state, again.done, again.failed) == (JobState.PARTIAL, len(refused) - 2, 2)
    assert {name for name, _version, _code in outcomes(again, JobItem.Outcome.FAILED)} == stubborn
    assert held(locked) == {name: before[name] for name in {*stubborn, "out/kept.jpg"}}

    for name in stubborn:
        object_lock.hold(locked.name, name, on=False)
    last = worked(planned(services.retry(actor=ada, job=again)))

    assert (last.state, last.total, last.done, last.failed) == (JobState.DONE, 2, 2, 0)
    assert held(locked) == {"out/kept.jpg": before["out/kept.jpg"]}
    job.refresh_from_db()
    assert job.failed == len(refused)  # what happened then stays told


def outcomes(job: Job, outcome: JobItem.Outcome) -> set[tuple[str, str, str]]:
    return set(job.items.filter(outcome=outcome).values_list("key", "version_id", "code"))


def told(page: Client, job: Job) -> set[tuple[str, str, str]]:
    """Read the file of failures that people download."""
    answer = page.get(reverse("admin:storage_admin_job_failures", args=[job.pk]))
    lines = csv.DictReader(io.StringIO(answer.getvalue().decode()))
    return {(line["key"], line["version"], line["code"]) for line in lines}
