"""A copy from one store to another: CopyObject works within one alone, so the bytes pass through here.

Never more of them in memory than one part. What the target cannot keep is told, not dropped in
silence; what arrived is compared with what was read before it is called done.
"""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import structlog
from django.utils.translation import gettext as _

from portal.s3 import acl, attributes, capabilities, carried, session, tags, uploads, waiting
from portal.s3.attributes import Attributes
from portal.s3.copying import Place
from portal.s3.differences import Capability
from portal.s3.errors import (
    BadContent,
    Conflict,
    ObjectArchived,
    ObjectNotFound,
    S3Error,
    translated,
)
from portal.s3.patience import Budget, limited
from portal.s3.session import Timeouts
from portal.s3.types import Algorithm
from portal.s3.version_param import version_param

logger = structlog.get_logger(__name__)

PART_BYTES = 16 * 1024**2  # also the most that is held in memory, but for objects of more than 160 GB
MAX_PARTS = 10_000  # UG:qfacts
CHUNK_BYTES = 1024**2
ABORT_SECONDS = 2.0  # with the 8 of a page, what is left of its 10


@dataclass(frozen=True)
class Transferred:
    """What there is at the target now; `lost` says in sentences what of the source is not."""

    version_id: str
    etag: str
    bytes: int
    lost: tuple[str, ...] = field(default=())


def copy(
    source: Place,
    target: Place,
    *,
    source_alias: str,
    target_alias: str,
    overwrite: bool = False,
    if_etag: str = "",
) -> Transferred:
    """Copy one version into another store, with headers, metadata, tags, and the class if it has such.

    Conflict when the source is no longer the one of `if_etag`, or something is at the target and
    `overwrite` was not said; ObjectArchived, CustomerKeyNeeded; BadContent when the bytes that came
    are not those that the source announced. On any failure nothing is left of a multipart upload.
    """
    found = attributes.read(source.bucket, source.key, version_id=source.version_id, alias=source_alias)
    if if_etag and found.etag != if_etag:
        raise Conflict(_("The object was changed meanwhile."), operation="GetObject")
    if not found.is_readable:
        raise ObjectArchived(_("The object is archived; restore it first."), operation="GetObject")
    carried.check_metadata(found, found.metadata)
    exact = Place(source.bucket, source.key, source.version_id or found.version_id)
    own_tags = tags.of_object(exact.bucket, exact.key, version_id=exact.version_id, alias=source_alias)
    condition: dict[str, str] = {}
    if not overwrite:
        _refuse_existing(target, target_alias)
        condition = {"IfNoneMatch": "*"}
    beside, lost = _beside(found, target_alias)
    lost += _without_acl(exact, source_alias)
    body = _Checked(exact, found, source_alias)
    named = {"Bucket": target.bucket, "Key": target.key}
    if found.bytes <= PART_BYTES:
        stored = _put(named, body, beside, condition, target_alias)
    else:
        stored = _put_in_parts(named, body, beside, condition, target_alias)
    version_id = str(stored.get("VersionId", ""))
    arrived = waiting.for_written(target.bucket, target.key, version_id, alias=target_alias)
    if arrived.bytes != found.bytes:
        raise BadContent(_("The copy has another size than the original."), operation="PutObject")
    lost += _tag(target, version_id, own_tags, target_alias)
    return Transferred(version_id, arrived.etag, arrived.bytes, tuple(lost))


class _Checked:
    """The source's bytes in parts. At their end it is certain that they are all, and the right ones."""

    def __init__(self, source: Place, found: Attributes, alias: str) -> None:
        self.found = found
        version = version_param(source.version_id)
        with translated("GetObject"):
            self.body = session.client(alias, Timeouts.WORKER).get_object(
                Bucket=source.bucket, Key=source.key, IfMatch=f'"{found.etag}"', **version
            )["Body"]

    def parts(self) -> Iterator[bytes]:
        """Yield the parts; BadContent after the last when the whole is not what HEAD said."""
        size = max(PART_BYTES, math.ceil(self.found.bytes / MAX_PARTS))
        md5, sha256, count = hashlib.md5(usedforsecurity=False), hashlib.sha256(), 0
        try:
            while True:
                with translated("GetObject"):
                    part = b"".join(iter(_Upto(self.body, size)))
                if not part:
                    break
                md5.update(part)
                sha256.update(part)
                count += len(part)
                yield part
        finally:
            self.body.close()
        kind, _blank, digest = self.found.checksum.partition(" ")
        # An ETag of 32 digits is the MD5, but not of what a KMS key encrypts (API:Object).
        is_md5 = len(self.found.etag) == 32 and self.found.encryption in {Algorithm.NONE, Algorithm.SSE_S3}
        wrong = (
            count != self.found.bytes
            or (is_md5 and md5.hexdigest() != self.found.etag)
            or (kind == "SHA256" and "-" not in digest and _base64(sha256.digest()) != digest)
        )
        if wrong:
            raise BadContent(_("The bytes that the source sent are not those that it announced."))


class _Upto:
    """Chunks of a body, together at most so many bytes."""

    def __init__(self, body: Any, most: int) -> None:
        self.body, self.left = body, most

    def __iter__(self) -> Iterator[bytes]:
        while self.left:
            chunk: bytes = self.body.read(min(CHUNK_BYTES, self.left))
            if not chunk:
                return
            self.left -= len(chunk)
            yield chunk


def _put(
    named: dict[str, str], body: _Checked, beside: dict[str, Any], condition: dict[str, str], alias: str
) -> Any:
    whole = b"".join(body.parts())  # checked before the target sees a byte of it
    client: Any = session.client(alias, Timeouts.WORKER)
    with translated("PutObject"):
        return client.put_object(**named, Body=whole, ContentMD5=_md5(whole), **beside, **condition)


def _put_in_parts(
    named: dict[str, str], body: _Checked, beside: dict[str, Any], condition: dict[str, str], alias: str
) -> Any:
    client: Any = session.client(alias, Timeouts.WORKER)
    with translated("CreateMultipartUpload"):
        upload_id = client.create_multipart_upload(**named, **beside)["UploadId"]
    parts: list[dict[str, Any]] = []
    try:
        for number, part in enumerate(body.parts(), start=1):
            with translated("UploadPart"):
                answer = client.upload_part(
                    **named, UploadId=upload_id, PartNumber=number, Body=part, ContentMD5=_md5(part)
                )
            sums = {name: value for name, value in answer.items() if name.startswith("Checksum")}
            kept = {name: value for name, value in sums.items() if name != "ChecksumType"}
            parts.append({"PartNumber": number, "ETag": answer["ETag"], **kept})
        with translated("CompleteMultipartUpload"):
            return client.complete_multipart_upload(
                **named, UploadId=upload_id, MultipartUpload={"Parts": parts}, **condition
            )
    except BaseException:
        try:
            with limited(Budget(ABORT_SECONDS)):  # the page's own may be what ran out
                uploads.abort(named["Bucket"], named["Key"], upload_id, alias=alias)
        except S3Error as error:
            # The failure that led here is the one to tell.
            logger.warning(
                "transfer not aborted", bucket=named["Bucket"], upload_id=upload_id, error=str(error)
            )
        raise


def _beside(found: Attributes, alias: str) -> tuple[dict[str, Any], list[str]]:
    """Return what is written with the bytes, and what the target will not have of it."""
    lacks = capabilities.known(capabilities.server(alias))
    beside, lost = carried.described(found), []
    if Capability.CLASSES in lacks:
        lost.append(_("The class %(name)s: the target has no such classes.") % {"name": found.storage_class})
    else:
        beside["StorageClass"] = found.storage_class
    if found.redirect:
        beside["WebsiteRedirectLocation"] = found.redirect
    if found.kms_key or found.encryption in {Algorithm.SSE_KMS, Algorithm.DSSE_KMS}:
        lost.append(_("The encryption with a KMS key: the copy has the target bucket's default."))
    if found.retention or found.legal_hold:
        lost.append(_("The lock: the copy has the target bucket's default."))
    return beside, lost


def _without_acl(source: Place, alias: str) -> list[str]:
    """Say that grants stay behind: accounts of one store mean nothing in another."""
    try:
        found = acl.of_object(source.bucket, source.key, version_id=source.version_id, alias=alias)
    except S3Error:
        return [_("The ACL, which could not be read: the copy is private.")]
    return [] if found.is_private else [_("The ACL: the copy is private.")]


def _tag(target: Place, version_id: str, wanted: dict[str, str], alias: str) -> list[str]:
    if not wanted:
        return []
    try:
        tags.write_object(target.bucket, target.key, wanted, version_id=version_id, alias=alias)
    except S3Error as error:
        return [_("The tags: %(reason)s") % {"reason": error}]
    return []


def _refuse_existing(target: Place, alias: str) -> None:
    """Look before: not every store heeds If-None-Match on a multipart upload."""
    try:
        attributes.read(target.bucket, target.key, alias=alias)
    except ObjectNotFound:
        return
    raise Conflict(_("There is an object of that name already."), operation="PutObject")


def _md5(part: bytes) -> str:
    return _base64(hashlib.md5(part, usedforsecurity=False).digest())


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()
