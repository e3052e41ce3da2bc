"""The worker's side of a scan: lists the bucket, then compares, in slices that any worker can go on with.

What a slice read and where it is are committed together, under a condition: the row must still have
this worker's claim. Whoever was taken for dead writes nothing any more. A page that fails for an
outage is read again, from the same mark, when a later beat calls; any other failure ends the scan as
incomplete, and it then says nothing about any object.
"""

from __future__ import annotations

import time
import uuid
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, unquote

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from photos import keys
from portal.access import Actor
from portal.s3 import listing
from portal.s3.errors import S3Error, StorageUnavailable
from portal.s3.listing import Mark, VersionsPage
from storage_admin.models import Bucket, Finding, Scan
from storage_admin.reconciliation import acls, comparing, findings, staging

logger = structlog.get_logger(__name__)

SLICE_SECONDS = 10.0  # some pages, or a comparison, may come on top
STALE_SECONDS = 180  # longer than a slice's hard limit: whoever gave no sign for so long is dead
GIVE_UP_HOURS = 24
PAGES_AT_ONCE = 10  # that are committed together: 10,000 entries
PAGES_SECONDS = 10.0  # or fewer, from a slow store: the claim must not go stale
# Above this share of objects, or of rows, there is one cause, not in them: another bucket, other keys.
ALARM_SHARE = 0.10


class ClaimLost(Exception):
    """Another worker has the scan."""


class TooLate(Exception):
    """The scan takes so long that what it listed first says little about now."""


def begin(
    bucket: Bucket,
    *,
    actor: Actor = None,
    trigger: str = Scan.Trigger.SCHEDULE,
    keeps_findings: bool = True,
    whose_acls: str = Scan.Acls.SOME,
) -> Scan | None:
    """Begin a scan of a bucket that holds photos; None while one is under way."""
    name = actor.get_username() if actor else "portal"
    try:
        with transaction.atomic():
            return Scan.objects.create(
                bucket=bucket,
                trigger=trigger,
                keeps_findings=keeps_findings,
                acls=whose_acls,
                made_by=actor,
                made_by_name=name,
            )
    except IntegrityError:
        return None


def due(since: datetime) -> list[int]:
    """Return the scans to go on with: one whose worker died or waits, or a new one.

    New ones are begun here, one at a time, of the buckets that nobody has scanned since the nightly
    round began. A bucket that was found later waits for the next.
    """
    now = timezone.now()
    forgotten = Q(claim=None, beat_at__lt=now - timedelta(seconds=STALE_SECONDS / 3))
    dead = Q(beat_at__lt=now - timedelta(seconds=STALE_SECONDS))
    running = Scan.objects.filter(state=Scan.State.RUNNING)
    if running.exists():
        return list(running.filter(forgotten | dead).values_list("pk", flat=True))
    for bucket in waiting(since):
        if (scan := begin(bucket)) is not None:
            return [scan.pk]
    return []


def waiting(since: datetime) -> list[Bucket]:
    """Return the buckets with photos that were known then and that nobody has scanned since."""
    scanned = Scan.objects.filter(begun_at__gte=since, keeps_findings=True).values("bucket")
    known = Bucket.objects.filter(gone_since=None, first_seen__lt=since).exclude(pk__in=scanned)
    return [bucket for bucket in known if bucket.holds_photos]


def work(scan_id: int, seconds: float = SLICE_SECONDS) -> bool:
    """Work on the scan for a slice; return whether another one is due at once."""
    scan = _take(scan_id)
    if scan is None:
        return False
    until = time.monotonic() + seconds
    try:
        _check_age(scan)
        more = _work(scan, until)
        if more:
            _write(scan, claim=None, problem="")
    except ClaimLost:
        logger.warning("scan_claim_lost", scan=scan_id)
        return False
    except StorageUnavailable as error:
        _wait(scan, error)
        return False
    except S3Error as error:
        said = f"{error} ({error.code})" if error.code else str(error)
        _end_incomplete(scan, _("A page of the list could not be read: %(error)s") % {"error": said})
        return False
    except TooLate as error:
        _end_incomplete(scan, str(error))
        return False
    except (DatabaseError, SoftTimeLimitExceeded):
        # No fault of the scan: its claim goes stale, and another worker goes on from the cursor.
        logger.exception("scan_slice_broken", scan=scan_id)
        raise
    except Exception as error:
        _end_incomplete(scan, _("Unexpected: %(name)s") % {"name": type(error).__name__})
        raise
    return more


def _take(scan_id: int) -> Scan | None:
    """Claim the scan by a conditional update; None when it has ended, or somebody is at it."""
    free = Q(claim=None) | Q(beat_at__lt=timezone.now() - timedelta(seconds=STALE_SECONDS))
    token = uuid.uuid4()
    running = Scan.objects.filter(free, pk=scan_id, state=Scan.State.RUNNING)
    if not running.update(claim=token, beat_at=timezone.now()):
        return None
    return Scan.objects.select_related("bucket").filter(pk=scan_id, claim=token).first()


def _check_age(scan: Scan) -> None:
    if timezone.now() - scan.begun_at > timedelta(hours=GIVE_UP_HOURS):
        said = _("It did not end within %(hours)s hours. %(problem)s")
        raise TooLate(said % {"hours": GIVE_UP_HOURS, "problem": scan.problem})


def _write(scan: Scan, **changes: Any) -> None:
    """Change the row, with a sign of life; ClaimLost when the scan is another worker's by now."""
    mine = Scan.objects.filter(pk=scan.pk, claim=scan.claim, state=Scan.State.RUNNING)
    if not mine.update(beat_at=timezone.now(), **changes):
        raise ClaimLost
    for name, value in changes.items():
        setattr(scan, name, value)


def _work(scan: Scan, until: float) -> bool:
    if not scan.bucket.is_connected:
        raise S3Error(_("The settings do not name the bucket's connection any more."), code="NotConnected")
    while "step" not in scan.cursor:
        _list(scan)
        if time.monotonic() >= until:
            return True
    while scan.cursor["step"] < len(comparing.QUESTIONS):
        _compare(scan)
        if time.monotonic() >= until:
            return True
    while not scan.cursor.get("acls", {}).get("done"):
        _read_acls(scan)
        if time.monotonic() >= until:
            return True
    _complete(scan)
    return False


def _list(scan: Scan) -> None:
    """Read some pages, and commit what they hold together with where the list goes on."""
    cursor, counts = dict(scan.cursor), dict(scan.counts)
    rows: list[staging.Row] = []
    is_first = not cursor
    until = time.monotonic() + PAGES_SECONDS
    for _number in range(PAGES_AT_ONCE):
        page = _page(scan, cursor)
        found = staging.rows_of(page, unquote(cursor.get("hidden", "")))
        rows += found.rows
        own, other = _current_objects(page)
        _add(counts, entries=len(page.versions), odd=found.odd, objects=own, other=other)
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
    with transaction.atomic():
        _write(scan, cursor=cursor, counts=counts)  # first: it waits for, and finds out, another worker
        if is_first:
            staging.empty()
        staging.write(rows)


def _page(scan: Scan, cursor: dict[str, Any]) -> VersionsPage:
    bucket = scan.bucket
    return listing.versions_page(
        bucket.name, mark=_mark(cursor), size=listing.LARGEST_PAGE, folders=False, alias=bucket.connection
    )


def _mark(cursor: dict[str, Any]) -> Mark | None:
    return Mark(unquote(cursor["key"]), cursor["version"]) if "key" in cursor else None


def _current_objects(page: VersionsPage) -> tuple[int, int]:
    """Return how many objects are photos' own, by their prefixes, and how many are not."""
    current = [one.key for one in page.versions if one.is_latest and not one.is_delete_marker]
    own = sum(key.startswith((keys.ORIGINALS, keys.RENDITIONS)) for key in current)
    return own, len(current) - own


def _add(counts: dict[str, int], **more: int) -> None:
    for name, count in more.items():
        counts[name] = counts.get(name, 0) + count


def _compare(scan: Scan) -> None:
    """Ask one question. The answers are read before anything is written, so that nobody waits for a lock."""
    step = scan.cursor["step"]
    counts = dict(scan.counts)
    if step == 0:
        staging.is_written()
        counts["rows"] = comparing.compared_rows(scan).count()
        counts["elsewhere"] = comparing.rows_elsewhere(scan).count()
    question, kinds = comparing.QUESTIONS[step]
    kept, found = findings.take(question(scan))
    _add(counts, **{kind.value: found[kind] for kind in kinds})
    with transaction.atomic():
        _write(scan, cursor={"step": step + 1}, counts=counts)
        if scan.keeps_findings:
            findings.keep(scan, kept)


def _read_acls(scan: Scan) -> None:
    changes, found = acls.advance(scan)
    with transaction.atomic():
        _write(scan, **changes)
        if scan.keeps_findings:
            findings.keep(scan, found)


def _complete(scan: Scan) -> None:
    with transaction.atomic():
        ended = {"state": Scan.State.COMPLETE, "ended_at": timezone.now()}
        _write(scan, claim=None, problem="", alarm=_alarm(scan), **ended)
        if scan.keeps_findings:
            findings.close_others(scan)
        staging.empty()
    logger.info("scan_complete", scan=scan.pk, alarm=scan.alarm, **scan.counts)


def _alarm(scan: Scan) -> str:
    """Return why the scan's findings must not be acted upon, empty if they may."""
    counts = scan.counts
    loose = counts.get(Finding.Kind.ORPHAN, 0) + counts.get(Finding.Kind.LOOSE_RENDITION, 0)
    missing = counts.get(Finding.Kind.DANGLING, 0)
    for number, of, words in (
        (loose, counts.get("objects", 0), _("%(share)s %% of all objects have no row")),
        (missing, counts.get("rows", 0), _("%(share)s %% of all photos have no original")),
    ):
        if of and number / of > ALARM_SHARE:
            return _("%(what)s: look for one cause, such as another bucket or a restored database.") % {
                "what": words % {"share": round(100 * number / of)}
            }
    return ""


def _wait(scan: Scan, error: StorageUnavailable) -> None:
    """Leave the scan where it is, for a later beat."""
    logger.warning("scan_waits", scan=scan.pk, code=error.code)
    words = _("The store does not answer (%(code)s); tried again soon.") % {"code": error.code}
    try:
        _write(scan, claim=None, problem=words)
    except ClaimLost:
        return


def _end_incomplete(scan: Scan, problem: str) -> None:
    logger.warning("scan_incomplete", scan=scan.pk, problem=problem)
    try:
        with transaction.atomic():
            _write(
                scan, state=Scan.State.INCOMPLETE, ended_at=timezone.now(), claim=None, problem=problem
            )  # fmt: skip
            staging.empty()
    except ClaimLost:
        return
