"""Incomplete multipart uploads: no listing of objects shows their parts, the bill does."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError
from django.utils.translation import gettext as _

from portal.s3 import session
from portal.s3.errors import S3Error, translated

ABORTS = 5  # a part that was on its way when the first abort came needs another (API:AbortMultipartUpload)


@dataclass(frozen=True)
class OpenUpload:
    """One upload that was begun and neither completed nor aborted."""

    key: str
    upload_id: str
    begun: datetime | None


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
                if error.response["Error"]["Code"] != "NoSuchUpload":
                    raise
                return
    raise S3Error(_("Parts of the upload keep coming; try again later."), operation="AbortMultipartUpload")
