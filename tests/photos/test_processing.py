"""The worker's side, on real files in a real store."""

import io
from uuid import uuid4

import pytest
import pyvips
from celery.exceptions import SoftTimeLimitExceeded
from PIL import Image

from photos import imaging, processing, services, states
from photos.choices import PhotoStatus
from photos.models import Photo
from photos.querysets import PhotoQuerySet
from portal.s3 import objects, session
from portal.s3.errors import ObjectNotFound, StorageUnavailable
from tests import pictures
from tests.factories import PetFactory, PhotoFactory
from tests.photos.conftest import picture
from tests.store import answering, refusal

pytestmark = [pytest.mark.django_db, pytest.mark.servers]


def process(photo: Photo) -> Photo:
    processing.process(str(photo.pk))
    photo.refresh_from_db()
    return photo


# --- Ready ----------------------------------------------------------------------------


def test_photo_becomes_ready_with_its_facts(stored) -> None:
    photo = process(stored(pictures.sideways_heic(), name="IMG_1.HEIC"))

    assert (photo.status, photo.reason, photo.attempts) == (PhotoStatus.READY, "", 0)
    assert (photo.claim, photo.claimed_at) == (None, None)
    assert (photo.width, photo.height) == (240, 160)
    assert (photo.taken_at, photo.camera) == ("2026-05-04 10:20:30", "Apple iPhone 17")
    assert f"{photo.latitude:.3f} {photo.longitude:.3f}" == "52.516 13.378"


def test_renditions_lie_in_the_store_with_type_and_a_year_of_cache(stored) -> None:
    photo = process(stored(picture(width=2000, height=1500)))

    made = {rendition.name: rendition for rendition in photo.renditions.all()}
    assert set(made) == {"full", "share", "card", "tile"}
    for rendition in made.values():
        head = session.client().head_object(Bucket=photo.bucket, Key=rendition.key)
        with Image.open(io.BytesIO(objects.read(photo.bucket, rendition.key))) as opened:
            assert opened.size == (rendition.width, rendition.height)
            assert (opened.format or "").lower() == rendition.format
        assert head["ContentType"] == f"image/{rendition.format}"
        assert head["CacheControl"] == "private, max-age=31536000, immutable"
        assert head["ContentLength"] == rendition.bytes
    assert (made["full"].width, made["full"].height) == (1600, 1200)
    assert (made["tile"].width, made["tile"].height) == (160, 160)


def test_renditions_hold_nothing_but_pixels(stored) -> None:
    photo = process(stored(pictures.with_comment(pictures.PHP_PAYLOAD + uuid4().bytes.hex().encode())))

    for rendition in photo.renditions.all():
        data = objects.read(photo.bucket, rendition.key)
        kept = {
            name
            for name in pyvips.Image.new_from_buffer(data, "").get_fields()
            if name.startswith(("exif", "xmp", "iptc", "jpeg-multiscan-comment", "gif-comment"))
        }
        assert kept == set()
        assert b"<?php" not in data
        assert b"Exif" not in data


def test_original_stays_as_it_was_sent(stored) -> None:
    data = picture()
    photo = process(stored(data))

    assert objects.read(photo.bucket, photo.key, version_id=photo.version_id) == data
    assert len(list(objects.versions(photo.bucket, photo.key))) == 1


def test_first_photo_of_a_pet_becomes_its_main_one(stored) -> None:
    pet = PetFactory()

    first, second = process(stored(pet=pet)), process(stored(pet=pet))

    assert first.is_primary
    assert not second.is_primary


def test_photo_without_a_pet_becomes_ready_and_nobodys_main(stored) -> None:
    photo = process(stored(pet=None))

    assert photo.status == PhotoStatus.READY
    assert not photo.is_primary


def test_processing_again_makes_nothing_again(stored, store_calls) -> None:
    photo = process(stored())
    store_calls.clear()

    process(photo)

    assert store_calls == []


def test_photo_that_is_gone_is_no_error(photo_bucket) -> None:
    processing.process(str(uuid4()))


def test_run_after_a_crash_finds_what_was_put_before(stored, store_calls) -> None:
    photo = stored()

    def crash(*_args):
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(processing, "_finish", crash)
        with pytest.raises(KeyboardInterrupt):
            processing.process(str(photo.pk))
    photo.refresh_from_db()
    assert photo.status == PhotoStatus.PROCESSING
    Photo.objects.filter(pk=photo.pk).update(status=PhotoStatus.STORED)

    process(photo)

    assert photo.status == PhotoStatus.READY
    keys = photo.renditions.values_list("key", flat=True)
    assert all(len(list(objects.versions(photo.bucket, key))) == 1 for key in keys)


# --- Refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("cut.jpg", pictures.truncated(pictures.jpeg(800, 600)), ["damaged or cut short", "JPEG"]),
        ("bomb.png", pictures.png_bomb(8_000), ["64,000,000 pixels", "50,000,000"]),
        ("film.gif", pictures.gif_of(1_001), ["1,001 frames", "1,000"]),
    ],
)
def test_bad_picture_is_rejected_with_the_reason(stored, name: str, data: bytes, words) -> None:
    photo = process(stored(data, name=name))

    assert photo.status == PhotoStatus.REJECTED
    assert all(word in photo.reason for word in words), photo.reason
    assert not photo.renditions.exists()


def test_bytes_that_changed_since_they_were_announced_are_rejected(stored) -> None:
    photo = stored()
    Photo.objects.filter(pk=photo.pk).update(sha256="e" * 64)

    assert process(photo).status == PhotoStatus.REJECTED
    assert "not the ones that were announced" in photo.reason


def test_twin_whose_digest_was_not_known_is_rejected_as_duplicate(ready, stored) -> None:
    data = picture()
    pet = PetFactory()
    second = stored(data, pet=pet)
    Photo.objects.filter(pk=second.pk).update(sha256="")
    first = ready(data, pet=pet)

    process(second)

    assert second.status == PhotoStatus.REJECTED
    assert second.duplicate_of == first
    assert "very picture" in second.reason


def test_twin_that_became_ready_meanwhile_wins(ready, stored, monkeypatch) -> None:
    data = picture()
    pet = PetFactory()
    photo = stored(data, pet=pet)
    Photo.objects.filter(pk=photo.pk).update(sha256="")
    finish = processing._finish

    def finish_second(photo, derived):
        monkeypatch.setattr(processing, "_finish", finish)
        ready(data, pet=pet)
        return finish(photo, derived)

    monkeypatch.setattr(processing, "_finish", finish_second)
    process(photo)

    assert photo.status == PhotoStatus.REJECTED
    assert photo.duplicate_of.status == PhotoStatus.READY


# --- Claims -----------------------------------------------------------------------------


def test_claim_lost_midway_changes_nothing(stored, monkeypatch) -> None:
    photo = stored()
    others = uuid4()
    derive = processing._derive

    def derive_slowly(photo):
        found = derive(photo)
        Photo.objects.filter(pk=photo.pk).update(claim=others)  # it went stale: another took it
        return found

    monkeypatch.setattr(processing, "_derive", derive_slowly)
    process(photo)

    assert (photo.status, photo.claim) == (PhotoStatus.PROCESSING, others)
    assert not photo.renditions.exists()


@pytest.mark.parametrize("fault", ["bad", "away", "gone", "unexpected"])
def test_claim_lost_midway_keeps_faults_to_itself(stored, monkeypatch, fault: str) -> None:
    photo = stored()
    others = uuid4()
    raised = {
        "bad": imaging.RefusedImage("damaged", found="JPEG"),
        "away": StorageUnavailable("away"),
        "gone": ObjectNotFound("gone"),
        "unexpected": RuntimeError("surprise"),
    }[fault]

    def derive(photo):
        Photo.objects.filter(pk=photo.pk).update(claim=others)
        raise raised

    monkeypatch.setattr(processing, "_derive", derive)
    try:
        process(photo)
    except RuntimeError:
        photo.refresh_from_db()

    assert (photo.status, photo.claim, photo.attempts) == (PhotoStatus.PROCESSING, others, 1)


def test_photo_trashed_right_after_the_claim_stays_in_the_trash(stored, monkeypatch) -> None:
    photo = stored()
    claim = PhotoQuerySet.claim

    def claim_and_trash(self, pk, **options):
        claimed = claim(self, pk, **options)
        services.trash(actor=None, photo=Photo.objects.get(pk=pk))
        return claimed

    monkeypatch.setattr(PhotoQuerySet, "claim", claim_and_trash)
    process(photo)

    assert photo.status == PhotoStatus.TRASHED


def test_photo_trashed_midway_stays_in_the_trash(stored, monkeypatch) -> None:
    photo = stored()
    derive = processing._derive

    def derive_and_trash(photo):
        services.trash(actor=None, photo=Photo.objects.get(pk=photo.pk))
        return derive(photo)

    monkeypatch.setattr(processing, "_derive", derive_and_trash)
    process(photo)

    assert photo.status == PhotoStatus.TRASHED


# --- Faults -----------------------------------------------------------------------------


@pytest.mark.parametrize("operation", ["GetObject", "PutObject"])
def test_store_that_is_away_costs_no_attempt(stored, operation: str) -> None:
    photo = stored()

    with answering(operation, refusal(503, "SlowDown")):
        process(photo)

    assert (photo.status, photo.attempts, photo.claim) == (PhotoStatus.STORED, 0, None)
    assert "does not answer" in photo.reason
    assert process(photo).status == PhotoStatus.READY
    assert photo.reason == ""


@pytest.mark.parametrize(("status", "code"), [(403, "ExpiredToken"), (404, "NoSuchBucket")])
def test_refusal_that_meets_every_photo_alike_is_not_held_against_one(stored, status: int, code: str) -> None:
    photo = stored()

    with answering("GetObject", refusal(status, code)):
        process(photo)

    assert (photo.status, photo.attempts) == (PhotoStatus.STORED, 0)
    assert process(photo).status == PhotoStatus.READY


def test_store_that_hangs_until_time_is_up_costs_no_attempt(stored, monkeypatch) -> None:
    photo = stored()

    class Body:
        def read(self):
            raise SoftTimeLimitExceeded  # the signal's handler, in the middle of a read

    monkeypatch.setattr(
        session.client(timeouts=session.Timeouts.WORKER), "get_object", lambda **_asked: {"Body": Body()}
    )
    process(photo)

    assert (photo.status, photo.attempts) == (PhotoStatus.STORED, 0)


def test_file_that_takes_too_long_to_read_fails(stored, monkeypatch) -> None:
    photo = stored()

    def dawdle(*_args, **_options):
        raise SoftTimeLimitExceeded

    monkeypatch.setattr(imaging, "render", dawdle)
    with pytest.raises(SoftTimeLimitExceeded):
        processing.process(str(photo.pk))

    photo.refresh_from_db()
    assert photo.status == PhotoStatus.FAILED
    assert "longer than 30 seconds" in photo.reason


def test_missing_original_is_a_failure_for_a_person(stored) -> None:
    photo = stored()
    objects.delete_versions(photo.bucket, [(photo.key, photo.version_id)])

    process(photo)

    assert photo.status == PhotoStatus.FAILED
    assert "original is not in the bucket" in photo.reason


def test_surprise_fails_the_photo_and_is_raised(stored, monkeypatch) -> None:
    photo = stored()

    def surprise(*_args, **_options):
        raise ZeroDivisionError("what now")

    monkeypatch.setattr(imaging, "render", surprise)
    with pytest.raises(ZeroDivisionError):
        processing.process(str(photo.pk))

    photo.refresh_from_db()
    assert photo.status == PhotoStatus.FAILED
    assert photo.reason == "Unexpected: ZeroDivisionError: what now"
    assert Photo.objects.filter(pk=photo.pk, claim__isnull=True).exists()


def test_move_of_a_photo_that_moved_on_changes_nothing() -> None:
    photo = PhotoFactory(stored=True)
    Photo.objects.filter(pk=photo.pk).update(status=PhotoStatus.FAILED, reason="so")

    assert not states.reject(photo, "late")
    photo.refresh_from_db()
    assert (photo.status, photo.reason) == (PhotoStatus.FAILED, "so")
