"""What people do to single objects: permission, state, one call to the store, and the trace of it.

Each asks the store again before it changes anything: what the form showed may be old. Every
try is kept, also one that was refused or failed; nothing is called done that was not.
"""

from django.conf import settings
from django.utils.translation import gettext as _

from photos import keys
from photos import services as photos
from photos.models import Photo
from portal.access import Actor, require
from portal.display import size
from portal.s3 import attributes, copying, delete_markers, listing, objects, temporary, versioning
from portal.s3.attributes import Attributes
from portal.s3.copying import Copied
from portal.s3.listing import ListedVersion
from portal.s3.temporary import TemporaryLink
from storage_admin.errors import ChangedMeanwhile, NotPossible
from storage_admin.exports import register
from storage_admin.models import Bucket
from storage_admin.traces import traced

# Copying this much within a store takes seconds; gunicorn ends a request after 30.
MAX_RESTORE_BYTES = 512 * 1024**2
MAX_STACKED_MARKERS = 20
SHOWN_BEFORE = 1_000  # versions looked at for one that lies below the markers


def photo_of(bucket: Bucket, key: str) -> Photo | None:
    """Return the photo whose original lies, or lay, under this key."""
    if not bucket.holds_photos or "\0" in key:  # PostgreSQL takes no text with a NUL in it
        return None
    return Photo.objects.select_related("pet").filter(bucket=bucket.name, key=key).first()


def as_in_rows(version_id: str) -> str:
    """Return a version's id as rows of photos have it: one without a name of its own is empty there."""
    return "" if version_id == "null" else version_id


def download_right(bucket: Bucket, key: str) -> str:
    """Return the right to take these bytes out of the house; originals have one of their own.

    So have the ZIPs that the portal made of a bucket with originals in it, wherever they lie.
    """
    packed = register.job_of(bucket, key)
    originals = (keys.ORIGINALS, settings.ARRIVALS_PREFIX)
    if (bucket.holds_photos and key.startswith(originals)) or (packed and packed.bucket.holds_photos):
        return "photos.download_original"
    return "storage_admin.download_object"


def hide(*, actor: Actor, bucket: Bucket, key: str, version_id: str) -> str:
    """Put a delete marker on the key, whose newest version must be the named one; return the marker's id.

    NotPossible unless the bucket's versioning is on: elsewhere a delete destroys bytes. Nor for
    the original of a live photo: that goes by the photo's own trash.
    """
    with traced(
        "object.hidden", actor, bucket, "storage_admin.hide_object", key=key, version_id=version_id
    ) as trace:
        photo = photo_of(bucket, key)
        if photo is not None and photo.is_live:
            raise NotPossible(
                _("This is the original of the photo “%(photo)s”. Move the photo to the trash instead.")
                % {"photo": photo}
            )
        if versioning.read(bucket.name, alias=bucket.connection).plain_delete_destroys:
            raise NotPossible(
                _("Deleting here would destroy the object: the bucket's versioning is not switched on.")
            )
        newest = _newest(bucket, key, version_id)
        if newest.is_delete_marker:
            raise NotPossible(_("The object is deleted already."))
        trace.before = {"bytes": newest.bytes, "etag": newest.etag}
        marker = delete_markers.hide(bucket.name, key, if_etag=newest.etag, alias=bucket.connection)
        trace.after = {"marker": marker}
        return marker


def undelete(*, actor: Actor, bucket: Bucket, key: str, version_id: str) -> int:
    """Remove the delete marker, and those stacked below it, by their version ids; return how many.

    `version_id` is the newest marker as the form showed it. NotPossible when no version lies below.
    """
    with traced(
        "object.undeleted", actor, bucket, "storage_admin.recover_object", key=key, version_id=version_id
    ) as trace:
        newest = _newest(bucket, key, version_id)
        below = listing.key_versions(bucket.name, key, size=SHOWN_BEFORE, alias=bucket.connection)
        if not newest.is_delete_marker:
            raise NotPossible(_("The object is not deleted."))
        if below.next_mark is None and all(one.is_delete_marker for one in below.versions):
            raise NotPossible(_("No version of this object is left: there is nothing to bring back."))
        # Only those that were there when the button was pressed: who deletes it anew means it.
        seen = {one.version_id for one in below.versions if one.is_delete_marker}
        removed: list[str] = []
        while newest.version_id in seen and len(removed) < MAX_STACKED_MARKERS:
            [outcome] = objects.delete_versions(
                bucket.name, [(key, newest.version_id)], alias=bucket.connection
            )
            if outcome.code:
                raise NotPossible(
                    _("The store would not remove the delete marker: %(message)s (%(code)s)")
                    % {"message": outcome.message, "code": outcome.code}
                )
            there_now = _newest(bucket, key)
            if there_now.version_id == newest.version_id:  # SeaweedFS, with the marker of a suspended bucket
                raise NotPossible(
                    _("The store keeps this delete marker, and says otherwise. Restore an older version.")
                )
            removed.append(newest.version_id)
            trace.after = {"removed_markers": removed}
            newest = there_now
        if newest.is_delete_marker:
            raise NotPossible(
                _("%(count)s delete markers were removed, but another one is there. Look at it again first.")
                % {"count": len(removed)}
            )
        return len(removed)


def restore_version(*, actor: Actor, bucket: Bucket, key: str, version_id: str, newest_id: str) -> str:
    """Copy an older version on top of `newest_id`, which must still be the newest; return the new id."""
    with traced(
        "object.restored", actor, bucket, "storage_admin.recover_object", key=key, version_id=version_id
    ) as trace:
        newest = _newest(bucket, key, newest_id)
        if newest.version_id == version_id:
            raise NotPossible(_("This version is the newest already."))
        old = attributes.read(bucket.name, key, version_id=version_id, alias=bucket.connection)
        if old.bytes > MAX_RESTORE_BYTES:
            raise NotPossible(
                _("The version has %(size)s; from a page, at most %(most)s are copied.")
                % {"size": size(old.bytes), "most": size(MAX_RESTORE_BYTES)}
            )
        trace.before = {"newest": newest.version_id}
        made = copying.restore_version(
            bucket.name, key, version_id, if_etag=newest.etag, alias=bucket.connection
        )
        trace.after = {"newest": made.version_id, "bytes": old.bytes, "etag": old.etag}
        _follow(actor, bucket, key, newest.version_id, old, made)
        return made.version_id


def opened_for_download(*, actor: Actor, bucket: Bucket, key: str, version_id: str) -> Attributes:
    """Return what the store says of the version that is about to be downloaded; that it was, is kept."""
    right = download_right(bucket, key)
    with traced("object.downloaded", actor, bucket, right, key=key, version_id=version_id) as trace:
        found = _readable(bucket, key, version_id)
        trace.version_id = found.version_id
        return found


def share(
    *, actor: Actor, bucket: Bucket, key: str, version_id: str, seconds: int, disposition: str
) -> TemporaryLink:
    """Make a signed address of the version for whoever is given it; it cannot be taken back."""
    with traced(
        "object.shared", actor, bucket, "storage_admin.share_object", key=key, version_id=version_id
    ) as trace:
        require(actor, download_right(bucket, key))
        found = _readable(bucket, key, version_id)
        if not temporary.opens_in_browsers(key):
            raise NotPossible(_("Browsers cannot open this key: they change “.” and “..” in addresses."))
        link = temporary.make(
            bucket.name, key, seconds=seconds, version_id=found.version_id, disposition=disposition,
            alias=bucket.connection,
        )  # fmt: skip
        trace.version_id = found.version_id
        trace.after = {"ends_at": link.ends_at.isoformat(timespec="seconds")}
        return link


def _follow(actor: Actor, bucket: Bucket, key: str, newest_id: str, old: Attributes, made: Copied) -> None:
    """Let a photo's row go with its bytes: the version restored may be the one before a change of class."""
    photo = photo_of(bucket, key)
    if photo is None or photo.version_id != as_in_rows(newest_id):
        return
    # By the digest where the store has it: copies in parts, or with a KMS key, have ETags of their own.
    digest = f"SHA256 {objects.base64_of(photo.sha256)}" if photo.sha256 else ""
    if old.etag == photo.etag or (digest and old.checksum == digest):
        photos.follow_copy(
            actor=actor,
            photo=photo,
            copied_from=as_in_rows(newest_id),
            version_id=as_in_rows(made.version_id),
            etag=made.etag,
        )


def _readable(bucket: Bucket, key: str, version_id: str) -> Attributes:
    found = attributes.read(bucket.name, key, version_id=version_id, alias=bucket.connection)
    if not found.is_readable:
        raise NotPossible(_("The object is archived; it must be restored before it can be read."))
    return found


def _newest(bucket: Bucket, key: str, expected_id: str = "") -> ListedVersion:
    """Return the newest entry of the key; ChangedMeanwhile when it is not the one that the form showed."""
    page = listing.key_versions(bucket.name, key, size=1, alias=bucket.connection)
    newest = page.versions[0] if page.versions else None
    if newest is None or (expected_id and newest.version_id != expected_id):
        raise ChangedMeanwhile(
            _("The object was changed meanwhile. Nothing was done; look at it again first.")
        )
    return newest
