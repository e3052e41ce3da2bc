"""Reads the rows of an inventory report in a stream: CSV in gzip, and Parquet.

A file is compared with its MD5 before its first row is given out, and pinned to its ETag while it is
read. What is in memory is one batch, and of Parquet what its writer made one group of rows.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from django.utils.translation import gettext as _

from portal.s3 import session
from portal.s3.errors import BadContent
from portal.s3.inventory_reports import Report, verified

NEEDED = ("size", "last_modified_date", "e_tag", "storage_class")
ALWAYS = ("key", "version_id", "is_latest", "is_delete_marker", *NEEDED)
MORE = (
    "encryption_status", "is_multipart_uploaded", "checksum_algorithm", "intelligent_tiering_access_tier",
    "object_lock_mode", "object_lock_retain_until_date", "object_lock_legal_hold_status",
)  # fmt: skip


class Entry(NamedTuple):
    """A version, or a delete marker, as the report has it; `version_id` is empty where it names none.

    A tuple: a frozen dataclass takes three times as long to make, and there are millions. What stands
    behind `storage_class` is empty unless all columns were asked for.
    """

    key: str
    version_id: str
    is_latest: bool
    is_marker: bool
    bytes: int
    modified: datetime
    etag: str
    storage_class: str
    encryption: str = ""
    is_multipart: bool = False
    checksum: str = ""
    tier: str = ""
    lock_mode: str = ""
    lock_until: datetime | None = None
    legal_hold: str = ""


class Mark(NamedTuple):
    """Where reading goes on: the number of a file, and of a row in it."""

    file: int = 0
    row: int = 0


BEGINNING = Mark()


@dataclass(frozen=True)
class Wanted:
    """Which rows are given out. `text` is a part of the key or, with * ? or [, a pattern of all of it."""

    text: str = ""
    least: int | None = None  # bytes
    most: int | None = None
    storage_class: str = ""
    before: datetime | None = None
    since: datetime | None = None
    only_current: bool = False
    _pattern: re.Pattern[str] | None = field(init=False, repr=False, compare=False, default=None)

    def __post_init__(self) -> None:
        if any(sign in self.text for sign in "*?["):
            object.__setattr__(self, "_pattern", re.compile(fnmatch.translate(self.text)))

    def has(self, key: str) -> bool:
        """Whether the key is one of those."""
        return self._pattern.match(key) is not None if self._pattern else self.text in key


class Piece(NamedTuple):
    """Some rows, how many were looked at for them, and where the next ones begin."""

    entries: list[Entry]
    looked_at: int
    onward: Mark


def pieces(
    report: Report,
    *,
    mark: Mark = BEGINNING,
    wanted: Wanted | None = None,
    every_column: bool = False,
    alias: str = session.DEFAULT,
) -> Iterator[Piece]:
    """Yield the report's rows from the mark on, some thousand at a time.

    BadContent for what cannot be read: another MD5, a broken file, a column that is missing.
    """
    from portal.s3 import inventory_arrow as arrow  # noqa: PLC0415 - 50 MB, which most processes never need

    if lacking := [name for name in ("key", *NEEDED) if name not in report.columns]:
        words = _("The report has no %(columns)s: set the inventory up with these fields.")
        raise BadContent(words % {"columns": ", ".join(lacking)}, operation="GetObject")
    columns = [name for name in (*ALWAYS, *(MORE if every_column else ())) if name in report.columns]
    for number in range(mark.file, len(report.files)):
        file = report.files[number]
        skipped = mark.row if number == mark.file else 0
        place = 0
        with arrow.told(file):
            for batch in arrow.batches(report, file, columns, verified(report, file, alias=alias), alias):
                if missing := sorted(set(columns) - set(batch.schema.names)):
                    # pyarrow passes over what a Parquet file lacks, and "no version" is an answer, too.
                    raise ValueError(f"no column {', '.join(missing)}")
                first, place = place, place + batch.num_rows
                if place <= skipped:
                    continue
                rest = batch.slice(max(0, skipped - first))
                onward = Mark(number, place)
                yield Piece(arrow.entries(report, rest, wanted), rest.num_rows, onward)
