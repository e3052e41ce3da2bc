"""Photos that came another way than through the portal: the row is made when the bytes are there already."""

from __future__ import annotations

from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from pets.models import Pet
from photos import tasks
from photos.choices import PhotoStatus
from photos.duplicates import describe_duplicate, find_duplicate
from photos.errors import NotPossible
from photos.formats import ImageFormat
from photos.models import Photo
from portal import audit
from portal.s3.types import ObjectInfo


def refuse_twin(sha256: str, pet: Pet | None) -> None:
    """Raise NotPossible when the pet, or the heap of those without one, has these very bytes."""
    if (twin := find_duplicate(sha256, pet.pk if pet else None)) is not None:
        raise NotPossible(describe_duplicate(twin))


def take_in(
    *, number: UUID, pet: Pet | None, bucket: str, stored: ObjectInfo, kind: ImageFormat, file_name: str,
    came_from: str,
) -> Photo:  # fmt: skip
    """Make the row of a photo with this number, whose original lies in the photos' bucket; queue it.

    The same number again gives the row that is there. `came_from` is for the audit: the place where
    another program put it. NotPossible where another row has that key or those bytes.
    """
    known = Photo.objects.filter(pk=number).first()
    if known is not None:
        return known
    refuse_twin(stored.sha256, pet)
    now = timezone.now()
    photo = Photo(
        pk=number, pet=pet, bucket=bucket, key=stored.key, version_id=stored.version_id, etag=stored.etag,
        sha256=stored.sha256, bytes=stored.bytes, content_type=kind.content_type, file_name=file_name,
        status=PhotoStatus.STORED, queued_at=now, uploaded_by_name=_("another program"),
    )  # fmt: skip
    try:
        with transaction.atomic():
            photo.save(force_insert=True)
            audit.record(
                "photo.arrived", target=photo, bucket=bucket, key=stored.key, version_id=stored.version_id,
                after={
                    "bytes": stored.bytes, "pet": str(pet.pk) if pet else "", "file_name": file_name,
                    "from": came_from,
                },
            )  # fmt: skip
            tasks.enqueue(photo.pk)
    except IntegrityError as error:
        known = Photo.objects.filter(pk=number).first()
        if known is not None:
            return known
        raise NotPossible(_("Another photo has this key, or these bytes.")) from error
    return photo
