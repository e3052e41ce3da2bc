"""Everything that S3 keeps beside an object's bytes, as HEAD tells it: what a copy must carry over."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from portal.s3 import session
from portal.s3.errors import BadRequest, ObjectNotFound, VersionNotFound, translated
from portal.s3.object_lock import Retention
from portal.s3.types import Algorithm, RetentionMode, StorageClass, lower_cased
from portal.s3.version_param import version_param

ARCHIVED = {StorageClass.GLACIER, StorageClass.DEEP_ARCHIVE}
_KINDS = ("SHA256", "SHA1", "CRC64NVME", "CRC32C", "CRC32")
_RESTORE = re.compile(r'(ongoing-request|expiry-date)="([^"]*)"')


@dataclass(frozen=True)
class Headers:
    """The headers that S3 sends with the object as it was told to; empty: not set."""

    content_type: str = ""
    cache_control: str = ""
    content_disposition: str = ""
    content_encoding: str = ""
    content_language: str = ""
    expires: str = ""  # as it stands: S3 keeps any text


@dataclass(frozen=True)
class Restore:
    """How far bringing back an archived object is; `until` is when its copy goes again."""

    in_progress: bool
    until: datetime | None = None


@dataclass(frozen=True)
class Attributes:
    """One version. `version_id` is "null" or empty where the bucket gives none."""

    key: str
    version_id: str
    bytes: int
    etag: str
    last_modified: datetime
    headers: Headers = Headers()
    metadata: dict[str, str] = field(default_factory=dict)
    unreadable_metadata: int = 0  # entries that HTTP cannot carry: HEAD leaves them out
    storage_class: str = StorageClass.STANDARD  # text: stores have classes of their own
    archive_tier: str = ""  # of INTELLIGENT_TIERING: set when it must be restored before it is read
    encryption: Algorithm = Algorithm.NONE
    kms_key: str = ""
    bucket_key: bool = False
    retention: Retention | None = None
    legal_hold: bool = False
    restore: Restore | None = None
    redirect: str = ""  # WebsiteRedirectLocation
    tag_count: int = 0
    replication: str = ""
    expires_by_rule: str = ""  # x-amz-expiration, as it stands
    checksum: str = ""  # "<algorithm> <digest, base64>": the strongest that was stored

    @property
    def is_archived(self) -> bool:
        """Whether it must be restored before it can be read or copied."""
        return self.storage_class in ARCHIVED or bool(self.archive_tier)

    @property
    def is_readable(self) -> bool:
        restored = self.restore is not None and not self.restore.in_progress
        return not self.is_archived or restored


def read(bucket: str, key: str, *, version_id: str = "", alias: str = session.DEFAULT) -> Attributes:
    """Return what HEAD says of one version, by default the current one.

    ObjectNotFound, VersionNotFound, DeleteMarkerFound; CustomerKeyNeeded for SSE-C.
    """
    extra = version_param(version_id)
    client = session.client(alias)
    try:
        with translated("HeadObject"):
            found: Any = client.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED", **extra)
    except BadRequest:
        # HEAD has no body, so 400 has no reason (SSE-C? keys that ended?); GET tells it.
        with translated("GetObject"):
            client.get_object(Bucket=bucket, Key=key, Range="bytes=0-0", **extra)["Body"].close()
        raise
    except ObjectNotFound as error:
        if version_id and type(error) is ObjectNotFound:
            raise VersionNotFound(
                str(error), operation=error.operation, code=error.code, request_id=error.request_id
            ) from error
        raise
    return _parsed(key, found)


def _parsed(key: str, found: Any) -> Attributes:
    return Attributes(
        key=key,
        version_id=found.get("VersionId", ""),
        bytes=found["ContentLength"],
        etag=found["ETag"].strip('"'),
        last_modified=found["LastModified"],
        headers=Headers(
            content_type=found.get("ContentType", ""),
            cache_control=found.get("CacheControl", ""),
            content_disposition=found.get("ContentDisposition", ""),
            content_encoding=_stored_encoding(found.get("ContentEncoding", "")),
            content_language=found.get("ContentLanguage", ""),
            expires=found.get("ExpiresString", ""),
        ),
        metadata=lower_cased(found.get("Metadata", {})),
        unreadable_metadata=found.get("MissingMeta", 0),
        storage_class=found.get("StorageClass") or StorageClass.STANDARD,
        archive_tier=found.get("ArchiveStatus", ""),
        encryption=Algorithm.told(found.get("ServerSideEncryption") or Algorithm.NONE),
        kms_key=found.get("SSEKMSKeyId", ""),
        bucket_key=bool(found.get("BucketKeyEnabled")),
        retention=_retention(found),
        legal_hold=found.get("ObjectLockLegalHoldStatus") == "ON",
        restore=restore_state(found.get("Restore", "")),
        redirect=found.get("WebsiteRedirectLocation", ""),
        tag_count=found.get("TagCount", 0),
        replication=found.get("ReplicationStatus", ""),
        expires_by_rule=found.get("Expiration", ""),
        checksum=next(
            (f"{kind} {found[f'Checksum{kind}']}" for kind in _KINDS if f"Checksum{kind}" in found), ""
        ),
    )


def restore_state(header: str) -> Restore | None:
    """Return what an x-amz-restore header says, None for an empty one."""
    if not header:
        return None
    said = dict(_RESTORE.findall(header))
    until = parsedate_to_datetime(said["expiry-date"]) if "expiry-date" in said else None
    return Restore(in_progress=said.get("ongoing-request") == "true", until=until)


def _stored_encoding(said: str) -> str:
    # "aws-chunked" is how botocore sent the bytes; some stores keep it as if it were the object's.
    return ",".join(part for part in said.split(",") if part.strip() not in {"aws-chunked", ""})


def _retention(found: Any) -> Retention | None:
    if not found.get("ObjectLockMode"):
        return None
    return Retention(RetentionMode.told(found["ObjectLockMode"]), found["ObjectLockRetainUntilDate"])
