"""Acts on targets one by one, several at a time: again where the store was busy; an outage ends the batch."""

from __future__ import annotations

import random
import time
from abc import abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextvars import copy_context

import structlog

from portal.s3 import listing, renewal
from portal.s3.errors import AccessRefused, ClockSkewed, S3Error, StorageUnavailable
from storage_admin.jobs.kind import Beat, Failed, Kind, Outcome
from storage_admin.jobs.targets import Target
from storage_admin.models import Job

logger = structlog.get_logger(__name__)

ActOn = Callable[[Job, Target], Outcome]

THREADS = 8  # measured: more gain nothing on one core, for boto3 holds the interpreter's lock
BEAT_SECONDS = 5
ATTEMPTS = 3  # for one target in a row, beside those that boto3 makes by itself
PAUSE_SECONDS = 0.2
LATER_SECONDS = (2, 5, 10)  # pauses of a batch before it turns again to those the store was too busy for
BUSY = "Unavailable"
# The keys have ended or are not good any more: every further call would fail alike.
_KEYS_ARE_OVER = renewal.OVER | {"NoCredentialsError", "PartialCredentialsError"}
_TAKING_ON_THE_ROLE = "AssumeRole"
_NO_REASON = {"", "403"}  # a refused HEAD has no body, so no code: this target, or the keys?
UNEXPECTED = "Unexpected"


class OneByOne(Kind):
    """A kind that works on each target by itself, several at a time."""

    @abstractmethod
    def act_on(self, job: Job, target: Target) -> Outcome:
        """Work on one target. Runs in a thread of its own: no query here."""

    def act(self, job: Job, targets: Sequence[Target], beat: Beat) -> list[Outcome]:
        return in_threads(self.act_on, job, targets, beat)


def in_threads(act_on: ActOn, job: Job, targets: Sequence[Target], beat: Beat) -> list[Outcome]:
    """Let `act_on` work on several targets at a time; each has an outcome, or the whole batch raises.

    Where the store was too busy for some, but not for all, these are done again when the others are
    through, with longer pauses each time: one of ten thousand must not fail for the crowd it was in.
    """
    outcomes = _wave(act_on, job, targets, beat)
    for seconds in LATER_SECONDS:
        busy = [one.target for one in outcomes if isinstance(one, Failed) and one.store_is_busy]
        if not busy or len(busy) == len(outcomes):
            break
        _rest(seconds, beat)
        through = [one for one in outcomes if not (isinstance(one, Failed) and one.store_is_busy)]
        outcomes = through + _wave(act_on, job, busy, beat)
    raise_outage(outcomes)
    return outcomes


def _rest(seconds: float, beat: Beat) -> None:
    """Wait, and say meanwhile that this worker lives."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(left, BEAT_SECONDS))
        beat()


def _wave(act_on: ActOn, job: Job, targets: Sequence[Target], beat: Beat) -> list[Outcome]:
    """Act on each target once, several at a time."""
    outcomes: list[Outcome] = []
    with ThreadPoolExecutor(THREADS, thread_name_prefix=f"job-{job.pk}") as pool:
        waiting = {pool.submit(copy_context().run, answer, act_on, job, target) for target in targets}
        try:
            while waiting:
                ready, waiting = wait(waiting, BEAT_SECONDS, FIRST_COMPLETED)
                outcomes += [one.result() for one in ready]
                beat()
        finally:
            # Where the claim is lost or the keys are over: start no more calls.
            pool.shutdown(cancel_futures=True)
    return outcomes


class NothingWorks(Exception):
    """Each target of a batch failed by an error of the portal's own: see its log."""


def raise_outage(outcomes: Sequence[Outcome]) -> None:
    """Raise StorageUnavailable where not one target of a batch got through to the store.

    NothingWorks where an error of the portal's own met each of them.
    """
    failed = [one for one in outcomes if isinstance(one, Failed)]
    if not failed or len(failed) < len(outcomes):
        return
    if all(one.store_is_busy for one in failed):
        raise StorageUnavailable(failed[0].message, code=failed[0].code)
    if len(failed) > 1 and all(one.code == UNEXPECTED for one in failed):
        raise NothingWorks(failed[0].message)  # nor would the rest


def answer(act_on: ActOn, job: Job, target: Target) -> Outcome:
    """Act, and again alone where the store was too busy. What ends the whole job is raised."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return act_on(job, target)
        except StorageUnavailable as error:
            failed = Failed(target, error.code or BUSY, str(error), store_is_busy=True)
            if attempt < ATTEMPTS:
                time.sleep(PAUSE_SECONDS * 2**attempt * random.uniform(0.5, 1.5))  # noqa: S311 - jitter
        except S3Error as error:
            if stops_job(error):
                raise
            if isinstance(error, AccessRefused) and error.code in _NO_REASON:
                _ask_for_reason(job)
            return Failed(target, error.code or type(error).__name__, str(error))
        except Exception as error:
            # One odd object may not keep a job from all others, nor these from being counted.
            logger.exception("job_target_unexpected", job=job.pk, key=target.key)
            return Failed(target, UNEXPECTED, type(error).__name__)
    return failed


def stops_job(error: S3Error) -> bool:
    """Whether every further call would fail alike: the keys have ended, or the clocks differ.

    What is refused of one target alone is that target's failure.
    """
    return isinstance(error, ClockSkewed) or (
        isinstance(error, AccessRefused)
        and (error.code in _KEYS_ARE_OVER or error.operation == _TAKING_ON_THE_ROLE)
    )


def _ask_for_reason(job: Job) -> None:
    """Ask something whose refusal says why; raise it where it stops the job."""
    try:
        listing.keys_page(job.bucket.name, prefix=job.prefix, size=1, alias=job.bucket.connection)
    except AccessRefused as error:
        if stops_job(error):
            raise
