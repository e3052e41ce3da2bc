"""A ZIP that grows part by part: the same calls make the same parts. Pure: no Django, no boto.

Held in memory are at most one part and what is being written into it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from storage_admin.exports import zip_format
from storage_admin.exports.zip_format import Entry

Part = dict[str, str]
Put = Callable[[int, bytes], Part]

MIN_PART_BYTES = 5 * 1024**2  # of every part but the last (UG:qfacts)
MAX_PARTS = 10_000
PART_SIZES = tuple(size * 1024**2 for size in (8, 16, 32, 64))
BATCH_BYTES = 256 * 1024**2  # after so many a batch ends, and with it a part
BATCH_ENTRIES = 1_000  # or after so many
ENTRY_BYTES = 8 * 1024  # most that an entry takes beside its bytes: a key of 1,024 in five places


class TooManyParts(Exception):
    """More bytes came than were planned, and the upload has its last part."""


class Assembly:
    """The ZIP from where a batch begins. `parts` and `offset` are what the next batch goes on from."""

    def __init__(self, put: Put, *, part_bytes: int, parts: Iterable[Part] = (), offset: int = 0) -> None:
        self._put = put
        self._part_bytes = part_bytes
        self._buffer = bytearray()
        self.parts = list(parts)
        self.offset = offset

    @property
    def held(self) -> int:
        """Bytes that wait for their part to be full."""
        return len(self._buffer)

    def add(self, entry: Entry, pieces: Iterable[bytes]) -> Entry:
        """Write an entry, wherever the ZIP is now; return it with its offset."""
        placed = replace(entry, offset=self.offset)
        self.write(zip_format.local_header(placed))
        for piece in pieces:
            self.write(piece)
        return placed

    def write(self, piece: bytes) -> None:
        """Add bytes; every part that is full is sent."""
        self._buffer += piece
        self.offset += len(piece)
        while len(self._buffer) >= self._part_bytes:
            self._send(self._part_bytes)

    def end_batch(self) -> None:
        """Send what is left as a part of its own: what is held in memory dies with the worker.

        A part that is too small to be one is filled up.
        """
        if not self._buffer:
            return
        if (lacking := MIN_PART_BYTES - len(self._buffer)) > 0:
            self.write(zip_format.padding(lacking))
        if self._buffer:
            self._send(len(self._buffer))

    def end(self, entries: Iterable[Entry]) -> int:
        """Write the central directory, send the last part, of any size; return how many entries it names."""
        start, count = self.offset, 0
        for entry in entries:
            self.write(zip_format.central_header(entry))
            count += 1
        self.write(zip_format.end(count=count, start=start, length=self.offset - start))
        if self._buffer:
            self._send(len(self._buffer))
        return count

    def _send(self, size: int) -> None:
        if len(self.parts) >= MAX_PARTS:
            raise TooManyParts
        self.parts.append(self._put(len(self.parts) + 1, bytes(self._buffer[:size])))
        del self._buffer[:size]


def most_parts(total_bytes: int, count: int, part_bytes: int) -> int:
    """Return how many parts a ZIP of so many objects takes at most: full ones, and one a batch."""
    everything = total_bytes + (count + 1) * ENTRY_BYTES
    batches = total_bytes // BATCH_BYTES + count // BATCH_ENTRIES + 2
    return everything // part_bytes + batches + 1


def part_size(total_bytes: int, count: int) -> int | None:
    """Return the smallest part size with which a ZIP fits into one upload, in bytes; None where none does."""
    fitting = (size for size in PART_SIZES if most_parts(total_bytes, count, size) <= MAX_PARTS)
    return next(fitting, None)
