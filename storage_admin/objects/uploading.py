"""Taking files from people into a bucket. Photos go by the photo upload: it checks what they are."""

from __future__ import annotations

import hashlib
import mimetypes

from django.conf import settings
from django.core.files import File
from django.utils.translation import gettext as _

from photos import keys
from portal.access import Actor, require
from portal.display import size
from portal.s3 import attributes, new_versions, objects, versioning
from portal.s3.attributes import Attributes
from portal.s3.errors import ObjectNotFound
from portal.s3.types import VersioningState
from storage_admin.errors import NotPossible
from storage_admin.models import Bucket
from storage_admin.objects.destroying import DESTROY
from storage_admin.objects.seen import Seen, unchanged_newest
from storage_admin.traces import Trace, traced

UPLOAD = "storage_admin.upload_object"
MAX_KEY_BYTES = 1024  # of UTF-8 (UG:object-keys)
CHUNK_BYTES = 1 << 20
PLAIN_TYPE = "application/octet-stream"


def upload(
    *,
    actor: Actor,
    bucket: Bucket,
    key: str,
    file: File,
    content_type: str = "",
    storage_class: str = "",
    overwrite: bool = False,
    reason: str = "",
) -> str:
    """Store a file under the key; return its version's id, empty where the bucket gives none.

    NotPossible where an object is there already, unless `overwrite`; that asks for the right to
    destroy where the bucket would not keep what is overwritten. The type is guessed by the name
    when none is given, the class is the store's default.
    """
    with traced("object.uploaded", actor, bucket, UPLOAD, key=key) as trace:
        trace.reason = reason
        _refuse_place(bucket, key)
        before = _current(bucket, key)
        if before is not None:
            if not overwrite:
                raise NotPossible(_("There is an object of this name already."))
            _refuse_loss(actor, bucket, before, trace)
        digest = _measured(file)
        made = objects.put(
            bucket.name, key, file.file or file, content_type=content_type or guessed_type(key),
            storage_class=storage_class, if_etag=before.etag if before else "", sha256=digest,
            alias=bucket.connection,
        )  # fmt: skip
        _verify(bucket, key, made.version_id, file, digest, trace)
        return made.version_id


def upload_version(
    *,
    actor: Actor,
    bucket: Bucket,
    key: str,
    seen: Seen,
    file: File,
    content_type: str = "",
    storage_class: str = "",
    reason: str = "",
) -> str:
    """Store new bytes over the version seen, with its metadata, headers, tags and ACL; return the new id.

    ChangedMeanwhile when it is not the newest any more; else as `upload`.
    """
    with traced("object.uploaded", actor, bucket, UPLOAD, key=key, version_id=seen.version_id) as trace:
        trace.reason = reason
        _refuse_place(bucket, key)
        before = unchanged_newest(bucket, key, seen)
        _refuse_loss(actor, bucket, before, trace)
        digest = _measured(file)
        made = new_versions.write(
            bucket.name, before, file.file or file, content_type=content_type or guessed_type(key),
            storage_class=storage_class or before.storage_class, sha256=digest, alias=bucket.connection,
        )  # fmt: skip
        _verify(bucket, key, made, file, digest, trace)
        return made


def guessed_type(name: str) -> str:
    """Return the media type that the name's extension stands for."""
    kind, encoding = mimetypes.guess_type(name)
    if encoding:  # "x.tar.gz" is a gzip file, not a tar that some header unpacks
        return "application/gzip" if encoding == "gzip" else PLAIN_TYPE
    return kind or PLAIN_TYPE


def place_against(bucket: Bucket, key: str) -> str:
    """Return why nothing is uploaded to this key, else an empty text."""
    if bucket.holds_photos and key.startswith((keys.ORIGINALS, keys.RENDITIONS)):
        return _("Photos and their renditions lie here. Upload photos on the page for that.")
    return ""


def loses_bytes(state: VersioningState, before: Attributes) -> bool:
    """Whether writing over this version destroys it: it has no id of its own, and the next takes its."""
    if state is VersioningState.SUSPENDED:
        return before.version_id in {"", "null"}
    return state is VersioningState.NEVER_SET


def _refuse_place(bucket: Bucket, key: str) -> None:
    if reason := place_against(bucket, key):
        raise NotPossible(reason)
    if len(key.encode("utf-8", "surrogatepass")) > MAX_KEY_BYTES:
        raise NotPossible(_("The key has more than %(most)d bytes.") % {"most": MAX_KEY_BYTES})


def _refuse_loss(actor: Actor, bucket: Bucket, before: Attributes, trace: Trace) -> None:
    """Ask for the right to destroy where the bytes of before would be lost; keep what they were."""
    state = versioning.read(bucket.name, alias=bucket.connection).state
    trace.before = {"bytes": before.bytes, "etag": before.etag, "version": before.version_id}
    if loses_bytes(state, before):
        require(actor, DESTROY)
        trace.before["kept"] = False


def _current(bucket: Bucket, key: str) -> Attributes | None:
    try:
        return attributes.read(bucket.name, key, alias=bucket.connection)
    except ObjectNotFound:
        return None


def _measured(file: File) -> str:
    """Return the file's SHA-256 in hex, ready to be read again; NotPossible for one that is too large."""
    if file.size > settings.MAX_UPLOAD_BYTES:
        raise NotPossible(
            _("The file has %(size)s; at most %(most)s are taken (MAX_UPLOAD_BYTES).")
            % {"size": size(file.size), "most": size(settings.MAX_UPLOAD_BYTES)}
        )
    digest = hashlib.sha256()
    for chunk in file.chunks(CHUNK_BYTES):
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()


def _verify(bucket: Bucket, key: str, version_id: str, file: File, digest: str, trace: Trace) -> None:
    """Keep what was stored, and look whether it is."""
    trace.version_id = version_id
    trace.after = {"bytes": file.size, "sha256": digest}
    there = objects.head(bucket.name, key, version_id=version_id, alias=bucket.connection)
    trace.after |= {"etag": there.etag, "type": there.content_type}
    if there.bytes != file.size or there.sha256 not in {"", digest}:
        raise NotPossible(_("The store took the file, but has other bytes now. Look at the object."))
