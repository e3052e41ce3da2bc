"""The moves of a photo from one status to the next.

Each is one conditional update: it changes the row only if the row still is where the
caller saw it, so that two workers, or a worker and a person, never undo each other.
"""

from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from photos.choices import PhotoStatus
from photos.models import Photo
from portal import audit
from portal.s3.types import ObjectInfo

CLAIM_GONE = {"claim": None, "claimed_at": None}


def move(photo: Photo, to: PhotoStatus, *where: Q, **changes: Any) -> bool:
    """Change the status, if the row still has the one that `photo` shows. True when it did."""
    now = timezone.now()
    rows = Photo.objects.filter(*where, pk=photo.pk, status=photo.status)
    moved = rows.update(status=to, status_changed_at=now, updated_at=now, **changes)
    if moved:
        photo.refresh_from_db()
    return bool(moved)


def mark_stored(photo: Photo, found: ObjectInfo, *, actor: Any = None) -> bool:
    """pending → stored: the original is in the bucket, in exactly this version.

    IntegrityError when the pet got the same picture meanwhile.
    """
    with transaction.atomic():
        stored = move(
            photo,
            PhotoStatus.STORED,
            version_id=found.version_id,
            etag=found.etag,
            **({"sha256": found.sha256} if found.sha256 else {}),
            queued_at=timezone.now(),
            reason="",
        )
        if stored:
            audit.record(
                "photo.stored",
                actor=actor,
                target=photo,
                bucket=photo.bucket,
                key=photo.key,
                version_id=found.version_id,
                after={"bytes": found.bytes, "pet": str(photo.pet_id or ""), "file_name": photo.file_name},
            )
    return stored


def reject(
    photo: Photo, reason: str, *where: Q, actor: Any = None, duplicate_of: Photo | None = None
) -> bool:
    """→ rejected: bad input. `storage_admin` then removes the original, every version of it.

    The file's name is put before the reason: the list shows reasons without their files.
    """
    reason = f"{photo.file_name}: {reason}"
    with transaction.atomic():
        rejected = move(
            photo,
            PhotoStatus.REJECTED,
            *where,
            reason=reason,
            duplicate_of=duplicate_of,
            is_primary=False,
            **CLAIM_GONE,
        )
        if rejected:
            audit.record(
                "photo.rejected",
                actor=actor,
                target=photo,
                bucket=photo.bucket,
                key=photo.key,
                version_id=photo.version_id,
                outcome=audit.AuditEvent.Outcome.REFUSED,
                message=reason,
            )
    return rejected


def fail(photo: Photo, reason: str, *where: Q) -> bool:
    """→ failed: the unexpected. The original stays; a person looks, and retries."""
    with transaction.atomic():
        failed = move(photo, PhotoStatus.FAILED, *where, reason=reason, **CLAIM_GONE)
        if failed:
            audit.record(
                "photo.failed", target=photo, outcome=audit.AuditEvent.Outcome.FAILED, message=reason
            )
    return failed


def go_back(photo: Photo, reason: str, *where: Q) -> bool:
    """processing → ready: a replacement turned out bad, and the file that it replaced is shown again.

    Failed instead, where the pet got that very file as another photo meanwhile.
    """
    words = _("The replacement was refused, the former file is back: %(reason)s") % {"reason": reason}
    former: dict[str, Any] = {
        **(photo.previous or {}),
        **CLAIM_GONE,
        "refused_versions": [*photo.refused_versions, photo.version_id],
        "leftovers_since": timezone.now(),
    }
    try:
        with transaction.atomic():
            return move(photo, PhotoStatus.READY, *where, previous=None, attempts=0, reason=words, **former)
    except IntegrityError:
        return fail(photo, reason, *where)


def release(photo: Photo, reason: str) -> bool:
    """processing → stored, as if it had not been tried: the store was away, not the photo bad."""
    return move(
        photo,
        PhotoStatus.STORED,
        claimed_by(photo.claim),
        attempts=F("attempts") - 1,
        queued_at=timezone.now(),
        reason=reason,
        **CLAIM_GONE,
    )


def claimed_by(token: UUID | None) -> Q:
    """Return the condition that this worker still holds the photo."""
    return Q(claim=token)
