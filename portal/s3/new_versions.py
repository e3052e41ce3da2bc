"""Writing new bytes over an object, with all that stood beside the old ones."""

from __future__ import annotations

from dataclasses import replace
from typing import IO, Any

from django.utils.translation import gettext as _

from portal.s3 import acl, carried, conditional, session
from portal.s3.attributes import Attributes
from portal.s3.errors import PartlyDone, S3Error, translated
from portal.s3.objects import base64_of
from portal.s3.session import Timeouts


def write(
    bucket: str,
    before: Attributes,
    body: bytes | IO[bytes],
    *,
    content_type: str,
    storage_class: str,
    sha256: str,
    alias: str = session.DEFAULT,
) -> str:
    """Store new bytes over `before`, the current version; return the new version's id, empty if it has none.

    Metadata, the other headers, tags, encryption and ACL are those of before; a lock is not: the
    bucket's default counts. `sha256` is in hex. Conflict when the object is no longer `before`;
    BadContent; BadRequest when it has metadata that HTTP cannot show; PartlyDone when the ACL is lost.
    """
    carried.check_metadata(before, before.metadata)
    key, version_id = before.key, before.version_id
    wanted = replace(
        before,
        retention=None,
        legal_hold=False,
        storage_class=storage_class,
        headers=replace(before.headers, content_type=content_type),
    )
    own_acl = carried.acl_to_carry(bucket, key, version_id, to_bucket=bucket, alias=alias)
    params: dict[str, Any] = {
        **carried.kept(wanted),
        **carried.described(wanted),
        **carried.tagging(bucket, key, version_id, alias=alias),
        "IfMatch": f'"{before.etag}"',
        "ChecksumSHA256": base64_of(sha256),
    }
    with translated("PutObject"):
        stored = conditional.put_object(
            session.client(alias, Timeouts.WORKER), alias=alias, Bucket=bucket, Key=key, Body=body, **params
        )
    made = str(stored.get("VersionId", ""))
    if own_acl is not None:
        try:
            acl.write_object(bucket, key, version_id=made, acl=own_acl, alias=alias)
        except S3Error as error:
            raise PartlyDone(
                _("The new version is stored, but is private now: %(reason)s") % {"reason": error},
                operation=error.operation, code=error.code, request_id=error.request_id,
            ) from error  # fmt: skip
    return made
