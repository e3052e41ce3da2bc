"""A step of what was handed over: what comes after it, and how the rows are told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import Any

from django.db import transaction

from storage_admin.jobs import ending
from storage_admin.jobs.claims import Claim
from storage_admin.models import HandoverStep as Step
from storage_admin.models import JobHandover, JobState


class Next(Enum):
    """What follows a step."""

    ON = auto()  # the next one, at once
    LATER = auto()  # the time of the slice is over: the rest is queued
    WAIT = auto()  # Amazon is at it: the sweep looks again
    LEFT = auto()  # the job was left in another state


Take = Callable[[Claim, JobHandover, float], Next]
Steps = Mapping[str, Take]


def go_to(
    claim: Claim,
    handover: JobHandover,
    step: Step,
    *,
    of_job: dict[str, Any] | None = None,
    **changes: Any,
) -> Next:
    """Write down which step is next, with what the last one learned, all or nothing. ClaimLost."""
    with transaction.atomic():
        claim.write(**(of_job or {}))
        note(handover, step=step.value, **changes)
    return Next.ON


def note(handover: JobHandover, **changes: Any) -> None:
    """Write what was learned into the row."""
    for name, value in changes.items():
        setattr(handover, name, value)
    handover.save(update_fields=list(changes))


def end(claim: Claim, handover: JobHandover, state: JobState, reason: str = "") -> Next:
    """End the job; what a person asked for comes first."""
    if claim.state() is JobState.CANCELLING:
        state = JobState.CANCELLED
    ending.stop(claim, state, reason)
    note(handover, step=Step.ENDED.value)
    return Next.LEFT
