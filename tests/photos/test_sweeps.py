"""What heals photos that got stuck, and what it leaves alone."""

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from photos import sweeps, tasks, upload
from photos.choices import PhotoStatus
from photos.models import Photo
from photos.querysets import PhotoQuerySet
from portal.s3 import objects
from tests import pictures
from tests.factories import PetFactory, PhotoFactory
from tests.photos.conftest import picture
from tests.store import answering, refusal

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def times(settings) -> None:
    settings.REQUEUE_AFTER_SECONDS = 60
    settings.CLAIM_STALE_SECONDS = 90
    settings.PROCESSING_ATTEMPTS = 3
    settings.UPLOAD_URL_SECONDS = 900
    settings.UPLOAD_ABANDONED_HOURS = 24


def ago(**how_long: float):
    return timezone.now() - timedelta(**how_long)


def status_of(photo: Photo) -> str:
    photo.refresh_from_db()
    return photo.status


# --- Messages and claims ----------------------------------------------------------------


def test_photo_whose_message_got_lost_is_queued_again() -> None:
    lost = PhotoFactory(stored=True, queued_at=ago(seconds=61))
    PhotoFactory(stored=True, queued_at=ago(seconds=59))

    assert sweeps.due_again() == [str(lost.pk)]
    assert sweeps.due_again() == []  # it has a message now


def test_claim_of_a_dead_worker_is_queued_and_can_be_taken() -> None:
    dead = PhotoFactory(processing=True, claimed_at=ago(seconds=91), attempts=1)
    PhotoFactory(processing=True, claimed_at=ago(seconds=89))

    assert sweeps.due_again() == [str(dead.pk)]
    assert Photo.objects.claim(dead.pk, token=dead.pk, now=timezone.now())
    dead.refresh_from_db()
    assert dead.attempts == 2


@pytest.mark.parametrize("trait", ["pending", "failed", "rejected", "trashed"])
def test_photo_that_waits_for_no_worker_is_not_queued(trait: str) -> None:
    PhotoFactory(**{trait: True}, queued_at=ago(days=1))
    PhotoFactory(queued_at=ago(days=1))

    assert sweeps.due_again() == []


def test_photo_that_costs_a_worker_each_time_is_given_up_with_a_sentence() -> None:
    crasher = PhotoFactory(processing=True, claimed_at=ago(seconds=91), attempts=3)
    PhotoFactory(processing=True, claimed_at=ago(seconds=91), attempts=2)
    PhotoFactory(processing=True, claimed_at=ago(seconds=80), attempts=3)

    assert sweeps.give_up_on_crashers() == 1
    assert status_of(crasher) == PhotoStatus.FAILED
    assert "stopped 3 times" in crasher.reason
    assert "768.0 MiB" in crasher.reason
    assert "30 seconds" in crasher.reason
    assert crasher.claim is None


def test_sweep_gives_up_before_it_queues(queued: list[str]) -> None:
    PhotoFactory(processing=True, claimed_at=ago(seconds=91), attempts=3)
    lost = PhotoFactory(stored=True, queued_at=ago(seconds=61))

    tasks.sweep()

    assert queued == [str(lost.pk)]


def test_sweep_takes_the_oldest_first_and_leaves_the_rest(monkeypatch) -> None:
    monkeypatch.setattr(sweeps, "BATCH", 2)
    waiting = [
        PhotoFactory(stored=True, queued_at=ago(seconds=100), status_changed_at=ago(seconds=200 - n))
        for n in range(3)
    ]

    assert sweeps.due_again() == [str(photo.pk) for photo in waiting[:2]]
    assert sweeps.due_again() == [str(waiting[2].pk)]


def test_stuck_photos_are_those_a_person_should_know() -> None:
    stuck = PhotoFactory(stored=True, status_changed_at=ago(seconds=601))
    PhotoFactory(stored=True, status_changed_at=ago(seconds=599))
    PhotoFactory(failed=True, status_changed_at=ago(days=1))

    photos: PhotoQuerySet = Photo.objects.all()

    assert list(photos.stuck()) == [stuck]


def test_queue_that_is_away_is_told_in_the_log_and_no_error(caplog) -> None:
    # Nobody listens on port 1, where the tests' settings look for Redis.
    tasks.send("5c2f9a52-0000-0000-0000-000000000000")

    assert "photo_not_queued" in caplog.text


# --- Uploads ------------------------------------------------------------------------------


@pytest.fixture
def pending(photo_bucket: str):
    """Make a pending photo of some age; with its file in the store, if `data` is given."""

    def make(data: bytes | None = None, *, age: timedelta = timedelta(hours=1), pet=None) -> Photo:
        sent = data or picture()
        announcement = upload.Announcement("cat.jpg", len(sent), sent[:64])
        photo = upload.announce(actor=None, pet=pet or PetFactory(), announcement=announcement)
        Photo.objects.filter(pk=photo.pk).update(status_changed_at=timezone.now() - age)
        if data is not None:
            objects.put(photo.bucket, photo.key, data, content_type="image/jpeg")
        return photo

    return make


@pytest.mark.servers
def test_upload_whose_browser_went_away_is_completed(pending) -> None:
    photo = pending(picture())

    assert sweeps.look_for_uploads() == [str(photo.pk)]
    assert status_of(photo) == PhotoStatus.STORED


@pytest.mark.servers
def test_upload_whose_address_still_works_is_left_alone(pending, store_calls) -> None:
    photo = pending(picture(), age=timedelta(seconds=900))
    store_calls.clear()

    assert sweeps.look_for_uploads() == []
    assert store_calls == []
    assert status_of(photo) == PhotoStatus.PENDING


@pytest.mark.servers
def test_upload_that_is_something_else_is_rejected(pending) -> None:
    photo = pending()
    body = pictures.page_called_jpg().ljust(photo.bytes)
    objects.put(photo.bucket, photo.key, body, content_type="image/jpeg")

    assert sweeps.look_for_uploads() == []
    assert status_of(photo) == PhotoStatus.REJECTED
    assert "a web page" in photo.reason


@pytest.mark.servers
@pytest.mark.parametrize(
    ("age", "status"),
    [
        (timedelta(hours=23, minutes=59), PhotoStatus.PENDING),
        (timedelta(hours=24, minutes=1), PhotoStatus.REJECTED),
    ],
)
def test_abandoned_upload_expires_after_a_day_with_a_sentence(pending, age, status) -> None:
    photo = pending(age=age)

    assert sweeps.look_for_uploads() == []
    assert status_of(photo) == status
    assert ("nothing arrived within 24 hours" in photo.reason) == (status == PhotoStatus.REJECTED)


@pytest.mark.servers
def test_upload_that_arrived_is_completed_however_old(pending) -> None:
    photo = pending(picture(), age=timedelta(days=3))

    assert sweeps.look_for_uploads() == [str(photo.pk)]
    assert status_of(photo) == PhotoStatus.STORED


@pytest.mark.servers
def test_upload_is_looked_for_once_an_hour(pending, store_calls) -> None:
    photo = pending()
    sweeps.look_for_uploads()
    store_calls.clear()

    sweeps.look_for_uploads()
    assert store_calls == []

    Photo.objects.filter(pk=photo.pk).update(queued_at=ago(seconds=3601))
    sweeps.look_for_uploads()
    assert store_calls == ["HeadObject"]


@pytest.mark.servers
def test_store_that_is_away_expires_nothing_and_is_asked_once(pending, store_calls) -> None:
    photos = [pending(age=timedelta(days=2)) for _number in range(3)]
    store_calls.clear()

    with answering("HeadObject", refusal(503, "SlowDown")):
        assert sweeps.look_for_uploads() == []

    assert store_calls == ["HeadObject"]
    assert {status_of(photo) for photo in photos} == {PhotoStatus.PENDING}
    sweeps.look_for_uploads()
    assert {status_of(photo) for photo in photos} == {PhotoStatus.REJECTED}


@pytest.mark.servers
def test_upload_that_cannot_be_looked_at_stops_no_other(pending) -> None:
    refused, fine = pending(age=timedelta(hours=3)), pending(picture(), age=timedelta(hours=2))

    with answering("HeadObject", refusal(403, "AccessDenied"), times=1):
        assert sweeps.look_for_uploads() == [str(fine.pk)]

    assert status_of(refused) == PhotoStatus.PENDING


@pytest.mark.servers
def test_twin_that_arrived_first_makes_the_other_a_duplicate(pending, queued) -> None:
    data = picture()
    pet = PetFactory()
    late = pending(data, pet=pet)
    first = upload.receive(actor=None, pet=pet, upload=ContentFile(data), file_name="first.jpg")
    Photo.objects.filter(pk=late.pk).update(sha256=first.sha256)

    assert sweeps.look_for_uploads() == []
    assert status_of(late) == PhotoStatus.REJECTED
    assert late.duplicate_of == first
