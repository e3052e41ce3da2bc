"""Locking many objects, on a real store with object lock."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.utils import timezone

from portal.models import User
from portal.s3 import attributes, buckets, object_lock, session
from portal.s3.buckets import Birth
from portal.s3.object_lock import Retention
from portal.s3.types import RetentionMode
from storage_admin.jobs import running, services
from storage_admin.jobs.kinds.locking import LockForm
from storage_admin.models import Bucket, Job, JobState
from tests.factories import BucketFactory

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

SOON = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
LATER = SOON + timedelta(days=1)


@pytest.fixture
def vault(photo_bucket: str) -> Bucket:
    """A bucket with object lock, and three objects in it."""
    row: Bucket = BucketFactory(name=f"vault-{uuid4().hex[:12]}")
    buckets.create(row.name, Birth(object_lock=True))
    for key in ("in/a", "in/b", "out/c"):
        session.client().put_object(Bucket=row.name, Key=key, Body=b"bytes")
    return row


@pytest.fixture
def locked(vault: Bucket, ada: User, worked: Callable[[Job], Job]) -> Callable[..., Job]:
    """Let a job lock what lies below in/."""

    def run(**parameters: Any) -> Job:
        said = {"lock": "retain", "until": None} | parameters
        job = services.draft(actor=ada, kind="lock", bucket=vault, prefix="in/", parameters=said)
        running.work(job.pk)
        job.refresh_from_db()
        return worked(job)

    return run


def test_retention_is_set_and_longer_ones_stay(vault: Bucket, locked: Callable[..., Job]) -> None:
    object_lock.retain(vault.name, "in/b", Retention(RetentionMode.GOVERNANCE, LATER))

    job = locked(until=SOON)

    assert (job.state, job.done, job.skipped) == (JobState.DONE, 1, 1)
    ends = {key: attributes.read(vault.name, key).retention for key in ("in/a", "in/b", "out/c")}
    assert ends == {
        "in/a": Retention(RetentionMode.GOVERNANCE, SOON),
        "in/b": Retention(RetentionMode.GOVERNANCE, LATER),
        "out/c": None,
    }


def test_legal_hold_is_put_on_and_taken_off(vault: Bucket, locked: Callable[..., Job]) -> None:
    assert locked(lock="hold").done == 2
    assert attributes.read(vault.name, "in/a").legal_hold

    assert locked(lock="hold").skipped == 2
    assert locked(lock="release").done == 2

    assert not attributes.read(vault.name, "in/a").legal_hold


def test_command_locks(vault: Bucket) -> None:
    call_command("lock_objects", bucket=vault.name, prefix="in/", until=f"{SOON:%Y-%m-%d %H:%M:%S}")

    assert attributes.read(vault.name, "in/b").retention is not None


@pytest.mark.usefixtures("put_in")
def test_bucket_without_object_lock_stops_the_plan(yard: Bucket, ada: User) -> None:
    job = services.draft(actor=ada, kind="lock", bucket=yard, parameters={"lock": "hold", "until": None})
    running.work(job.pk)
    job.refresh_from_db()

    assert job.state == JobState.PAUSED
    assert "no object lock" in job.stopped_because


@pytest.mark.parametrize("until", ["", "2020-01-01T00:00"])
def test_retention_ends_in_the_future(until: str) -> None:
    assert "until" in LockForm({"lock": "retain", "until": until}).errors
    assert LockForm({"lock": "hold", "until": until}).is_valid()


def test_form_takes_a_moment_to_come() -> None:
    form = LockForm({"lock": "retain", "until": "2099-01-01T00:00"})

    assert form.is_valid()
    assert form.cleaned_data["until"] > timezone.now()
