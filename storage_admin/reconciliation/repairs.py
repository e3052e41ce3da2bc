"""One repair for each kind of finding: asks row and store again, acts, and says what came of it.

None deletes an object, or a version. What is not there any more as the finding says is closed as gone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from photos import formats, recovery, renditions
from photos import services as photos
from photos.choices import PhotoStatus
from photos.models import Photo, Rendition
from portal.access import Actor
from portal.s3 import acl, listing, objects, tags
from portal.s3.acl import Canned
from portal.s3.errors import ObjectNotFound, VersionNotFound
from portal.s3.listing import ListedVersion
from portal.s3.types import ObjectInfo
from storage_admin import quarantine
from storage_admin.errors import NotPossible
from storage_admin.models import Bucket, Finding
from storage_admin.objects import services as object_services

VERSIONS_LOOKED_AT = 1_000


@dataclass(frozen=True)
class Outcome:
    """The finding's new state, and why in words."""

    state: Finding.State
    message: str


def find_original(actor: Actor, bucket: Bucket, finding: Finding) -> Outcome:
    """Point the row at another version with the same bytes; without one, mark the photo as missing."""
    photo = _photo(finding)
    if photo is None or photo.version_id != finding.version_id:
        return _gone(_("The row names another version by now, or is gone."))
    there = _head(bucket, photo.key, photo.version_id)
    if there is not None and _is_as_the_row_says(there, photo):
        return _gone(_("The original is there."))
    same = _version_like(bucket, photo)
    if same is not None:
        version_id = object_services.as_in_rows(same.version_id)
        followed = photos.follow_copy(
            actor=actor, photo=photo, copied_from=photo.version_id, version_id=version_id, etag=same.etag
        )
        if not followed:
            return _gone(_("The row names another version by now, or is gone."))
        return Outcome(
            Finding.State.REPAIRED, _("The row names version %(version)s now.") % {"version": same.version_id}
        )
    if there is not None:
        raise NotPossible(_("No version has the bytes that the row names. A person must look at both."))
    recovery.mark_missing(actor=actor, photo=photo)
    return Outcome(Finding.State.SET_ASIDE, _("No version has these bytes: the photo is marked as missing."))


def undelete(actor: Actor, bucket: Bucket, finding: Finding) -> Outcome:
    """Take the delete marker off the original of a photo that is not in the trash."""
    photo = _photo(finding)
    if photo is None or not photo.is_live or photo.version_id != finding.version_id:
        return _gone(_("The row names another version by now, or is gone."))
    newest = listing.key_versions(bucket.name, photo.key, size=1, alias=bucket.connection).versions
    if not newest or not newest[0].is_delete_marker:
        return _gone(_("No delete marker is on top any more."))
    count = object_services.undelete(
        actor=actor, bucket=bucket, key=photo.key, version_id=newest[0].version_id
    )
    return Outcome(Finding.State.REPAIRED, _("%(count)s delete markers were removed.") % {"count": count})


def derive_again(actor: Actor, bucket: Bucket, finding: Finding) -> Outcome:
    """Let a worker make the rendition again, from an original that is as the row says."""
    photo = _photo(finding)
    has_row = photo is not None and photo.renditions.filter(key=finding.key).exists()
    if photo is not None and not has_row and photo.status in {PhotoStatus.STORED, PhotoStatus.PROCESSING}:
        return Outcome(Finding.State.REPAIRED, _("A worker has the photo, and makes what it lacks."))
    if photo is None or not (has_row or finding.key in _lacking(photo)):
        return _gone(_("No row names this rendition any more, and the settings do not ask for it."))
    if has_row and _head(bucket, finding.key) is not None:
        return _gone(_("The rendition is there."))
    original = _head(bucket, photo.key, photo.version_id)
    if original is None or not _is_as_the_row_says(original, photo):
        raise NotPossible(_("The original is not as the row says: that comes first."))
    recovery.derive_again(actor=actor, photo=photo, missing_key=finding.key)
    return Outcome(Finding.State.REPAIRED, _("The photo is queued; a worker makes it again."))


def attach(actor: Actor, bucket: Bucket, finding: Finding) -> Outcome:
    """Make the row of an object that has none."""
    found = _still_loose(bucket, finding)
    if found is None:
        return _gone(_("It has a row by now, or is gone."))
    head = objects.first_bytes(
        bucket.name, found.key, formats.SNIFF_BYTES, version_id=found.version_id, alias=bucket.connection
    )
    # A rule that looks for the tag would take a live original away.
    _tagged(bucket, found, remove=quarantine.NAMES)
    photo = recovery.attach(actor=actor, bucket=bucket.name, found=found, head=head)
    return Outcome(
        Finding.State.REPAIRED, _("The photo “%(photo)s” has a row again.") % {"photo": photo.file_name}
    )


def put_aside(_actor: Actor, bucket: Bucket, finding: Finding) -> Outcome:
    """Tag the object, so that a person or a rule of the bucket finds it; it stays where it is."""
    found = _still_loose(bucket, finding)
    if found is None:
        return _gone(_("It has a row by now, or is gone."))
    today = timezone.localdate().isoformat()
    _tagged(bucket, found, add={quarantine.TAG: quarantine.VALUE, quarantine.DAY_TAG: today})
    return Outcome(Finding.State.SET_ASIDE, _("In quarantine since %(day)s, by its tags.") % {"day": today})


def release(_actor: Actor, bucket: Bucket, finding: Finding) -> Outcome:
    """Take the tags of the quarantine away again; the finding is open as before."""
    found = _head(bucket, finding.key)
    if found is None:
        return _gone(_("It is gone."))
    _tagged(bucket, found, remove=quarantine.NAMES)
    return Outcome(Finding.State.OPEN, _("It is out of quarantine."))


def make_private(_actor: Actor, bucket: Bucket, finding: Finding) -> Outcome:
    """Give the version the ACL that every new object has; who was let in stands in the audit."""
    name, alias, version = bucket.name, bucket.connection, finding.version_id
    try:
        if acl.of_object(name, finding.key, version_id=version, alias=alias).is_private:
            return _gone(_("Its ACL is private."))
        acl.write_object(name, finding.key, version_id=version, canned=Canned.PRIVATE, alias=alias)
        written = acl.of_object(name, finding.key, version_id=version, alias=alias)
    except (ObjectNotFound, VersionNotFound):
        return _gone(_("It is gone."))
    if not written.is_private:
        raise NotPossible(_("The store took the ACL without an error, but has another one now. Look at it."))
    return Outcome(Finding.State.REPAIRED, _("Its ACL is private now."))


def _tagged(
    bucket: Bucket, found: ObjectInfo, *, add: dict[str, str] | None = None, remove: tuple[str, ...] = ()
) -> None:
    """Change some tags of the version; NotPossible when the store then has others."""
    version, alias = found.version_id, bucket.connection
    now = tags.edit_object(bucket.name, found.key, add=add, remove=remove, version_id=version, alias=alias)
    if tags.of_object(bucket.name, found.key, version_id=version, alias=alias) != now:
        raise NotPossible(_("The store took the tags without an error, and does not have them."))


def _lacking(photo: Photo) -> set[str]:
    """Return the keys of the renditions that the settings want of the photo, and that no row names."""
    if photo.status != PhotoStatus.READY:
        return set()
    lacking = renditions.missing(photo, photo.sha256)
    return {renditions.key(photo, photo.sha256, spec) for spec in lacking}


def _photo(finding: Finding) -> Photo | None:
    return Photo.objects.filter(pk=finding.photo).first() if isinstance(finding.photo, UUID) else None


def _head(bucket: Bucket, key: str, version_id: str = "") -> ObjectInfo | None:
    try:
        return objects.head(bucket.name, key, version_id=version_id, alias=bucket.connection)
    except (ObjectNotFound, VersionNotFound):
        return None


def _is_as_the_row_says(found: ObjectInfo, photo: Photo) -> bool:
    return (found.bytes, found.etag) == (photo.bytes, photo.etag)


def _version_like(bucket: Bucket, photo: Photo) -> ListedVersion | None:
    """Return the newest version of the photo's key that has the size and the ETag of its row."""
    page = listing.key_versions(bucket.name, photo.key, size=VERSIONS_LOOKED_AT, alias=bucket.connection)
    for one in page.versions:
        if not one.is_delete_marker and (one.bytes, one.etag) == (photo.bytes, photo.etag):
            return one
    return None


def _still_loose(bucket: Bucket, finding: Finding) -> ObjectInfo | None:
    """Return the object if it is the version that was found, and still no row names it."""
    if Photo.objects.filter(bucket=bucket.name, key=finding.key).exists():
        return None
    if Rendition.objects.filter(photo=finding.photo, key=finding.key).exists():
        return None
    found = _head(bucket, finding.key)
    if found is None or found.version_id != finding.version_id:
        return None
    return found if found.etag == finding.facts["etag"][1] else None


def _gone(message: str) -> Outcome:
    return Outcome(Finding.State.GONE, message)


Kind = Finding.Kind


@dataclass(frozen=True)
class Repair:
    """What can be done about findings of some kinds.

    `right` is asked for beside the one to repair at all; `states` are those in which it makes sense.
    A retreat takes back what a repair did: it rests on no scan, and waits for nothing.
    """

    label: str | Promise
    kinds: frozenset[Finding.Kind]
    act: Callable[[Actor, Bucket, Finding], Outcome]
    right: str = ""
    states: tuple[Finding.State, ...] = (Finding.State.OPEN, Finding.State.SET_ASIDE)
    is_retreat: bool = False


# By their names in forms. What is not here needs a person: what is archived, left over, or a duplicate.
REPAIRS = {
    "find": Repair(
        gettext_lazy("Point the row at the same bytes, or mark the photo as missing"),
        frozenset({Kind.DANGLING, Kind.WRONG_SIZE, Kind.WRONG_ETAG}),
        find_original,
    ),
    "undelete": Repair(
        gettext_lazy("Undelete"), frozenset({Kind.HIDDEN}), undelete, right="storage_admin.recover_object"
    ),
    "make-private": Repair(
        gettext_lazy("Make the ACL private"),
        frozenset({Kind.WRONG_ACL}),
        make_private,
        right="storage_admin.change_object_acl",
    ),
    "derive": Repair(
        gettext_lazy("Make the rendition again"), frozenset({Kind.MISSING_RENDITION}), derive_again
    ),
    "attach": Repair(gettext_lazy("Make a row for it"), frozenset({Kind.ORPHAN}), attach),
    "quarantine": Repair(
        gettext_lazy("Put into quarantine"),
        frozenset({Kind.ORPHAN, Kind.LOOSE_RENDITION}),
        put_aside,
        right="storage_admin.edit_object",
        states=(Finding.State.OPEN,),
    ),
    "release": Repair(
        gettext_lazy("Take out of quarantine"),
        frozenset({Kind.ORPHAN, Kind.LOOSE_RENDITION}),
        release,
        right="storage_admin.edit_object",
        states=(Finding.State.SET_ASIDE,),
        is_retreat=True,
    ),
}
