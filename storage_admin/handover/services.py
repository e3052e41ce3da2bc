"""What people do to hand a job over: choose the way, confirm what Amazon counted, set its priority."""

from __future__ import annotations

from functools import partial

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from portal import audit
from portal.access import Actor, require
from portal.display import whole
from portal.s3 import batch_operations
from storage_admin.errors import NotPossible
from storage_admin.handover import operations, rules
from storage_admin.jobs import kinds, services
from storage_admin.models import HandoverStep as Step
from storage_admin.models import HandoverWay as Way
from storage_admin.models import Job, JobHandover, JobState

CONFIGURE = "storage_admin.configure_bucket"
_FIRST = {Way.BATCH: Step.WRITING, Way.RULE: Step.PUTTING}
# While Amazon has the job and has not ended it.
LIVE = (Step.COUNTING, Step.CONFIRMING, Step.RELEASING, Step.FOLLOWING)


def is_large(job: Job) -> bool:
    """Whether the plan has more than the portal's own workers are best at."""
    return job.total > settings.HANDOVER_OBJECTS


def refusal(job: Job, way: Way) -> str:
    """Return why the plan cannot go that way, by rows and settings alone; empty where it can."""
    return operations.refusal(job) if way is Way.BATCH else rules.refusal(job)


def asks_for_name(job: Job, way: Way) -> bool:
    """Whether the bucket's name must be typed: also to hide by a rule, which nothing undoes at once."""
    if kinds.of(job).destroys:
        return True
    return way is Way.RULE and rules.removes(rules.of(job, "portal-job"))


def hand_over(*, actor: Actor, job: Job, way: Way, typed: str = "") -> None:
    """Let Amazon work the plan off. The row is written first; a worker takes the steps.

    A rule is a setting of the bucket, and takes that right, too. PermissionDenied, NotPossible.
    """
    for right in rights(job, way):
        require(actor, right)
    if job.state != JobState.PLANNED:
        raise NotPossible(_("Only a job that is planned, and not started, can be handed over."))
    if not is_large(job):
        raise NotPossible(
            _("Up to %(count)s objects the portal's own workers do it.")
            % {"count": whole(settings.HANDOVER_OBJECTS)}
        )
    if against := refusal(job, way):
        raise NotPossible(against)
    services.check_start(actor, job, typed, asks_for_name=asks_for_name(job, way))
    if against := operations.obstacle(job) if way is Way.BATCH else rules.obstacle(job):
        raise NotPossible(against)
    make = partial(JobHandover.objects.create, job=job, way=way.value, step=_FIRST[way].value)
    services.move(
        actor, job, "job.handed_over", (JobState.PLANNED,), JobState.QUEUED,
        before={"planned": job.total}, after={"way": way.value}, also=make,
    )  # fmt: skip


def rights(job: Job, way: Way) -> tuple[str, ...]:
    """Return the rights that handing over takes."""
    kind_rights = services.rights(job, "start")
    return (*kind_rights, CONFIGURE) if way is Way.RULE else kind_rights


def confirm(*, actor: Actor, job: Job) -> None:
    """Let Amazon begin with what it has counted."""
    for right in services.rights(job, "start"):
        require(actor, right)
    waiting = JobHandover.objects.filter(job=job, step=Step.CONFIRMING)
    found = waiting.first()
    if found is None:
        raise NotPossible(_("Amazon does not wait for a confirmation of this job."))
    name = actor.get_username() if actor else "portal"

    def release() -> None:
        if not waiting.update(step=Step.RELEASING, confirmed_by_name=name):
            raise NotPossible(_("The job is in another state by now. Look at it again."))

    services.move(
        actor, job, "job.handover_confirmed", (JobState.PAUSED,), JobState.QUEUED,
        after={"counted": found.told.get("total"), "aws_job": found.aws_job}, also=release,
    )  # fmt: skip


def set_priority(*, actor: Actor, job: Job, priority: int) -> None:
    """Tell Amazon which of the account's jobs to prefer: the higher number."""
    for right in services.rights(job, "start"):
        require(actor, right)
    handover = job.handed_over
    if handover is None or handover.step not in LIVE:
        raise NotPossible(_("Amazon has no such job, or not any more."))
    if not 0 <= priority <= batch_operations.MAX_PRIORITY:
        raise NotPossible(_("A priority is a number from 0 on."))
    batch_operations.set_priority(handover.aws_job, priority, alias=job.bucket.connection)
    with transaction.atomic():
        JobHandover.objects.filter(pk=handover.pk).update(priority=priority)
        audit.record(
            "job.priority_changed", actor=actor, target=job, bucket=job.bucket.name, key=job.prefix,
            before={"priority": handover.priority}, after={"priority": priority},
        )  # fmt: skip
