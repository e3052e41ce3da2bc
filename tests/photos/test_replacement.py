"""A better file: a new version on the same key, the former one readable throughout."""

from datetime import timedelta
from uuid import uuid4

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.core.exceptions import PermissionDenied
from django.core.files.base import ContentFile
from django.utils import timezone

from photos import imaging, processing, replacement, sweeps
from photos.choices import PhotoStatus
from photos.errors import NotPossible, UploadRefused
from photos.models import Photo
from portal.audit import AuditEvent
from portal.s3 import objects
from portal.s3.errors import StorageUnavailable
from tests import pictures
from tests.photos.conftest import picture
from tests.store import answering, refusal

pytestmark = [pytest.mark.django_db, pytest.mark.servers]


def replace(photo: Photo, data: bytes, *, actor=None, name: str = "better.jpg") -> None:
    replacement.replace(actor=actor, photo=photo, file=ContentFile(data), file_name=name)


def process(photo: Photo) -> Photo:
    processing.process(str(photo.pk))
    photo.refresh_from_db()
    return photo


def test_new_file_is_a_new_version_on_the_same_key(
    ready, queued, django_capture_on_commit_callbacks, curator
) -> None:
    former, better = picture(), picture(width=480, height=320)
    photo = ready(former)
    key, version = photo.key, photo.version_id

    with django_capture_on_commit_callbacks(execute=True):
        replace(photo, better, actor=curator)
    process(photo)

    assert (photo.status, photo.key, photo.width) == (PhotoStatus.READY, key, 480)
    assert photo.file_name == "better.jpg"
    assert objects.read(photo.bucket, key, version_id=photo.version_id) == better
    assert objects.read(photo.bucket, key, version_id=version) == former
    assert queued == [str(photo.pk)]
    event = AuditEvent.objects.get(action="photo.replaced")
    assert event.before
    assert (event.actor, event.before["version_id"], event.version_id) == (curator, version, photo.version_id)


def test_new_file_gets_new_tiles(ready) -> None:
    photo = ready()
    before = set(photo.renditions.values_list("key", flat=True))

    replace(photo, picture())
    process(photo)

    assert not before & set(photo.renditions.values_list("key", flat=True))
    assert photo.leftovers_since is not None


@pytest.mark.parametrize("times", [1, 2])
def test_file_that_proves_bad_gives_way_to_the_former_one(ready, times: int) -> None:
    photo = ready()
    former = (photo.version_id, photo.sha256, photo.bytes, photo.file_name)

    for _time in range(times):
        replace(photo, pictures.truncated(picture(width=900, height=600)), name="bad.jpg")
        process(photo)

    assert photo.status == PhotoStatus.READY
    assert (photo.version_id, photo.sha256, photo.bytes, photo.file_name) == former
    assert "the former file is back" in photo.reason
    assert "damaged" in photo.reason
    assert len(photo.refused_versions) == times
    assert photo.version_id not in photo.refused_versions


def test_file_that_costs_workers_their_lives_gives_way_to_the_former_one(ready) -> None:
    photo = ready()
    former = photo.version_id
    replace(photo, picture())
    long_ago = timezone.now() - timedelta(days=1)
    Photo.objects.filter(pk=photo.pk).update(
        status=PhotoStatus.PROCESSING, claim=uuid4(), claimed_at=long_ago, attempts=3
    )

    assert sweeps.give_up_on_crashers() == 1

    photo.refresh_from_db()
    assert (photo.status, photo.version_id, photo.claim) == (PhotoStatus.READY, former, None)
    assert "the former file is back: The worker stopped 3 times" in photo.reason


def test_file_that_takes_too_long_gives_way_to_the_former_one(ready, monkeypatch) -> None:
    photo = ready()
    former = photo.version_id
    replace(photo, picture())

    def dawdle(*_args, **_options):
        raise SoftTimeLimitExceeded

    monkeypatch.setattr(imaging, "render", dawdle)
    with pytest.raises(SoftTimeLimitExceeded):
        process(photo)

    photo.refresh_from_db()
    assert (photo.status, photo.version_id) == (PhotoStatus.READY, former)


def test_bad_file_whose_former_one_came_again_as_another_photo_fails(ready, stored) -> None:
    former = picture()
    photo = ready(former)
    replace(photo, pictures.truncated(picture(width=900, height=600)))
    stored(former, pet=photo.pet)

    process(photo)

    assert photo.status == PhotoStatus.FAILED
    assert "damaged" in photo.reason


def test_good_file_can_follow_one_that_was_refused(ready) -> None:
    photo = ready()
    replace(photo, pictures.truncated(picture(width=900, height=600)))
    process(photo)

    replace(photo, picture(width=480, height=320))
    process(photo)

    assert (photo.status, photo.width, photo.reason) == (PhotoStatus.READY, 480, "")


def test_crash_between_the_store_and_the_row_loses_nothing_and_blocks_nothing(ready, monkeypatch) -> None:
    former, better = picture(), picture(width=480, height=320)
    photo = ready(former)

    def crash(*_args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(replacement, "_point_at", crash)
        with pytest.raises(KeyboardInterrupt):
            replace(photo, picture())

    photo = Photo.objects.get(pk=photo.pk)
    assert photo.status == PhotoStatus.READY
    assert objects.read(photo.bucket, photo.key, version_id=photo.version_id) == former
    replace(photo, better)
    assert process(photo).width == 480


def test_second_of_two_who_replace_the_same_file_is_refused(ready) -> None:
    photo = ready()
    stale = Photo.objects.get(pk=photo.pk)
    replace(photo, picture())
    process(photo)

    with pytest.raises(NotPossible, match="meanwhile"):
        replace(stale, picture())

    photo.refresh_from_db()
    assert photo.status == PhotoStatus.READY
    assert photo.version_id != stale.version_id
    assert len(list(objects.versions(photo.bucket, photo.key))) == 2


def test_another_type_is_refused(ready) -> None:
    photo = ready()

    with pytest.raises(UploadRefused, match="better.png is PNG, the photo is JPEG") as refused:  # noqa: RUF043 - any character will do
        replace(photo, pictures.alpha_png(), name="better.png")

    assert refused.value.code == "other_type"


def test_same_file_again_is_refused(ready) -> None:
    data = picture()
    photo = ready(data)

    with pytest.raises(NotPossible, match="has already"):
        replace(photo, data)


def test_file_of_a_sibling_is_refused_as_duplicate(ready) -> None:
    sibling = ready()
    photo = ready(pet=sibling.pet)

    with pytest.raises(UploadRefused, match="very picture") as refused:
        replace(photo, objects.read(sibling.bucket, sibling.key))

    assert refused.value.duplicate_of == sibling


def test_photo_without_versions_is_not_replaced(ready) -> None:
    photo = ready()
    Photo.objects.filter(pk=photo.pk).update(version_id="")
    photo.refresh_from_db()

    with pytest.raises(NotPossible, match="without versions"):
        replace(photo, picture(width=480, height=320))


def test_photo_that_is_not_ready_is_not_replaced(stored) -> None:
    with pytest.raises(NotPossible, match="ready photo"):
        replace(stored(), picture())


def test_replacing_needs_the_right(ready, viewer) -> None:
    with pytest.raises(PermissionDenied):
        replace(ready(), picture(), actor=viewer)


def test_store_that_is_away_leaves_everything_as_it_was(ready) -> None:
    photo = ready()
    before = photo.version_id

    with answering("PutObject", refusal(503, "SlowDown")), pytest.raises(StorageUnavailable):
        replace(photo, picture())

    photo.refresh_from_db()
    assert (photo.status, photo.version_id) == (PhotoStatus.READY, before)
