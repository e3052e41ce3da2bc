"""The worker's side of a job that was handed over: the next steps, until Amazon has to be waited for.

Unlike a job of the portal's own workers, one that was handed over goes on without them. So no error
ends it here: it is paused with the reason, and a cancellation that fails is tried again until
Amazon's job is cancelled, or the rule is gone.
"""

from __future__ import annotations

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.db import DatabaseError
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.s3.errors import S3Error, StorageUnavailable
from storage_admin.errors import StorageError
from storage_admin.handover import batch, watching
from storage_admin.handover.steps import Next
from storage_admin.jobs import ending
from storage_admin.jobs.allowed import NotAllowed
from storage_admin.jobs.claims import Claim, ClaimLost
from storage_admin.models import Job, JobState

logger = structlog.get_logger(__name__)


def work(claim: Claim, until: float) -> bool:
    """Take steps until the given `time.monotonic()`, or until Amazon is at it; return whether more is due."""
    try:
        return _take_steps(claim, until)
    except (ClaimLost, DatabaseError, SoftTimeLimitExceeded):
        raise  # another worker goes on
    except StorageUnavailable as error:
        claim.release(stopped_because=_("The store does not answer (%(code)s).") % {"code": error.code})
    except S3Error as error:
        _pause(claim, f"{error} ({error.code})" if error.code else str(error))
    except (StorageError, NotAllowed) as error:
        _pause(claim, str(error))
    except Exception as error:
        _pause(claim, _("Unexpected: %(name)s") % {"name": type(error).__name__})
        raise
    return False


def _take_steps(claim: Claim, until: float) -> bool:
    job = claim.job
    handover = job.handed_over
    assert handover is not None  # noqa: S101 - the caller looked
    way = watching if handover.is_rule else batch
    if job.state == JobState.QUEUED:
        Job.objects.filter(pk=job.pk, claim=claim.token, state=JobState.QUEUED).update(state=JobState.RUNNING)
        claim.write(started_at=job.started_at or timezone.now())
    while True:
        is_cancelled = claim.state() is JobState.CANCELLING
        take = way.cancel if is_cancelled else way.STEPS[handover.step]
        following = take(claim, handover, until)
        if following is Next.ON:
            continue
        if following is not Next.LEFT:
            claim.release(stopped_because="")
        return following is Next.LATER


def _pause(claim: Claim, reason: str) -> None:
    job = claim.job
    logger.warning("handover_stopped", job=job.pk, kind=job.kind, reason=reason)
    if claim.state() is JobState.CANCELLING:
        claim.release(stopped_because=reason)
    else:
        ending.stop(claim, JobState.PAUSED, reason)
