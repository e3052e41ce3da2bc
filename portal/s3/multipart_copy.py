"""A copy in parts, inside the store: for objects above the 5 GB of one CopyObject."""

from __future__ import annotations

import math
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import Any

import structlog
from django.utils.translation import gettext as _

from portal.s3 import session
from portal.s3.errors import BadRequest, S3Error, translated
from portal.s3.session import Timeouts
from portal.s3.uploads import abort

logger = structlog.get_logger(__name__)

MIB = 1024**2
# Limits of S3 (UG:qfacts).
MAX_PARTS = 10_000
LEAST_PART_BYTES = 5 * MIB
MOST_PART_BYTES = 5 * 1024 * MIB
PART_BYTES = 512 * MIB  # a store copies this in seconds: a failed part costs little
PARTS_AT_ONCE = 8


def ranges(size: int, part_bytes: int = 0) -> list[tuple[int, int]]:
    """Return the parts as (first byte, last byte), each within S3's limits but for a shorter last one."""
    part_bytes = part_bytes or PART_BYTES
    least = math.ceil(size / MAX_PARTS)
    part = max(part_bytes, LEAST_PART_BYTES, math.ceil(least / MIB) * MIB)
    if part > MOST_PART_BYTES:
        raise BadRequest(_("The object is too large to be copied in %(most)d parts.") % {"most": MAX_PARTS})
    return [(start, min(start + part, size) - 1) for start in range(0, size, part)]


def run(
    *,
    source: Mapping[str, str],
    etag: str,
    size: int,
    target: Mapping[str, str],
    created_with: Mapping[str, Any],
    condition: Mapping[str, str],
    alias: str = session.DEFAULT,
) -> Any:
    """Copy the object; return what CompleteMultipartUpload answered.

    Every part is refused (Conflict) when the source is no longer the one of `etag`. On any failure
    the upload is aborted: parts that nobody sees would be billed for ever.
    """
    client: Any = session.client(alias, Timeouts.WORKER)
    with translated("CreateMultipartUpload"):
        upload_id = client.create_multipart_upload(**target, **created_with)["UploadId"]

    def copy_part(number: int, first: int, last: int) -> dict[str, Any]:
        answer: Any = client.upload_part_copy(
            **target,
            CopySource=source,
            CopySourceIfMatch=f'"{etag}"',
            CopySourceRange=f"bytes={first}-{last}",
            PartNumber=number,
            UploadId=upload_id,
        )
        return {**_checksums(answer["CopyPartResult"]), "PartNumber": number}

    try:
        with translated("UploadPartCopy"), ThreadPoolExecutor(PARTS_AT_ONCE) as pool:
            jobs = [
                pool.submit(copy_context().run, partial(copy_part, number, *part))
                for number, part in enumerate(ranges(size), start=1)
            ]
            try:
                parts: Any = [job.result() for job in jobs]
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        with translated("CompleteMultipartUpload"):
            return client.complete_multipart_upload(
                **target, UploadId=upload_id, MultipartUpload={"Parts": parts}, **condition
            )
    except BaseException:
        _abort_after_failure(target, upload_id, alias)
        raise


def _checksums(said: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in said.items() if name == "ETag" or name.startswith("Checksum")}


def _abort_after_failure(target: Mapping[str, str], upload_id: str, alias: str) -> None:
    try:
        abort(target["Bucket"], target["Key"], upload_id, alias=alias)
    except S3Error as error:
        # The failure that led here is the one to tell; the bucket's rule or an operator aborts later.
        logger.warning(
            "multipart copy not aborted", bucket=target["Bucket"], upload_id=upload_id, error=str(error)
        )
