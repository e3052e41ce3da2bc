"""The table of what was listed: written by each database's fast way in, and emptied at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import connection

from photos import keys
from portal.s3.inexact_keys import UNSPELLED
from portal.s3.inventory_rows import Entry
from portal.s3.listing import ListedVersion, VersionsPage
from storage_admin.models import StagedEntry


class Row(NamedTuple):
    """An entry in the order of COLUMNS."""

    key: str
    version_id: str
    is_latest: bool
    is_hidden: bool
    bytes: int
    etag: str
    storage_class: str
    modified_at: datetime
    photo: UUID | None


COLUMNS = Row._fields
MARKER = "(delete marker)"  # in place of a class, which no class is called


class Staged(NamedTuple):
    """What is to be kept of a page; `hidden_key` goes into the call for the next one."""

    rows: list[Row]
    odd: int
    hidden_key: str


@dataclass(frozen=True)
class Read:
    """Some entries of a list or a report, and what changes in the scan's row when they are written."""

    rows: list[Row]
    cursor: dict[str, Any]
    counts: dict[str, int]
    is_first: bool


def count(counts: dict[str, int], current: Sequence[str], **more: int) -> None:
    """Add to a scan's counts: how many current keys are photos' own, and how many are not."""
    own = sum(key.startswith((keys.ORIGINALS, keys.RENDITIONS)) for key in current)
    for name, number in {"objects": own, "other": len(current) - own, **more}.items():
        counts[name] = counts.get(name, 0) + number


def rows_of(page: VersionsPage, hidden_key: str = "") -> Staged:
    """Return the page's entries as rows.

    `hidden_key` is the key that the former page's last delete marker hides: its versions may go on
    here. Keys that no row can hold, or that the list may have spelled wrongly, are only counted.
    """
    rows, odd = [], 0
    for one in page.versions:
        if one.is_delete_marker:
            hidden_key = one.key if one.is_latest else hidden_key
            continue
        if "\0" in one.key or (not page.keys_are_exact and UNSPELLED in one.key):
            odd += 1
            continue
        is_original = one.key.startswith((keys.ORIGINALS, settings.ARRIVALS_PREFIX))
        if is_original or one.is_latest:
            rows.append(_row(one, is_hidden=one.key == hidden_key))
    return Staged(rows, odd, hidden_key)


def rows_of_report(entries: Iterable[Entry]) -> tuple[list[Row], int]:
    """Return entries of an inventory report as rows, and how many keys no row can hold.

    They come in no order, so a marker on top of its key gets a row of its own: see `hide`.
    """
    rows, odd = [], 0
    for one in entries:
        if "\0" in one.key:
            odd += 1
        elif one.is_latest or (one.key.startswith(keys.ORIGINALS) and not one.is_marker):
            version_id = "" if one.version_id == "null" else one.version_id
            storage_class = MARKER if one.is_marker else one.storage_class
            rows.append(
                Row(
                    one.key, version_id, one.is_latest, one.is_marker, one.bytes, one.etag, storage_class,
                    one.modified, keys.photo_of_rendition(one.key),
                )
            )  # fmt: skip
    return rows, odd


def hide() -> None:
    """Mark the versions below delete markers as hidden, and forget the markers: all are written now."""
    markers = StagedEntry.objects.filter(storage_class=MARKER)
    StagedEntry.objects.filter(key__in=markers.values("key")).update(is_hidden=True)
    markers.delete()


def replace(named: Sequence[str], rows: Iterable[Row]) -> None:
    """Write the rows in place of all that the keys had."""
    StagedEntry.objects.filter(key__in=named).delete()
    write(rows)


def write(rows: Iterable[Row]) -> None:
    """Add the rows to the table."""
    table = connection.ops.quote_name(StagedEntry._meta.db_table)
    into = f"{table} ({', '.join(connection.ops.quote_name(name) for name in COLUMNS)})"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {into} FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            return
        # The backend's own forms of a time and a UUID: raw parameters have no field to adapt them.
        adapted = [
            (*row[:7], connection.ops.adapt_datetimefield_value(row.modified_at), row.photo and row.photo.hex)
            for row in rows
        ]
        marks = ", ".join(["%s"] * len(COLUMNS))
        cursor.executemany(f"INSERT INTO {into} VALUES ({marks})", adapted)  # noqa: S608 - names of our own


def empty() -> None:
    """Empty the table, in milliseconds whatever its size."""
    table = connection.ops.quote_name(StagedEntry._meta.db_table)
    how = "TRUNCATE" if connection.vendor == "postgresql" else "DELETE FROM"
    with connection.cursor() as cursor:
        cursor.execute(f"{how} {table}")


def is_written() -> None:
    """Tell PostgreSQL's planner what is there now; autovacuum may not have looked yet."""
    if connection.vendor == "postgresql":
        table = connection.ops.quote_name(StagedEntry._meta.db_table)
        with connection.cursor() as cursor:
            cursor.execute(f"ANALYZE {table}")


def _row(one: ListedVersion, *, is_hidden: bool) -> Row:
    return Row(
        key=one.key,
        version_id="" if one.version_id == "null" else one.version_id,
        is_latest=one.is_latest,
        is_hidden=is_hidden,
        bytes=one.bytes,
        etag=one.etag,
        storage_class=one.storage_class,
        modified_at=one.last_modified,
        photo=keys.photo_of_rendition(one.key),
    )
