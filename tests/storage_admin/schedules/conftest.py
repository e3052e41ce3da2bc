"""What the tests of the timetable share: a bucket that holds the photos, and no queue."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from portal.s3 import buckets, session
from portal.s3.buckets import Birth
from storage_admin.jobs import running as job_running
from storage_admin.models import Bucket, Job, Schedule
from storage_admin.schedules import claims, running
from storage_admin.schedules.act import Went
from tests.factories import BucketFactory


@pytest.fixture(autouse=True)
def no_queue(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """Nothing is sent, whatever a commit wants to: tests are the workers. What would have been is kept."""
    sent: list[tuple[str, Any]] = []
    for name in ("run_job", "run_scan", "count_slice", "check_buckets", "run_glue"):
        monkeypatch.setattr(
            f"storage_admin.tasks.{name}.delay", lambda *given, name=name: sent.append((name, given))
        )
    monkeypatch.setattr(
        "storage_admin.schedules.tasks.run_schedule.apply_async",
        lambda given, **_options: sent.append(("run_schedule", given)),
    )
    return sent


@pytest.fixture(autouse=True)
def every_line(settings: Any) -> None:
    """All lines are shown, also those that settings switch off."""
    settings.ANALYTICS_BUCKET = "analytics"
    settings.GLUE_JOBS = settings.GLUE_DAILY_JOBS = ["report"]


@pytest.fixture
def house(photo_bucket: str, settings: Any, db: None) -> Bucket:
    """A versioned bucket of this test's own, empty, in which the portal keeps its photos."""
    name = f"house-{uuid4().hex[:12]}"
    buckets.create(name, Birth())
    settings.AWS_STORAGE_BUCKET_NAME = name
    row: Bucket = BucketFactory(name=name)
    return row


@pytest.fixture
def put_in(house: Bucket) -> Callable[..., Any]:
    """Store an object and return the store's answer."""

    def store(key: str, body: bytes = b"bytes", **options: Any) -> Any:
        return session.client().put_object(Bucket=house.name, Key=key, Body=body, **options)

    return store


@pytest.fixture
def at_its_time(db: None) -> Callable[[str], Went]:
    """Let the time of a line come, and a worker run it."""

    def run(name: str) -> Went:
        claims.refresh(timezone.now())
        Schedule.objects.filter(name=name).update(next_due_at=timezone.now())
        went = running.run(name)
        assert went is not None
        row = Schedule.objects.get(name=name)
        assert (row.outcome, row.message, row.claim) == (went.outcome, went.words, None)
        return went

    return run


def worked_off(job: Job) -> Job:
    """Let workers bring the job to its end."""
    while job_running.work(job.pk):
        pass
    job.refresh_from_db()
    return job
