"""Counts what lies in a bucket, worker side: all versions, markers and open uploads, by class and folder.

A count of a million keys takes minutes and must survive its worker. It runs in slices; each page of
the listing saves where it is and what it has counted in one update. That update asks for the sign
of life that this worker gave last (`beat_at`): whoever else took the count over has changed it, and
the one that came too late stops. Hence no count is ever run by two, and none is counted twice.

An inventory report may stand for the listing. Open uploads are asked of the store in any case.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, unquote

import structlog
from django.db import transaction
from django.utils import timezone

from portal.s3 import inventory_rows, listing, uploads
from portal.s3.errors import S3Error, StorageUnavailable
from portal.s3.inventory_reports import Report
from portal.s3.inventory_rows import Entry
from portal.s3.listing import ListedVersion, Mark
from portal.s3.uploads import UploadMark
from storage_admin.buckets import sums
from storage_admin.buckets.prefixes import Tally
from storage_admin.inventory import reports
from storage_admin.models import Bucket, UsageSnapshot
from storage_admin.schedules.rounds import NEVER

logger = structlog.get_logger(__name__)

SLICE_SECONDS = 15.0  # a page of a slow store may take ten more
STALE_SECONDS = 120  # longer than a slice's hard limit: whoever gave no sign for so long is dead
GIVE_UP_HOURS = 24
AT_ONCE = 4  # counts of different buckets; the queue has other work, too
PAGE = 1_000
UPLOADS_PAGE = 50  # each asks for its parts
KEPT_PREFIXES = 35  # counts of a bucket whose folders are kept; of older ones the sums stay


_KEPT = ("cursor", *sums.COUNTED)


@dataclass(frozen=True)
class Slice:
    """The next piece of a count. `beat` is the sign of life that whoever takes it must find."""

    snapshot: int
    beat: str


class TakenOver(Exception):
    """Another worker goes on with this count."""


def begin(bucket: Bucket, report: Report | None = None) -> Slice | None:
    """Begin a count of the bucket, or of what its inventory report says; None while one is under way."""
    with transaction.atomic():
        # The bucket's row is the lock: two who press the button at once begin one count.
        Bucket.objects.select_for_update().get(pk=bucket.pk)
        if UsageSnapshot.objects.filter(bucket=bucket, ended_at=None).exists():
            return None
        said = {"report": reports.as_data(report), "report_at": report.at} if report else {}
        return _slice(UsageSnapshot.objects.create(bucket=bucket, **said))


def due(since: datetime = NEVER) -> list[Slice]:
    """Return what to do now: counts whose worker died, then buckets that nobody counted since the moment.

    A bucket that was never counted is due in any case.
    """
    now = timezone.now()
    open_ = UsageSnapshot.objects.filter(ended_at=None)
    found = []
    for snapshot in open_.filter(beat_at__lt=now - timedelta(seconds=STALE_SECONDS)).order_by("beat_at"):
        if (beat := _claim(snapshot.pk, snapshot.beat_at)) is not None:
            logger.warning("count_taken_over", bucket=snapshot.bucket_id, cursor=snapshot.cursor)
            found.append(Slice(snapshot.pk, beat.isoformat()))
    room = AT_ONCE - open_.count()
    for bucket in waiting(since):
        if room <= 0:
            break
        if (begun := begin(bucket, reports.in_place_of_list(bucket))) is not None:
            found.append(begun)
            room -= 1
    return found


def waiting(since: datetime) -> list[Bucket]:
    """Return the buckets whose last count began before the moment, or that were never counted."""
    counted = UsageSnapshot.objects.filter(begun_at__gte=since).values("bucket")
    old = Bucket.objects.filter(gone_since=None).exclude(pk__in=counted).order_by("pk")
    return [bucket for bucket in old if bucket.is_connected]


def run(piece: Slice) -> Slice | None:
    """Count for SLICE_SECONDS; return the next piece, None when the count ended or is another's by now."""
    beat = _claim(piece.snapshot, datetime.fromisoformat(piece.beat))
    if beat is None:
        return None
    snapshot = UsageSnapshot.objects.select_related("bucket").get(pk=piece.snapshot)
    try:
        return _count(snapshot, time.monotonic() + SLICE_SECONDS)
    except TakenOver:
        return None
    except StorageUnavailable as error:
        old = timezone.now() - snapshot.begun_at > timedelta(hours=GIVE_UP_HOURS)
        _note(snapshot, error, ended=old)  # else a later beat goes on from the same place
    except S3Error as error:
        _note(snapshot, error, ended=True)
    except Exception as error:
        # Not tried again before tomorrow: what nobody foresaw may happen each time.
        _note(snapshot, S3Error(type(error).__name__), ended=True)
        raise
    return None


def latest(bucket: Bucket) -> UsageSnapshot | None:
    """Return the last count that came to its end."""
    return UsageSnapshot.objects.filter(bucket=bucket, ended_at__isnull=False, error="").first()


def ended(bucket: Bucket) -> list[UsageSnapshot]:
    """Return the newest counts that came to their end, the last first: as many as keep their folders.

    Of all but the first two the folders are not read.
    """
    found = UsageSnapshot.objects.filter(bucket=bucket, ended_at__isnull=False, error="")
    newest = list(found[:2])
    return newest + list(found.defer("prefixes")[2:KEPT_PREFIXES])


def _count(snapshot: UsageSnapshot, deadline: float) -> Slice | None:
    bucket = snapshot.bucket
    if not bucket.is_connected:
        raise S3Error("The settings do not name the bucket's connection any more.", code="NotConnected")
    tallies = sums.tallies_of(snapshot)
    if snapshot.report and (snapshot.cursor or {"list": "report"})["list"] == "report":
        _count_report(snapshot, tallies, deadline)
    while time.monotonic() < deadline:
        cursor = snapshot.cursor or {"list": "versions"}
        if cursor["list"] == "versions":
            page = listing.versions_page(
                bucket.name, mark=_mark(cursor), size=PAGE, folders=False, alias=bucket.connection
            )
            for one in page.versions:
                _add(snapshot, tallies, one, is_marker=one.is_delete_marker)
            following = page.next_mark
            snapshot.cursor = (
                {"list": "versions", "key": quote(following.key), "id": following.version_id}
                if following
                else {"list": "uploads"}
            )
            _save(snapshot, tallies)
            continue
        found, onward = uploads.next_uploads(
            bucket.name, mark=_upload_mark(cursor), size=UPLOADS_PAGE, alias=bucket.connection
        )
        for upload in found:
            sums.add_upload(snapshot, tallies, upload)
        if onward is None:
            snapshot.cursor = None
            _save(snapshot, tallies, ended=True)
            _forget_prefixes(bucket)
            return None
        snapshot.cursor = {"list": "uploads", "key": quote(onward.key), "id": onward.upload_id}
        _save(snapshot, tallies)
    return _slice(snapshot)


def _count_report(snapshot: UsageSnapshot, tallies: list[Tally], deadline: float) -> None:
    """Count rows until then. Only what of the report was counted is saved with how far that is."""
    bucket, cursor = snapshot.bucket, snapshot.cursor or {}
    report = reports.opened(bucket, snapshot.report)
    mark = inventory_rows.Mark(cursor.get("file", 0), cursor.get("row", 0))
    following: dict[str, Any] = {"list": "uploads"}
    for piece in inventory_rows.pieces(report, mark=mark, alias=bucket.connection):
        for one in piece.entries:
            _add(snapshot, tallies, one, is_marker=one.is_marker)
        if time.monotonic() >= deadline:
            following = {"list": "report", "file": piece.onward.file, "row": piece.onward.row}
            break
    snapshot.cursor = following
    _save(snapshot, tallies)


def _add(
    snapshot: UsageSnapshot, tallies: list[Tally], one: ListedVersion | Entry, *, is_marker: bool
) -> None:
    if is_marker:
        sums.add_marker(snapshot, tallies, one.key)
        return
    sums.add_version(
        snapshot, tallies, one.key,
        size=one.bytes, storage_class=one.storage_class, is_latest=one.is_latest,
    )  # fmt: skip


def _forget_prefixes(bucket: Bucket) -> None:
    """Keep the folders of the newest counts alone: they are most of a row."""
    kept = UsageSnapshot.objects.filter(bucket=bucket).values_list("pk", flat=True)[:KEPT_PREFIXES]
    UsageSnapshot.objects.filter(bucket=bucket).exclude(pk__in=list(kept)).update(prefixes={})


# Keys travel quoted: PostgreSQL's JSON takes no NUL.
def _mark(cursor: dict[str, Any]) -> Mark | None:
    return Mark(unquote(cursor["key"]), cursor["id"]) if "key" in cursor else None


def _upload_mark(cursor: dict[str, Any]) -> UploadMark | None:
    return UploadMark(unquote(cursor["key"]), cursor["id"]) if "key" in cursor else None


def _claim(pk: int, beat: datetime) -> datetime | None:
    """Give a new sign of life if the last one is this; None when somebody else did, or the count ended."""
    now = timezone.now()
    taken = UsageSnapshot.objects.filter(pk=pk, ended_at=None, beat_at=beat).update(beat_at=now)
    return now if taken else None


def _save(
    snapshot: UsageSnapshot, tallies: Iterable[Tally] = (), *, ended: bool = False, error: str = ""
) -> None:
    """Save place, counts and sign of life together; TakenOver when the count is another's by now."""
    sums.keep(snapshot, tallies, ended=ended)
    now = timezone.now()
    mine = UsageSnapshot.objects.filter(pk=snapshot.pk, ended_at=None, beat_at=snapshot.beat_at)
    saved = mine.update(
        **{name: getattr(snapshot, name) for name in _KEPT},
        error=error,
        beat_at=now,
        ended_at=now if ended else None,
    )
    if not saved:
        raise TakenOver
    snapshot.beat_at = now


def _note(snapshot: UsageSnapshot, error: S3Error, *, ended: bool) -> None:
    logger.warning("count_stopped", bucket=snapshot.bucket_id, code=error.code, ended=ended)
    snapshot.refresh_from_db(fields=_KEPT)  # without half a page
    try:
        _save(snapshot, ended=ended, error=f"{error} ({error.code})" if error.code else str(error))
    except TakenOver:
        return


def _slice(snapshot: UsageSnapshot) -> Slice:
    return Slice(snapshot.pk, snapshot.beat_at.isoformat())
