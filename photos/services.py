"""The request side of photos that are there: permission, state, change and audit together, then the queue.

Photos can only be trashed and restored here. What destroys lives in `storage_admin`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Case, Q, Value, When
from django.utils import timezone
from django.utils.translation import gettext as _

from pets.models import Pet
from photos import renditions, states, tasks
from photos.choices import PhotoStatus, Rotation
from photos.duplicates import describe_duplicate, find_duplicate
from photos.errors import NotPossible
from photos.models import Photo
from portal import audit
from portal.access import Actor, require


@dataclass(frozen=True)
class Copy:
    """A version that was copied and what came of it, as rows name versions: one without an id is empty."""

    of_version: str
    version_id: str
    etag: str


def trash(*, actor: Actor, photo: Photo) -> None:
    """Move a photo to the trash; NotPossible when it is there, was refused, or has not arrived."""
    require(actor, "photos.delete_photo")
    if photo.status in {PhotoStatus.TRASHED, PhotoStatus.REJECTED, PhotoStatus.PENDING}:
        raise NotPossible(_("A photo that is %(status)s cannot be moved to the trash.") % _words(photo))
    before = {"status": photo.status, "is_primary": photo.is_primary}
    with transaction.atomic():
        if not states.move(photo, PhotoStatus.TRASHED, is_primary=False, **states.CLAIM_GONE):
            raise _changed_meanwhile()
        if before["is_primary"]:
            _next_main(photo.pet_id)
        audit.record("photo.trashed", actor=actor, target=photo, before=before)


def restore(*, actor: Actor, photo: Photo) -> None:
    """Take a photo out of the trash. Ready at once where its renditions are there, else queued."""
    require(actor, "photos.delete_photo")
    if photo.status != PhotoStatus.TRASHED:
        raise NotPossible(
            _("Only a photo in the trash can be restored; this one is %(status)s.") % _words(photo)
        )
    complete = bool(photo.sha256 and photo.width) and not renditions.missing(photo, photo.sha256)
    to = PhotoStatus.READY if complete else PhotoStatus.STORED
    try:
        with transaction.atomic():
            moved = states.move(
                photo, to, Q(purge_started_at__isnull=True), attempts=0, reason="", queued_at=timezone.now()
            )
            if not moved:
                raise _changed_meanwhile()
            if to == PhotoStatus.READY and photo.pet_id:
                _next_main(photo.pet_id)
            audit.record("photo.restored", actor=actor, target=photo)
            if to == PhotoStatus.STORED:
                tasks.enqueue(photo.pk)
    except IntegrityError as error:
        twin = find_duplicate(photo.sha256, photo.pet_id, besides=photo.pk)
        if twin is None:
            raise
        raise NotPossible(describe_duplicate(twin)) from error
    photo.refresh_from_db()


def turn(*, actor: Actor, photo: Photo, by_degrees: int) -> None:
    """Turn what is shown by 90, 180 or 270 degrees clockwise; the original is not touched."""
    require(actor, "photos.change_photo")
    if by_degrees not in Rotation.values or by_degrees == Rotation.NONE:
        raise NotPossible(_("A photo is turned by 90, 180 or 270 degrees."))
    if photo.status not in {PhotoStatus.READY, PhotoStatus.FAILED}:
        raise NotPossible(_("A photo that is %(status)s cannot be turned.") % _words(photo))
    before = photo.rotation
    with transaction.atomic():
        _again(photo, rotation=(before + by_degrees) % 360)
        audit.record(
            "photo.turned", actor=actor, target=photo,
            before={"rotation": before}, after={"rotation": photo.rotation},
        )  # fmt: skip


def retry(*, actor: Actor, photo: Photo) -> None:
    """Process a failed photo once more."""
    require(actor, "photos.change_photo")
    if photo.status != PhotoStatus.FAILED:
        raise NotPossible(_("Only a failed photo is tried again; this one is %(status)s.") % _words(photo))
    with transaction.atomic():
        _again(photo)
        audit.record("photo.retried", actor=actor, target=photo)


def make_main(*, actor: Actor, photo: Photo) -> None:
    """Make this the photo that stands for its pet."""
    require(actor, "photos.change_photo")
    if photo.pet_id is None or photo.status != PhotoStatus.READY:
        raise NotPossible(_("Only a ready photo of a pet can be its main photo."))
    with transaction.atomic():
        siblings = Photo.objects.live().filter(pet=photo.pet_id, is_primary=True)
        former = siblings.values_list("pk", flat=True).first()
        siblings.update(is_primary=False)
        if not Photo.objects.filter(pk=photo.pk, status=PhotoStatus.READY).update(is_primary=True):
            raise _changed_meanwhile()
        audit.record("photo.main", actor=actor, target=photo, before={"main": str(former or "")})
    photo.refresh_from_db()


def publish(*, actor: Actor, photos: Iterable[Photo], published: bool) -> int:
    """Set the published flag; return how many changed. Only ready photos can be published."""
    require(actor, "photos.publish_photo")
    changed = 0
    for photo in photos:
        with transaction.atomic():
            allowed = Photo.objects.filter(pk=photo.pk, is_published=not published)
            if published:
                allowed = allowed.filter(status=PhotoStatus.READY)
            if allowed.update(is_published=published, updated_at=timezone.now()):
                audit.record(
                    "photo.published" if published else "photo.unpublished", actor=actor, target=photo
                )
                changed += 1
    return changed


def assign(*, actor: Actor, photo: Photo, pet: Pet | None) -> None:
    """Say which pet the photo shows. Its key stays: the row is what ties it to the pet."""
    require(actor, "photos.change_photo")
    if pet is not None and not pet.is_live:
        raise NotPossible(_("%(pet)s is in the trash; restore the pet first.") % {"pet": pet})
    former = photo.pet_id
    if former == (pet.pk if pet else None):
        return
    twin = find_duplicate(photo.sha256, pet.pk if pet else None, besides=photo.pk)
    if twin is not None:
        raise NotPossible(describe_duplicate(twin))
    try:
        with transaction.atomic():
            was_main = photo.is_primary
            changes = {"pet": pet, "is_primary": False, "updated_at": timezone.now()}
            unmoved = Photo.objects.filter(Q(pet_id=former), pk=photo.pk)
            if not unmoved.update(**changes):
                raise _changed_meanwhile()
            if was_main:
                _next_main(former)
            if pet is not None:
                photo.also_shows.remove(pet)
                _next_main(pet.pk)
            audit.record(
                "photo.assigned", actor=actor, target=photo,
                before={"pet": str(former or "")}, after={"pet": str(pet.pk) if pet else ""},
            )  # fmt: skip
    except IntegrityError as error:
        raise NotPossible(_("The pet has this very photo already.")) from error
    photo.refresh_from_db()


def follow_copy(*, actor: Actor, photo: Photo, copied_from: str, version_id: str, etag: str) -> bool:
    """Point the row at a copy of the very bytes that it names; True when it named them.

    A change of class, metadata or encryption makes such a copy on top of the former version. The row
    must go with it: a rule or a person may remove older versions. Who made the copy had the right to;
    should this fail, the row still names the former version, and nothing is lost.
    """
    with transaction.atomic():
        followed = Photo.objects.filter(pk=photo.pk, version_id=copied_from).update(
            version_id=version_id, etag=etag, updated_at=timezone.now()
        )
        if followed:
            audit.record(
                "photo.followed_copy", actor=actor, target=photo,
                bucket=photo.bucket, key=photo.key, version_id=version_id,
                before={"version_id": copied_from, "etag": photo.etag},
                after={"version_id": version_id, "etag": etag},
            )  # fmt: skip
    photo.refresh_from_db()
    return bool(followed)


def follow_copies(bucket: str, copies: Mapping[str, Copy]) -> int:
    """Point rows at copies of the very bytes that they name, as `follow_copy`; return how many.

    `copies` are by key. Rows that name another version than was copied stay. Two queries however
    many there are; the caller, whose transaction this is, keeps the trace.
    """
    keys = [key for key in copies if "\0" not in key]  # PostgreSQL takes no text with a NUL in it
    rows = Photo.objects.filter(bucket=bucket, key__in=keys).values_list("pk", "key", "version_id")
    named = {pk: copies[key] for pk, key, version_id in rows if copies[key].of_version == version_id}
    if not named:
        return 0
    # Named once more: a replacement may have come since.
    still = [Q(pk=pk, version_id=copy.of_version) for pk, copy in named.items()]
    moved = list(zip(still, named.values(), strict=True))
    return Photo.objects.filter(reduce(or_, still)).update(
        version_id=Case(*(When(one, then=Value(copy.version_id)) for one, copy in moved)),
        etag=Case(*(When(one, then=Value(copy.etag)) for one, copy in moved)),
        updated_at=timezone.now(),
    )


def _again(photo: Photo, **changes: Any) -> None:
    now = timezone.now()
    if not states.move(photo, PhotoStatus.STORED, attempts=0, reason="", queued_at=now, **changes):
        raise _changed_meanwhile()
    tasks.enqueue(photo.pk)


def _next_main(pet_id: UUID | None) -> None:
    """Give a pet without a main photo its first ready one, if any."""
    if pet_id is None:
        return
    live = Photo.objects.live().filter(pet=pet_id)
    if live.filter(is_primary=True).exists():
        return
    heir = live.filter(status=PhotoStatus.READY).order_by("position", "created_at", "id").first()
    if heir is not None:
        Photo.objects.filter(pk=heir.pk).update(is_primary=True)


def _changed_meanwhile() -> NotPossible:
    return NotPossible(_("Somebody or something else changed this photo meanwhile. Reload the page."))


def _words(photo: Photo) -> dict[str, Any]:
    return {"status": photo.get_status_display()}
