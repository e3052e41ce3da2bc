"""The bytes of a ZIP beside its contents (APPNOTE.TXT 6.3.10 of PKWARE). Pure: no Django, no boto.

Every entry is stored as it is: photos are compressed already, and deflating them again costs a
worker's time for a percent. CRC and length are known before an entry's header is written, so there
are no data descriptors (flag bit 3), which several programs refuse for entries that are only stored.
Names are UTF-8 (flag bit 11). ZIP64 comes in where a number needs more than 32 bits, or the count
more than 16, and nowhere else.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime

UTF8_NAMES = 1 << 11
STORED = 0
UNIX = 3
PLAIN, FOLDERS, ZIP64 = 10, 20, 45  # the version of the format that a reader must know
FULL_32, FULL_16 = 0xFFFFFFFF, 0xFFFF
ZIP64_FIELD, TIMES_FIELD = 0x0001, 0x5455
_FILE_MODE, _FOLDER_MODE, _DOS_FOLDER = 0o100644, 0o040755, 0x10
_PADDING_NAME = ".padding"
_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_END_64 = struct.Struct("<4sQ2H2I4Q")
_LOCATOR_64 = struct.Struct("<4sIQI")
_DOS_BEGIN = datetime(1980, 1, 1, tzinfo=UTC)
_DOS_END = datetime(2107, 12, 31, 23, 59, 58, tzinfo=UTC)
_MAX_TIME = 2**31 - 1


@dataclass(frozen=True)
class Entry:
    """One entry: `offset` is where its header begins; a name that ends in / is a folder's."""

    name: str
    offset: int
    bytes: int
    crc: int
    modified: datetime
    comment: str = ""

    @property
    def is_folder(self) -> bool:
        return self.name.endswith("/")


def local_header(entry: Entry) -> bytes:
    """Return what stands before the entry's bytes."""
    name = entry.name.encode()
    is_long = entry.bytes >= FULL_32
    extra = _field(ZIP64_FIELD, struct.pack("<2Q", entry.bytes, entry.bytes)) if is_long else b""
    extra += _times(entry.modified)
    size = FULL_32 if is_long else entry.bytes
    needed = ZIP64 if is_long else _needed(entry)
    time, date = _dos(entry.modified)
    return (
        _LOCAL.pack(
            b"PK\3\4", needed, UTF8_NAMES, STORED, time, date, entry.crc, size, size, len(name), len(extra)
        )
        + name
        + extra
    )


def central_header(entry: Entry) -> bytes:
    """Return the entry's line of the central directory, which is what readers go by."""
    name, comment = entry.name.encode(), entry.comment.encode()
    is_long, is_far = entry.bytes >= FULL_32, entry.offset >= FULL_32
    long_ones = [entry.bytes, entry.bytes] if is_long else []
    long_ones += [entry.offset] if is_far else []
    extra = _field(ZIP64_FIELD, struct.pack(f"<{len(long_ones)}Q", *long_ones)) if long_ones else b""
    extra += _times(entry.modified)
    size = FULL_32 if is_long else entry.bytes
    needed = ZIP64 if long_ones else _needed(entry)
    time, date = _dos(entry.modified)
    mode = (_FOLDER_MODE << 16) | _DOS_FOLDER if entry.is_folder else _FILE_MODE << 16
    return (
        _CENTRAL.pack(
            b"PK\1\2", UNIX << 8 | ZIP64, needed, UTF8_NAMES, STORED, time, date, entry.crc, size, size,
            len(name), len(extra), len(comment), 0, 0, mode, FULL_32 if is_far else entry.offset,
        )
        + name + extra + comment
    )  # fmt: skip


def end(*, count: int, start: int, length: int) -> bytes:
    """Return what ends a ZIP of so many entries, whose central directory begins at `start`, in bytes."""
    tail = b""
    if count >= FULL_16 or start >= FULL_32 or length >= FULL_32:
        tail = _END_64.pack(
            b"PK\6\6", _END_64.size - 12, UNIX << 8 | ZIP64, ZIP64, 0, 0, count, count, length, start
        ) + _LOCATOR_64.pack(b"PK\6\7", 0, start + length, 1)
    few = min(count, FULL_16)
    return tail + _END.pack(
        b"PK\5\6", 0, 0, few, few, min(length, FULL_32), min(start, FULL_32), 0
    )  # fmt: skip


def padding(least: int) -> bytes:
    """Return at least so many bytes that stand between entries and are none.

    They look like an entry, for programs that read a ZIP from its front; the central directory does not
    name it, so all others never see it.
    """
    zeros = bytes(max(0, least - _LOCAL.size - len(_PADDING_NAME)))
    time, date = _dos(_DOS_BEGIN)
    name, size = _PADDING_NAME.encode(), len(zeros)
    header = _LOCAL.pack(
        b"PK\3\4", PLAIN, UTF8_NAMES, STORED, time, date, zlib.crc32(zeros), size, size, len(name), 0
    )
    return header + name + zeros


def _needed(entry: Entry) -> int:
    return FOLDERS if entry.is_folder else PLAIN


def _field(kind: int, content: bytes) -> bytes:
    return struct.pack("<2H", kind, len(content)) + content


def _times(modified: datetime) -> bytes:
    """Return the time in UTC and whole seconds: DOS times know neither zone nor odd seconds."""
    seconds = int(modified.timestamp())
    return _field(TIMES_FIELD, struct.pack("<Bi", 1, seconds)) if 0 <= seconds <= _MAX_TIME else b""


def _dos(modified: datetime) -> tuple[int, int]:
    moment = min(max(modified.astimezone(UTC), _DOS_BEGIN), _DOS_END)
    return (
        moment.hour << 11 | moment.minute << 5 | moment.second // 2,
        (moment.year - 1980) << 9 | moment.month << 5 | moment.day,
    )
