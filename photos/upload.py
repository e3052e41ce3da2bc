"""The request side of uploads: announce, sign, complete; or receive through the portal.

announce   row "pending", committed before the first byte moves
sign       a PUT for exactly these bytes, once
complete   HEAD against what was announced, row "stored", queued on commit
receive    the three in one, for browsers without script or without a way to the store
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC
from typing import IO
from uuid import UUID

import structlog
from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext as _

from pets.models import Pet
from photos import arrival, formats, keys, tasks
from photos.choices import PhotoStatus
from photos.duplicates import describe_duplicate, find_duplicate
from photos.errors import UploadRefused
from photos.models import Photo
from portal import audit
from portal.access import Actor, require
from portal.display import size
from portal.s3 import links, objects
from portal.s3.errors import BadContent, Conflict, ObjectNotFound
from portal.s3.types import SignedUpload

logger = structlog.get_logger(__name__)

FILE_NAME_LENGTH = 255


@dataclass(frozen=True)
class Announcement:
    """One file that is about to come: its name, size in bytes, first bytes, and digest if known (hex)."""

    file_name: str
    size: int
    head: bytes
    sha256: str = ""


def announce(*, actor: Actor, pet: Pet | None, announcement: Announcement) -> Photo:
    """Check what can be checked before the first byte moves, and make the row.

    The same file announced twice by the same person gives the same row: that is how a
    retry goes on. Raises UploadRefused with both numbers in the sentence.
    """
    require(actor, "photos.add_photo")
    if pet is not None and not pet.is_live:
        raise UploadRefused(_("%(pet)s is in the trash; restore the pet first.") % {"pet": pet}, code="pet")
    file_name = clean_file_name(announcement.file_name)
    kind = check_file(file_name, announcement.size, announcement.head)
    sha256 = announcement.sha256 if re.fullmatch(r"[0-9a-f]{64}", announcement.sha256) else ""
    twin = find_duplicate(sha256, pet.pk if pet else None)
    if twin is not None:
        raise UploadRefused(describe_duplicate(twin), code="duplicate", duplicate_of=twin)
    begun = _begun_before(actor, pet, sha256, announcement.size)
    return begun or _make_row(actor, pet, announcement, file_name, kind, sha256)


def sign(photo: Photo) -> SignedUpload:
    """Return the PUT that stores the announced bytes, for a browser that can reach the store."""
    return links.upload_url(
        photo.bucket,
        photo.key,
        seconds=settings.UPLOAD_URL_SECONDS,
        size=photo.bytes,
        content_type=photo.content_type,
        sha256_base64=objects.base64_of(photo.sha256) if photo.sha256 else "",
        metadata=metadata(photo),
    )


def complete(*, actor: Actor, photo_id: UUID, etag: str = "") -> Photo:
    """Believe the upload only after asking the store; queue it. Repeating it changes nothing.

    Raises UploadRefused while nothing has arrived; the row stays pending, so a retry goes on.
    """
    require(actor, "photos.add_photo")
    photo = Photo.objects.get(pk=photo_id)
    if photo.status != PhotoStatus.PENDING:
        return photo
    try:
        arrival.check(photo, etag=etag.strip('"'), actor=actor)
    except ObjectNotFound as error:
        raise UploadRefused(_("The file has not arrived in the store yet."), code="not_arrived") from error
    if photo.status == PhotoStatus.STORED:
        tasks.enqueue(photo.pk)
    return photo


def receive(*, actor: Actor, pet: Pet | None, upload: File, file_name: str) -> Photo:
    """Take one file through the portal, streamed from where Django put it to the store.

    UploadRefused as for `announce` and `complete`. When the store does not answer
    (StorageUnavailable) the row stays pending: the PUT may have arrived all the same, and
    the sweep looks.
    """
    digest = hashlib.sha256()
    upload.seek(0)
    head = upload.read(formats.SNIFF_BYTES)
    _check_size(clean_file_name(file_name), upload.size)  # before reading on: it may be huge
    digest.update(head)
    for chunk in iter(lambda: upload.read(1 << 20), b""):
        digest.update(chunk)
    announcement = Announcement(file_name, upload.size, head, digest.hexdigest())
    photo = announce(actor=actor, pet=pet, announcement=announcement)
    try:
        default_storage.save(photo.key, PhotoFile(upload, photo))
    except BadContent as error:
        raise UploadRefused(_("The file changed while it was sent. Try again."), code="changed") from error
    except Conflict:
        # An earlier try of this row arrived; not every store can tell its digest. "Complete"
        # compares what it can, and the worker the rest.
        logger.info("upload_arrived_before", photo=str(photo.pk))
    return complete(actor=actor, photo_id=photo.pk)


class PhotoFile(File):
    """A file on its way to the store, with what the store is to keep beside it."""

    def __init__(self, file: IO[bytes] | File, photo: Photo) -> None:
        super().__init__(file, name=photo.key)
        self.content_type = photo.content_type
        self.sha256 = photo.sha256
        self.metadata = metadata(photo)


def clean_file_name(name: str) -> str:
    """Return the last part of a name as sent, without control characters, at most 255 characters.

    The name is hostile: it may hold a path, a newline, or markup. It is only ever shown.
    """
    last = re.split(r"[/\\]", name)[-1]
    printable = "".join(letter for letter in last if letter.isprintable()).strip()
    if len(printable) <= FILE_NAME_LENGTH:
        return printable or _("unnamed")
    stem, dot, extension = printable.rpartition(".")
    kept = FILE_NAME_LENGTH - len(extension) - 1
    return f"{stem[:kept]}.{extension}" if dot and kept > 0 else printable[:FILE_NAME_LENGTH]


def check_file(file_name: str, size_bytes: int, head: bytes) -> formats.ImageFormat:
    """Return what the file is; UploadRefused by its size, its extension or its first bytes, in this order."""
    _check_size(file_name, size_bytes)
    _check_extension(file_name)
    return _check_content(file_name, head)


def metadata(photo: Photo) -> dict[str, str]:
    """Return what the object itself tells about the photo, should the database be lost."""
    # ASCII only: S3 user metadata takes nothing else. The file name stays in the row.
    return {
        "photo-id": str(photo.pk),
        "pet-id": str(photo.pet_id or ""),
        "uploaded-at": photo.created_at.astimezone(UTC).isoformat(timespec="seconds"),
    }


def _check_size(file_name: str, found: int) -> None:
    most = settings.MAX_UPLOAD_BYTES
    if found <= 0:
        raise UploadRefused(_("%(file)s is empty (0 bytes).") % {"file": file_name}, code="empty")
    if found > most:
        sentence = _("%(file)s has %(found)s; at most %(most)s are taken.")
        raise UploadRefused(
            sentence % {"file": file_name, "found": size(found), "most": size(most)}, code="too_large"
        )


def _check_extension(file_name: str) -> None:
    extension = file_name.rpartition(".")[2].lower() if "." in file_name else ""
    if extension not in formats.EXTENSIONS:
        sentence = _("%(file)s ends in “%(found)s”; taken are %(allowed)s.")
        allowed = ", ".join(formats.EXTENSIONS)
        raise UploadRefused(
            sentence % {"file": file_name, "found": extension or _("nothing"), "allowed": allowed},
            code="extension",
        )


def _check_content(file_name: str, head: bytes) -> formats.ImageFormat:
    kind = formats.sniff(head)
    if kind is None:
        sentence = _("%(file)s is %(found)s by its content; taken are %(allowed)s.")
        found = _(formats.describe(head))
        raise UploadRefused(
            sentence % {"file": file_name, "found": found, "allowed": formats.ALLOWED_NAMES}, code="content"
        )
    return kind


def _begun_before(actor: Actor, pet: Pet | None, sha256: str, size_bytes: int) -> Photo | None:
    if not sha256:
        return None
    return Photo.objects.filter(
        status=PhotoStatus.PENDING, sha256=sha256, bytes=size_bytes, pet=pet, uploaded_by=actor
    ).first()


def _make_row(
    actor: Actor,
    pet: Pet | None,
    announcement: Announcement,
    file_name: str,
    kind: formats.ImageFormat,
    sha256: str,
) -> Photo:
    photo = Photo(
        pet=pet,
        bucket=settings.AWS_STORAGE_BUCKET_NAME,
        file_name=file_name,
        bytes=announcement.size,
        content_type=kind.content_type,
        sha256=sha256,
        uploaded_by=actor,
        uploaded_by_name=actor.get_username() if actor else "portal",
    )
    photo.key = keys.original_key(photo.pk, kind.extension, pet.pk if pet else None)
    with transaction.atomic():
        photo.save(force_insert=True)
        audit.record(
            "photo.announced", actor=actor, target=photo, bucket=photo.bucket, key=photo.key,
            after={"file_name": file_name, "bytes": photo.bytes},
        )  # fmt: skip
    return photo
