"""Reading one object in pieces, and exactly as it was seen: on the condition of its ETag."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.s3 import session
from portal.s3.errors import translated
from portal.s3.session import Timeouts
from portal.s3.version_param import version_param

CHUNK_BYTES = 256 * 1024


class Pieces(Iterable[bytes]):
    """An open object's bytes, to be read once. StorageUnavailable when the connection ends before they do.

    `close` lets go of the connection: Django calls it when a browser goes away, also before the
    first piece, where a generator would never have come to its `finally`.
    """

    def __init__(self, body: Any, chunk_bytes: int) -> None:
        self._body = body
        self._chunk_bytes = chunk_bytes

    def __iter__(self) -> Iterator[bytes]:
        """Yield the bytes, and let go of the connection after the last."""
        try:
            with translated("GetObject"):
                yield from self._body.iter_chunks(self._chunk_bytes)
        finally:
            self.close()

    def close(self) -> None:
        """Let go of the connection. Bytes that have not been read are given up."""
        self._body.close()


@dataclass(frozen=True)
class Opened:
    """A version whose bytes are ready to come; `version_id` is empty where the bucket names none."""

    version_id: str
    length: int  # bytes
    modified: datetime
    pieces: Pieces


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
    extra = version_param(version_id)
    if if_etag:
        extra["IfMatch"] = f'"{if_etag}"'
    if start:
        extra["Range"] = f"bytes={start}-"
    with translated("GetObject"):
        answer = session.client(alias, Timeouts.WORKER).get_object(Bucket=bucket, Key=key, **extra)
    named = answer.get("VersionId", "")
    pieces = Pieces(answer["Body"], CHUNK_BYTES)
    return Opened("" if named == "null" else named, answer["ContentLength"], answer["LastModified"], pieces)
