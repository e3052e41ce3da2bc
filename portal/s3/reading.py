"""Reading one object exactly as it was seen: on the condition of its ETag, in pieces."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.s3 import session
from portal.s3.errors import translated
from portal.s3.session import Timeouts

CHUNK_BYTES = 256 * 1024


@dataclass(frozen=True)
class Opened:
    """A version whose bytes are ready to come; `version_id` is empty where the bucket names none."""

    version_id: str
    length: int  # bytes
    modified: datetime
    body: Any

    def pieces(self) -> Iterator[bytes]:
        """Yield the bytes. StorageUnavailable when the connection ends before they do."""
        try:
            with translated("GetObject"):
                yield from self.body.iter_chunks(CHUNK_BYTES)
        finally:
            self.body.close()


def opened(
    bucket: str,
    key: str,
    *,
    if_etag: str,
    version_id: str = "",
    start: int = 0,
    alias: str = session.DEFAULT,
) -> Opened:
    """Ask for the version; errors come now: ObjectNotFound, VersionNotFound, ObjectArchived.

    Conflict when it has another ETag by now. `start` leaves so many bytes out; an object that ends
    there, or before, is refused by the store (InvalidRange).
    """
    extra: dict[str, Any] = {"VersionId": version_id} if version_id else {}
    if if_etag:
        extra["IfMatch"] = f'"{if_etag}"'
    if start:
        extra["Range"] = f"bytes={start}-"
    with translated("GetObject"):
        answer = session.client(alias, Timeouts.WORKER).get_object(Bucket=bucket, Key=key, **extra)
    named = answer.get("VersionId", "")
    return Opened(
        "" if named == "null" else named, answer["ContentLength"], answer["LastModified"], answer["Body"]
    )
