"""Announce, sign, complete, receive: what is refused in which words, and what a retry goes on with."""

import hashlib
from urllib.request import Request, urlopen

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.base import ContentFile
from hypothesis import given
from hypothesis import strategies as st

from photos import processing, upload
from photos.choices import PhotoStatus
from photos.errors import UploadRefused
from photos.models import Photo
from photos.upload import Announcement
from portal.audit import AuditEvent
from portal.s3 import objects
from portal.s3.errors import StorageUnavailable
from tests import pictures
from tests.factories import PetFactory, PhotoFactory, UserFactory
from tests.photos.conftest import picture
from tests.store import answering, refusal

pytestmark = pytest.mark.django_db

HEAD = pictures.jpeg()[:64]


def announce(pet=None, *, actor=None, name="cat.jpg", size=1000, head=HEAD, sha256="") -> Photo:
    return upload.announce(
        actor=actor, pet=pet, announcement=Announcement(file_name=name, size=size, head=head, sha256=sha256)
    )


# --- Announce: what is refused -----------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "code", "words"),
    [
        ({"size": 0}, "empty", ["cat.jpg", "empty", "0 bytes"]),
        ({"size": -1}, "empty", ["cat.jpg"]),
        ({"size": 30 << 20}, "too_large", ["cat.jpg", "30.0 MiB", "20.0 MiB"]),
        ({"name": "cat.exe"}, "extension", ["cat.exe", "exe", "jpg", "heic"]),
        ({"name": "cat"}, "extension", ["cat", "nothing"]),
        ({"head": b"%PDF-1.7"}, "content", ["cat.jpg", "a PDF document", "JPEG", "HEIC"]),
        ({"head": b""}, "content", ["cat.jpg", "an empty file"]),
        ({"head": pictures.page_called_jpg()[:64]}, "content", ["cat.jpg", "a web page"]),
    ],
)
def test_announce_refuses_with_name_reason_and_numbers(
    settings, wrong: dict, code: str, words: list[str]
) -> None:
    settings.MAX_UPLOAD_BYTES = 20 << 20

    with pytest.raises(UploadRefused) as refused:
        announce(**wrong)

    assert refused.value.code == code
    assert all(word in str(refused.value) for word in words), str(refused.value)
    assert not Photo.objects.exists()


def test_announce_looks_at_size_then_extension_then_content(settings) -> None:
    settings.MAX_UPLOAD_BYTES = 10
    all_wrong = {"size": 11, "name": "cat.exe", "head": b"MZ"}
    codes = []

    for better in ({}, {"size": 10}, {"size": 10, "name": "cat.jpg"}):
        with pytest.raises(UploadRefused) as refused:
            announce(**{**all_wrong, **better})
        codes.append(refused.value.code)

    assert codes == ["too_large", "extension", "content"]


def test_announce_believes_the_content_and_not_the_extension() -> None:
    photo = announce(name="cat.jpg", head=pictures.alpha_png()[:64])

    assert photo.content_type == "image/png"
    assert photo.key.endswith(".png")
    assert photo.file_name == "cat.jpg"


def test_announce_makes_a_pending_row_with_its_trace(curator) -> None:
    pet = PetFactory()

    photo = announce(pet, actor=curator, sha256="a" * 64)

    assert photo.status == PhotoStatus.PENDING
    assert photo.key == f"photos/{pet.pk}/{photo.pk}.jpg"
    assert (photo.uploaded_by, photo.uploaded_by_name) == (curator, "curator")
    event = AuditEvent.objects.get(action="photo.announced")
    assert (event.actor, event.target_id) == (curator, str(photo.pk))


def test_announce_needs_the_right(viewer) -> None:
    with pytest.raises(PermissionDenied):
        announce(actor=viewer)


def test_announce_for_a_pet_in_the_trash_is_refused() -> None:
    with pytest.raises(UploadRefused, match="in the trash; restore the pet first"):
        announce(PetFactory(trashed=True))


@pytest.mark.parametrize("digest", ["A" * 64, "a" * 63, "../etc", "a" * 64 + "\n"])
def test_announce_ignores_a_digest_that_is_none(digest: str) -> None:
    assert announce(sha256=digest).sha256 == ""


# --- Announce: duplicates ------------------------------------------------------------


def test_duplicate_is_refused_with_a_link_to_the_other() -> None:
    there = PhotoFactory(file_name="there.jpg")

    with pytest.raises(UploadRefused, match=r"there already as “there\.jpg”") as refused:
        announce(there.pet, sha256=there.sha256)

    assert refused.value.code == "duplicate"
    assert refused.value.duplicate_of == there


def test_duplicate_in_the_trash_is_refused_with_the_way_back() -> None:
    there = PhotoFactory(trashed=True)

    with pytest.raises(UploadRefused, match=r"in the trash as .* restore it instead") as refused:
        announce(there.pet, sha256=there.sha256)

    assert refused.value.duplicate_of == there


def test_live_duplicate_is_named_before_one_in_the_trash() -> None:
    trashed = PhotoFactory(trashed=True)
    live = PhotoFactory(pet=trashed.pet, sha256=trashed.sha256)

    with pytest.raises(UploadRefused) as refused:
        announce(live.pet, sha256=live.sha256)

    assert refused.value.duplicate_of == live


def test_same_picture_is_taken_for_another_pet() -> None:
    there = PhotoFactory()

    assert announce(PetFactory(), sha256=there.sha256).status == PhotoStatus.PENDING


@pytest.mark.parametrize("trait", ["rejected", "pending"])
def test_what_never_arrived_is_no_duplicate(trait: str) -> None:
    other = PhotoFactory(**{trait: True})

    assert announce(other.pet, sha256=other.sha256).pk != other.pk


def test_duplicate_that_waits_for_a_pet_is_found() -> None:
    there = PhotoFactory(pet=None)

    with pytest.raises(UploadRefused) as refused:
        announce(None, sha256=there.sha256)

    assert refused.value.duplicate_of == there


def test_same_announcement_again_goes_on_with_the_same_row(curator) -> None:
    pet = PetFactory()
    first = announce(pet, actor=curator, sha256="b" * 64)

    assert announce(pet, actor=curator, sha256="b" * 64).pk == first.pk
    assert announce(pet, actor=UserFactory(superuser=True), sha256="b" * 64).pk != first.pk
    assert announce(PetFactory(), actor=curator, sha256="b" * 64).pk != first.pk


# --- File names ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("cat.jpg", "cat.jpg"),
        ("C:\\fakepath\\cat.jpg", "cat.jpg"),
        ("../../etc/passwd", "passwd"),
        ("a\x00b\nc\u202ed.jpg", "abcd.jpg"),
        ("<script>.jpg", "<script>.jpg"),
        ("日本 é.jpg", "日本 é.jpg"),
        ("/", "unnamed"),
        ("   ", "unnamed"),
        ("x" * 300 + ".jpeg", "x" * 250 + ".jpeg"),
        ("." + "x" * 300, ("." + "x" * 300)[:255]),
    ],
)
def test_file_name_keeps_what_can_be_shown(sent: str, kept: str) -> None:
    assert upload.clean_file_name(sent) == kept


@given(st.text(max_size=600))
def test_file_name_is_always_short_printable_and_without_a_path(sent: str) -> None:
    kept = upload.clean_file_name(sent)

    assert 1 <= len(kept) <= 255
    assert kept.isprintable()
    assert not {"/", "\\"} & set(kept)
    assert upload.clean_file_name(kept) == kept


# --- Sign, complete --------------------------------------------------------------------


def put(photo: Photo, data: bytes) -> str:
    """Send the bytes as a browser would; return the ETag."""
    signed = upload.sign(photo)
    with urlopen(Request(signed.url, data=data, headers=signed.headers, method="PUT")) as answer:
        return str(answer.headers["ETag"])


def announced(data: bytes, *, pet=None, digest: bool = True, **options) -> Photo:
    sha256 = hashlib.sha256(data).hexdigest() if digest else ""
    return announce(pet, size=len(data), head=data[:64], sha256=sha256, **options)


@pytest.mark.servers
@pytest.mark.parametrize("digest", [True, False])
def test_complete_upload_is_stored_and_queued_on_commit(
    photo_bucket, queued, django_capture_on_commit_callbacks, curator, digest: bool
) -> None:
    data = picture()
    photo = announced(data, pet=PetFactory(), digest=digest, actor=curator)
    etag = put(photo, data)

    with django_capture_on_commit_callbacks() as waiting:
        done = upload.complete(actor=curator, photo_id=photo.pk, etag=etag)

    assert done.status == PhotoStatus.STORED
    assert done.etag == etag.strip('"')
    assert done.version_id == objects.head(photo.bucket, photo.key).version_id
    assert queued == []
    for callback in waiting:
        callback()
    assert queued == [str(photo.pk)]


@pytest.mark.servers
def test_complete_again_changes_nothing(
    photo_bucket, queued, django_capture_on_commit_callbacks, store_calls
) -> None:
    data = picture()
    photo = announced(data)
    put(photo, data)
    upload.complete(actor=None, photo_id=photo.pk)
    store_calls.clear()

    with django_capture_on_commit_callbacks(execute=True):
        again = upload.complete(actor=None, photo_id=photo.pk)

    assert again.status == PhotoStatus.STORED
    assert queued == []
    assert store_calls == []
    assert AuditEvent.objects.filter(action="photo.stored").count() == 1


@pytest.mark.servers
def test_complete_beside_the_sweep_tells_what_the_row_says(photo_bucket, queued, monkeypatch) -> None:
    data = picture()
    photo = announced(data)
    put(photo, data)
    first_bytes = objects.first_bytes

    def look_while_the_sweep_does(*given, **options):
        monkeypatch.setattr(objects, "first_bytes", first_bytes)
        upload.complete(actor=None, photo_id=photo.pk)
        return first_bytes(*given, **options)

    monkeypatch.setattr(objects, "first_bytes", look_while_the_sweep_does)

    assert upload.complete(actor=None, photo_id=photo.pk).status == PhotoStatus.STORED
    assert AuditEvent.objects.filter(action="photo.stored").count() == 1


@pytest.mark.servers
def test_complete_before_the_file_arrived_keeps_the_row_for_a_retry(photo_bucket) -> None:
    photo = announced(picture())

    with pytest.raises(UploadRefused, match="not arrived") as refused:
        upload.complete(actor=None, photo_id=photo.pk)

    photo.refresh_from_db()
    assert refused.value.code == "not_arrived"
    assert photo.status == PhotoStatus.PENDING


@pytest.mark.servers
@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (b"\xff\xd8\xff" + b"x" * 2047, ["2.0 KiB arrived", "1.0 KiB were announced"]),
        (b"<html>" + b"x" * 1018, ["a web page", "JPEG"]),
        (pictures.alpha_png()[:64].ljust(1024, b"x"), ["PNG", "JPEG"]),
    ],
)
def test_complete_refuses_what_is_not_what_was_announced(photo_bucket, sent: bytes, words) -> None:
    photo = announce(size=1024)
    objects.put(photo.bucket, photo.key, sent, content_type="image/jpeg")

    done = upload.complete(actor=None, photo_id=photo.pk)

    assert done.status == PhotoStatus.REJECTED
    assert all(word in done.reason for word in words), done.reason
    assert AuditEvent.objects.get(action="photo.rejected").outcome == "refused"


@pytest.mark.servers
@pytest.mark.parametrize("how", ["etag", "sha256"])
def test_complete_refuses_other_bytes_of_the_same_size(photo_bucket, how: str) -> None:
    data = picture()
    photo = announce(size=len(data), sha256="e" * 64 if how == "sha256" else "")
    digest = hashlib.sha256(data).hexdigest()
    objects.put(photo.bucket, photo.key, data, content_type="image/jpeg", sha256=digest)

    etag = "0" * 32 if how == "etag" else ""
    done = upload.complete(actor=None, photo_id=photo.pk, etag=etag)

    assert done.status == PhotoStatus.REJECTED
    assert "not the ones that were announced" in done.reason


@pytest.mark.servers
def test_complete_while_the_store_is_away_keeps_the_row_for_a_retry(photo_bucket) -> None:
    photo = announced(picture())

    with answering("HeadObject", refusal(503, "SlowDown")), pytest.raises(StorageUnavailable):
        upload.complete(actor=None, photo_id=photo.pk)

    photo.refresh_from_db()
    assert photo.status == PhotoStatus.PENDING


@pytest.mark.servers
def test_second_of_two_uploads_side_by_side_is_refused_as_duplicate(photo_bucket, queued, curator) -> None:
    data = picture()
    pet = PetFactory()
    first = announced(data, pet=pet, actor=curator)
    second = announced(data, pet=pet)
    for photo in (first, second):
        put(photo, data)
    upload.complete(actor=None, photo_id=first.pk)

    done = upload.complete(actor=None, photo_id=second.pk)

    assert done.status == PhotoStatus.REJECTED
    assert done.duplicate_of == first
    assert "very picture" in done.reason


# --- Through the portal ------------------------------------------------------------------


@pytest.mark.servers
def test_receive_stores_the_bytes_as_sent_with_what_they_are(stored) -> None:
    data = picture()

    photo = stored(data, name="C:\\dir\\日本.JPG")

    found = objects.head(photo.bucket, photo.key)
    assert objects.read(photo.bucket, photo.key) == data
    assert (photo.status, photo.file_name) == (PhotoStatus.STORED, "日本.JPG")
    assert photo.sha256 == found.sha256 == hashlib.sha256(data).hexdigest()
    assert found.content_type == "image/jpeg"
    assert found.metadata["pet-id"] == str(photo.pet_id)
    assert found.metadata["photo-id"] == str(photo.pk)


@pytest.mark.servers
def test_receive_refuses_a_huge_file_before_reading_it(settings, photo_bucket, store_calls) -> None:
    settings.MAX_UPLOAD_BYTES = 10_000

    class Huge(ContentFile):
        read_bytes = 0

        def read(self, count=-1):
            Huge.read_bytes += count
            return super().read(count)

    with pytest.raises(UploadRefused, match=r"at most 9\.8 KiB"):
        upload.receive(actor=None, pet=None, upload=Huge(b"x" * 20_000), file_name="cat.jpg")

    assert Huge.read_bytes == 64
    assert store_calls == []


@pytest.mark.servers
def test_receive_again_after_the_store_was_away_goes_on(photo_bucket, queued) -> None:
    file = ContentFile(picture())
    pet = PetFactory()
    with (
        answering("PutObject", refusal(403, "AccessDenied")),
        pytest.raises(Exception, match="refused access"),
    ):
        upload.receive(actor=None, pet=pet, upload=file, file_name="cat.jpg")
    pending = Photo.objects.get()

    photo = upload.receive(actor=None, pet=pet, upload=file, file_name="cat.jpg")

    assert pending.status == PhotoStatus.PENDING
    assert photo.pk == pending.pk
    assert photo.status == PhotoStatus.STORED


@pytest.mark.servers
def test_receive_again_after_the_answer_got_lost_goes_on(photo_bucket, queued) -> None:
    # The PUT arrived, the portal fell before "complete": the same row meets its own object.
    data = picture()
    photo = announced(data)
    put(photo, data)

    again = upload.receive(actor=None, pet=None, upload=ContentFile(data), file_name="cat.jpg")

    assert again.pk == photo.pk
    assert again.status == PhotoStatus.STORED
    assert len(list(objects.versions(photo.bucket, photo.key))) == 1


@pytest.mark.servers
def test_receive_again_goes_on_where_the_store_keeps_no_digests(photo_bucket, queued) -> None:
    data = picture()
    photo = announced(data)
    objects.put(photo.bucket, photo.key, data, content_type="image/jpeg")

    again = upload.receive(actor=None, pet=None, upload=ContentFile(data), file_name="cat.jpg")

    assert (again.pk, again.status) == (photo.pk, PhotoStatus.STORED)


@pytest.mark.servers
@pytest.mark.parametrize("kind", sorted(pictures.every_format()))
def test_every_accepted_format_goes_all_the_way(stored, kind: str) -> None:
    data = pictures.every_format()[kind]
    extension = kind if kind in {"png", "webp", "gif", "avif", "heic"} else "jpg"

    photo = stored(data, name=f"cat.{extension}")
    processing.process(str(photo.pk))

    photo.refresh_from_db()
    assert (photo.status, photo.reason) == (PhotoStatus.READY, "")
    assert photo.renditions.count() == 4
