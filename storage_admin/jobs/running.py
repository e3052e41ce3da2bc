"""The worker's side: claims a job, works on it for a slice, and commits what came of each batch.

A batch is written into the row before its first call, and its outcomes, the counts and the cursor
in one transaction after its last. A worker that dies in between leaves the batch in the row; the
next one does it again, which every kind must bear, and counts it once.
"""

from __future__ import annotations

import time
from collections import Counter

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import DatabaseError
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.s3 import identity, pace, session
from portal.s3.errors import S3Error, StorageUnavailable
from storage_admin.errors import NotPossible
from storage_admin.handover import working
from storage_admin.jobs import allowed, batches, claims, ending, kinds, outcomes, planning
from storage_admin.jobs.claims import Claim, ClaimLost
from storage_admin.jobs.kind import Kind, Outcome, Skipped, verdicts
from storage_admin.jobs.one_by_one import stops_job
from storage_admin.jobs.targets import Target
from storage_admin.models import ENDED, Job, JobState

logger = structlog.get_logger(__name__)

SLICE_SECONDS = 25
# A batch that was begun so often without an end kills its workers.
MAX_TRIES = 5
_END = {"end": True}


class BatchKills(Exception):
    """The same batch was begun so often, and no worker lived to its end."""


def work(job_id: int, seconds: float = SLICE_SECONDS) -> bool:
    """Work on the job for a slice; return whether another one is due at once.

    Nothing is raised but the unexpected, which fails the job: an outage, ended keys and a lost
    claim are in the row, and a sweep goes on from there.
    """
    claim = claims.take(job_id)
    if claim is None:
        return False
    try:
        with pace.bulk():
            until = time.monotonic() + seconds
            if claim.job.handed_over is not None:
                return working.work(claim, until)
            return _slice(claim, until)
    except ClaimLost:
        logger.warning("job_claim_lost", job=job_id)
        return False


def _slice(claim: Claim, until: float) -> bool:
    """Plan or run until the given `time.monotonic()`, and leave the row in the state that follows."""
    keys = identity.mark(claim.job.bucket.connection)
    try:
        allowed.check_obstacle(claim.job)
        more = planning.work(claim, until) if claim.job.state == JobState.DRAFT else _run(claim, until)
        if claim.is_held:
            claim.release(stopped_because="" if more else claim.job.stopped_because)
    except ClaimLost:
        raise
    except StorageUnavailable as error:
        _leave(claim, None, _("The store does not answer (%(code)s).") % {"code": error.code}, asks=False)
        return False  # the sweep tries again
    except BatchKills:
        words = _("The same objects were begun %(count)d times, and each time the worker died over them.")
        _leave(claim, JobState.FAILED, words % {"count": MAX_TRIES}, asks=False)
        return False
    except allowed.NotAllowed as error:
        _leave(claim, JobState.PAUSED, str(error))
        return False
    except NotPossible as error:  # the selection means nothing any more
        _leave(claim, JobState.FAILED, str(error))
        return False
    except S3Error as error:
        return _goes_on_after(claim, error, keys)
    except (DatabaseError, SoftTimeLimitExceeded):
        # No fault of the job: its claim goes stale, and another worker does the batch again.
        logger.exception("job_slice_broken", job=claim.job.pk)
        raise
    except Exception as error:
        _leave(claim, JobState.FAILED, _("Unexpected: %(name)s") % {"name": type(error).__name__})
        raise
    return more


def _goes_on_after(claim: Claim, error: S3Error, keys: object) -> bool:
    """Leave a job that the store refused as a whole; True where new keys have been found meanwhile."""
    is_over = stops_job(error)
    if is_over and _has_new_keys(claim.job.bucket.connection, keys):
        claim.release(stopped_because="")
        return True
    said = f"{error} ({error.code})" if error.code else str(error)
    _leave(claim, JobState.PAUSED if is_over else JobState.FAILED, said, asks=not is_over)
    return False


def _has_new_keys(alias: str, before: object) -> bool:
    """Read the keys anew, those of all connections; whether somebody has put others in this one's place.

    Then this process alone still had the old ones, and the job goes on with the next slice.
    """
    for one in settings.S3_CONNECTIONS:
        session.renew(one)
    return before is not None and not identity.same_keys(before, alias)


def _run(claim: Claim, until: float) -> bool:
    job, kind = claim.job, kinds.of(claim.job)
    if job.state == JobState.QUEUED:
        Job.objects.filter(pk=job.pk, claim=claim.token, state=JobState.QUEUED).update(state=JobState.RUNNING)
        claim.write(started_at=job.started_at or timezone.now())
    allowed.check_right(job)
    while True:
        if job.batch is not None:
            _work_off(claim, kind)
        state = claim.state()
        if state in _STOPS:
            ending.stop(claim, _STOPS[state], "")
            return False
        if job.cursor == _END and not _another_pass(claim, kind):
            _finish(claim, kind)
            return False
        if time.monotonic() >= until:
            return True
        _begin_batch(claim, kind)


_STOPS = {JobState.PAUSING: JobState.PAUSED, JobState.CANCELLING: JobState.CANCELLED}


def _begin_batch(claim: Claim, kind: Kind) -> None:
    """Read the next targets and write down which will be worked on."""
    job = claim.job
    page = batches.read(job, kind)
    judged = list(zip(page.targets, verdicts(kind, job, page.targets), strict=True))
    skips = Counter(skip.code for _target, skip in judged if skip is not None)
    chosen = [target.as_data() for target, skip in judged if skip is None]
    claim.write(batch={"targets": chosen, "skips": dict(skips), "cursor": page.cursor or _END, "tries": 0})


def _work_off(claim: Claim, kind: Kind) -> None:
    """Act on the batch in the row and commit what came of it."""
    job = claim.job
    assert job.batch is not None  # noqa: S101 - the caller looked
    allowed.check_obstacle(job)
    chosen = [Target.from_data(data) for data in job.batch["targets"]]
    came: list[Outcome] = []
    again = job.batch.get("begun", False)
    if kind.destroys and again:
        # Since the worker that read it died, a photo's row may have come to name one of these versions.
        judged = list(zip(chosen, verdicts(kind, job, chosen), strict=True))
        came = [Skipped(target, skip) for target, skip in judged if skip is not None]
        chosen = [target for target, skip in judged if skip is None]
    if chosen:
        tries = job.batch["tries"] + 1
        if tries > MAX_TRIES:
            raise BatchKills
        claim.write(batch=job.batch | {"tries": tries, "begun": True, "again": again})
        try:
            came += kind.act(job, chosen, claim.beat)
        except StorageUnavailable:
            claim.write(batch=job.batch | {"tries": 0})  # an outage is no crash
            raise
    outcomes.commit(claim, kind, came)


def _another_pass(claim: Claim, kind: Kind) -> bool:
    """Begin again where the kind wants it and the last pass found something to do."""
    job = claim.job
    # A list of single targets, as a retry has it, stays as it is: to go over it again would never end.
    if not kind.repeats or job.selection["what"] not in kind.selections:
        return False
    if not job.result.get("done_in_pass"):
        return False
    # What is passed over is found again by each pass: only the last one's count is true.
    result = job.result | {"done_in_pass": 0, "skips": {}}
    claim.write(cursor=None, passes=F("passes") + 1, skipped=0, result=result)
    job.skipped = 0
    return True


def _finish(claim: Claim, kind: Kind) -> None:
    kind.finished(claim.job, claim.beat)
    claim.write(result=claim.job.result)
    ending.stop(claim, JobState.PARTIAL if claim.job.failed else JobState.DONE, "")


def _leave(claim: Claim, state: JobState | None, reason: str, *, asks: bool = True) -> None:
    """Leave a job that cannot go on in the state, None for as it is; what a person asked for comes first.

    A store that is away, keys that are over: none of that may keep a job from being cancelled. Where
    it ends so, each target of a batch that was begun gets an outcome, if only that none is known;
    `asks` the store for it.
    """
    state = _STOPS.get(claim.state(), state)
    if state is None:
        claim.release(stopped_because=reason)
        return
    if state in ENDED and (unknown := outcomes.settle(claim, kinds.of(claim.job), asks=asks)):
        reason = _("%(reason)s What became of the last %(count)s is not known.") % {
            "reason": reason,
            "count": unknown,
        }
    ending.stop(claim, state, reason)
