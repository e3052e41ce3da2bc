"""What the page of one object shows of the store's answers, and its buttons that need no form."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from photos import display, keys
from photos.models import Photo
from portal import spelling
from portal.display import ago, size
from portal.models import User
from portal.s3 import temporary
from portal.s3.attributes import Attributes, Restore
from portal.s3.listing import ListedVersion
from portal.s3.object_lock import Retention
from portal.s3.types import VersioningState
from storage_admin import addresses
from storage_admin.grants import grantee
from storage_admin.objects import authorship, browsing, previews, services
from storage_admin.objects.authorship import Authorship
from storage_admin.objects.gathering import Gathered
from storage_admin.sharing import links as share_links


def context(found: Gathered, user: User) -> dict[str, Any]:
    """Return what the template shows, and which buttons this user has."""
    bucket, key, facts = found.bucket, found.key, found.facts
    photo = services.photo_of(bucket, key) if user.has_perm("photos.view_photo") else None
    authors = _authors(found, user)
    may_take = facts is not None and user.has_perm(services.download_right(bucket, key))
    return {
        "bucket": bucket,
        "key_text": spelling.html(key),
        "crumbs": browsing.crumbs(bucket, key, addresses.Mode.CURRENT),
        "top_url": addresses.folder(bucket, ""),
        "found": found,
        "facts": facts,
        "as_of": ago(timezone.now()),
        "rows": rows(facts) if facts else [],
        "access_rows": _access_rows(found) if facts else [],
        "photo": photo,
        "photo_url": reverse("admin:photos_photo_change", args=[photo.pk]) if photo else "",
        "rendition_url": _rendition_url(found, user),
        "tile": _tile(photo),
        "timeline": [
            {**_entry(one, found, user, photo), "author": authors.get(one.version_id)}
            for one in found.timeline
        ],
        "shows_authors": bool(authors),
        "picture_url": _button(found, "picture")
        if may_take and facts is not None and previews.may_be_picture(facts)
        else "",
        "picture_page_url": addresses.of_bucket(
            bucket, "object", key=key, version=found.version_id, show="picture"
        ),
        "older_url": _older(found),
        "newest_url": addresses.of_object(bucket, key),
        "visible_url": addresses.of_bucket(bucket, "visible", key=key, version=found.version_id),
        "reload_url": addresses.of_object(bucket, key, found.version_id),
        "download_url": _button(found, "download") if may_take else "",
        "share_url": _button(found, "share")
        if facts is not None and user.has_perm(share_links.SHARE) and share_links.sizes(user, bucket, key)
        else "",
        "link_url": _button(found, "link")
        if may_take and user.has_perm("storage_admin.share_object") and temporary.opens_in_browsers(key)
        else "",
        **_deleting(found, user, photo),
    }


def _deleting(found: Gathered, user: User, photo: Photo | None) -> dict[str, Any]:
    """Return the button that hides or undeletes, or the sentence that says why there is none."""
    if found.facts is None:
        has_versions = found.has_any_version
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
            "This bucket has no versioning: deleting destroys the object for good. Switch versioning on,"
            " and objects can be deleted and brought back."
        ),
        VersioningState.SUSPENDED: _(
            "This bucket's versioning is suspended: deleting destroys the version “null”, if there is one,"
            " and puts a delete marker in its place."
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
        "compare_url": _compare_url(one, found),
    }


def _compare_url(one: ListedVersion, found: Gathered) -> str:
    """Return where an entry is compared with the version shown, if both have bytes and are not the same."""
    if found.facts is None or one.is_delete_marker or one.version_id == found.shown_id:
        return ""
    return addresses.of_bucket(
        found.bucket, "compare", key=found.key, version=one.version_id, other=found.shown_id
    )


def _authors(found: Gathered, user: User) -> dict[str, Authorship]:
    """Return who made which entry, for those who may read the audit."""
    if not found.timeline or not user.has_perm(authorship.RIGHT):
        return {}
    return authorship.of_versions(found.bucket, found.key, found.timeline)


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


def rows(facts: Attributes) -> list[tuple[str, Any]]:
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


def _access_rows(found: Gathered) -> list[tuple[str, Any]]:
    """Return who owns the version, and to whom its ACL gives what."""
    if found.ignores_acls:
        return [(_("ACL"), _("switched off: the bucket's owner owns every object"))]
    if found.acl is None:
        return [(_("ACL"), _("could not be read: %(reason)s") % {"reason": found.acl_error or "–"})]
    owner = found.acl.owner_name or found.acl.owner
    grants = [
        (_("May %(permission)s") % {"permission": one.permission}, grantee(one, found.acl))
        for one in found.acl.grants
    ]
    return [(_("Owner"), owner or _("the store does not say")), *grants]


def _lock_words(lock: Retention) -> dict[str, str]:
    # The exact date: with a lock, "in 3 months" is not enough.
    return {"mode": lock.mode, "end": date_format(timezone.localtime(lock.until), "DATETIME_FORMAT")}


def _restore_words(restore: Restore) -> Any:
    return _("in progress") if restore.in_progress else ago(restore.until)
