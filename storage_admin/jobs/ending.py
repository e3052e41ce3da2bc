"""How a worker leaves a job: the state, and the trace of it where it is an end."""

from __future__ import annotations

from typing import Any

import structlog
from django.db import transaction
from django.utils import timezone

from portal import audit
from portal.s3.errors import S3Error
from storage_admin.errors import StorageError
from storage_admin.jobs import kinds
from storage_admin.jobs.claims import Claim
from storage_admin.models import ENDED, Job, JobState

logger = structlog.get_logger(__name__)


def stop(claim: Claim, state: JobState, reason: str) -> None:
    """Write the state in which the worker leaves the job, and the trace of it where it is an end."""
    job = claim.job
    ended: dict[str, Any] = {"ended_at": timezone.now()} if state in ENDED else {}
    if state in {JobState.CANCELLED, JobState.FAILED}:
        _close(job)
        ended["result"] = job.result
    with transaction.atomic():
        claim.release(state=state, stopped_because=reason, **ended)
        if ended:
            audit.record(
                f"job.{state.value}", target=job, bucket=job.bucket.name, key=job.prefix,
                before={"planned": job.total}, after=counts(job), message=reason,
                outcome=audit.AuditEvent.Outcome.DONE
                if state is not JobState.FAILED
                else audit.AuditEvent.Outcome.FAILED,
            )  # fmt: skip
    logger.info("job_stopped", job=job.pk, kind=job.kind, state=state.value, reason=reason, **counts(job))


def _close(job: Job) -> None:
    """Close what the job left open. Where that fails the job ends all the same; a daily sweep closes it."""
    try:
        kinds.of(job).abandoned(job)
    except (S3Error, StorageError) as error:
        logger.warning("job_left_open", job=job.pk, kind=job.kind, error=str(error))


def counts(job: Job) -> dict[str, int]:
    """Return what the job has come to, for the audit and the log."""
    told = {"done": job.done, "skipped": job.skipped, "failed": job.failed, "bytes": job.done_bytes}
    if followed := job.result.get("followed"):
        told["photos_followed"] = followed  # which and whereto: the job's items name both versions
    return told
