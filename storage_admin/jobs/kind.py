"""What a kind of job must say of itself; the engine does the rest."""

from __future__ import annotations

import random
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any, ClassVar

import structlog
from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.s3 import listing, renewal
from portal.s3.errors import AccessRefused, ClockSkewed, S3Error, StorageUnavailable
from storage_admin.jobs import costs
from storage_admin.jobs.photo_rows import NO_ORIGINAL, NOT_CURRENT
from storage_admin.jobs.targets import Selection, Target
from storage_admin.models import Bucket, Job

logger = structlog.get_logger(__name__)

Beat = Callable[[], None]

THREADS = 8  # measured: more gain nothing on one core, for boto3 holds the interpreter's lock
BEAT_SECONDS = 5
ATTEMPTS = 3  # for one target, beside those that boto3 makes by itself
PAUSE_SECONDS = 0.2
BUSY = "Unavailable"
# The keys have ended or are not good any more: every further call would fail alike.
_KEYS_ARE_OVER = renewal.OVER | {"NoCredentialsError", "PartialCredentialsError"}
_TAKING_ON_THE_ROLE = "AssumeRole"
_BYPASS = "storage_admin.bypass_governance"
_OF_PHOTOS = ("originals", "photos")
_NO_REASON = {"", "403"}  # a refused HEAD has no body, so no code: this target, or the keys?


@dataclass(frozen=True)
class Skip:
    """Why nothing is done to a target: a code to count by, and a sentence."""

    code: str
    sentence: str | Promise


@dataclass(frozen=True)
class Successor:
    """A version with the very bytes of the one before it, which it now hides: rows of photos go with it."""

    of_version: str
    version_id: str
    etag: str


@dataclass(frozen=True)
class Done:
    """The target is as the job wants it. `made` is what undoing needs: a marker, a new version."""

    target: Target
    made: str = ""
    successor: Successor | None = None
    note: str = ""  # what was lost on the way; kept where the kind keeps successes
    code: str = ""  # by which the kind finds the row of a success again


@dataclass(frozen=True)
class Failed:
    """The store refused, or the target is not what it was."""

    target: Target
    code: str
    message: str
    store_is_busy: bool = False  # after all attempts; alone it is a failure, of a whole batch an outage
    successor: Successor | None = None  # the copy was made, and something beside it failed


@dataclass(frozen=True)
class Skipped:
    """Nothing had to be done, or may be."""

    target: Target
    skip: Skip
    successor: Successor | None = None  # made by a worker before this one, as it seems


Outcome = Done | Failed | Skipped
NOT_KNOWN = "NotKnown"
UNEXPECTED = "Unexpected"


def not_known(target: Target, successor: Successor | None = None) -> Failed:
    """Return the outcome of a target of which nobody can say what became of it."""
    words = _("The job ended before it was known what became of it. Retry looks at it again.")
    return Failed(target, NOT_KNOWN, words, successor=successor)


ActOn = Callable[[Job, Target], Outcome]


_BARRED = {
    NO_ORIGINAL: Skip(
        NO_ORIGINAL,
        gettext_lazy("The photo has no original here: it has not arrived, was refused, or lies elsewhere."),
    ),
    NOT_CURRENT: Skip(
        NOT_CURRENT,
        gettext_lazy("The photo's original is not the current version: another lies on top, or it is gone."),
    ),
}


class Kind(ABC):
    """One kind of job. Its instances hold no state: everything is in the job's row."""

    slug: ClassVar[str]
    title: ClassVar[str | Promise]
    explanation: ClassVar[str | Promise]
    right: ClassVar[str]  # app.codename, asked of the person at start, and again in each slice
    destroys: ClassVar[bool] = False  # what it does cannot be undone: the name must be typed
    keeps_successes: ClassVar[bool] = False  # a row for each success, for the audit or for undoing
    repeats: ClassVar[bool] = False  # goes over its selection until a whole pass finds nothing to do
    undone_by: ClassVar[str] = ""  # the kind that takes back what was done; empty: nothing does
    is_drafted_elsewhere: ClassVar[bool] = False  # by a page of its own, not from the list of kinds
    takes_whole_bucket: ClassVar[bool] = False  # and nothing less: neither a prefix nor chosen objects
    place: ClassVar[str] = ""  # the page below a bucket that shows first what the form only asks for
    selections: ClassVar[tuple[str, ...]] = ("objects", "keys", "originals")
    leaves_open: ClassVar[bool] = False  # what it began lies open in the store until it ends: `abandoned`
    batch_size: ClassVar[int] = 100
    batch_bytes: ClassVar[int] = 0  # a batch ends after so many, too; 0: whatever its targets hold
    form_class: ClassVar[type[forms.Form]] = forms.Form

    def judge(self, job: Job, target: Target) -> Skip | None:
        """Return why the target is passed over; None when it is worked on. Asks the store nothing."""
        return None

    def judge_all(self, job: Job, targets: Sequence[Target]) -> list[Skip | None]:
        """Return for each target why it is passed over. For what is looked up for many at once."""
        return [self.judge(job, target) for target in targets]

    @abstractmethod
    def act(self, job: Job, targets: Sequence[Target], beat: Beat) -> list[Outcome]:
        """Work on the targets, which `judge` let pass; return one outcome for each.

        Must be safe to repeat. StorageUnavailable means that nothing is known of those without an
        outcome: the engine repeats the batch. `beat` is to be called every few seconds.
        What it puts into `job.result` is committed with the outcomes, or not at all.
        """

    def settle(self, job: Job, targets: Sequence[Target], beat: Beat) -> list[Outcome]:
        """Tell what became of targets that were begun, of a job that ends. Changes nothing."""
        return [not_known(target) for target in targets]

    def rights(self, bucket: Bucket, parameters: dict[str, Any]) -> tuple[str, ...]:
        """Return all rights that a job with these parameters needs, the kind's own first."""
        return (self.right, _BYPASS) if parameters.get("bypass") else (self.right,)

    def refusal(self, bucket: Bucket) -> str:
        """Return why this kind is not for the bucket at all; empty when it is."""
        return ""

    def obstacle(self, job: Job) -> str:
        """Return what forbids to work on now, asked of the store before the plan and before each batch.

        The job is paused with these words; empty when there is nothing.
        """
        return ""

    def unfit(self, job: Job) -> str:
        """Return why the job cannot be started as it is planned; empty when it can."""
        return ""

    def requests(self, targets: int) -> dict[str, int]:
        """Return the calls to the store that so many targets take, by the name of the operation."""
        return {}

    def price(self, job: Job, target: Target) -> costs.Price:
        """Return what one target adds to the bill at Amazon, by the names that `costs.lines` knows."""
        return {}

    def meaning(self, job: Job) -> list[str | Promise]:
        """Return sentences about what the job will mean, for the page that asks to start it."""
        return []

    def told(self, job: Job) -> list[tuple[str, str]]:
        """Return what the job found out beside its outcomes, as pairs of words: of counts, so far."""
        return []

    def finished(self, job: Job, beat: Beat) -> None:  # noqa: B027 - most kinds have nothing left to do
        """Do what is left when the last pass is over. Safe to repeat; `job.result` is kept with the end."""

    def abandoned(self, job: Job) -> None:  # noqa: B027 - most kinds leave nothing open
        """Close what a job left open that was cancelled or failed. Safe to repeat."""

    def selection(self, job_prefix: str, parameters: dict[str, Any]) -> Selection:
        """Return the rule for a whole prefix."""
        return {"what": self.selections[0], "prefix": job_prefix}

    def selection_of_photos(self) -> str:
        """Return which selection takes photos of the admin's list; empty where this kind takes none."""
        return next((one for one in _OF_PHOTOS if one in self.selections), "")


def verdicts(kind: Kind, job: Job, targets: Sequence[Target]) -> list[Skip | None]:
    """Return for each target why it is passed over: its selection's reason, or else the kind's."""
    return first_of([_BARRED.get(target.barred) for target in targets], kind.judge_all(job, targets))


class OneByOne(Kind):
    """A kind that works on each target by itself, several at a time."""

    @abstractmethod
    def act_on(self, job: Job, target: Target) -> Outcome:
        """Work on one target. Runs in a thread of its own: no query here."""

    def act(self, job: Job, targets: Sequence[Target], beat: Beat) -> list[Outcome]:
        return in_threads(self.act_on, job, targets, beat)


def in_threads(act_on: ActOn, job: Job, targets: Sequence[Target], beat: Beat) -> list[Outcome]:
    """Let `act_on` work on several targets at a time; each has an outcome, or the whole batch raises."""
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
    raise_outage(outcomes)
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


def first_of(*judgements: list[Skip | None]) -> list[Skip | None]:
    """Join judgements of the same targets: the first reason that is found for each."""
    return [next(filter(None, reasons), None) for reasons in zip(*judgements, strict=True)]
