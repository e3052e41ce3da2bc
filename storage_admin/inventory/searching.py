"""Searching a bucket's newest inventory report: by a part of the key or a pattern, size, class and age."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from portal.s3 import inventory_rows
from portal.s3.inventory_reports import Report
from portal.s3.inventory_rows import Entry, Wanted
from storage_admin.models import Bucket

# Of a report's files, compressed as they lie there, that a page reads: some five million objects.
MOST_PAGE_BYTES = 256 * 1024 * 1024
PAGE_SECONDS = 6.0  # then a page shows what it has: it answers within ten
CSV_SECONDS = 60.0  # of a download, which comes line by line
SHOWN = 200
MOST_LINES = 100_000  # of a CSV from a page; the command has no limit


@dataclass
class Found:
    """What a search came to: `is_cut` where there were more, `is_late` where time ended before the report."""

    entries: list[Entry] = field(default_factory=list)
    looked_at: int = 0
    is_cut: bool = False
    is_late: bool = False

    @property
    def is_partial(self) -> bool:
        """Whether there may be more than was found."""
        return self.is_cut or self.is_late


def search(
    bucket: Bucket, report: Report, wanted: Wanted, *, most: int, seconds: float = PAGE_SECONDS
) -> Found:
    """Return the first rows that are wanted, in the report's order; what was not looked at, it says."""
    found = Found()
    until = time.monotonic() + seconds
    for entries, looked_at in _read(bucket, report, wanted):
        found.looked_at += looked_at
        found.entries += entries
        if len(found.entries) > most:
            found.entries, found.is_cut = found.entries[:most], True
            break
        if time.monotonic() >= until:
            found.is_late = True
            break
    return found


def lines(
    bucket: Bucket, report: Report, wanted: Wanted, *, every: Callable[[int], None] | None = None
) -> Iterator[Entry]:
    """Yield every row that is wanted, with all its columns; `every` is told how many were looked at."""
    total = 0
    for entries, looked_at in _read(bucket, report, wanted, every_column=True):
        yield from entries
        total += looked_at
        if every is not None:
            every(total)


def _read(
    bucket: Bucket, report: Report, wanted: Wanted, *, every_column: bool = False
) -> Iterator[tuple[list[Entry], int]]:
    for piece in inventory_rows.pieces(
        report, wanted=wanted, every_column=every_column, alias=bucket.connection
    ):
        yield piece.entries, piece.looked_at
