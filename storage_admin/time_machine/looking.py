"""What became of the keys below a path since a moment: read key by key, as far as a page may take."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from django.utils.functional import Promise

from portal.s3 import listing
from portal.s3.errors import StorageUnavailable
from portal.s3.listing import ListedVersion
from storage_admin.jobs import history
from storage_admin.jobs.history import Change, Life, LivesPage, Since
from storage_admin.jobs.kinds.time_machine import RollBack
from storage_admin.jobs.targets import Target, of_change
from storage_admin.models import Bucket

ROWS = 100  # of one page
CALLS = 5  # of 1,000 entries each, at most, for one page
SECONDS = 4.0  # after these no further key is looked at; the page's own budget is longer


@dataclass(frozen=True)
class Row:
    """A key that is another than at the moment: what was, or None, what is, and what speaks against."""

    key: str
    change: Change
    was: ListedVersion | None
    now: ListedVersion
    against: str | Promise = ""
    is_certain: bool = True  # False: the list may have spelled another key so

    @property
    def has_same_bytes(self) -> bool:
        """Whether only what is beside the bytes can differ: class, metadata. Nothing is known of parts."""
        if self.was is None or self.now.is_delete_marker:
            return False
        return bool(self.was.etag) and (self.was.etag, self.was.bytes) == (self.now.etag, self.now.bytes)


@dataclass
class Seen:
    """What was read. An empty `next_after` is the end; counts are of the keys that this page looked at."""

    rows: list[Row] = field(default_factory=list)
    counts: Counter[Change] = field(default_factory=Counter)
    keys: int = 0
    came_and_went: int = 0
    hollow: int = 0
    answers: int = 0  # of the store, that were read for it
    next_after: str = ""
    is_cut: bool = False  # the store became too slow to go on


def look(bucket: Bucket, prefix: str, moment: datetime, *, only: str = "", after: str = "") -> Seen:
    """Look at keys below the prefix, behind `after`, until a page is full or the time is up.

    `only` keeps the rows of one kind of change; all are counted. StorageUnavailable where not even
    the first keys could be read; S3Error as it comes.
    """
    seen = Seen(next_after=after)
    targets: list[Target] = []
    try:
        _read(bucket, prefix, moment, only, seen, targets)
    except StorageUnavailable:
        if not seen.keys:
            raise
        seen.is_cut = True
    skips = RollBack().against(bucket, targets)  # what the job would say, before there is one
    seen.rows = [
        replace(row, against=skip.sentence) if skip else row
        for row, skip in zip(seen.rows, skips, strict=True)
    ]
    return seen


def _read(
    bucket: Bucket, prefix: str, moment: datetime, only: str, seen: Seen, targets: list[Target]
) -> None:
    """Read into `seen`, which tells at any time what was looked at, and where to go on."""
    until = time.monotonic() + SECONDS
    for page in _pages(bucket, prefix, seen):
        for place, life in enumerate(page.lives, start=1):
            for whole, since in history.chosen(bucket, [life], partial(Life.since, moment=moment)):
                seen.counts[since.change] += 1
                if since.change == (only or since.change):
                    seen.rows.append(_row(whole, since, moment))
                    targets.append(of_change(whole, since))
            seen.keys += 1
            seen.came_and_went += life.came_and_went(moment)
            seen.hollow += life.is_hollow(moment)
            seen.next_after = life.key
            is_full = len(seen.rows) >= ROWS or time.monotonic() > until
            if is_full and place < len(page.lives):
                return
        seen.next_after = page.next_after
        if len(seen.rows) >= ROWS or time.monotonic() > until:
            return


def _pages(bucket: Bucket, prefix: str, seen: Seen) -> Iterator[LivesPage]:
    for _call in range(CALLS):
        page = history.page(
            bucket.name, prefix=prefix, after=seen.next_after, size=listing.LARGEST_PAGE,
            alias=bucket.connection,
        )  # fmt: skip
        seen.answers += 1
        yield page
        if not page.next_after:
            return


def _row(life: Life, since: Since, moment: datetime) -> Row:
    was = life.at(moment) if since.was else None
    return Row(life.key, since.change, was, life.entries[0], is_certain=life.is_certain)
