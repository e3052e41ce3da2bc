"""An object as a file that can be read anywhere, by ranges: for formats that begin at their end."""

from __future__ import annotations

import io
from typing import Any

from portal.s3 import session
from portal.s3.errors import BadContent, translated
from portal.s3.patience import read_body
from portal.s3.session import Timeouts

READ_BYTES = 8 * 1024 * 1024  # that whoever reads on asks of the store at once


class RangeFile(io.RawIOBase):
    """One object, pinned to the ETag that it had: another one in its place is a Conflict.

    Each read is a request; whoever reads little at a time wraps it into a buffer.
    """

    def __init__(self, bucket: str, key: str, *, size: int, etag: str, alias: str = session.DEFAULT) -> None:
        super().__init__()
        self.bucket, self.key, self.size, self.etag, self.alias = bucket, key, size, etag, alias
        self.place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self.place, io.SEEK_END: self.size}[whence]
        self.place = max(0, base + offset)
        return self.place

    def tell(self) -> int:
        return self.place

    def readinto(self, into: Any) -> int:
        """Fill as much of the buffer as the object has from here on."""
        wanted = min(len(into), self.size - self.place)
        if wanted <= 0:
            return 0
        span = f"bytes={self.place}-{self.place + wanted - 1}"
        with translated("GetObject"):
            answer = session.client(self.alias, Timeouts.WORKER).get_object(
                Bucket=self.bucket, Key=self.key, Range=span, IfMatch=f'"{self.etag}"'
            )
            found = read_body(answer["Body"], wanted)  # pages search reports, too
        if len(found) != wanted:
            raise BadContent(f"{self.key}: {len(found)} of {wanted} bytes came", operation="GetObject")
        into[:wanted] = found
        self.place += wanted
        return wanted
