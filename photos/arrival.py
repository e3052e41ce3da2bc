"""Has the original arrived, and is it what was announced? Asked by "complete" and by the sweep."""

from typing import Any

from django.db import IntegrityError
from django.utils.translation import gettext as _

from photos import formats, states
from photos.choices import PhotoStatus
from photos.duplicates import describe_duplicate, find_duplicate
from photos.models import Photo
from portal.display import size
from portal.s3 import objects
from portal.s3.types import ObjectInfo


def check(photo: Photo, *, etag: str = "", actor: Any = None) -> None:
    """Move a pending photo to stored, or to rejected if what lies in the bucket is something else.

    `etag` is what the uploader was told by the store, if it was. Raises ObjectNotFound
    while nothing has arrived, StorageUnavailable when the store does not answer; both
    leave the photo pending.
    """
    if photo.status != PhotoStatus.PENDING:
        return
    found = objects.head(photo.bucket, photo.key)
    head = objects.first_bytes(photo.bucket, photo.key, formats.SNIFF_BYTES, version_id=found.version_id)
    reason = _difference(photo, found, head, etag)
    if reason:
        states.reject(photo, reason, actor=actor)
        return
    try:
        if not states.mark_stored(photo, found, actor=actor):
            photo.refresh_from_db()  # the sweep, or a second "complete", was faster
    except IntegrityError:
        twin = find_duplicate(found.sha256 or photo.sha256, photo.pet_id, besides=photo.pk)
        if twin is None:
            raise
        states.reject(photo, describe_duplicate(twin), actor=actor, duplicate_of=twin)


def _difference(photo: Photo, found: ObjectInfo, head: bytes, etag: str) -> str:
    """Return in what the object differs from the announcement, as a sentence; empty if in nothing."""
    if found.bytes != photo.bytes:
        return _("%(found)s arrived, %(announced)s were announced. Upload the file again.") % {
            "found": size(found.bytes),
            "announced": size(photo.bytes),
        }
    if (etag and etag != found.etag) or (photo.sha256 and found.sha256 not in {"", photo.sha256}):
        return _("The bytes that arrived are not the ones that were announced. Upload the file again.")
    kind = formats.sniff(head)
    if kind is None or kind.content_type != photo.content_type:
        return _("The file is %(found)s, not the %(announced)s that was announced.") % {
            "found": kind.display_name if kind else _(formats.describe(head)),
            "announced": photo.get_content_type_display().upper(),
        }
    return ""
