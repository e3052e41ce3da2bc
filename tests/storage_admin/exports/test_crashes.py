"""A ZIP whose workers die at any call, whose store goes away, and whose job somebody cancels."""

from collections.abc import Callable
from typing import Any

import pytest

from portal.models import User
from portal.s3 import objects, parts, uploads
from portal.s3.errors import StorageUnavailable
from storage_admin.exports import register
from storage_admin.jobs import running, services
from storage_admin.models import Bucket, Job, JobState
from tests.storage_admin.exports.zips import (
    Killed,
    Planned,
    begun,
    open_uploads,
    some_bytes,
    unpacked,
    work_one_batch,
    worked_off,
    zip_of,
)
from tests.storage_admin.jobs.conftest import Put, held
from tests.store import answering, refusal

pytestmark = [pytest.mark.django_db, pytest.mark.servers]


@pytest.mark.parametrize("dies_at", [1, 2, 3, 4])
def test_worker_that_dies_between_parts_leaves_no_trace_in_the_zip(
    put_in: Put,
    planned: Planned,
    ada: User,
    yard: Bucket,
    small_batches: None,
    monkeypatch: pytest.MonkeyPatch,
    dies_at: int,
) -> None:
    bodies = {f"in/{number}.jpg": some_bytes(500, number) for number in range(5)}
    for key, body in bodies.items():
        put_in(key, body)
    job = begun(planned, ada)
    sent = iter(range(1, 100))
    whole_put = parts.put

    def die(*given: Any) -> Any:
        answer = whole_put(*given)
        if next(sent) == dies_at:
            raise Killed  # the store has the part, and nobody wrote it down
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(parts, "put", die)
        with pytest.raises(Killed):
            running.work(job.pk)

    job = worked_off(job)

    assert (job.state, job.done, job.failed) == (JobState.DONE, 5, 0)
    files = unpacked(zip_of(job))
    assert {key: files[key] for key in bodies} == bodies
    assert held(yard) == {"versions": 6, "markers": 0, "uploads": 0}


def test_upload_that_nobody_wrote_down_is_found_again(
    put_in: Put, planned: Planned, ada: User, yard: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in("in/a.jpg")
    job = begun(planned, ada)

    def die(*_given: Any) -> Any:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(parts, "put", die)
        with pytest.raises(Killed):
            running.work(job.pk)
    [before] = uploads.every(yard.name)

    job = worked_off(job)

    assert job.state == JobState.DONE
    assert before.key == register.key_of(job)
    assert open_uploads(yard) == 0


@pytest.mark.parametrize("is_done", [True, False], ids=["after", "before"])
def test_worker_that_dies_at_completing_makes_one_zip(
    put_in: Put, planned: Planned, ada: User, yard: Bucket, monkeypatch: pytest.MonkeyPatch, is_done: bool
) -> None:
    put_in("in/a.jpg")
    job = begun(planned, ada)
    complete = parts.complete

    def die(*given: Any) -> None:
        if is_done:
            complete(*given)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(parts, "complete", die)
        with pytest.raises(Killed):
            running.work(job.pk)

    job = worked_off(job)

    assert job.state == JobState.DONE
    made = register.made(job)
    [version] = objects.versions(yard.name, "exports/")
    assert made is not None
    assert (version.version_id, version.bytes) == (made.version_id, made.bytes)
    assert set(unpacked(zip_of(job))) == {"in/a.jpg", "manifest.csv"}


def test_lost_answer_to_completing_is_no_failure(put_in: Put, zipped: Callable[..., Job]) -> None:
    """botocore asks again, and hears that there is no such upload, or that the key is taken."""
    put_in("in/a.jpg")
    complete = parts.complete

    def twice(*given: Any) -> None:
        complete(*given)
        complete(*given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "complete", twice)
        job = zipped()

    assert job.state == JobState.DONE


@pytest.mark.parametrize("state", ["running", "paused"])
def test_cancelled_job_aborts_its_upload(
    put_in: Put, planned: Planned, ada: User, yard: Bucket, small_batches: None, state: str
) -> None:
    for number in range(4):
        put_in(f"in/{number}.jpg")
    job = begun(planned, ada)
    work_one_batch(job)
    if state == "paused":
        services.pause(actor=ada, job=job)
        running.work(job.pk)
        job.refresh_from_db()
        assert job.state == JobState.PAUSED
    assert open_uploads(yard) == 1

    services.cancel(actor=ada, job=job)
    job = worked_off(job)

    assert job.state == JobState.CANCELLED
    assert held(yard) == {"versions": 4, "markers": 0, "uploads": 0}
    assert "zip" not in job.result


def test_upload_that_somebody_aborted_fails_the_job_in_words(
    put_in: Put, planned: Planned, ada: User, yard: Bucket, small_batches: None
) -> None:
    for number in range(4):
        put_in(f"in/{number}.jpg")
    job = begun(planned, ada)
    work_one_batch(job)
    [upload] = uploads.every(yard.name)
    uploads.abort(yard.name, upload.key, upload.upload_id)

    job = worked_off(job)

    assert job.state == JobState.FAILED
    assert "aborted the upload" in job.stopped_because
    assert not list(objects.versions(yard.name, "exports/"))


def test_store_that_is_away_is_waited_for(put_in: Put, planned: Planned, ada: User) -> None:
    put_in("in/a.jpg")
    job = begun(planned, ada)

    with answering("GetObject", refusal(503, "SlowDown")), pytest.MonkeyPatch.context() as patch:
        patch.setattr("storage_admin.jobs.one_by_one.PAUSE_SECONDS", 0)
        running.work(job.pk)
    job.refresh_from_db()
    assert (job.state, job.failed) == (JobState.RUNNING, 0)

    assert worked_off(job).state == JobState.DONE


def test_cancelling_needs_no_store(
    put_in: Put,
    planned: Planned,
    ada: User,
    yard: Bucket,
    small_batches: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for number in range(4):
        put_in(f"in/{number}.jpg")
    job = begun(planned, ada)
    work_one_batch(job)
    services.cancel(actor=ada, job=job)

    def away(*_given: Any, **_named: Any) -> Any:
        raise StorageUnavailable("away", code="Away")

    with monkeypatch.context() as patch:
        patch.setattr(parts, "abort_all", away)
        job = worked_off(job)

    assert job.state == JobState.CANCELLED
    assert open_uploads(yard) == 1
    assert register.growing(job) is not None  # the daily sweep goes by this


def test_other_object_of_the_key_is_never_written_over(
    put_in: Put, planned: Planned, ada: User, yard: Bucket
) -> None:
    put_in("in/a.jpg")
    job = begun(planned, ada)
    put_in(register.key_of(job), b"somebody's")

    job = worked_off(job)

    assert job.state == JobState.FAILED
    assert "another object" in job.stopped_because
    assert objects.read(yard.name, register.key_of(job)) == b"somebody's"
    assert open_uploads(yard) == 0
