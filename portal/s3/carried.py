"""What a copy must be told, so that the new object has what the old one had."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from django.utils.translation import gettext as _

from portal.s3 import acl, ownership, tags
from portal.s3.acl import Acl
from portal.s3.attributes import Attributes
from portal.s3.errors import BadRequest, Unsupported
from portal.s3.types import Algorithm

MAX_METADATA_BYTES = 2 * 1024  # of user metadata, names and values (UG:UsingMetadata)


def kept(of: Attributes) -> dict[str, Any]:
    """Return what a copy would otherwise take from the bucket's defaults."""
    kept: dict[str, Any] = {"StorageClass": of.storage_class}
    if of.encryption is not Algorithm.NONE:
        kept["ServerSideEncryption"] = of.encryption.value
    if of.kms_key:
        kept |= {"SSEKMSKeyId": of.kms_key, "BucketKeyEnabled": of.bucket_key}
    if of.retention is not None and of.retention.until > datetime.now(UTC):
        kept |= {
            "ObjectLockMode": of.retention.mode.value,
            "ObjectLockRetainUntilDate": of.retention.until,
        }
    if of.legal_hold:
        kept["ObjectLockLegalHoldStatus"] = "ON"
    if of.redirect:
        kept["WebsiteRedirectLocation"] = of.redirect
    return kept


def described(of: Attributes) -> dict[str, Any]:
    """Return the metadata and headers in full, as a replacement must name them."""
    headers = {
        "ContentType": of.headers.content_type,
        "CacheControl": of.headers.cache_control,
        "ContentDisposition": of.headers.content_disposition,
        "ContentEncoding": of.headers.content_encoding,
        "ContentLanguage": of.headers.content_language,
        "Expires": of.headers.expires,
    }
    return {"Metadata": of.metadata} | {name: value for name, value in headers.items() if value}


def tagging(bucket: str, key: str, version_id: str, *, alias: str) -> dict[str, str]:
    """Return the tags for a multipart upload, which copies none; to be read before anything is written.

    A blank is %20 in it: Ceph takes a + for itself.
    """
    found = tags.of_object(bucket, key, version_id=version_id, alias=alias)
    return {"Tagging": urlencode(found, quote_via=quote)} if found else {}


def acl_to_carry(bucket: str, key: str, version_id: str, *, to_bucket: str, alias: str) -> Acl | None:
    """Return the ACL to set on the copy; None where every new object has it, or where none counts."""
    try:
        has_acls = ownership.read(to_bucket, alias=alias).has_acls
    except Unsupported:
        has_acls = True  # no such setting: ACLs, if the store has any, count
    if not has_acls:
        return None
    try:
        found = acl.of_object(bucket, key, version_id=version_id, alias=alias)
    except Unsupported:
        return None
    return None if found.is_private else found


def check_metadata(found: Attributes, wanted: Mapping[str, str]) -> None:
    if found.unreadable_metadata:
        raise BadRequest(_("The object has metadata that HTTP cannot show; the change would lose it."))
    for name, value in wanted.items():
        if not (name.isascii() and value.isascii()):
            raise BadRequest(_("Metadata is ASCII only: “%(name)s” is not.") % {"name": name})
    if (size := sum(len(name) + len(value) for name, value in wanted.items())) > MAX_METADATA_BYTES:
        raise BadRequest(
            _("The metadata has %(size)d bytes; S3 allows %(most)d.")
            % {"size": size, "most": MAX_METADATA_BYTES}
        )
