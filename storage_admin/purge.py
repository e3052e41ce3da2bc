"""What destroys, worker side: originals of refused photos, the trash when its days are over,
and renditions that nothing shows any more.

The order is always the same: the row says what is about to go, the store forgets it, the
row says that it is gone. A crash in between is met by the next run, which does it again.
Outcomes are read one by one; what could not be removed stays on the row's account.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from photos import keys
from photos.choices import PhotoStatus
from photos.models import Photo
from photos.querysets import TO_REMOVE
from portal import audit
from portal.s3 import objects
from portal.s3.errors import S3Error, StorageUnavailable

logger = structlog.get_logger(__name__)

BATCH = 100  # photos of each kind a sweep, or a step of the trash; at the default 30 s 12,000 an hour
# Pages signed before a rotation or replacement may show the former picture this long, and the double is safe.
LEFTOVERS_GRACE_SECONDS = 2 * settings.RENDITION_URL_SECONDS


def remove_rejected_originals() -> int:
    """Remove the originals of refused photos, every version of them; return for how many it was done.

    Not before the upload's address has run out: what it stored after that would lie there for ever.
    """
    closed = timezone.now() - timedelta(seconds=settings.UPLOAD_URL_SECONDS)
    due = Photo.objects.filter(TO_REMOVE, status_changed_at__lt=closed)
    # What another program put into the bucket is left to it.
    due = due.exclude(key__startswith=settings.ARRIVALS_PREFIX)
    return sum(_remove_rejected(photo) for photo in due.order_by("status_changed_at")[:BATCH])


@dataclass(frozen=True)
class Purged:
    """What came of a batch: photos that are gone, those that stay, and where the next one begins.

    A photo stays where the store would not delete all of it. `place` is None after the last batch.
    """

    done: int
    kept: int
    place: UUID | None


def expired_trash() -> QuerySet[Photo]:
    """Return the photos that were in the trash for TRASH_DAYS."""
    long_ago = timezone.now() - timedelta(days=settings.TRASH_DAYS)
    return Photo.objects.trashed().filter(status_changed_at__lt=long_ago)


def purge_expired_trash(place: UUID | None = None) -> Purged:
    """Destroy a batch of the expired trash; go on at `place`, so that one that stays holds up no other."""
    found = expired_trash().order_by("pk")
    batch = list((found.filter(pk__gt=place) if place else found)[:BATCH])
    last = batch[-1].pk if len(batch) == BATCH else None  # a photo that is gone has no id any more
    done = sum(_purge_or_tell(photo) for photo in batch)
    return Purged(done, len(batch) - done, last)


def remove_leftovers() -> int:
    """Remove renditions of a former turn or file, and refused replacements; return for how many photos."""
    old = timezone.now() - timedelta(seconds=LEFTOVERS_GRACE_SECONDS)
    found = Photo.objects.filter(leftovers_since__lt=old, status=PhotoStatus.READY)
    return sum(_remove_leftovers(photo) for photo in found.order_by("leftovers_since")[:BATCH])


def _remove_rejected(photo: Photo) -> bool:
    if not _destroy(photo, _versions_of(photo.bucket, photo.key)):
        return False
    with transaction.atomic():
        Photo.objects.filter(pk=photo.pk).update(original_removed_at=timezone.now())
        _record("photo.original_removed", photo)
    return True


def _purge_or_tell(photo: Photo) -> bool:
    """Destroy one photo; a refusal is its own, an outage is that of all of them and raised."""
    try:
        return _purge(photo)
    except StorageUnavailable:
        raise
    except S3Error as error:
        logger.exception("photo_not_purged", photo=str(photo.pk), code=error.code)
        return False


def _purge(photo: Photo) -> bool:
    # From here on no restore: half a photo cannot come back.
    claimed = Photo.objects.filter(pk=photo.pk, status=PhotoStatus.TRASHED).update(
        purge_started_at=timezone.now()
    )
    if not claimed:
        return False
    prefix = keys.renditions_prefix(photo.pk)
    derived = [(found.key, found.version_id) for found in objects.versions(photo.bucket, prefix)]
    if not _destroy(photo, [*derived, *_own_versions(photo)]):
        return False
    with transaction.atomic():
        _record("photo.purged", photo)
        photo.delete()
    return True


def _remove_leftovers(photo: Photo) -> bool:
    since = photo.leftovers_since or timezone.now()
    present = set(photo.renditions.values_list("key", flat=True))
    prefix = keys.renditions_prefix(photo.pk)
    # What came later is being made right now, for rows that are not written yet.
    old = [
        (found.key, found.version_id)
        for found in objects.versions(photo.bucket, prefix)
        if (found.key not in present or not found.is_latest) and found.last_modified <= since
    ]
    refused = [(photo.key, version) for version in photo.refused_versions if version != photo.version_id]
    if not _destroy(photo, [*old, *refused]):
        return False
    seen = Q(leftovers_since=photo.leftovers_since)  # turned again meanwhile: there is more to come
    Photo.objects.filter(seen, pk=photo.pk).update(leftovers_since=None, refused_versions=[])
    return True


def _versions_of(bucket: str, key: str) -> list[tuple[str, str]]:
    """Return all versions and markers of exactly this key: a prefix finds `a.jpg.bak` for `a.jpg`, too."""
    return [(found.key, found.version_id) for found in objects.versions(bucket, key) if found.key == key]


def _own_versions(photo: Photo) -> list[tuple[str, str]]:
    """Return what of the photo's key is the photo's: all of it, but under the upload prefix of others.

    There it is the version that the row names: what another program wrote over it is none of ours.
    """
    if not photo.key.startswith(settings.ARRIVALS_PREFIX):
        return _versions_of(photo.bucket, photo.key)
    named = {photo.version_id or "null", *photo.refused_versions}
    found = objects.versions(photo.bucket, photo.key)
    own = [one for one in found if one.key == photo.key and one.version_id in named]
    return [(one.key, one.version_id) for one in own if photo.version_id or one.etag == photo.etag]


def _destroy(photo: Photo, targets: list[tuple[str, str]]) -> bool:
    """Delete the versions; False, and a line in the log for each, when some would not go."""
    failed = [outcome for outcome in objects.delete_versions(photo.bucket, targets) if outcome.code]
    for outcome in failed:
        logger.error(
            "version_not_removed", photo=str(photo.pk), key=outcome.key, version=outcome.version_id,
            code=outcome.code, message=outcome.message,
        )  # fmt: skip
    return not failed


def _record(action: str, photo: Photo) -> None:
    audit.record(
        action, target=photo, bucket=photo.bucket, key=photo.key, version_id=photo.version_id,
        before={"file_name": photo.file_name, "pet": str(photo.pet_id or ""), "sha256": photo.sha256},
    )  # fmt: skip
