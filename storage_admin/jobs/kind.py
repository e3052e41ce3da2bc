"""What a kind of job must say of itself; the engine does the rest."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from storage_admin.jobs import costs
from storage_admin.jobs.photo_rows import NO_ORIGINAL, NOT_CURRENT
from storage_admin.jobs.targets import Selection, Target
from storage_admin.models import Bucket, Job

Beat = Callable[[], None]

_BYPASS = "storage_admin.bypass_governance"
_OF_PHOTOS = ("originals", "photos")


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


def not_known(target: Target, successor: Successor | None = None) -> Failed:
    """Return the outcome of a target of which nobody can say what became of it."""
    words = _("The job ended before it was known what became of it. Retry looks at it again.")
    return Failed(target, NOT_KNOWN, words, successor=successor)


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


def first_of(*judgements: list[Skip | None]) -> list[Skip | None]:
    """Join judgements of the same targets: the first reason that is found for each."""
    return [next(filter(None, reasons), None) for reasons in zip(*judgements, strict=True)]
