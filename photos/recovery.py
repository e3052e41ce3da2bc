"""What `storage_admin` asks of rows when they and the bucket disagree: who may, it has asked before.

Nothing here touches an object.
"""

from __future__ import annotations

from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from pets.models import Pet
from photos import formats, keys, states, tasks
from photos.choices import PhotoStatus
from photos.duplicates import describe_duplicate, find_duplicate
from photos.errors import NotPossible
from photos.models import Photo
from portal import audit
from portal.access import Actor
from portal.s3.types import ObjectInfo


def mark_missing(*, actor: Actor, photo: Photo) -> None:
    """Say in the row that the original is gone: the photo is failed, and stands with those on Today."""
    reason = _("The original is not in the bucket, nor another version with the same bytes.")
    with transaction.atomic():
        if not states.fail(photo, reason):
            raise _changed_meanwhile()
        audit.record(
            "photo.marked_missing", actor=actor, target=photo,
            bucket=photo.bucket, key=photo.key, version_id=photo.version_id,
        )  # fmt: skip


def derive_again(*, actor: Actor, photo: Photo, missing_key: str) -> None:
    """Forget the rendition under this key, which is not in the bucket, and let a worker make it anew.

    Also where the photo is queued already, for another one of its renditions.
    """
    if photo.status not in {PhotoStatus.READY, PhotoStatus.STORED}:
        raise NotPossible(_("Only for a ready photo renditions are made again."))
    with transaction.atomic():
        now = timezone.now()
        if not states.move(photo, PhotoStatus.STORED, attempts=0, reason="", queued_at=now):
            raise _changed_meanwhile()
        photo.renditions.filter(key=missing_key).delete()
        audit.record("photo.derived_again", actor=actor, target=photo, before={"missing": missing_key})
        tasks.enqueue(photo.pk)


def attach(*, actor: Actor, bucket: str, found: ObjectInfo, head: bytes) -> Photo:
    """Make the row that an object without one once had; by its key, its metadata and its first bytes.

    The photo stands as failed until a person has looked and presses “Try again”: reading it may end in a
    refusal, and the originals of refused photos are removed. NotPossible where the object does not
    say which photo it is, or another row has that number, that key or those bytes.
    """
    number = keys.photo_of_original(found.key)
    if number is None or found.metadata.get("photo-id", "") not in {"", str(number)}:
        raise NotPossible(_("The key and the metadata do not say which photo this is."))
    return attach_as(actor=actor, number=number, pet=_pet(found), bucket=bucket, found=found, head=head)


def attach_as(
    *, actor: Actor, number: UUID, pet: Pet | None, bucket: str, found: ObjectInfo, head: bytes
) -> Photo:
    """Make a row with this number for an object without one, as in `attach`."""
    kind = formats.sniff(head)
    if kind is None:
        raise NotPossible(_("The object does not begin as a picture does."))
    if (twin := find_duplicate(found.sha256, pet.pk if pet else None)) is not None:
        raise NotPossible(describe_duplicate(twin))
    if Photo.objects.filter(pk=number).exists():
        raise NotPossible(_("The photo of this number is stored under another key."))
    photo = Photo(
        pk=number, pet=pet, bucket=bucket, key=found.key, version_id=found.version_id, etag=found.etag,
        sha256=found.sha256, bytes=found.bytes, content_type=kind.content_type,
        file_name=found.key.rpartition("/")[2], status=PhotoStatus.FAILED,
        reason=_(
            "Found in the bucket without a row. “Try again” reads it; should it be no picture, it is "
            "refused, and removed as every refused upload is."
        ),
    )  # fmt: skip
    try:
        with transaction.atomic():
            photo.save(force_insert=True)
            audit.record(
                "photo.attached", actor=actor, target=photo,
                bucket=bucket, key=found.key, version_id=found.version_id,
                after={"bytes": found.bytes, "pet": str(pet.pk) if pet else ""},
            )  # fmt: skip
    except IntegrityError as error:
        raise NotPossible(_("Another photo has this key, or these bytes.")) from error
    return photo


def _pet(found: ObjectInfo) -> Pet | None:
    """Return the pet of the metadata, or else of the key's folder; None when it is gone or in the trash."""
    number = found.metadata.get("pet-id", "")
    folder = keys.pet_of_folder(found.key[: found.key.rfind("/")])
    try:
        wanted = UUID(number) if number else folder
    except ValueError:
        wanted = folder
    pet = Pet.objects.filter(pk=wanted).first() if wanted else None
    return pet if pet is not None and pet.is_live else None


def _changed_meanwhile() -> NotPossible:
    return NotPossible(_("Somebody or something else changed this photo meanwhile. Reload the page."))
