"""Whether a job may go on: asked again before each slice, for rights are taken away and buckets change."""

from __future__ import annotations

from django.utils.translation import gettext as _

from storage_admin.jobs import kinds, targets
from storage_admin.models import Job


class NotAllowed(Exception):
    """Whoever started the job has lost the right to it, or its bucket is not as it must be."""


def check_right(job: Job) -> None:
    """Ask again: between two slices a right may have been taken away, or the account. NotAllowed."""
    if job.trigger != Job.Trigger.PERSON:
        return
    for right in (*targets.rights(job.selection), *kinds.of(job).rights(job.bucket, job.parameters)):
        if job.made_by is None or not job.made_by.is_active or not job.made_by.has_perm(right):
            raise NotAllowed(
                _("%(who)s does not have the right “%(right)s” any more.")
                % {"who": job.made_by_name, "right": right}
            )


def check_obstacle(job: Job) -> None:
    """Ask the store what stands against working on. NotAllowed."""
    if said := kinds.of(job).obstacle(job):
        raise NotAllowed(said)
