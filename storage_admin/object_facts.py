"""What the page of one object shows: the store's answers as they are now, and what may be done with it.

Four calls: the bucket's versioning, the key's versions, HEAD, tags.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from photos import display, keys
from photos.models import Photo
from portal.display import ago, size
from portal.models import User
from portal.s3 import attributes, listing, tags, temporary, versioning
from portal.s3.attributes import Attributes, Restore
from portal.s3.errors import (
    AccessRefused,
    DeleteMarkerFound,
    NotConfigured,
    ObjectNotFound,
    S3Error,
    StorageUnavailable,
    Unsupported,
)
from portal.s3.listing import ListedVersion, Mark
from portal.s3.object_lock import Retention
from portal.s3.types import VersioningState
from storage_admin import addresses, browsing, services, spelling
from storage_admin.models import Bucket

VERSIONS_A_PAGE = 25


@dataclass
class Gathered:
    """The store's answers about one object. `facts` is None where the version shown is a delete marker."""

    bucket: Bucket
    key: str
    version_id: str  # as asked for; empty means the newest
    versioning: VersioningState
    newest_id: str
    timeline: list[ListedVersion] = field(default_factory=list)
    next_mark: Mark | None = None
    timeline_error: str = ""
    facts: Attributes | None = None
    tags: dict[str, str] = field(default_factory=dict)
    tags_error: str = ""

    @property
    def is_newest(self) -> bool:
        """Whether the version shown is the one that a plain read gives."""
        return not self.version_id or self.version_id == self.newest_id


def gather(bucket: Bucket, key: str, version_id: str, *, mark: Mark | None, newest_id: str) -> Gathered:
    """Ask the store. ObjectNotFound when the key has no entry at all.

    `mark` is where the timeline goes on, and `newest_id` what its first page called the newest.
    """
    name, alias = bucket.name, bucket.connection
    found = Gathered(bucket, key, version_id, versioning.read(name, alias=alias).state, newest_id)
    try:
        page = listing.key_versions(name, key, mark=mark, size=VERSIONS_A_PAGE, alias=alias)
    except (Unsupported, AccessRefused) as error:
        found.timeline_error = f"{error} ({error.code})"
    else:
        found.timeline, found.next_mark = page.versions, page.next_mark
        if mark is None and page.versions:
            found.newest_id = page.versions[0].version_id
    shown = version_id or found.newest_id
    if any(one.is_delete_marker for one in found.timeline if one.version_id == shown):
        return found
    try:
        found.facts = attributes.read(name, key, version_id=version_id, alias=alias)
    except DeleteMarkerFound:
        return found
    except ObjectNotFound:
        if version_id or not found.newest_id:
            raise
        return found  # a store that does not say of a deleted object that it is
    found.tags, found.tags_error = _tags(name, key, version_id, alias)
    return found


def _tags(bucket: str, key: str, version_id: str, alias: str) -> tuple[dict[str, str], str]:
    """Return the tags, or why there are none: reading them is a right of its own, and not all stores can."""
    try:
        return tags.of_object(bucket, key, version_id=version_id, alias=alias), ""
    except NotConfigured:  # how some stores say "none"
        return {}, ""
    except StorageUnavailable:
        raise
    except S3Error as error:
        return {}, f"{error} ({error.code})"


def context(found: Gathered, user: User) -> dict[str, Any]:
    """Return what the template shows, and which buttons this user has."""
    bucket, key, facts = found.bucket, found.key, found.facts
    photo = services.photo_of(bucket, key) if user.has_perm("photos.view_photo") else None
    may_take = facts is not None and user.has_perm(services.download_right(bucket, key))
    return {
        "bucket": bucket,
        "key_text": spelling.html(key),
        "crumbs": browsing.crumbs(bucket, key, addresses.Mode.CURRENT),
        "top_url": addresses.folder(bucket, ""),
        "found": found,
        "facts": facts,
        "as_of": ago(timezone.now()),
        "rows": _rows(facts) if facts else [],
        "photo": photo,
        "photo_url": reverse("admin:photos_photo_change", args=[photo.pk]) if photo else "",
        "rendition_url": _rendition_url(found, user),
        "tile": _tile(photo),
        "timeline": [_entry(one, found, user, photo) for one in found.timeline],
        "older_url": _older(found),
        "newest_url": addresses.of_object(bucket, key),
        "reload_url": addresses.of_object(bucket, key, found.version_id),
        "download_url": _button(found, "download") if may_take else "",
        "link_url": _button(found, "link")
        if may_take and user.has_perm("storage_admin.share_object") and temporary.opens_in_browsers(key)
        else "",
        **_deleting(found, user, photo),
    }


def _deleting(found: Gathered, user: User, photo: Photo | None) -> dict[str, Any]:
    """Return the button that hides or undeletes, or the sentence that says why there is none."""
    if found.facts is None:
        has_versions = any(not one.is_delete_marker for one in found.timeline) or found.next_mark is not None
        offered = has_versions and found.newest_id and user.has_perm("storage_admin.recover_object")
        return {
            "is_deleted": found.is_newest,
            "nothing_left": not has_versions,
            "undelete_url": _newest_button(found, "undelete") if offered and found.is_newest else "",
        }
    if not user.has_perm("storage_admin.hide_object") or not found.is_newest:
        return {}
    if photo is not None and photo.is_live:
        return {"protected_by": photo}
    why_not = {
        VersioningState.NEVER_SET: _(
            "This bucket has no versioning: deleting would destroy the object for good. The portal does"
            " not offer that here. Switch versioning on, and objects can be deleted and brought back."
        ),
        VersioningState.SUSPENDED: _(
            "This bucket's versioning is suspended: deleting would destroy the version “null”, if there"
            " is one, and put a delete marker in its place. The portal does not offer that here."
        ),
    }.get(found.versioning)
    if why_not:
        return {"no_delete": why_not}
    return {"hide_url": _newest_button(found, "hide") if found.newest_id else ""}


def _newest_button(found: Gathered, page: str) -> str:
    return addresses.of_bucket(found.bucket, page, key=found.key, version=found.newest_id)


def _entry(one: ListedVersion, found: Gathered, user: User, photo: Photo | None) -> dict[str, Any]:
    restorable = (
        not one.is_delete_marker
        and one.version_id != found.newest_id
        and found.newest_id
        and user.has_perm("storage_admin.recover_object")
    )
    restore_url = addresses.of_bucket(
        found.bucket, "restore", key=found.key, version=one.version_id, newest=found.newest_id
    )
    return {
        "version": one,
        "url": addresses.of_object(found.bucket, found.key, one.version_id),
        "is_shown": one.version_id == (found.version_id or found.newest_id),
        "is_photos": photo is not None and photo.version_id == one.version_id,
        "restore_url": restore_url if restorable else "",
    }


def _older(found: Gathered) -> str:
    if found.next_mark is None:
        return ""
    return addresses.of_bucket(
        found.bucket, "object", key=found.key, version=found.version_id,
        version_mark=found.next_mark.version_id, newest=found.newest_id,
    )  # fmt: skip


def _button(found: Gathered, page: str) -> str:
    """Return the button's address for exactly the version that is shown."""
    return addresses.of_bucket(found.bucket, page, key=found.key, version=found.version_id or found.newest_id)


def _rendition_url(found: Gathered, user: User) -> str:
    made_of = keys.photo_of_rendition(found.key) if found.bucket.holds_photos else None
    if made_of is None or not user.has_perm("photos.view_photo"):
        return ""
    there = Photo.objects.filter(pk=made_of).exists()
    return reverse("admin:photos_photo_change", args=[made_of]) if there else ""


def _tile(photo: Photo | None) -> Any:
    if photo is None:
        return ""
    shown = display.with_tiles(Photo.objects.filter(pk=photo.pk).select_related("pet")).first()
    return display.tile(shown, link=True) if shown else ""


def _rows(facts: Attributes) -> list[tuple[str, Any]]:
    """Return what HEAD said, as label and value; what the store says nothing of is left out."""
    encryption = " ".join(filter(None, [facts.encryption, facts.kms_key]))
    lock, restore = facts.retention, facts.restore
    rows: list[tuple[str, Any]] = [
        (_("Size"), _("%(size)s (%(bytes)s bytes)") % {"size": size(facts.bytes), "bytes": facts.bytes}),
        (_("Type"), facts.headers.content_type or "–"),
        (_("Changed"), ago(facts.last_modified)),
        (_("Class"), " ".join(filter(None, [facts.storage_class, facts.archive_tier]))),
        (_("Encryption"), encryption or _("the store does not say")),
        ("ETag", facts.etag),
        (_("Checksum"), facts.checksum),
        (_("Version"), facts.version_id or _("none: the bucket has no versioning")),
        (_("Locked"), _("%(mode)s, until %(end)s") % _lock_words(lock) if lock else ""),
        (_("Legal hold"), _("on") if facts.legal_hold else ""),
        (_("Restore"), _restore_words(restore) if restore else ""),
        (_("Replication"), facts.replication),
        (_("Expires by rule"), facts.expires_by_rule),
        ("Cache-Control", facts.headers.cache_control),
        ("Content-Disposition", facts.headers.content_disposition),
        ("Content-Encoding", facts.headers.content_encoding),
        ("Content-Language", facts.headers.content_language),
        ("Expires", facts.headers.expires),
        (_("Redirects to"), facts.redirect),
    ]
    return [(label, value) for label, value in rows if value]


def _lock_words(lock: Retention) -> dict[str, str]:
    # The exact date: with a lock, "in 3 months" is not enough.
    return {"mode": lock.mode, "end": date_format(timezone.localtime(lock.until), "DATETIME_FORMAT")}


def _restore_words(restore: Restore) -> Any:
    return _("in progress") if restore.in_progress else ago(restore.until)
