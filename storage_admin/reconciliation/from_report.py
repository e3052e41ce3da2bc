"""A scan that reads an inventory report in place of the bucket's list.

    report ──▶ staged entries ──▶ the questions ──▶ suspicions ──▶ the store, key by key ──▶ staged anew
                                 (rows and report)                                               │
                                  findings ◀── the same questions, of those keys alone ◀─────────┘

A report was old when it came, and of no one moment. So it only makes suspicious: of each key that it
speaks against, and of each that stands as a finding, the store is asked for all versions, and the same
questions are put to the rows of now. What holds then is a finding, as of any other scan.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from itertools import islice
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from portal.s3 import inventory_rows, listing
from portal.s3.errors import S3Error
from portal.s3.inventory_rows import Mark
from storage_admin.inventory import reports
from storage_admin.models import Bucket, Finding, Scan, Suspicion
from storage_admin.reconciliation import findings, staging
from storage_admin.reconciliation.findings import MOST_KEPT
from storage_admin.reconciliation.found import CHUNK, Found
from storage_admin.reconciliation.staging import Read

BATCH = 200  # keys that are asked about before the place is committed
THREADS = 8  # as the jobs, and for their reason
PAGES_OF_A_KEY = 10  # 10,000 versions; photos are never overwritten
# What the database alone knows.
NOT_ASKED = (Finding.Kind.DUPLICATE,)


def read(scan: Scan) -> Iterator[Read]:
    """Yield the report from where the scan is; the last one's cursor leads to the questions."""
    report = reports.opened(scan.bucket, scan.report)
    mark = Mark(scan.cursor.get("file", 0), scan.cursor.get("row", 0))
    is_first = not scan.cursor
    for piece in inventory_rows.pieces(report, mark=mark, alias=scan.bucket.connection):
        rows, odd = staging.rows_of_report(piece.entries)
        counts = dict(scan.counts)
        current = [one.key for one in piece.entries if one.is_latest and not one.is_marker]
        staging.count(counts, current, entries=len(piece.entries), odd=odd)
        yield Read(rows, {"file": piece.onward.file, "row": piece.onward.row}, counts, is_first)
        is_first = False
    yield Read([], {"step": 0}, scan.counts, is_first)


def is_suspecting(scan: Scan) -> bool:
    """Whether what the questions yield are suspicions, and no findings yet."""
    return bool(scan.report) and "asked_at" not in scan.cursor


def is_asking(scan: Scan) -> bool:
    """Whether suspicions are left that the store was not asked about."""
    return "after" in scan.cursor


def suspect(found: Iterable[Found]) -> dict[str, int]:
    """Keep the keys that a question yields; return by kind how many were too many to be kept."""
    kept, counts = findings.take(one for one in found if one.kind not in NOT_ASKED)
    for start in range(0, len(kept), CHUNK):
        _suspect([one.key for one in kept[start : start + CHUNK]])
    return {kind: count - MOST_KEPT for kind, count in counts.items() if count > MOST_KEPT}


def begin_asking(scan: Scan) -> dict[str, Any]:
    """Suspect what stands as a finding, too, for it may be gone; return the cursor that leads on."""
    state = Finding.State  # those that the end of a scan closes, unless it found them again
    known = Finding.objects.filter(
        bucket=scan.bucket_id, state__in=[state.OPEN, state.SET_ASIDE, state.IGNORED]
    )
    standing = known.exclude(kind__in=NOT_ASKED)
    named = standing.values_list("key", flat=True).iterator(chunk_size=CHUNK)
    while chunk := list(islice(named, CHUNK)):
        _suspect(chunk)
    return {"after": 0, "asked_at": timezone.now().isoformat()}


def ask(scan: Scan) -> tuple[list[str], list[staging.Row], dict[str, Any]]:
    """Ask the store about the next keys; return them, what lies there now, and the cursor.

    The cursor leads to the questions again when none is left.
    """
    after = scan.cursor["after"]
    following = list(Suspicion.objects.filter(pk__gt=after).order_by("pk")[:BATCH])
    asked_at = {"asked_at": scan.cursor["asked_at"]}
    if not following:
        return [], [], {"step": 0, **asked_at}
    named = [one.key for one in following]
    with ThreadPoolExecutor(THREADS, thread_name_prefix="suspicions") as pool:
        try:
            asked = [pool.submit(copy_context().run, _there, scan.bucket, key) for key in named]
            rows = [row for answer in asked for row in answer.result()]
        finally:
            pool.shutdown(cancel_futures=True)
    return named, rows, {"after": following[-1].pk, **asked_at}


def confirmed(found: Iterable[Found]) -> Iterator[Found]:
    """Yield what is about keys that the store was asked about; of the others only the report speaks."""
    ordered = iter(found)
    while chunk := list(islice(ordered, CHUNK)):
        asked = Suspicion.objects.filter(key__in=[one.key for one in chunk])
        known = set(asked.values_list("key", flat=True))
        yield from (one for one in chunk if one.key in known or one.kind in NOT_ASKED)


def _suspect(named: Sequence[str]) -> None:
    # The same question is asked again when its worker died.
    Suspicion.objects.bulk_create([Suspicion(key=key) for key in dict.fromkeys(named)], ignore_conflicts=True)


def _there(bucket: Bucket, key: str) -> list[staging.Row]:
    """Return the rows of all versions of the key, as the store has them now."""
    rows: list[staging.Row] = []
    mark, hidden = None, ""
    for _number in range(PAGES_OF_A_KEY):
        page = listing.key_versions(
            bucket.name, key, mark=mark, size=listing.LARGEST_PAGE, alias=bucket.connection
        )
        found = staging.rows_of(page, hidden)
        rows += found.rows
        if page.next_mark is None:
            return rows
        mark, hidden = page.next_mark, found.hidden_key
    raise S3Error(_("The key %(key)s has too many versions.") % {"key": key})
