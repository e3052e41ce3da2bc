"""What destroys a version or an object because a person asked for it. Nothing here can be undone.

Each reads the state again, refuses what a photo still shows and what is locked, reads the store's
answer, and looks afterwards whether it is so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from photos.choices import PhotoStatus
from photos.models import Photo
from portal.access import Actor, require
from portal.s3 import attributes, delete_markers, listing, objects, versioning
from portal.s3.attributes import Attributes
from portal.s3.errors import ObjectNotFound, VersionNotFound
from portal.s3.listing import ListedVersion
from portal.s3.object_lock import Retention
from portal.s3.types import RetentionMode, VersioningState
from storage_admin.errors import ChangedMeanwhile, NotPossible
from storage_admin.models import Bucket
from storage_admin.objects.seen import Seen, changed_meanwhile, unchanged_newest, unchanged_version
from storage_admin.objects.services import photo_of
from storage_admin.traces import traced

DESTROY = "storage_admin.destroy_version"
BYPASS = "storage_admin.bypass_governance"
NULL = "null"  # what S3 calls the version of before versioning, or of while it is suspended
_UNNAMED = {"", NULL}


@dataclass(frozen=True)
class Left:
    """What there is of the key afterwards."""

    entries: int  # as far as was looked, LOOKED_AT at least: whether there are any is what matters
    is_hidden: bool = False  # a delete marker is on top


LOOKED_AT = 2


def destroy_version(
    *,
    actor: Actor,
    bucket: Bucket,
    key: str,
    version_id: str,
    seen: Seen,
    bypass_governance: bool = False,
    reason: str = "",
) -> Left:
    """Destroy one version of an object in a bucket that has versions; return what is left of the key.

    ChangedMeanwhile unless it is the version seen. NotPossible for a version that a photo's row
    names, for a locked one (but governance, with `bypass_governance` and that right), and where the
    store refuses. `version_id` may be "null".
    """
    with traced("object.version_destroyed", actor, bucket, DESTROY, key=key, version_id=version_id) as trace:
        trace.reason = reason
        if bypass_governance:
            require(actor, BYPASS)
        if versioning.read(bucket.name, alias=bucket.connection).state is VersioningState.NEVER_SET:
            raise NotPossible(_("This bucket has no versions."))
        facts = unchanged_version(bucket, key, replace(seen, version_id=version_id))
        _refuse(photo_against(bucket, key, version_id))
        _refuse(lock_against(facts, bypass_governance=bypass_governance))
        trace.before = _kept(facts)
        _destroy(bucket, key, version_id, bypass_governance=bypass_governance)
        trace.after = {"destroyed": version_id, "bypassed_governance": bypass_governance}
        if _is_there(bucket, key, version_id):
            raise NotPossible(_("The store says that the version is gone, and still gives it."))
        left = left_of(bucket, key)
        trace.after["entries_left"] = left.entries
        return left


def destroy_marker(*, actor: Actor, bucket: Bucket, key: str, seen: Seen, reason: str = "") -> Left:
    """Destroy one delete marker; return what is left of the key.

    ChangedMeanwhile unless it is the marker seen. NotPossible for one on top of versions: to take
    that away is to undelete, which is another right and another button; and where the store refuses.
    """
    version_id = seen.version_id
    with traced("object.marker_destroyed", actor, bucket, DESTROY, key=key, version_id=version_id) as trace:
        trace.reason = reason
        entries = _entries(bucket, key)
        marker = next((one for one in entries if one.version_id == version_id), None)
        if marker is None or not marker.is_delete_marker:
            raise changed_meanwhile()
        if marker.last_modified.isoformat() != seen.changed_at:
            raise changed_meanwhile()
        if entries[0] is marker and any(not one.is_delete_marker for one in entries):
            raise NotPossible(_("It hides the object: undelete the object instead."))
        trace.before = {"marker": version_id, "written": marker.last_modified.isoformat(timespec="seconds")}
        _destroy(bucket, key, version_id)
        trace.after = {"destroyed": version_id}
        left = _entries(bucket, key)
        if any(one.version_id == version_id for one in left):
            raise NotPossible(_("The store says that the delete marker is gone, and still lists it."))
        trace.after["entries_left"] = len(left)
        return Left(len(left), bool(left) and left[0].is_delete_marker)


def delete_for_good(
    *, actor: Actor, bucket: Bucket, key: str, seen: Seen, seen_state: VersioningState, reason: str = ""
) -> Left:
    """Delete an object where that destroys: in a bucket that never had versions, or has them suspended.

    In the latter the version `null`, if there is one, is destroyed, and a marker `null` put on top;
    versions with other ids stay. ChangedMeanwhile when the object or the bucket's versioning is not
    as seen; NotPossible for what a photo's row names.
    """
    with traced("object.deleted", actor, bucket, DESTROY, key=key, version_id=seen.version_id) as trace:
        trace.reason = reason
        state = versioning.read(bucket.name, alias=bucket.connection).state
        if state is not seen_state or state is VersioningState.ENABLED:
            raise ChangedMeanwhile(
                _("The bucket's versioning was changed meanwhile. Nothing was done; look at it again first.")
            )
        facts = unchanged_newest(bucket, key, seen)
        _refuse(photo_against(bucket, key))
        trace.before = {**_kept(facts), "versioning": state.value}
        marker = delete_markers.hide(bucket.name, key, if_etag=facts.etag, alias=bucket.connection)
        trace.after = {"marker": marker} if marker else {"destroyed": facts.version_id or NULL}
        if _is_there(bucket, key):
            raise NotPossible(_("The store says that the object is gone, and still gives it."))
        return left_of(bucket, key)


def photo_against(bucket: Bucket, key: str, version_id: str | None = None) -> str:
    """Return why a photo's row stands against it, else an empty text. None: any version of the key.

    The row of a photo in the trash counts, too: it can be restored until the purge takes all of it.
    """
    photo = photo_of(bucket, key)
    if photo is None or photo.status == PhotoStatus.REJECTED:
        return ""
    if version_id is not None and not _names(photo, version_id):
        return ""
    words = {"photo": photo}
    if photo.is_live:
        return _("The photo “%(photo)s” is made of this. Move the photo to the trash instead.") % words
    return _("The photo “%(photo)s” is in the trash, and goes for good from there.") % words


def lock_against(facts: Attributes, *, bypass_governance: bool) -> str:
    """Return why a lock stands against destroying the version, else an empty text."""
    if facts.legal_hold:
        return _("A legal hold is on this version. Nobody can destroy it until the hold is taken off.")
    lock = active_lock(facts)
    if lock is None or (lock.mode is RetentionMode.GOVERNANCE and bypass_governance):
        return ""
    if lock.mode is RetentionMode.COMPLIANCE:
        return _("This version is locked (COMPLIANCE) until %(end)s. Nobody can destroy it before.") % {
            "end": moment(lock.until)
        }
    return _("This version is locked (%(mode)s) until %(end)s.") % {
        "mode": lock.mode, "end": moment(lock.until),
    }  # fmt: skip


def active_lock(facts: Attributes) -> Retention | None:
    """Return the retention that is in force now."""
    lock = facts.retention
    return lock if lock is not None and lock.until > timezone.now() else None


def moment(when: datetime) -> str:
    """Write a time exactly: of what is lost or locked, "in 3 months" is not enough."""
    local = timezone.localtime(when)
    return f"{date_format(local, 'DATETIME_FORMAT')} {local.tzname()}"


def left_of(bucket: Bucket, key: str) -> Left:
    """Return what the store lists of the key now."""
    page = listing.key_versions(bucket.name, key, size=LOOKED_AT, alias=bucket.connection)
    return Left(len(page.versions), bool(page.versions) and page.versions[0].is_delete_marker)


def _entries(bucket: Bucket, key: str) -> list[ListedVersion]:
    """Return the newest entries of the key; a form about a marker shows fewer."""
    return listing.key_versions(bucket.name, key, size=listing.LARGEST_PAGE, alias=bucket.connection).versions


def _destroy(bucket: Bucket, key: str, version_id: str, *, bypass_governance: bool = False) -> None:
    """Destroy the entry. NotPossible, with the store's words, when it would not."""
    [outcome] = objects.delete_versions(
        bucket.name, [(key, version_id)], bypass_governance=bypass_governance, alias=bucket.connection
    )
    if outcome.code:
        raise NotPossible(
            _("The store would not destroy the version: %(message)s (%(code)s)")
            % {"message": outcome.message, "code": outcome.code}
        )


def _refuse(reason: str) -> None:
    if reason:
        raise NotPossible(reason)


def _names(photo: Photo, version_id: str) -> bool:
    """Whether the row's photo is this version; rows of unversioned days name none."""
    return photo.version_id == version_id or {photo.version_id, version_id} <= _UNNAMED


def _is_there(bucket: Bucket, key: str, version_id: str = "") -> bool:
    try:
        attributes.read(bucket.name, key, version_id=version_id, alias=bucket.connection)
    except (ObjectNotFound, VersionNotFound):
        return False
    return True


def _kept(facts: Attributes) -> dict[str, Any]:
    """Return what the audit keeps of what is gone."""
    lock = active_lock(facts)
    return {
        "bytes": facts.bytes,
        "etag": facts.etag,
        "class": facts.storage_class,
        "written": facts.last_modified.isoformat(timespec="seconds"),
        **({"lock": lock.mode.value, "lock_ends": lock.until.isoformat(timespec="seconds")} if lock else {}),
    }
