"""Copies that lose nothing: to another key, or onto itself, which is how S3 changes class or metadata.

CopyObject keeps metadata and tags by itself; class, encryption, ACL, retention and legal hold it
takes from defaults, unless they are sent again (API:CopyObject). Managed `client.copy()` is not
used: onto the same key it loses the tags of objects above 8 MB.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext as _

from portal.s3 import acl, attributes, carried, elsewhere, multipart_copy, session, waiting
from portal.s3.attributes import Attributes, Headers
from portal.s3.delete_markers import hide
from portal.s3.errors import (
    BadRequest,
    Conflict,
    ObjectArchived,
    ObjectNotFound,
    PartlyDone,
    S3Error,
    translated,
)
from portal.s3.session import Timeouts
from portal.s3.types import Algorithm
from portal.s3.version_param import version_param

MAX_COPY_BYTES = 5 * 1024**3  # of one CopyObject; larger objects are copied in parts
WEB_COPY_BYTES = 64 * 1024**2  # what a store copies well within a web request's time-out


@dataclass(frozen=True)
class Place:
    """A key in a bucket, and which of its versions; empty: the current one."""

    bucket: str
    key: str
    version_id: str = ""


@dataclass(frozen=True)
class Copied:
    """What there is now, and of which version. `is_new` False: nothing had to be done."""

    version_id: str
    etag: str
    is_new: bool = True
    of_version: str = ""


@dataclass(frozen=True)
class _Wanted:
    """The new object: what the old one has, but for what was asked to change."""

    attributes: Attributes
    edits_metadata: bool = False


def change_class(
    bucket: str, key: str, storage_class: str, *, if_etag: str = "", alias: str = session.DEFAULT
) -> Copied:
    """Move the current version into another class; all else stays as it is.

    Versioned buckets get one more version, and the old one stays, billed, in its class. Conflict
    when the object is no longer the one of `if_etag`; ObjectArchived, CustomerKeyNeeded.
    """
    source = Place(bucket, key)
    found = _read(source, if_etag, alias)
    if found.storage_class == storage_class:
        return Copied(found.version_id, found.etag, is_new=False)  # S3 answers 400 to such a copy
    changed = _Wanted(replace(found, storage_class=storage_class))
    return _copy(source, found, source, changed, {"IfMatch": _quoted(found.etag)}, alias)


def edit(
    bucket: str,
    key: str,
    *,
    headers: Headers | None = None,
    metadata: Mapping[str, str] | None = None,
    if_etag: str = "",
    alias: str = session.DEFAULT,
) -> Copied:
    """Replace the headers, or the whole user metadata, of the current version; None keeps them.

    Errors as `change_class`; BadRequest for metadata that is not ASCII, or when the object has
    metadata that HTTP cannot show: replacing would lose it.
    """
    source = Place(bucket, key)
    found = _read(source, if_etag, alias)
    after = replace(
        found,
        headers=headers if headers is not None else found.headers,
        metadata=dict(metadata) if metadata is not None else found.metadata,
    )
    if after == found:
        return Copied(found.version_id, found.etag, is_new=False)
    wanted = _Wanted(after, edits_metadata=True)
    return _copy(source, found, source, wanted, {"IfMatch": _quoted(found.etag)}, alias)


def encrypt(
    bucket: str,
    key: str,
    algorithm: Algorithm,
    *,
    kms_key: str = "",
    bucket_key: bool = False,
    if_etag: str = "",
    alias: str = session.DEFAULT,
) -> Copied:
    """Encrypt the current version otherwise, by a copy; `encryption.move_to_kms` needs none, where S3 can."""
    source = Place(bucket, key)
    found = _read(source, if_etag, alias)
    after = replace(found, encryption=algorithm, kms_key=kms_key, bucket_key=bucket_key)
    if after == found:
        return Copied(found.version_id, found.etag, is_new=False)
    return _copy(source, found, source, _Wanted(after), {"IfMatch": _quoted(found.etag)}, alias)


def restore_version(
    bucket: str, key: str, version_id: str, *, if_etag: str | None = None, alias: str = session.DEFAULT
) -> Copied:
    """Make an older version the current one again, by a copy on top; all versions stay.

    `if_etag` is the current object's, as it was seen; empty: it was hidden by a delete marker.
    ObjectArchived when the version must be restored first; Conflict when somebody wrote meanwhile.
    """
    source = Place(bucket, key, version_id)
    found = _read(source, "", alias)
    try:
        on_top = attributes.read(bucket, key, alias=alias).etag
    except ObjectNotFound:
        on_top = ""  # it is hidden by a marker
    if if_etag is not None and on_top != if_etag:
        raise Conflict(_("The object was changed meanwhile."), operation="CopyObject")
    condition = {"IfMatch": _quoted(on_top)} if on_top else {"IfNoneMatch": "*"}
    return _copy(source, found, Place(bucket, key), _Wanted(found), condition, alias)


def copy(
    source: Place, target: Place, *, overwrite: bool = False, if_etag: str = "", alias: str = session.DEFAULT
) -> Copied:
    """Copy one version to another key, perhaps of another bucket. Conflict when that exists, unless told."""
    found = _read(source, if_etag, alias)
    condition: dict[str, str] = {}
    if not overwrite:
        _refuse_existing(target, alias)
        condition = {"IfNoneMatch": "*"}
    return _copy(source, found, target, _Wanted(found), condition, alias)


def move(
    source: Place, target: Place, *, overwrite: bool = False, if_etag: str = "", alias: str = session.DEFAULT
) -> Copied:
    """Copy the current version, verify the copy, then delete the source if it is still the same.

    On any failure the source stays; PartlyDone says that the copy stays, too. In a versioned bucket
    the source is hidden, not destroyed.
    """
    if source.version_id:
        raise BadRequest(_("Only the current version of an object can be moved."))
    before = _read(source, if_etag, alias)
    copied = copy(source, target, overwrite=overwrite, if_etag=before.etag, alias=alias)
    try:
        arrived = waiting.for_written(target.bucket, target.key, copied.version_id, alias=alias)
        if arrived.bytes != before.bytes:
            raise Conflict(_("The copy has another size than the original."))
        if not same_checksum(before, arrived):
            raise Conflict(_("The copy has another checksum than the original."))
        hide(source.bucket, source.key, if_etag=before.etag, alias=alias)
    except S3Error as error:
        raise _partly(
            _("The object was copied, but the original stays where it is: %(reason)s"), error
        ) from error
    return copied


def same_checksum(one: Attributes, other: Attributes) -> bool:
    """Whether the checksums agree; also True where there are none of the same kind to compare.

    One of a multipart upload, "...-3", is made of its parts' and says nothing of a copy in one piece.
    """
    kind, _space, digest = one.checksum.partition(" ")
    other_kind, _space, other_digest = other.checksum.partition(" ")
    comparable = kind and kind == other_kind and "-" not in digest + other_digest
    return digest == other_digest if comparable else True


def _read(source: Place, if_etag: str, alias: str) -> Attributes:
    found = attributes.read(source.bucket, source.key, version_id=source.version_id, alias=alias)
    if if_etag and found.etag != if_etag:
        raise Conflict(_("The object was changed meanwhile."), operation="CopyObject")
    if not found.is_readable:
        raise ObjectArchived(_("The object is archived; restore it first."), operation="CopyObject")
    return found


def _refuse_existing(target: Place, alias: str) -> None:
    """Look before: not every store heeds If-None-Match on a copy."""
    try:
        attributes.read(target.bucket, target.key, alias=alias)
    except ObjectNotFound:
        return
    raise Conflict(_("There is an object of that name already."), operation="CopyObject")


def _copy(
    source: Place, found: Attributes, target: Place, wanted: _Wanted, condition: dict[str, str], alias: str
) -> Copied:
    carried_acl = carried.acl_to_carry(
        source.bucket, source.key, source.version_id, to_bucket=target.bucket, alias=alias
    )
    if wanted.edits_metadata:
        carried.check_metadata(found, wanted.attributes.metadata)
    exact = replace(source, version_id=source.version_id or found.version_id)
    if found.bytes > MAX_COPY_BYTES:
        carried.check_metadata(found, wanted.attributes.metadata)
        answer = multipart_copy.run(
            source=_named(exact),
            etag=found.etag,
            size=found.bytes,
            target={"Bucket": target.bucket, "Key": target.key},
            created_with={
                **carried.kept(wanted.attributes),
                **carried.described(wanted.attributes),
                **carried.tagging(exact.bucket, exact.key, exact.version_id, alias=alias),
            },
            condition=condition,
            alias=alias,
        )
    else:
        answer = _copy_at_once(exact, found, target, wanted, condition, alias)
    etag = answer.get("CopyObjectResult", answer).get("ETag", "").strip('"')
    version_id = str(answer.get("VersionId", ""))
    if exact.version_id:
        version_id = elsewhere.version_made(target.bucket, target.key, version_id, etag, alias=alias)
    if found.tag_count:
        try:
            elsewhere.keep_tags(_named(exact), _named(replace(target, version_id=version_id)), alias=alias)
        except S3Error as error:
            raise _partly(_("The object was copied, but lost its tags: %(reason)s"), error) from error
    if carried_acl is not None:
        try:
            acl.write_object(target.bucket, target.key, version_id=version_id, acl=carried_acl, alias=alias)
        except S3Error as error:
            raise _partly(_("The object was copied, but is private now: %(reason)s"), error) from error
    return Copied(version_id, etag, of_version=exact.version_id)


def _copy_at_once(
    source: Place, found: Attributes, target: Place, wanted: _Wanted, condition: dict[str, str], alias: str
) -> Any:
    timeouts = Timeouts.WEB if found.bytes <= WEB_COPY_BYTES else Timeouts.WORKER
    client = session.client(alias, timeouts)
    params: dict[str, Any] = {
        "Bucket": target.bucket,
        "Key": target.key,
        "CopySource": _named(source),
        "CopySourceIfMatch": _quoted(found.etag),
        "TaggingDirective": "COPY",
        **carried.kept(wanted.attributes),
        **condition,
    }
    described = {"MetadataDirective": "REPLACE", **carried.described(wanted.attributes)}
    if wanted.edits_metadata:
        params |= described
    else:
        params["MetadataDirective"] = "COPY"
    return _or_described(client, params, described, found)


def _or_described(client: Any, params: dict[str, Any], described: dict[str, Any], found: Attributes) -> Any:
    """Copy; a store that takes a copy onto itself for none unless metadata is sent gets it sent."""
    try:
        with translated("CopyObject"):
            return client.copy_object(**params)
    except BadRequest as error:
        told_to_change = error.code == "InvalidRequest" and params["MetadataDirective"] == "COPY"
        if not told_to_change or found.unreadable_metadata:
            raise
    with translated("CopyObject"):
        return client.copy_object(**(params | described))


def _named(source: Place) -> dict[str, str]:
    # As a dict, also for CopySource: boto3 then encodes the key, and only the key (`+`, `%`, `?` and more).
    return {"Bucket": source.bucket, "Key": source.key} | version_param(source.version_id)


def _quoted(etag: str) -> str:
    return f'"{etag}"'


def _partly(sentence: str, error: S3Error) -> PartlyDone:
    return PartlyDone(
        sentence % {"reason": error},
        operation=error.operation,
        code=error.code,
        request_id=error.request_id,
    )
