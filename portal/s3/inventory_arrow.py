"""Reads the files of inventory reports by Arrow. Loading it takes 50 MB: only who reads a report shall.

Keys in CSV are encoded as in a form: a space is "+" (cloud-custodian#1997); in Parquet they are plain.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_plus

import pyarrow as pa
from django.utils.translation import gettext as _
from pyarrow import compute, csv, parquet

from portal.s3.errors import BadContent
from portal.s3.inventory import Format
from portal.s3.inventory_reports import DataFile, Report
from portal.s3.inventory_rows import MORE, Entry, Wanted
from portal.s3.ranges import READ_BYTES, RangeFile

BATCH_ROWS = 10_000
BLOCK_BYTES = 1024 * 1024  # of CSV text that are parsed together, and the longest line


def batches(
    report: Report, file: DataFile, columns: list[str], etag: str, alias: str
) -> Iterator[pa.RecordBatch]:
    """Yield the columns of a file's rows, some thousand at a time; the file is pinned to its ETag."""
    raw = RangeFile(report.bucket, file.key, size=file.bytes, etag=etag, alias=alias)
    source = pa.PythonFile(io.BufferedReader(raw, READ_BYTES), mode="r")
    if report.format is Format.PARQUET:
        with parquet.ParquetFile(source, buffer_size=READ_BYTES // 4) as opened:
            yield from opened.iter_batches(BATCH_ROWS, columns=columns, use_threads=False)
        return
    if file.bytes == 0:
        return
    names = list(report.columns)
    with pa.CompressedInputStream(source, "gzip") as plain:
        try:
            opened = csv.open_csv(
                plain,
                csv.ReadOptions(column_names=names, block_size=BLOCK_BYTES, use_threads=False),
                convert_options=csv.ConvertOptions(
                    include_columns=columns,
                    column_types={name: pa.string() for name in names},
                    strings_can_be_null=False,
                ),
            )
        except pa.ArrowInvalid as error:
            if str(error) == "Empty CSV file":  # a report of an empty bucket
                return
            raise
        yield from opened


def entries(report: Report, batch: pa.RecordBatch, wanted: Wanted | None) -> list[Entry]:
    """Return the rows of a batch that are wanted."""
    is_encoded = report.format is Format.CSV
    columns = {name: batch.column(number) for number, name in enumerate(batch.schema.names)}
    found = _Columns(columns, batch.num_rows)
    if wanted is None:
        keys = _keys(columns["key"], is_encoded)
    else:
        chosen = compute.indices_nonzero(_mask(found, wanted))
        keys = _keys(columns["key"].take(chosen), is_encoded)
        if wanted.text:
            fits = [place for place, key in enumerate(keys) if wanted.has(key)]
            chosen, keys = chosen.take(pa.array(fits, pa.int64())), [keys[place] for place in fits]
        if not keys:
            return []
        found = _Columns({name: column.take(chosen) for name, column in columns.items()}, len(keys))
    count = len(keys)
    told = [
        keys,
        found.text("version_id"),
        found.flags("is_latest", missing=True),
        found.flags("is_delete_marker", missing=False),
        found.numbers("size").to_pylist(),
        _times(found.moments("last_modified_date")),
        found.text("e_tag"),
        found.text("storage_class"),
    ]
    if any(name in columns for name in MORE):
        told += [
            found.text("encryption_status"),
            found.flags("is_multipart_uploaded", missing=False),
            found.text("checksum_algorithm"),
            found.text("intelligent_tiering_access_tier"),
            found.text("object_lock_mode"),
            _times(found.moments("object_lock_retain_until_date"), missing=None),
            found.text("object_lock_legal_hold_status"),
        ]
    if any(len(column) != count for column in told):
        raise ValueError("columns of different lengths")
    return list(map(Entry, *told))


class _Columns:
    """The columns of some rows in the types that they mean; in CSV all of them are texts.

    A delete marker has no size and no class.
    """

    def __init__(self, columns: dict[str, Any], count: int) -> None:
        self.columns, self.count = columns, count

    def text(self, name: str) -> list[str]:
        if name not in self.columns:
            return [""] * self.count
        return compute.fill_null(self.columns[name], "").to_pylist()

    def flags(self, name: str, *, missing: bool) -> list[bool]:
        return self.flag(name, missing=missing).to_pylist()

    def flag(self, name: str, *, missing: bool) -> Any:
        if name not in self.columns:
            return pa.array([missing] * self.count, pa.bool_())
        column = self.columns[name]
        if pa.types.is_string(column.type):
            # Any other word is an error, not "false": whether something is current decides much.
            column = compute.cast(_or_null(compute.utf8_lower(column)), pa.bool_())
        return compute.fill_null(column, missing)

    def numbers(self, name: str) -> Any:
        column = self.columns[name]
        column = _or_null(column) if pa.types.is_string(column.type) else column
        return compute.fill_null(compute.cast(column, pa.int64()), 0)

    def moments(self, name: str) -> Any:
        """Return milliseconds since 1970; nulls stay."""
        if name not in self.columns:
            return pa.nulls(self.count, pa.int64())
        column = self.columns[name]
        if pa.types.is_string(column.type):
            column = compute.cast(_or_null(column), pa.timestamp("ms", "UTC"))
        elif pa.types.is_timestamp(column.type):
            column = compute.cast(column, pa.timestamp("ms", column.type.tz), safe=False)
        return compute.cast(column, pa.int64())


def _mask(found: _Columns, wanted: Wanted) -> Any:
    mask = pa.array([True] * found.count, pa.bool_())
    conditions = []
    if wanted.only_current:
        conditions += [found.flag("is_latest", missing=True)]
        conditions += [compute.invert(found.flag("is_delete_marker", missing=False))]
    if wanted.least is not None:
        conditions.append(compute.greater_equal(found.numbers("size"), wanted.least))
    if wanted.most is not None:
        conditions.append(compute.less_equal(found.numbers("size"), wanted.most))
    if wanted.storage_class:
        conditions.append(compute.equal(found.columns["storage_class"], wanted.storage_class))
    if wanted.since is not None:
        since = int(wanted.since.timestamp() * 1000)
        conditions.append(compute.greater_equal(found.moments("last_modified_date"), since))
    if wanted.before is not None:
        before = int(wanted.before.timestamp() * 1000)
        conditions.append(compute.less(found.moments("last_modified_date"), before))
    for condition in conditions:
        mask = compute.and_(mask, compute.fill_null(condition, False))
    return mask


def _keys(column: Any, is_encoded: bool) -> list[str]:
    keys: list[str] = column.to_pylist()
    if is_encoded:
        return [unquote_plus(key, errors="strict") if "%" in key or "+" in key else key for key in keys]
    if column.null_count:
        raise ValueError("a row without a key")
    return keys


def _times(column: Any, missing: datetime | None = datetime(1970, 1, 1, tzinfo=UTC)) -> list[Any]:
    return [
        missing if moment is None else datetime.fromtimestamp(moment / 1000, UTC)
        for moment in column.to_pylist()
    ]


def _or_null(column: Any) -> Any:
    return compute.if_else(compute.equal(column, ""), None, column)


@contextmanager
def told(file: DataFile) -> Iterator[None]:
    """Turn what pyarrow raises into a sentence; the seam's own errors pass through it as they are."""
    try:
        yield
    except (pa.ArrowException, ValueError, KeyError, OverflowError, OSError) as error:
        words = _("%(key)s cannot be read: %(reason)s")
        raise BadContent(
            words % {"key": file.key, "reason": str(error)[:300]}, operation="GetObject"
        ) from error
