"""Signed URLs (SigV4). Signing is local: no call to the store."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from botocore.auth import SIGV4_TIMESTAMP, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials

from portal.s3 import session
from portal.s3.types import SignedUpload

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SAFE_IN_KEYS = "/~"


class _RoundedAuth(S3SigV4QueryAuth):
    """Signs as of the start of the current window, so that a URL stays the same within it.

    A browser caches by URL; one signed with the second it was asked for is never met again.
    """

    def __init__(self, keys: ReadOnlyCredentials, region: str, *, expires: int, window: int) -> None:
        super().__init__(keys, "s3", region, expires=expires)
        self.window = window

    def _modify_request_before_signing(self, request: AWSRequest) -> None:
        now = int(time.time())
        start = datetime.fromtimestamp(now - now % self.window, UTC)
        request.context["timestamp"] = start.strftime(SIGV4_TIMESTAMP)
        super()._modify_request_before_signing(request)  # type: ignore[misc]  # the stubs lack it


@lru_cache(maxsize=256)
def _bucket_url(client: S3Client, bucket: str) -> str:
    """Return the address below which the bucket's keys hang; botocore decides on path or virtual style.

    Asked once: signing through the client costs twice what signing with its signer does.
    """
    signed = client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"})
    return signed.split("?", 1)[0].removesuffix("k")


def read_url(
    bucket: str,
    key: str,
    *,
    seconds: int,
    rounded: bool = False,
    version_id: str = "",
    content_type: str = "",
    disposition: str = "",
    alias: str = session.DEFAULT,
) -> str:
    """Return a URL that opens the object for at most `seconds`.

    `rounded` signs as of the last half of `seconds`: the URL is the same for all who ask
    within that half, and is good for between half and all of `seconds`.
    `content_type` and `disposition` replace what the object itself says.
    """
    params = {
        "response-content-disposition": disposition,
        "response-content-type": content_type,
        "versionId": version_id,
    }
    url = _bucket_url(session.client(alias, for_browser=True), bucket)
    request = AWSRequest(
        method="GET",
        url=url + quote(key, safe=SAFE_IN_KEYS),
        params={name: value for name, value in params.items() if value},
    )
    window = max(1, seconds // 2) if rounded else 1
    keys = session.credentials(alias)
    _RoundedAuth(keys, session.region(alias), expires=seconds, window=window).add_auth(request)
    return str(request.url)


def upload_url(
    bucket: str,
    key: str,
    *,
    seconds: int,
    size: int,
    content_type: str,
    sha256_base64: str = "",
    metadata: dict[str, str],
    alias: str = session.DEFAULT,
) -> SignedUpload:
    """Return a PUT that creates the object, once, with exactly this length, type and (if given) digest.

    The store refuses another length or type (403), other bytes (400) and a key that exists (412).
    """
    headers = {"Content-Type": content_type, "If-None-Match": "*"}
    headers |= {f"x-amz-meta-{name}": value for name, value in metadata.items()}
    params: dict[str, Any] = {
        "Bucket": bucket,
        "Key": key,
        "ContentLength": size,
        "ContentType": content_type,
        "IfNoneMatch": "*",
        "Metadata": metadata,
    }
    if sha256_base64:
        params["ChecksumSHA256"] = sha256_base64
        headers["x-amz-checksum-sha256"] = sha256_base64
    url = session.client(alias, for_browser=True).generate_presigned_url(
        "put_object", Params=params, ExpiresIn=seconds
    )
    return SignedUpload(url=url, headers=headers)
