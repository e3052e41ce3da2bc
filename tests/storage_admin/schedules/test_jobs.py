"""Incomplete uploads and the slice that is verified each night: jobs of the timetable, with their reports."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from photos.models import Photo
from portal.s3 import session, uploads
from portal.s3.errors import AccessRefused, Unsupported
from storage_admin.jobs import photo_slices, services
from storage_admin.models import Bucket, Job, JobState
from storage_admin.schedules import acts
from storage_admin.schedules.act import Outcome, Went
from tests.factories import BucketFactory, PhotoFactory
from tests.storage_admin.schedules.conftest import worked_off

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

AtItsTime = Callable[[str], Went]
Put = Callable[..., Any]


def open_upload(bucket: str, key: str) -> str:
    client = session.client()
    upload = client.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
    client.upload_part(Bucket=bucket, Key=key, UploadId=upload, PartNumber=1, Body=b"part")
    return str(upload)


def left(bucket: Bucket) -> set[str]:
    return {one.upload_id for one in uploads.every(bucket.name)}


@pytest.fixture
def days_later(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Let the portal believe that it is days later: the store's own times cannot be set."""
    now = timezone.now

    def move(days: int) -> None:
        monkeypatch.setattr(timezone, "now", lambda: now() + timedelta(days=days))

    return move


def test_old_uploads_are_aborted_by_a_job_and_young_ones_make_none(
    house: Bucket, at_its_time: AtItsTime, days_later: Callable[[int], None]
) -> None:
    upload = open_upload(house.name, "photos/a.jpg")
    elsewhere = BucketFactory(name=f"other-{uuid4().hex[:12]}")
    assert at_its_time("uploads").outcome == Outcome.NOTHING
    assert not Job.objects.exists()

    days_later(8)
    assert "house" in acts.named("uploads").would()
    went = at_its_time("uploads")

    job = Job.objects.get()
    assert (went.outcome, job.state, job.trigger) == (Outcome.BEGUN, JobState.QUEUED, Job.Trigger.SCHEDULE)
    assert (job.made_by, job.made_by_name, job.bucket) == (None, "portal", house)
    assert left(house) == {upload}
    assert acts.named("uploads").under_way()
    assert worked_off(job).state == JobState.DONE
    assert job.items.get().version_id == upload
    assert left(house) == set()
    assert at_its_time("uploads").outcome == Outcome.NOTHING
    assert Job.objects.count() == 1
    assert not elsewhere.jobs.exists()


def test_only_named_buckets_are_touched_and_a_wrong_name_is_told(
    house: Bucket, at_its_time: AtItsTime, days_later: Callable[[int], None], settings: Any
) -> None:
    upload = open_upload(house.name, "photos/a.jpg")
    other = BucketFactory(name=f"other-{uuid4().hex[:12]}")
    session.client().create_bucket(Bucket=other.name)
    open_upload(other.name, "a")
    settings.ABORT_UPLOADS_BUCKETS = [f"default/{other.name}", "no-such"]
    days_later(8)

    went = at_its_time("uploads")

    assert went.outcome == Outcome.FAILED
    assert "default/no-such is not in the list" in went.words
    assert worked_off(Job.objects.get()).bucket == other
    assert left(other) == set()
    assert left(house) == {upload}


def test_plan_whose_worker_died_is_started_the_next_time(
    house: Bucket, at_its_time: AtItsTime, days_later: Callable[[int], None], monkeypatch: Any
) -> None:
    open_upload(house.name, "photos/a.jpg")
    days_later(8)

    def dies(**_given: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(services, "start", dies)
        with pytest.raises(KeyboardInterrupt):
            acts.named("uploads").run(timezone.now(), float("inf"))
    assert Job.objects.get().state == JobState.PLANNED

    assert at_its_time("uploads").outcome == Outcome.BEGUN
    assert worked_off(Job.objects.get()).done == 1


def test_job_that_is_paused_waits_for_a_person(
    house: Bucket, at_its_time: AtItsTime, days_later: Callable[[int], None]
) -> None:
    open_upload(house.name, "photos/a.jpg")
    days_later(8)
    at_its_time("uploads")
    Job.objects.update(state=JobState.PAUSED, stopped_because="The keys are over.")

    went = at_its_time("uploads")

    assert went.outcome == Outcome.WAITS
    assert "The keys are over." in went.words
    assert Job.objects.count() == 1


def test_second_person_is_waited_for(
    house: Bucket, at_its_time: AtItsTime, days_later: Callable[[int], None], monkeypatch: Any
) -> None:
    open_upload(house.name, "photos/a.jpg")
    days_later(8)
    monkeypatch.setattr(services, "needs_approval", lambda _job: True)

    went = at_its_time("uploads")

    assert went.outcome == Outcome.WAITS
    assert "second person" in went.words
    Job.objects.update(approved_by_name="ada")
    assert at_its_time("uploads").outcome == Outcome.BEGUN


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (AccessRefused("No.", code="AccessDenied"), Outcome.FAILED),
        (Unsupported("It lists no uploads."), Outcome.NOTHING),
    ],
    ids=["refused", "lacks the call"],
)
def test_store_that_does_not_tell_of_uploads_is_quoted(
    house: Bucket, at_its_time: AtItsTime, monkeypatch: Any, error: Exception, outcome: Outcome
) -> None:
    def every(*_given: Any, **_options: Any) -> Any:
        raise error

    monkeypatch.setattr(uploads, "every", every)

    went = at_its_time("uploads")

    assert went.outcome == outcome
    assert str(error) in went.words


@pytest.fixture
def originals(house: Bucket, put_in: Put, settings: Any) -> list[Photo]:
    """Five photos as their rows say, by id; three are verified a night."""
    settings.VERIFY_PER_NIGHT = 3
    made = []
    for number in range(5):
        key = f"photos/{number}.jpg"
        answer = put_in(key)
        told = {"version_id": answer["VersionId"], "etag": answer["ETag"].strip('"'), "bytes": 5}
        made.append(PhotoFactory(bucket=house.name, key=key, **told))
    PhotoFactory(bucket=house.name, key="photos/pending.jpg", pending=True)
    return sorted(made, key=lambda photo: photo.pk)


def verified(job: Job) -> list[UUID]:
    """Return the ids that the job's selection names."""
    rows: list[UUID] = []
    cursor: dict[str, Any] | None = {}
    while cursor is not None:
        page, cursor = photo_slices.page(job.bucket.name, job.selection, cursor, 2)
        rows += [photo.pk for photo in page]
    return rows


def test_each_night_goes_on_where_the_last_one_ended(originals: list[Photo], at_its_time: AtItsTime) -> None:
    nights = []
    for _night in range(4):
        assert at_its_time("verify").outcome == Outcome.BEGUN
        job = worked_off(Job.objects.all()[0])
        assert (job.state, job.done, job.trigger) == (JobState.DONE, 3, Job.Trigger.SCHEDULE)
        nights.append(verified(job))

    ids = [photo.pk for photo in originals]
    assert nights == [ids[:3], [ids[3], ids[4], ids[0]], ids[1:4], [ids[4], ids[0], ids[1]]]


def test_night_that_was_cancelled_is_gone_on_with_from_where_it_stopped(
    originals: list[Photo], at_its_time: AtItsTime
) -> None:
    ids = [photo.pk for photo in originals]
    at_its_time("verify")
    ended = {"state": JobState.CANCELLED, "ended_at": timezone.now()}
    Job.objects.update(**ended, started_at=timezone.now(), cursor={"after": str(ids[0]), "over": False})

    at_its_time("verify")
    job = Job.objects.all()[0]
    assert verified(job) == ids[1:4]

    Job.objects.filter(pk=job.pk).update(**ended, started_at=None, cursor={"after": str(ids[3])})
    at_its_time("verify")
    assert verified(Job.objects.all()[0]) == ids[1:4]


def test_difference_is_a_failure_that_today_counts(originals: list[Photo], at_its_time: AtItsTime) -> None:
    Photo.objects.filter(pk=originals[1].pk).update(bytes=9)

    at_its_time("verify")

    job = worked_off(Job.objects.get())
    assert (job.state, job.failed, job.items.get().code) == (JobState.PARTIAL, 1, "Size")
    assert job.acknowledged_at is None


def test_few_photos_are_all_verified_each_night(
    originals: list[Photo], at_its_time: AtItsTime, settings: Any
) -> None:
    settings.VERIFY_PER_NIGHT = 99
    assert acts.named("verify").would() == "Would verify 5 of 5 originals."

    for _night in range(2):
        at_its_time("verify")
        assert worked_off(Job.objects.all()[0]).done == 5


def test_no_photos_make_no_job(house: Bucket, at_its_time: AtItsTime) -> None:
    assert at_its_time("verify").outcome == Outcome.NOTHING
    assert not Job.objects.exists()
    assert acts.named("verify").would() == "There is nothing to verify."
