"""The audit as CSV: streamed, and with nothing in it that a spreadsheet would run."""

import csv
from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from portal.audit import AuditEvent
from portal.spreadsheet import Line, cell

FIELDS = (
    "at", "actor_name", "action", "outcome", "target_type", "target_id", "bucket", "key", "version_id",
    "before", "after", "message", "request_id", "id",
)  # fmt: skip
ROWS_AT_ONCE = 2_000  # fetched by one query, and sent as one piece
# Excel takes a file without it for one in its own code page; all others pass over it.
BYTE_ORDER_MARK = "\ufeff"


def pieces(events: QuerySet[AuditEvent]) -> Iterator[str]:
    """Yield the file in pieces: a line of names, then one line an event; times are in UTC."""
    writer = csv.writer(Line())
    yield BYTE_ORDER_MARK + writer.writerow(_names())
    rows = events.values_list(*FIELDS).iterator(chunk_size=ROWS_AT_ONCE)
    for batch in _batches(rows, ROWS_AT_ONCE):
        yield "".join(writer.writerow([cell(value) for value in row]) for row in batch)


def _batches(rows: Iterable[Any], size: int) -> Iterator[list[Any]]:
    batch: list[Any] = []
    for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _names() -> list[str]:
    return [
        _("when (UTC)"), _("who"), _("what"), _("outcome"), _("kind of target"), _("id of target"),
        _("bucket"), _("key"), _("version"), _("before"), _("after"), _("message"), _("request"), _("number"),
    ]  # fmt: skip
