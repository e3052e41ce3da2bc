"""Hiding an object behind a delete marker, and taking the marker away. Nothing here destroys a version.

But in buckets without versions, or with suspended ones, hiding destroys:
`versioning.Versioning.plain_delete_destroys` tells it beforehand.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from portal.s3 import objects, session
from portal.s3.errors import Conflict, ObjectNotFound, translated
from portal.s3.listing import ListedVersion


def hide(bucket: str, key: str, *, if_etag: str = "", alias: str = session.DEFAULT) -> str:
    """Delete without a version id; return the version id of the new marker, empty where there is none.

    `if_etag`: only if that is still the current object, else Conflict. A key that is hidden
    already would get one more marker: ObjectNotFound instead.
    """
    found = objects.head(bucket, key, alias=alias)
    if if_etag and found.etag != if_etag:
        raise Conflict(_("The object was changed meanwhile."), operation="DeleteObject")
    condition: dict[str, Any] = {"IfMatch": f'"{if_etag}"'} if if_etag else {}
    with translated("DeleteObject"):
        answer = session.client(alias).delete_object(Bucket=bucket, Key=key, **condition)
    return str(answer.get("VersionId", "")) if answer.get("DeleteMarker") else ""


def undelete(bucket: str, key: str, *, alias: str = session.DEFAULT) -> int:
    """Take all markers on top of the key's newest version away; return how many.

    ObjectNotFound when no version is left beneath, or the key is not hidden; Conflict when the store
    said that a marker is gone, and it is not. Each marker is removed by its version id: a delete
    without one would add another.
    """
    removed = 0
    last_id = ""
    while True:
        entries = [entry for entry in objects.versions(bucket, key, alias=alias) if entry.key == key]
        latest = next((entry for entry in entries if entry.is_latest), None)
        if latest is None or not latest.is_delete_marker:
            break
        if all(entry.is_delete_marker for entry in entries):
            latest = None
            break
        if latest.version_id == last_id:  # SeaweedFS, with a marker `null`
            raise Conflict(_("The store kept the delete marker."), operation="DeleteObject")
        # One by one from the top: times have whole seconds, so nothing else tells which comes next.
        with translated("DeleteObject"):
            session.client(alias).delete_object(Bucket=bucket, Key=key, VersionId=latest.version_id)
        removed += 1
        last_id = latest.version_id
    if not removed or latest is None:
        raise ObjectNotFound(_("There is no hidden version of this object."), operation="DeleteObject")
    return removed


def hidden(
    bucket: str,
    prefix: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    alias: str = session.DEFAULT,
) -> Iterator[ListedVersion]:
    """Yield the marker of every key below the prefix that is hidden now, in key order.

    A marker's time is that of the deletion: `since` and `until` choose what one mishap deleted. A
    prefix is not a folder: for one, end it in `/`.
    """
    for entry in objects.versions(bucket, prefix, alias=alias):
        if not (entry.is_delete_marker and entry.is_latest):
            continue
        if (since is None or entry.last_modified >= since) and (
            until is None or entry.last_modified <= until
        ):
            yield entry
