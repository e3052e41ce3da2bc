"""Celery tasks of the storage: thin, and on the `bulk` queue."""

from functools import partial

import structlog
from celery import shared_task
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from kombu.exceptions import OperationalError

from portal.aws.errors import ServiceError
from portal.s3 import pace
from portal.s3.errors import StorageUnavailable
from storage_admin import purge as purging
from storage_admin.buckets import looking, posture, usage
from storage_admin.buckets.usage import Slice
from storage_admin.glue import running as glue
from storage_admin.jobs import claims, running
from storage_admin.mirror import verifying, writing
from storage_admin.reconciliation import scanning
from storage_admin.schedules import rounds

logger = structlog.get_logger(__name__)


@shared_task(soft_time_limit=250, time_limit=300)
def purge() -> str:
    """Remove refused originals and leftover renditions; the timetable sees to the trash.

    What is returned is shown with the sweep, if anything is.
    """
    try:
        removed = purging.remove_rejected_originals()
        leftovers = purging.remove_leftovers()
    except StorageUnavailable as error:
        logger.warning("purge_postponed", code=error.code)
        return _("The store does not answer (%(code)s).") % {"code": error.code}
    if removed or leftovers:
        logger.info("purged", rejected=removed, leftovers=leftovers)
    return ""


@shared_task(soft_time_limit=250, time_limit=300)
def look_for_buckets() -> None:
    """Look for buckets if nobody has for a while; the rows say so, hence a new portal looks at once."""
    if not looking.is_due():
        return
    found = looking.look()
    logger.info("buckets_looked_for", total=found.total, new=found.new, gone=found.gone)


@shared_task(soft_time_limit=250, time_limit=300)
def check_buckets() -> None:
    """Check buckets that are new, and those of the daily round: a few each time, so that they spread."""
    went = posture.check_due(rounds.begun_at(rounds.CHECKS))
    if went:
        logger.info("buckets_checked", **{name.replace(" ", "_"): count for name, count in went.items()})


def send_checks() -> None:
    """Queue the checks now. Without a broker the next minute's sweep makes them."""
    try:
        check_buckets.delay()
    except OperationalError as error:
        logger.warning("checks_not_queued", error=str(error))


@shared_task(soft_time_limit=50, time_limit=60)
def count_buckets() -> None:
    """Begin the counts of the daily round and of new buckets; go on with those whose worker died."""
    for piece in usage.due(rounds.begun_at(rounds.COUNTS)):
        send_count(piece)


@shared_task(soft_time_limit=50, time_limit=60)
def count_slice(snapshot: int, beat: str) -> None:
    """Count on for a while, and queue the rest."""
    with pace.bulk():
        following = usage.run(Slice(snapshot, beat))
    if following is not None:
        send_count(following)


def enqueue_count(piece: Slice) -> None:
    """Queue a slice once the current transaction is committed."""
    transaction.on_commit(partial(send_count, piece))


def send_count(piece: Slice) -> None:
    """Queue a slice now. Without a broker the count waits, and a later beat takes it over."""
    try:
        count_slice.delay(piece.snapshot, piece.beat)
    except OperationalError as error:
        logger.warning("count_not_queued", snapshot=piece.snapshot, error=str(error))


@shared_task(soft_time_limit=590, time_limit=600)
def run_job(job_id: int) -> None:
    """Work on a job for a slice, and queue the next one. A single large copy may take longer than a slice."""
    if running.work(job_id):
        send_job(job_id)


@shared_task(soft_time_limit=50, time_limit=60)
def sweep_jobs() -> None:
    """Queue the jobs again that nobody works on: a message was lost, a worker died, the store was away."""
    forgotten = claims.forgotten()
    for job_id in forgotten:
        send_job(job_id)
    if forgotten:
        logger.info("jobs_swept", queued=len(forgotten))


def send_job(job_id: int) -> None:
    """Queue the job now. Without a broker it stays as it is, and the sweep finds it."""
    try:
        run_job.delay(job_id)
    except OperationalError as error:
        logger.warning("job_not_queued", job=job_id, error=str(error))


@shared_task(soft_time_limit=50, time_limit=60)
def sweep_scans() -> None:
    """Begin what is left of the nightly round, and go on with a scan that nobody works on."""
    for scan_id in scanning.due(rounds.begun_at(rounds.SCANS)):
        send_scan(scan_id)


@shared_task(soft_time_limit=140, time_limit=150)
def run_scan(scan_id: int) -> None:
    """Work on a scan for a slice, and queue the next one."""
    with pace.bulk():
        more = scanning.work(scan_id)
    if more:
        send_scan(scan_id)


def enqueue_scan(scan_id: int) -> None:
    """Queue the scan once the current transaction is committed."""
    transaction.on_commit(partial(send_scan, scan_id))


def send_scan(scan_id: int) -> None:
    """Queue the scan now. Without a broker it stays as it is, and the sweep finds it."""
    try:
        run_scan.delay(scan_id)
    except OperationalError as error:
        logger.warning("scan_not_queued", scan=scan_id, error=str(error))


@shared_task(soft_time_limit=50, time_limit=60)
def mirror_changes() -> None:
    """Send what is due to DynamoDB; compare both sides once a day, also after a worker died of it."""
    if not settings.DYNAMODB_MIRROR:
        return
    try:
        sent = writing.work()
    except ServiceError as error:
        logger.warning("mirror_waits", operation=error.operation, code=error.code)
        return
    if sent.written or sent.newer or sent.refused:
        logger.info("mirrored", written=sent.written, newer=sent.newer, refused=sent.refused)
    for check_id in verifying.due():
        send_check(check_id)


@shared_task(soft_time_limit=50, time_limit=60)
def run_check(check_id: int) -> None:
    """Compare DynamoDB with the rows for a slice, and queue the next one."""
    if verifying.work(check_id):
        send_check(check_id)


def enqueue_check(check_id: int) -> None:
    """Queue the comparison once the current transaction is committed."""
    transaction.on_commit(partial(send_check, check_id))


def send_check(check_id: int) -> None:
    """Queue the comparison now. Without a broker it waits, and a later beat takes it up."""
    try:
        run_check.delay(check_id)
    except OperationalError as error:
        logger.warning("check_not_queued", check=check_id, error=str(error))


@shared_task(soft_time_limit=50, time_limit=60)
def follow_glue() -> None:
    """Start what was asked of Glue and not started yet, and look how its runs are."""
    glue.sweep()


@shared_task(soft_time_limit=50, time_limit=60)
def run_glue(run_id: int) -> None:
    """Start, look at, or stop one run, now that somebody asked."""
    glue.work(run_id)


def enqueue_glue(run_id: int) -> None:
    """Queue the run once the current transaction is committed."""
    transaction.on_commit(partial(send_glue, run_id))


def send_glue(run_id: int) -> None:
    """Queue the run now. Without a broker it waits for the sweep."""
    try:
        run_glue.delay(run_id)
    except OperationalError as error:
        logger.warning("glue_run_not_queued", run=run_id, error=str(error))
