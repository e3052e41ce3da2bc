"""An upload in parts that outlives its process: one worker begins it, another fills it, a third completes it.

Whoever goes on needs to know the upload's id and what the store answered to each part; parts that
are sent again replace those of their number (API:UploadPart).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from portal.s3 import session, uploads
from portal.s3.errors import translated
from portal.s3.session import Timeouts

MIN_PART_BYTES = 5 * 1024**2  # of every part but the last (UG:qfacts)
MAX_PARTS = 10_000
NO_SUCH_UPLOAD = "NoSuchUpload"  # the code of an error: it was aborted, or completed
_SAME_KEY = 100  # uploads looked at for one of exactly this key

Part = dict[str, str]  # what completing needs to know of one: its ETag, and checksums by their names


@dataclass(frozen=True)
class Upload:
    """An upload that was begun."""

    bucket: str
    key: str
    upload_id: str
    alias: str = session.DEFAULT


def find_or_begin(
    bucket: str,
    key: str,
    *,
    content_type: str,
    metadata: dict[str, str],
    without_kms: bool = False,
    alias: str = session.DEFAULT,
) -> Upload:
    """Return the key's open upload, or begin one. For keys that nobody else writes.

    Found where a worker died before it could write the id down: one that nobody knew would be billed on.
    No ACL, class or encryption is sent: the bucket's defaults hold, but for `without_kms`, which asks
    for the store's own keys: some readers have no KMS key.
    """
    found = uploads.page(bucket, prefix=key, size=_SAME_KEY, alias=alias).uploads
    same = next((one.upload_id for one in found if one.key == key), None)
    if same is not None:
        return Upload(bucket, key, same, alias)
    extra: dict[str, Any] = {"ServerSideEncryption": "AES256"} if without_kms else {}
    with translated("CreateMultipartUpload"):
        answer = session.client(alias, Timeouts.WORKER).create_multipart_upload(
            Bucket=bucket, Key=key, ContentType=content_type, Metadata=metadata, **extra
        )
    return Upload(bucket, key, answer["UploadId"], alias)


def put(upload: Upload, number: int, body: bytes) -> Part:
    """Send one part, whose bytes the store compares with a digest; an S3Error may have NO_SUCH_UPLOAD."""
    client: Any = session.client(upload.alias, Timeouts.WORKER)
    digest = hashlib.md5(body, usedforsecurity=False).digest()
    with translated("UploadPart"):
        answer = client.upload_part(
            Bucket=upload.bucket, Key=upload.key, UploadId=upload.upload_id, PartNumber=number,
            Body=body, ContentMD5=base64.b64encode(digest).decode(),
        )  # fmt: skip
    sums = {name: value for name, value in answer.items() if name.startswith("Checksum")}
    sums.pop("ChecksumType", None)
    return {"ETag": answer["ETag"], **sums}


def complete(upload: Upload, parts: Sequence[Part]) -> None:
    """Make the object of exactly these parts, in this order; Conflict where the key is there already.

    Every part must be the one whose answer is given: another one's ETag is refused (InvalidPart).
    """
    client: Any = session.client(upload.alias, Timeouts.WORKER)
    numbered = [{"PartNumber": number, **part} for number, part in enumerate(parts, start=1)]
    with translated("CompleteMultipartUpload"):
        client.complete_multipart_upload(
            Bucket=upload.bucket, Key=upload.key, UploadId=upload.upload_id,
            MultipartUpload={"Parts": numbered}, IfNoneMatch="*",
        )  # fmt: skip


def abort_all(bucket: str, key: str, *, alias: str = session.DEFAULT) -> int:
    """Abort every open upload of exactly this key; return how many there were."""
    found = uploads.page(bucket, prefix=key, size=_SAME_KEY, alias=alias).uploads
    same = [one.upload_id for one in found if one.key == key]
    for upload_id in same:
        uploads.abort(bucket, key, upload_id, alias=alias)
    return len(same)
