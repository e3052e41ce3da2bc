"""Who works on a job: one worker at a time, by a claim in the row that is renewed while it works."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from storage_admin.models import AT_WORK, Job, JobState

# Of a job's patience: one that nobody works on, although none has claimed it, is queued again.
WAITING_SHARE = 1 / 3
WORKED_ON = (JobState.DRAFT, *AT_WORK)


class ClaimLost(Exception):
    """Another worker has the job: this one was taken for dead. What it did is done once more there."""


class Claim:
    """The right to write into a job's row."""

    def __init__(self, job: Job) -> None:
        self.job = job
        assert job.claim is not None  # noqa: S101 - made by `take` alone
        self.token = job.claim
        self.is_held = True

    def write(self, **changes: Any) -> None:
        """Change the row, with a sign of life. ClaimLost when it is another worker's by now."""
        changes |= {"beat_at": timezone.now()}
        if not Job.objects.filter(pk=self.job.pk, claim=self.token).update(**changes):
            raise ClaimLost
        for name, value in changes.items():
            if not hasattr(value, "resolve_expression"):
                setattr(self.job, name, value)

    def beat(self) -> None:
        """Say that this worker lives. ClaimLost as in `write`."""
        self.write()

    def release(self, **changes: Any) -> None:
        """Give the job back, for the next slice or for good."""
        self.write(claim=None, **changes)
        self.is_held = False

    def state(self) -> JobState:
        """Return the job's state as it is now: people change it while a slice runs."""
        found = Job.objects.filter(pk=self.job.pk, claim=self.token).values_list("state", flat=True).first()
        if found is None:
            raise ClaimLost
        return JobState(found)


def take(job_id: int) -> Claim | None:
    """Claim the job; None when there is nothing to do, or somebody is at it."""
    free = Q(claim__isnull=True) | Q(beat_at__lt=timezone.now() - _patience())
    token = uuid.uuid4()
    taken = Job.objects.filter(free, pk=job_id, state__in=WORKED_ON).update(
        claim=token, beat_at=timezone.now()
    )
    if not taken:
        return None
    return Claim(Job.objects.select_related("bucket", "made_by", "handover").get(pk=job_id))


def forgotten(now: datetime | None = None) -> list[int]:
    """Return the jobs that nobody works on although somebody should: messages are lost, workers die."""
    now = now or timezone.now()
    long_ago = now - WAITING_SHARE * _patience()
    waiting = Q(claim__isnull=True) & (
        Q(beat_at__lt=long_ago) | Q(beat_at__isnull=True, made_at__lt=long_ago)
    )
    stale = Q(beat_at__lt=now - _patience())
    found = Job.objects.filter(waiting | stale, state__in=WORKED_ON).order_by("beat_at")
    return list(found.values_list("pk", flat=True)[:200])


def _patience() -> timedelta:
    """After so long without a sign of life a claim has no worker any more."""
    return timedelta(seconds=settings.JOB_STALE_SECONDS)
