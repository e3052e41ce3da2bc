"""Moments that people mean, and what rows tell of the time since. Nothing here asks the store."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from portal.audit import AuditEvent
from storage_admin.jobs import kinds
from storage_admin.jobs.kind import Kind
from storage_admin.models import Bucket, Job

JOBS = 5  # that are offered, the newest
# They make versions elsewhere, or none: before and after them this bucket is the same.
_LEAVE_IT = {"copy", "set-acl"}
LOOKED_AT = 1_000  # rows; S3 keys compare by case, and the databases' own ways of it differ
_DESTROYED = ("object.version_destroyed", "object.deleted")


@dataclass(frozen=True)
class Moment:
    """A moment with the words for it; `job` where it is the one before a job."""

    label: str | Promise
    at: datetime
    job: Job | None = None


def quick(now: datetime | None = None) -> list[Moment]:
    """Return moments of every day, in the current time zone."""
    now = (now or timezone.now()).replace(microsecond=0)
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    return [
        Moment(_("An hour ago"), now - timedelta(hours=1)),
        Moment(_("This morning (0:00)"), midnight),
        Moment(_("Yesterday, at this time"), now - timedelta(days=1)),
        Moment(_("A week ago"), now - timedelta(days=7)),
    ]


def before_jobs(bucket: Bucket) -> list[Moment]:
    """Return the moments before the newest jobs that gave this bucket versions or delete markers.

    Stores tell times in whole seconds, cut off: a moment lies in the second before the job's first.
    """
    marking = [
        kind.slug
        for kind in kinds.EVERY
        if kind.keeps_successes and not kind.destroys and kind.slug not in _LEAVE_IT
    ]
    jobs = Job.objects.filter(bucket=bucket, kind__in=marking, started_at__isnull=False, done__gt=0)
    return [
        Moment(_("Before “%(job)s”") % {"job": _named(job)}, before(job.started_at), job)
        for job in jobs[:JOBS]
        if job.started_at is not None
    ]


def before(begun: datetime) -> datetime:
    """Return the last whole second before the one in which something began."""
    return begun.replace(microsecond=0) - timedelta(seconds=1)


@dataclass(frozen=True)
class Destroyed:
    """What this portal destroyed below a path since a moment: the jobs, and how many single versions."""

    jobs: list[tuple[str, Job]]
    single: int

    def __bool__(self) -> bool:
        return bool(self.jobs or self.single)


def destroyed_since(bucket: Bucket, prefix: str, moment: datetime) -> Destroyed:
    """Return what rows tell of destruction: the store keeps no trace of it."""
    slugs = [kind.slug for kind in kinds.EVERY if kind.destroys and kind.selections != ("uploads",)]
    jobs = Job.objects.filter(bucket=bucket, kind__in=slugs, done__gt=0)
    since = jobs.filter(Q(ended_at__isnull=True) | Q(ended_at__gt=moment))[:LOOKED_AT]
    below = [one for one in since if one.prefix.startswith(prefix) or prefix.startswith(one.prefix)]
    keys = AuditEvent.objects.filter(
        bucket=bucket.name, action__in=_DESTROYED, at__gt=moment, outcome=AuditEvent.Outcome.DONE
    ).values_list("key", flat=True)
    single = sum(key.startswith(prefix) for key in keys[:LOOKED_AT])
    return Destroyed([(_named(job), job) for job in below[:JOBS]], single)


def _named(job: Job) -> str:
    kind: Kind | None = kinds.named(job.kind)
    return f"{kind.title if kind else job.kind} #{job.pk}"
