"""Counting as a job: the sums are the bucket's, whatever is selected and whoever dies meanwhile."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from portal.s3 import session
from portal.s3.errors import StorageUnavailable
from storage_admin.buckets import sums
from storage_admin.jobs import running, services
from storage_admin.jobs.kinds.counting import CountObjects
from storage_admin.models import Bucket, Job, JobState, UsageSnapshot
from tests.storage_admin.jobs.conftest import Put

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

Planned = Callable[..., Job]
Worked = Callable[[Job], Job]


@pytest.fixture
def filled(yard: Bucket, put_in: Put, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """Two folders with current and older versions, a marker and an open upload; read two at a time."""
    monkeypatch.setattr(CountObjects, "batch_size", 2)
    put_in("cats/a", b"1")
    put_in("cats/a", b"22")
    put_in("cats/b", b"333", StorageClass="STANDARD_IA")
    put_in("dogs/c", b"4444")
    session.client().delete_object(Bucket=yard.name, Key="dogs/c")
    upload = session.client().create_multipart_upload(Bucket=yard.name, Key="dogs/big")["UploadId"]
    session.client().upload_part(
        Bucket=yard.name, Key="dogs/big", UploadId=upload, PartNumber=1, Body=b"x" * 55
    )
    return yard


WHOLE = {
    "STANDARD": {"objects": 1, "bytes": 2, "older": 2, "older_bytes": 5},
    "STANDARD_IA": {"objects": 1, "bytes": 3, "older": 0, "older_bytes": 0},
}


def test_whole_bucket_becomes_its_newest_snapshot_once(
    filled: Bucket, planned: Planned, worked: Worked
) -> None:
    job = worked(planned("count-objects"))

    assert (job.state, job.done, job.failed) == (JobState.DONE, 6, 0)
    CountObjects().finished(job, lambda: None)  # as after a crash before the end was written
    counted = UsageSnapshot.objects.get(bucket=filled)
    assert counted.counts == WHOLE
    assert (counted.markers, counted.uploads, counted.upload_bytes) == (1, 1, 55)
    assert counted.prefixes["1"]["rows"]["cats/"][:4] == [2, 5, 1, 1]
    assert counted.ended_at is not None


def test_prefix_is_told_on_the_page_and_makes_no_snapshot(
    filled: Bucket, planned: Planned, worked: Worked, admin_client: Client
) -> None:
    job = worked(planned("count-objects", prefix="cats/"))

    shown = admin_client.get(reverse("admin:storage_admin_job_change", args=[job.pk])).content.decode()
    assert "What it found" in shown
    assert "1 (2 B), older 1 (1 B)" in shown
    assert not UsageSnapshot.objects.exists()


def test_batch_that_is_done_again_counts_once(
    filled: Bucket, planned: Planned, ada: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = planned("count-objects")
    services.start(actor=ada, job=job)
    asked = sums.add_upload

    def goes_away(*given: Any) -> None:
        monkeypatch.setattr(sums, "add_upload", asked)
        raise StorageUnavailable("away")

    monkeypatch.setattr(sums, "add_upload", goes_away)
    while running.work(job.pk):
        pass
    job.refresh_from_db()
    assert job.state == JobState.RUNNING
    Job.objects.update(beat_at=None, claim=None)
    while running.work(job.pk):
        pass

    counted = UsageSnapshot.objects.get(bucket=filled)
    assert counted.counts == WHOLE
    assert (counted.markers, counted.uploads) == (1, 1)


def test_limit_of_the_connection_is_told_while_it_works(
    filled: Bucket, planned: Planned, ada: Any, admin_client: Client, settings: Any
) -> None:
    job = planned("count-objects")
    services.start(actor=ada, job=job)
    default = settings.S3_CONNECTIONS["default"] | {"requests_a_second": 25}
    settings.S3_CONNECTIONS = settings.S3_CONNECTIONS | {"default": default}

    shown = admin_client.get(reverse("admin:storage_admin_job_progress", args=[job.pk])).content.decode()

    assert "25 requests a second" in shown
