"""What jobs left behind goes when its days are over: exactly that, and never anything else."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from portal.audit import AuditEvent
from portal.models import User
from portal.s3 import objects, parts, session, uploads
from portal.s3.errors import StorageUnavailable
from portal.s3.types import DeleteOutcome
from storage_admin.exports import expiry, register
from storage_admin.exports.expiry import Removal
from storage_admin.exports.register import Growing
from storage_admin.models import Bucket, Finding, Job, JobState, Scan, Schedule
from storage_admin.reconciliation import scanning
from storage_admin.schedules import acts
from tests.factories import BucketFactory, JobFactory
from tests.storage_admin.jobs.conftest import Put
from tests.store import answering, refusal

pytestmark = [pytest.mark.django_db, pytest.mark.servers]


def after(days: float) -> datetime:
    return timezone.now() + timedelta(days=days)


def versions(bucket: Bucket, prefix: str = "exports/") -> list[str]:
    return [one.version_id for one in objects.versions(bucket.name, prefix)]


def test_zip_stays_for_its_days_and_goes_after_them(export: Job, yard: Bucket) -> None:
    assert expiry.remove_expired(after(6.9)) == Removal(0, 0)
    assert len(versions(yard)) == 1

    assert expiry.remove_expired(after(7.1)) == Removal(1, 0)

    assert versions(yard) == []
    export.refresh_from_db()
    made = register.made(export)
    assert made is not None
    assert made.went_at is not None
    event = AuditEvent.objects.get(action="export.removed")
    assert (event.key, event.version_id) == (register.key_of(export), made.version_id)
    assert expiry.remove_expired(after(9)) == Removal(0, 0)


def test_only_the_version_that_the_job_made_goes(export: Job, yard: Bucket, put_in: Put) -> None:
    key = register.key_of(export)
    others = [put_in(key, b"somebody's"), put_in(f"{key}.bak")]

    expiry.remove_expired(after(8))

    assert set(versions(yard)) == set(others)


def test_zip_below_somebodys_marker_goes_too(export: Job, yard: Bucket) -> None:
    """Hidden, it would be billed on for ever."""
    session.client().delete_object(Bucket=yard.name, Key=register.key_of(export))

    assert expiry.remove_expired(after(8)) == Removal(1, 0)

    [left] = objects.versions(yard.name, "exports/")
    assert left.is_delete_marker


def test_where_versions_have_no_names_the_bytes_tell_whose_it_is(
    photo_bucket: str, ada: User, planned: Callable[..., Job], worked: Callable[[Job], Job], yard: Bucket
) -> None:
    name = f"{yard.name}-plain"
    session.client().create_bucket(Bucket=name)
    BucketFactory(name=name)
    session.client().put_object(Bucket=yard.name, Key="in/a.jpg", Body=b"1")
    parameters = {"to": f"default/{name}", "to_prefix": "exports/", "days": 1}
    kept, gone = (worked(planned("zip", "in/", parameters=parameters)) for _time in range(2))
    session.client().put_object(Bucket=name, Key=register.key_of(kept), Body=b"somebody's")

    assert expiry.remove_expired(after(2)) == Removal(2, 0)

    found = session.client().list_objects_v2(Bucket=name).get("Contents", [])
    assert [one["Key"] for one in found] == [register.key_of(kept)]
    assert gone.state == JobState.DONE


def test_what_would_not_go_is_said_and_tried_again(export: Job, yard: Bucket) -> None:
    with answering("DeleteObjects", refusal(403, "AccessDenied")):
        assert expiry.remove_expired(after(8)) == Removal(0, 1)

    export.refresh_from_db()
    made = register.made(export)
    assert made is not None
    assert "AccessDenied" in made.removal_failed
    assert made.went_at is None
    assert not AuditEvent.objects.filter(action="export.removed").exists()

    assert expiry.remove_expired(after(8)) == Removal(1, 0)
    export.refresh_from_db()
    assert (register.made(export) or made).removal_failed == ""


def test_store_that_says_gone_and_keeps_it_is_not_believed(
    export: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lie(_bucket: str, targets: Any, **_named: Any) -> Any:
        return [DeleteOutcome(*target) for target in targets]

    monkeypatch.setattr(objects, "delete_versions", lie)

    assert expiry.remove_expired(after(8)) == Removal(0, 1)


def test_crash_after_the_delete_is_met_by_the_next_run(export: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    delete = objects.delete_versions

    def die(*given: Any, **named: Any) -> Any:
        delete(*given, **named)
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(objects, "delete_versions", die)
        with pytest.raises(SystemExit):
            expiry.remove_expired(after(8))

    assert expiry.remove_expired(after(8)) == Removal(1, 0)


def test_bucket_that_left_the_list_stops_no_other(export: Job) -> None:
    lost = JobFactory(
        kind="zip", state=JobState.DONE, ended_at=timezone.now(), bucket=BucketFactory(connection="away"),
        parameters={"to": "", "to_prefix": "exports/", "days": 1}, result=dict(export.result),
    )  # fmt: skip

    assert expiry.remove_expired(after(8)) == Removal(1, 1)

    lost.refresh_from_db()
    made = register.made(lost)
    assert made is not None
    assert made.removal_failed


def test_upload_that_was_left_open_is_aborted(yard: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    job = JobFactory(kind="zip", bucket=yard, parameters={"to": "", "to_prefix": "exports/", "days": 7})
    key = register.key_of(job)
    upload = parts.find_or_begin(yard.name, key, content_type="application/zip", metadata={})
    other = parts.find_or_begin(yard.name, f"{key}.bak", content_type="application/zip", metadata={})
    result = register.kept(job, Growing(upload.upload_id))
    Job.objects.filter(pk=job.pk).update(state=JobState.CANCELLED, ended_at=timezone.now(), result=result)

    def away(*_given: Any, **_named: Any) -> Any:
        raise StorageUnavailable("away", code="Away")

    with monkeypatch.context() as patch:
        patch.setattr(parts, "abort_all", away)
        assert expiry.abort_unfinished() == Removal(0, 1)
    assert expiry.abort_unfinished() == Removal(1, 0)

    assert [one.upload_id for one in uploads.every(yard.name)] == [other.upload_id]
    assert expiry.abort_unfinished() == Removal(0, 0)


def test_timetable_removes_aborts_and_says_so(export: Job, yard: Bucket) -> None:
    line = acts.named("exports")
    assert line.run(timezone.now(), 0).outcome == Schedule.Outcome.NOTHING
    made = register.made(export)
    assert made is not None
    over = replace(made, remove_at=after(-1).isoformat(timespec="seconds"))
    Job.objects.filter(pk=export.pk).update(result=register.kept(export, over))
    assert "1 ZIP" in line.would()

    went = line.run(timezone.now(), 0)

    assert (went.outcome, went.words) == (Schedule.Outcome.DONE, "1 ZIP removed.")
    assert versions(yard) == []


def test_zip_in_the_bucket_of_the_photos_is_no_orphan(export: Job, yard: Bucket, settings: Any) -> None:
    settings.AWS_STORAGE_BUCKET_NAME = yard.name
    session.client().put_object(Bucket=yard.name, Key="photos/unassigned/nobody.jpg", Body=b"1")
    scan = scanning.begin(yard)
    assert scan is not None
    # S3 tells times in whole seconds: the scan begins in the next one.
    Scan.objects.filter(pk=scan.pk).update(begun_at=timezone.now() + timedelta(seconds=1))

    while scanning.work(scan.pk):
        pass

    assert [one.key for one in Finding.objects.filter(bucket=yard)] == ["photos/unassigned/nobody.jpg"]
