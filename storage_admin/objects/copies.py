"""Copying and moving a version: within a bucket, to another one, and to another store.

A move is a copy that was looked at, and then a delete of the source by its ETag: on any failure the
source stays. Nothing at the target is overwritten unless that was said.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from portal import audit, spelling
from portal.access import Actor, require
from portal.display import size
from portal.s3 import attributes, copying, delete_markers, transfer, versioning, waiting
from portal.s3.attributes import Attributes
from portal.s3.copying import Place
from portal.s3.errors import ObjectNotFound, PartlyDone, S3Error
from storage_admin.errors import NotKept, NotPossible, TakesJob
from storage_admin.models import Bucket
from storage_admin.objects import uploading
from storage_admin.objects.changes import too_large
from storage_admin.objects.destroying import DESTROY
from storage_admin.objects.seen import Seen, unchanged_newest, unchanged_version
from storage_admin.objects.services import MAX_RESTORE_BYTES, download_right, photo_of
from storage_admin.traces import Trace, as_kept, traced

RIGHT = uploading.UPLOAD
HIDE = "storage_admin.hide_object"
# Between stores the bytes pass through the portal, twice: in a request that ends after 30 s.
MAX_TRANSFER_BYTES = 128 * 1024**2


@dataclass(frozen=True)
class Landed:
    """Where the copy is, and in sentences what of the source it does not have."""

    bucket: Bucket
    key: str
    version_id: str
    lost: tuple[str, ...] = ()


def copy(
    *, actor: Actor, bucket: Bucket, key: str, seen: Seen, to: Bucket, to_key: str, overwrite: bool = False
) -> Landed:
    """Copy the version that was seen. Out of its bucket, the right to download it is asked for, too."""
    with traced("object.copied", actor, bucket, RIGHT, key=key, version_id=seen.version_id) as trace:
        found = unchanged_version(bucket, key, seen)
        return _copied(trace, actor, bucket, found, to, to_key, overwrite=overwrite)


def move(
    *, actor: Actor, bucket: Bucket, key: str, seen: Seen, to: Bucket, to_key: str, overwrite: bool = False
) -> Landed:
    """Copy the newest version, look at the copy, then delete the source: a marker hides it, and its versions.

    Where the bucket keeps no versions that destroys the source, and asks for the right to. PartlyDone
    when the copy is there and the source, too. A photo's original stays where its row says.
    """
    with traced("object.moved", actor, bucket, RIGHT, key=key, version_id=seen.version_id) as trace:
        require(actor, HIDE)
        if words := photo_stays(bucket, key):
            raise NotPossible(words)
        if versioning.read(bucket.name, alias=bucket.connection).plain_delete_destroys:
            require(actor, DESTROY)
        found = unchanged_newest(bucket, key, seen)
        landed = _copied(trace, actor, bucket, found, to, to_key, overwrite=overwrite)
        try:
            marker = delete_markers.hide(bucket.name, key, if_etag=found.etag, alias=bucket.connection)
        except S3Error as error:
            raise PartlyDone(
                _("It was copied to “%(key)s”, but the original stays where it is: %(reason)s")
                % {"key": spelling.plain(to_key), "reason": error},
                operation=error.operation, code=error.code, request_id=error.request_id,
            ) from error  # fmt: skip
        trace.after["marker"] = marker
        return landed


def photo_stays(bucket: Bucket, key: str) -> str:
    """Return why the key is not moved: a photo's row names it, whatever has become of the photo."""
    photo = photo_of(bucket, key)
    if photo is None:
        return ""
    return _("The photo “%(photo)s” is kept under this key: it is not moved or renamed.") % {"photo": photo}


def _copied(
    trace: Trace, actor: Actor, bucket: Bucket, found: Attributes, to: Bucket, to_key: str, *, overwrite: bool
) -> Landed:
    if to.pk != bucket.pk:
        require(actor, download_right(bucket, found.key))
    is_near = to.connection == bucket.connection
    most = MAX_RESTORE_BYTES if is_near else MAX_TRANSFER_BYTES
    if found.bytes > most:
        raise TakesJob(too_large(found.bytes, most))
    _check_target(actor, bucket, found.key, to, to_key, overwrite=overwrite)
    trace.before = {"bytes": found.bytes, "etag": found.etag}
    source, target = Place(bucket.name, found.key, found.version_id), Place(to.name, to_key)
    lost: tuple[str, ...] = ()
    if is_near:
        made = copying.copy(source, target, overwrite=overwrite, if_etag=found.etag, alias=bucket.connection)
        version_id = made.version_id
    else:
        sent = transfer.copy(
            source, target, source_alias=bucket.connection, target_alias=to.connection,
            overwrite=overwrite, if_etag=found.etag,
        )  # fmt: skip
        version_id, lost = sent.version_id, sent.lost
    trace.after = {
        "connection": to.connection, "bucket": to.name, "key": as_kept(to_key), "version_id": version_id,
        "lost": list(lost),
    }  # fmt: skip
    arrived = waiting.for_written(to.name, to_key, version_id, alias=to.connection)
    if arrived.bytes != found.bytes or not copying.same_checksum(found, arrived):
        raise NotKept(_("The copy is not what the original is: look at both. The original was not touched."))
    # The target's own page tells where it came from.
    audit.record(
        "object.arrived", actor=actor, target=to, bucket=to.name, key=as_kept(to_key), version_id=version_id,
        after={
            "version_id": version_id, "from_bucket": bucket.name, "from_key": as_kept(found.key),
            "from_version": found.version_id,
        },
    )  # fmt: skip
    return Landed(to, to_key, version_id, lost)


def _check_target(
    actor: Actor, bucket: Bucket, key: str, to: Bucket, to_key: str, *, overwrite: bool
) -> None:
    """Refuse a place that is the source itself, a photo's, no key, or taken."""
    if (to.pk, to_key) == (bucket.pk, key):
        raise NotPossible(_("That is where it lies already."))
    if not 1 <= len(to_key.encode()) <= uploading.MAX_KEY_BYTES:
        raise NotPossible(_("A key has 1 to %(most)d bytes.") % {"most": uploading.MAX_KEY_BYTES})
    if words := uploading.place_against(to, to_key):
        raise NotPossible(words)
    try:
        there = attributes.read(to.name, to_key, alias=to.connection)
    except ObjectNotFound:
        return
    if not overwrite:
        raise NotPossible(
            _("There is an object of that name already, of %(size)s. Say so if it is to be overwritten.")
            % {"size": size(there.bytes)}
        )
    if uploading.loses_bytes(versioning.read(to.name, alias=to.connection).state, there):
        require(actor, DESTROY)
