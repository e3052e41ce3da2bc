"""What jobs leave alone: the originals that photos' rows name. One query for a batch of keys."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext_lazy

from photos.choices import PhotoStatus
from photos.models import Photo
from storage_admin.jobs.kind import Skip
from storage_admin.jobs.targets import Target
from storage_admin.models import Bucket

LIVE = Skip("photo", gettext_lazy("A photo shows it: the photo goes by its own trash."))
NAMED = Skip("photo", gettext_lazy("A photo's row names this version: the photo goes by its own trash."))
STAYS = Skip("photo", gettext_lazy("A photo is kept under this key: it is not moved."))
_UNNAMED = {"", "null"}  # a version of unversioned days: rows and stores write it differently


def against_hiding(bucket: Bucket, targets: Sequence[Target]) -> list[Skip | None]:
    """Return for each target why it is not hidden: a live photo would lose its original."""
    live = {photo.key for photo in _photos(bucket, targets) if photo.is_live}
    return [LIVE if target.key in live else None for target in targets]


def against_destroying(bucket: Bucket, targets: Sequence[Target]) -> list[Skip | None]:
    """Return for each target why it is not destroyed: a row, live or in the trash, names the version."""
    named = {(photo.key, photo.version_id) for photo in _photos(bucket, targets)}
    return [NAMED if _is_named(target, named) else None for target in targets]


def against_moving(bucket: Bucket, targets: Sequence[Target]) -> list[Skip | None]:
    """Return for each target why it is not moved: a row of a photo names the key, whatever became of it."""
    if not bucket.holds_photos:
        return [None] * len(targets)
    keys = {target.key for target in targets if "\0" not in target.key}
    rows = Photo.objects.filter(bucket=bucket.name, key__in=keys)
    named = set(rows.values_list("key", flat=True))
    return [STAYS if target.key in named else None for target in targets]


def _is_named(target: Target, named: set[tuple[str, str]]) -> bool:
    if target.upload_id or target.is_marker:
        return False
    spellings = _UNNAMED if target.version_id in _UNNAMED else {target.version_id}
    return any((target.key, one) in named for one in spellings)


def _photos(bucket: Bucket, targets: Sequence[Target]) -> list[Photo]:
    if not bucket.holds_photos:
        return []
    keys = {target.key for target in targets if "\0" not in target.key}
    found = Photo.objects.filter(bucket=bucket.name, key__in=keys).exclude(status=PhotoStatus.REJECTED)
    return list(found.only("key", "version_id", "status"))
