"""The part of a scan that reads the bucket's list."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, unquote

from django.utils.translation import gettext as _

from portal.s3 import listing
from portal.s3.errors import S3Error
from portal.s3.listing import Mark, VersionsPage
from storage_admin.models import Scan
from storage_admin.reconciliation import staging
from storage_admin.reconciliation.staging import Read

PAGES_AT_ONCE = 10  # that are committed together: 10,000 entries
PAGES_SECONDS = 10.0  # or fewer, from a slow store: the claim must not go stale


def read(scan: Scan) -> Iterator[Read]:
    """Yield some pages at once from where the scan is; the last one's cursor leads to the questions."""
    while "step" not in scan.cursor:
        yield _some_pages(scan)


def _some_pages(scan: Scan) -> Read:
    cursor, counts = dict(scan.cursor), dict(scan.counts)
    rows: list[staging.Row] = []
    is_first = not cursor
    until = time.monotonic() + PAGES_SECONDS
    for _number in range(PAGES_AT_ONCE):
        page = _page(scan, cursor)
        found = staging.rows_of(page, unquote(cursor.get("hidden", "")))
        rows += found.rows
        current = [one.key for one in page.versions if one.is_latest and not one.is_delete_marker]
        staging.count(counts, current, entries=len(page.versions), odd=found.odd)
        if page.next_mark is None:
            cursor = {"step": 0}
            break
        if page.next_mark == _mark(cursor):
            raise S3Error(_("The store's list does not go on."), operation="ListObjectVersions")
        cursor = {
            # Quoted: PostgreSQL's JSON takes no NUL.
            "key": quote(page.next_mark.key), "version": page.next_mark.version_id,
            "hidden": quote(found.hidden_key),
        }  # fmt: skip
        if time.monotonic() >= until:
            break
    return Read(rows, cursor, counts, is_first)


def _page(scan: Scan, cursor: dict[str, Any]) -> VersionsPage:
    bucket = scan.bucket
    return listing.versions_page(
        bucket.name, mark=_mark(cursor), size=listing.LARGEST_PAGE, folders=False, alias=bucket.connection
    )


def _mark(cursor: dict[str, Any]) -> Mark | None:
    return Mark(unquote(cursor["key"]), cursor["version"]) if "key" in cursor else None
