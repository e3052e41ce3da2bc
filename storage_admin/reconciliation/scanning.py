"""The worker's side of a scan: lists the bucket, then compares, in slices that any worker can go on with.

An inventory report may stand for the list; see `from_report` for what that needs more.

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

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.access import Actor
from portal.s3.errors import S3Error, StorageUnavailable
from portal.s3.inventory_reports import Report
from storage_admin.inventory import reports
from storage_admin.models import Bucket, Scan, Suspicion
from storage_admin.reconciliation import acls, alarms, comparing, findings, from_list, from_report, staging

logger = structlog.get_logger(__name__)

SLICE_SECONDS = 10.0  # some pages, or a comparison, may come on top
STALE_SECONDS = 180  # longer than a slice's hard limit: whoever gave no sign for so long is dead
GIVE_UP_HOURS = 24


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
    report: Report | None = None,
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
                report=reports.as_data(report) if report else {},
                report_at=report.at if report else None,
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
        if (scan := begin(bucket, report=reports.in_place_of_list(bucket))) is not None:
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
        words = _("The report could not be read: %(error)s")
        if not scan.report:
            words = _("A page of the list could not be read: %(error)s")
        _end_incomplete(scan, words % {"error": said})
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
    while not scan.cursor.get("acls", {}).get("done"):
        _advance(scan, until)
        if time.monotonic() >= until:
            return True
    _complete(scan)
    return False


def _advance(scan: Scan, until: float) -> None:
    """Do the next piece of work: what that is, the cursor says."""
    step = scan.cursor.get("step")
    if step is None and from_report.is_asking(scan):
        _ask(scan)
    elif step is None:
        _read(scan, until)
    elif step < len(comparing.QUESTIONS):
        _compare(scan)
    else:
        _read_acls(scan)


def _read(scan: Scan, until: float) -> None:
    """Read the list or the report until then, committing what was read with where reading goes on.

    To open a report's file in its middle costs all that stands before, so it stays open for the slice.
    """
    source = from_report if scan.report else from_list
    for piece in source.read(scan):
        with transaction.atomic():
            # First: it waits for, and finds out, another worker.
            _write(scan, cursor=piece.cursor, counts=piece.counts)
            if piece.is_first:
                _forget_all()
            staging.write(piece.rows)
            if scan.report and "step" in piece.cursor:
                staging.hide()
        if time.monotonic() >= until:
            return


def _ask(scan: Scan) -> None:
    named, rows, cursor = from_report.ask(scan)
    counts = scan.counts | {"asked": scan.counts.get("asked", 0) + len(named)}
    with transaction.atomic():
        _write(scan, cursor=cursor, counts=counts)
        staging.replace(named, rows)


def _add(counts: dict[str, int], **more: int) -> None:
    for name, count in more.items():
        counts[name] = counts.get(name, 0) + count


def _compare(scan: Scan) -> None:
    """Ask one question. The answers are read before anything is written, so that nobody waits for a lock."""
    step = scan.cursor["step"]
    counts = dict(scan.counts)
    if step == 0 and not scan.cursor.get("asked_at"):
        staging.is_written()
        counts["rows"] = comparing.compared_rows(scan).count()
        counts["elsewhere"] = comparing.rows_elsewhere(scan).count()
    question, kinds = comparing.QUESTIONS[step]
    if from_report.is_suspecting(scan):
        _suspect(scan, question, counts)
        return
    said = question(scan)
    kept, found = findings.take(from_report.confirmed(said) if scan.report else said)
    _add(counts, **{kind.value: found[kind] for kind in kinds})
    with transaction.atomic():
        _write(scan, cursor=scan.cursor | {"step": step + 1}, counts=counts)
        if scan.keeps_findings:
            findings.keep(scan, kept)


def _suspect(scan: Scan, question: comparing.Question, counts: dict[str, int]) -> None:
    unasked = from_report.suspect(question(scan))
    _add(counts, **unasked)  # nobody asked whether they hold: then they count as if they did
    step = scan.cursor["step"] + 1
    cursor = {"step": step} if step < len(comparing.QUESTIONS) else from_report.begin_asking(scan)
    _write(scan, cursor=cursor, counts=counts)


def _read_acls(scan: Scan) -> None:
    changes, found = acls.advance(scan)
    with transaction.atomic():
        _write(scan, **changes)
        if scan.keeps_findings:
            findings.keep(scan, found)


def _complete(scan: Scan) -> None:
    with transaction.atomic():
        ended = {"state": Scan.State.COMPLETE, "ended_at": timezone.now()}
        _write(scan, claim=None, problem="", alarm=alarms.alarm(scan), **ended)
        if scan.keeps_findings:
            findings.close_others(scan)
        _forget_all()
    logger.info("scan_complete", scan=scan.pk, alarm=scan.alarm, **scan.counts)


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
            _forget_all()
    except ClaimLost:
        return


def _forget_all() -> None:
    """Empty the tables that only the scan at work has something in."""
    staging.empty()
    Suspicion.objects.all().delete()
