"""What destroys: only what is due, all of it, and again after a crash."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings as configured
from django.core.files.base import ContentFile
from django.utils import timezone

from photos import processing, services, upload
from photos import tasks as photo_tasks
from photos.choices import PhotoStatus
from photos.errors import NotPossible
from photos.models import Photo
from portal.audit import AuditEvent
from portal.celery import app as celery_app
from portal.s3 import objects, session
from portal.s3.errors import StorageUnavailable
from portal.s3.types import DeleteOutcome
from storage_admin import purge, tasks
from tests import pictures
from tests.factories import PhotoFactory
from tests.store import answering, refusal

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

Lying = Callable[..., Photo]


@pytest.fixture
def lying(photo_bucket: str) -> Lying:
    """Make a photo of any status with its original, two versions of it, and the renditions of its row."""

    def make(*, age: timedelta = timedelta(days=31), **traits) -> Photo:
        photo = PhotoFactory(
            bucket=photo_bucket, status_changed_at=timezone.now() - age, **{"renditions": True, **traits}
        )
        put(photo, photo.key)
        photo.version_id = put(photo, photo.key)
        photo.save(update_fields=["version_id"])
        for made in photo.renditions.all():
            put(photo, made.key)
        return photo

    return make


def put(photo: Photo, key: str) -> str:
    made = objects.put(photo.bucket, key, b"bytes", content_type="image/jpeg", overwrite=True)
    return made.version_id


def left(photo: Photo) -> set[str]:
    """Return the keys that still lie below the photo's."""
    prefixes = (photo.key, f"renditions/{photo.pk}/")
    return {found.key for prefix in prefixes for found in objects.versions(photo.bucket, prefix)}


def exists(photo: Photo) -> bool:
    return Photo.objects.filter(pk=photo.pk).exists()


# --- Refused originals ------------------------------------------------------------------


def test_original_of_a_refused_photo_goes_in_every_version(lying: Lying) -> None:
    photo = lying(rejected=True, renditions=False)
    session.client().delete_object(Bucket=photo.bucket, Key=photo.key)  # a marker on top

    assert purge.remove_rejected_originals() == 1

    photo.refresh_from_db()
    assert left(photo) == set()
    assert photo.original_removed_at is not None
    assert photo.status == PhotoStatus.REJECTED
    assert AuditEvent.objects.get(action="photo.original_removed").key == photo.key
    assert purge.remove_rejected_originals() == 0


def test_original_stays_while_its_upload_could_be_repeated(lying: Lying, settings) -> None:
    settings.UPLOAD_URL_SECONDS = 900
    early = lying(rejected=True, renditions=False, age=timedelta(seconds=890))
    late = lying(rejected=True, renditions=False, age=timedelta(seconds=910))

    assert purge.remove_rejected_originals() == 1
    assert (left(early), left(late)) == ({early.key}, set())


def test_original_of_another_key_with_the_same_beginning_stays(lying: Lying) -> None:
    photo = lying(rejected=True, renditions=False)
    put(photo, f"{photo.key}.bak")

    purge.remove_rejected_originals()

    assert left(photo) == {f"{photo.key}.bak"}


@pytest.mark.parametrize("trait", ["stored", "pending", "processing", "failed", "trashed"])
def test_original_of_any_other_photo_stays(lying: Lying, trait: str) -> None:
    photo = lying(renditions=False, age=timedelta(days=1), **{trait: True})

    assert purge.remove_rejected_originals() == 0
    assert purge.purge_expired_trash().done == 0
    assert left(photo) == {photo.key}


def test_refused_photo_whose_file_never_arrived_is_done_with(photo_bucket: str) -> None:
    long_ago = timezone.now() - timedelta(hours=1)
    photo = PhotoFactory(bucket=photo_bucket, rejected=True, status_changed_at=long_ago)

    assert purge.remove_rejected_originals() == 1
    photo.refresh_from_db()
    assert photo.original_removed_at is not None


# --- The trash ----------------------------------------------------------------------------


def test_trash_goes_for_good_after_its_days(lying: Lying, settings) -> None:
    """43: in every version, so that nothing of it is paid for any more."""
    settings.TRASH_DAYS = 30
    photo = lying(trashed=True, age=timedelta(days=30, minutes=1))
    neighbour = lying(age=timedelta(days=90))

    assert purge.purge_expired_trash().done == 1

    assert not exists(photo)
    assert left(photo) == set()
    assert exists(neighbour)
    assert len(left(neighbour)) == 5
    event = AuditEvent.objects.get(action="photo.purged")
    assert event.target_id == str(photo.pk)
    assert event.before
    assert event.before["sha256"] == photo.sha256


def test_trash_stays_until_its_days_are_over(lying: Lying, settings) -> None:
    settings.TRASH_DAYS = 30
    photo = lying(trashed=True, age=timedelta(days=29, hours=23))

    assert purge.purge_expired_trash().done == 0
    assert exists(photo)
    assert len(left(photo)) == 5


def test_photo_restored_a_moment_before_stays(lying: Lying, monkeypatch) -> None:
    photo = lying(trashed=True)
    found = Photo.objects.get(pk=photo.pk)
    services.restore(actor=None, photo=photo)

    assert not purge._purge(found)

    photo.refresh_from_db()
    assert photo.status == PhotoStatus.READY
    assert photo.purge_started_at is None
    assert len(left(photo)) == 5


@pytest.mark.parametrize("where", ["versions", "delete_versions"])
def test_interrupted_purge_allows_no_restore_and_is_done_again(lying: Lying, monkeypatch, where: str) -> None:
    photo = lying(trashed=True)
    work = getattr(objects, where)

    def crash(*given, **options):
        if where == "delete_versions":
            work(*given, **options)  # it was done, the crash comes before the row knows
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(objects, where, crash)
        with pytest.raises(KeyboardInterrupt):
            purge.purge_expired_trash()

    photo.refresh_from_db()
    with pytest.raises(NotPossible):
        services.restore(actor=None, photo=photo)
    assert purge.purge_expired_trash().done == 1
    assert not exists(photo)
    assert left(photo) == set()


def test_what_the_store_would_not_delete_keeps_its_row(lying: Lying, monkeypatch) -> None:
    photo = lying(trashed=True)
    work = objects.delete_versions

    def keep_the_last(bucket, targets, **options):
        *most, (key, version) = targets
        refused = DeleteOutcome(key, version, "AccessDenied", "object lock")
        return [*work(bucket, most, **options), refused]

    with monkeypatch.context() as patch:
        patch.setattr(objects, "delete_versions", keep_the_last)
        assert purge.purge_expired_trash().done == 0

    assert exists(photo)
    assert not AuditEvent.objects.filter(action="photo.purged").exists()
    assert purge.purge_expired_trash().done == 1


def test_refusal_by_the_store_is_read_outcome_by_outcome(lying: Lying) -> None:
    photo = lying(rejected=True, renditions=False)
    body = (
        f"<DeleteResult><Error><Key>{photo.key}</Key><VersionId>{photo.version_id}</VersionId><Code>AccessDenied</Code>"
        "<Message>object lock</Message></Error></DeleteResult>"
    )

    with answering("DeleteObjects", refusal(200, "", body=body)):
        assert purge.remove_rejected_originals() == 0

    photo.refresh_from_db()
    assert photo.original_removed_at is None


def test_key_that_the_store_lists_wrongly_stays_and_its_photo_with_it(lying: Lying) -> None:
    """SeaweedFS lists versions of `a\\x01` as of `a\\ufffd`, and "deletes" whatever it is asked to."""
    photo = lying(trashed=True)
    key = f"renditions/{photo.pk}/a\x01"
    version = put(photo, key)

    assert purge.purge_expired_trash().done == 0

    assert exists(photo)
    assert objects.read(photo.bucket, key) == b"bytes"
    objects.delete_versions(photo.bucket, [(key, version)])
    assert purge.purge_expired_trash().done == 1


def test_store_that_is_away_postpones_the_purge(lying: Lying) -> None:
    photo = lying(trashed=True)

    with answering("ListObjectVersions", refusal(503, "SlowDown")), pytest.raises(StorageUnavailable):
        purge.purge_expired_trash()

    assert exists(photo)


# --- Leftovers ------------------------------------------------------------------------------


@pytest.fixture
def turned(lying: Lying) -> Photo:
    """A photo that was turned: renditions of before lie beside those of now."""
    photo = lying(age=timedelta(days=1))
    photo.renditions.update(key="")  # made anew below
    for made in photo.renditions.all():
        made.key = f"renditions/{photo.pk}/{made.name}-new.{made.format}"
        made.save(update_fields=["key"])
        put(photo, made.key)
    Photo.objects.filter(pk=photo.pk).update(leftovers_since=timezone.now())
    return photo


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let the purge believe that it is later."""
    now = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: now() + timedelta(seconds=seconds))


def test_leftovers_go_after_the_grace_and_what_is_shown_stays(turned: Photo, monkeypatch) -> None:
    assert len(left(turned)) == 9

    later(monkeypatch, purge.LEFTOVERS_GRACE_SECONDS + 1)
    assert purge.remove_leftovers() == 1

    shown = set(turned.renditions.values_list("key", flat=True))
    assert left(turned) == {turned.key, *shown}
    turned.refresh_from_db()
    assert turned.leftovers_since is None


def test_leftovers_stay_while_a_page_may_show_them(turned: Photo, monkeypatch) -> None:
    later(monkeypatch, configured.RENDITION_URL_SECONDS)

    assert purge.remove_leftovers() == 0
    assert len(left(turned)) == 9


def test_renditions_that_a_worker_just_put_are_no_leftovers(turned: Photo, monkeypatch) -> None:
    # Turned again while the purge runs: the worker's rows are not committed yet.
    long_ago = timezone.now() - timedelta(seconds=purge.LEFTOVERS_GRACE_SECONDS + 1)
    Photo.objects.filter(pk=turned.pk).update(leftovers_since=long_ago)
    fresh = f"renditions/{turned.pk}/tile-fresh.webp"
    put(turned, fresh)

    purge.remove_leftovers()

    assert fresh in left(turned)


def test_version_of_a_refused_replacement_goes_and_the_former_file_stays(lying: Lying, monkeypatch) -> None:
    monkeypatch.setattr(purge, "LEFTOVERS_GRACE_SECONDS", 0)
    photo = lying(leftovers_since=timezone.now())
    refused = put(photo, photo.key)
    Photo.objects.filter(pk=photo.pk).update(refused_versions=[refused])

    assert purge.remove_leftovers() == 1

    left = {found.version_id for found in objects.versions(photo.bucket, photo.key)}
    assert refused not in left
    assert photo.version_id in left
    photo.refresh_from_db()
    assert photo.refused_versions == []


def test_photo_that_is_being_made_anew_keeps_its_leftovers(turned: Photo, monkeypatch) -> None:
    services.turn(actor=None, photo=Photo.objects.get(pk=turned.pk), by_degrees=90)

    later(monkeypatch, purge.LEFTOVERS_GRACE_SECONDS + 1)

    assert purge.remove_leftovers() == 0


# --- The timetable ---------------------------------------------------------------------------


def test_timetable_has_the_purge_and_names_tasks_that_exist() -> None:
    celery_app.loader.import_default_modules()
    timed = {entry["task"] for entry in configured.CELERY_BEAT_SCHEDULE.values()}

    assert "storage_admin.tasks.purge" in timed
    assert timed <= set(celery_app.tasks)


def test_photo_is_refused_removed_and_its_row_kept_from_end_to_end(photo_bucket: str, monkeypatch) -> None:
    monkeypatch.setattr(photo_tasks.process, "delay", lambda _photo: None)
    data = pictures.truncated(pictures.jpeg(500, 400))
    photo = upload.receive(actor=None, pet=None, upload=ContentFile(data), file_name="cut.jpg")
    processing.process(str(photo.pk))

    later(monkeypatch, configured.UPLOAD_URL_SECONDS + 1)
    tasks.purge()

    photo.refresh_from_db()
    assert photo.status == PhotoStatus.REJECTED
    assert left(photo) == set()
