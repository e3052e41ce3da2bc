"""Incomplete multipart uploads: no listing of objects shows their parts, the bill does."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError
from django.utils.translation import gettext as _

from portal.s3 import session
from portal.s3.errors import S3Error, StorageUnavailable, translated

ABORTS = 5  # a part that was on its way when the first abort came needs another (API:AbortMultipartUpload)


@dataclass(frozen=True)
class OpenUpload:
    """One upload that was begun and neither completed nor aborted."""

    key: str
    upload_id: str
    begun: datetime | None


@dataclass(frozen=True)
class UploadsPage:
    """One page of open uploads; an empty `next_key` ends the list."""

    uploads: list[OpenUpload]
    next_key: str = ""
    next_upload: str = ""


def page(
    bucket: str,
    *,
    prefix: str = "",
    key_mark: str = "",
    upload_mark: str = "",
    size: int,
    alias: str = session.DEFAULT,
) -> UploadsPage:
    """Return one page of the open uploads of keys that start with the prefix."""
    onward: dict[str, Any] = {}
    if key_mark:
        onward = {"KeyMarker": key_mark} | ({"UploadIdMarker": upload_mark} if upload_mark else {})
    with translated("ListMultipartUploads"):
        answer = session.client(alias).list_multipart_uploads(
            Bucket=bucket, Prefix=prefix, MaxUploads=size, **onward
        )
    found = [
        OpenUpload(one["Key"], one["UploadId"], one.get("Initiated")) for one in answer.get("Uploads", [])
    ]
    if not answer.get("IsTruncated"):
        return UploadsPage(found)
    return UploadsPage(found, answer.get("NextKeyMarker", ""), answer.get("NextUploadIdMarker", ""))


def every(bucket: str, prefix: str = "", *, alias: str = session.DEFAULT) -> Iterator[OpenUpload]:
    """Yield the open uploads of all keys that start with the prefix, page by page."""
    with translated("ListMultipartUploads"):
        pages = (
            session.client(alias)
            .get_paginator("list_multipart_uploads")
            .paginate(Bucket=bucket, Prefix=prefix)
        )
        for page in pages:
            for found in page.get("Uploads", []):
                yield OpenUpload(found["Key"], found["UploadId"], found.get("Initiated"))


@dataclass(frozen=True)
class UploadMark:
    """Where a list of uploads goes on: both marks, for one key may have many."""

    key: str
    upload_id: str


def next_uploads(
    bucket: str, *, mark: UploadMark | None = None, size: int, alias: str = session.DEFAULT
) -> tuple[list[OpenUpload], UploadMark | None]:
    """Return the open uploads that one call tells, at most `size`, and where to go on; None at the end."""
    onward: Any = {"KeyMarker": mark.key, "UploadIdMarker": mark.upload_id} if mark else {}
    with translated("ListMultipartUploads"):
        answer = session.client(alias).list_multipart_uploads(Bucket=bucket, MaxUploads=size, **onward)
    following = None
    if answer.get("IsTruncated"):
        following = UploadMark(answer.get("NextKeyMarker", ""), answer.get("NextUploadIdMarker", ""))
    found = [
        OpenUpload(one["Key"], one["UploadId"], one.get("Initiated")) for one in answer.get("Uploads", [])
    ]
    return found, following


def part_bytes(upload: OpenUpload, bucket: str, *, alias: str = session.DEFAULT) -> int | None:
    """Return the bytes of the parts that have arrived; None where the store does not tell them.

    That is: it lacks the call, refuses it, or the upload has ended meanwhile.
    """
    sums = 0
    try:
        with translated("ListParts"):
            pages = (
                session.client(alias)
                .get_paginator("list_parts")
                .paginate(Bucket=bucket, Key=upload.key, UploadId=upload.upload_id)
            )
            for page in pages:
                sums += sum(one.get("Size", 0) for one in page.get("Parts", []))
    except StorageUnavailable:
        raise
    except S3Error:
        return None
    return sums


def abort(bucket: str, key: str, upload_id: str, *, alias: str = session.DEFAULT) -> None:
    """Abort one upload and look until none of its parts is left; fine when it is gone already."""
    client = session.client(alias)
    named: Any = {"Bucket": bucket, "Key": key, "UploadId": upload_id}
    for _attempt in range(ABORTS):
        with translated("AbortMultipartUpload"):
            try:
                client.abort_multipart_upload(**named)
                if not client.list_parts(**named).get("Parts"):
                    return
            except ClientError as error:
                # Ceph has no such key, where it has no such upload any more.
                if error.response["Error"]["Code"] not in {"NoSuchUpload", "NoSuchKey"}:
                    raise
                return
    raise S3Error(_("Parts of the upload keep coming; try again later."), operation="AbortMultipartUpload")
