"""What people do to jobs: draft, start, pause, resume, cancel, retry, run again, acknowledge."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import audit, spelling
from portal.access import Actor, require
from portal.errors import request_id
from storage_admin import tasks
from storage_admin.errors import NotPossible
from storage_admin.jobs import kinds, photo_rows, targets
from storage_admin.jobs.targets import NARROWED, Selection
from storage_admin.models import AT_WORK, ENDED, Bucket, Job, JobState

WORKING = (JobState.QUEUED, JobState.RUNNING, JobState.PAUSING)
APPROVAL_OBJECTS = 10_000
APPROVAL_SHARE = 0.1  # of what lay in the bucket at its last count


def draft(
    *,
    actor: Actor,
    kind: str,
    bucket: Bucket,
    prefix: str = "",
    selection: Selection | None = None,
    parameters: dict[str, Any] | None = None,
    reason: str = "",
    trigger: Job.Trigger = Job.Trigger.PERSON,
    retry_of: Job | None = None,
) -> Job:
    """Write the job down and let a worker plan it; nothing is changed until it is started.

    `parameters` have passed the kind's form. PermissionDenied; NotPossible for a selection that the
    kind does not take.
    """
    chosen = kinds.named(kind)
    if chosen is None:
        raise NotPossible(_("There is no such kind of job."))
    parameters = parameters or {}
    for right in chosen.rights(bucket, parameters):
        require(actor, right)
    if against := chosen.refusal(bucket):
        raise NotPossible(against)
    if chosen.takes_whole_bucket and prefix:
        raise NotPossible(_("This kind of job is for a whole bucket, not for a part of it."))
    selection = selection or chosen.selection(prefix, parameters)
    if selection["what"] not in (*chosen.selections, "items"):
        raise NotPossible(_("This kind of job does not work on such a selection."))
    if photo_rows.are_named_by(selection):
        selection = photo_rows.checked(actor, bucket, selection)
    with transaction.atomic():
        job = Job.objects.create(
            kind=kind, bucket=bucket, prefix=prefix, selection=selection, parameters=parameters,
            reason=reason, trigger=trigger, made_by=actor, request_id=request_id(), retry_of=retry_of,
            made_by_name=actor.get_username() if actor else "portal",
        )  # fmt: skip
        said = {name: str(value) for name, value in parameters.items()}
        _record("job.drafted", actor, job, after={"kind": kind, **selection_words(selection), **said})
        transaction.on_commit(partial(tasks.send_job, job.pk))
    return job


def start(*, actor: Actor, job: Job, typed: str = "") -> None:
    """Let a worker begin. What cannot be undone wants the bucket's name typed."""
    check_start(actor, job, typed, asks_for_name=kinds.of(job).destroys)
    move(actor, job, "job.started", (JobState.PLANNED,), JobState.QUEUED, before={"planned": job.total})


def check_start(actor: Actor, job: Job, typed: str, *, asks_for_name: bool) -> None:
    """Ask for all that starting a job takes. PermissionDenied, NotPossible."""
    _require(actor, job, "start")
    if asks_for_name and actor is not None and typed != job.bucket.name:
        raise NotPossible(_("Type the bucket's name, %(name)s, to confirm.") % {"name": job.bucket.name})
    if against := kinds.of(job).unfit(job):
        raise NotPossible(against)
    if needs_approval(job) and not job.approved_by_name:
        raise NotPossible(_("So much is destroyed only when a second person has approved it."))


def approve(*, actor: Actor, job: Job) -> None:
    """Agree, as a second person who might do the same, to what the plan says."""
    _require(actor, job, "approve")
    if actor is None or actor.pk == job.made_by_id:
        raise NotPossible(_("Somebody else than who planned the job must approve it."))
    with transaction.atomic():
        unmoved = Job.objects.filter(pk=job.pk, state=JobState.PLANNED, approved_by_name="")
        if not unmoved.update(approved_by_name=actor.get_username()):
            raise _changed_meanwhile()
        _record("job.approved", actor, job)
    job.refresh_from_db()


def pause(*, actor: Actor, job: Job) -> None:
    """Stop after the batch that is being worked on."""
    _require(actor, job, "pause")
    if job.handed_over is not None:
        raise NotPossible(_("What was handed over knows no pause: cancel it."))
    move(actor, job, "job.paused", (JobState.QUEUED, JobState.RUNNING), JobState.PAUSING)


def resume(*, actor: Actor, job: Job) -> None:
    """Go on where it stopped. What stopped while it was planned is planned on, and started afterwards."""
    _require(actor, job, "resume")
    to = JobState.QUEUED if "ended_at" in job.plan else JobState.DRAFT
    move(actor, job, "job.resumed", (JobState.PAUSED,), to)


def cancel(*, actor: Actor, job: Job) -> None:
    """End it: at once where nobody works on it, else after the batch that is being worked on."""
    _require(actor, job, "cancel")
    at_rest = (JobState.DRAFT, JobState.PLANNED, JobState.PAUSED)
    # What lies open in the store, or at Amazon, a worker closes before the job is cancelled.
    leaves_open = (kinds.of(job).leaves_open and job.started_at is not None) or job.handed_over is not None
    if job.state in at_rest and job.batch is None and not leaves_open:
        # The claim goes, too: a worker that plans it meanwhile finds that it is nobody's any more.
        move(
            actor, job, "job.cancelled", at_rest, JobState.CANCELLED, sends=False,
            ended_at=timezone.now(), claim=None,
        )  # fmt: skip
        return
    move(actor, job, "job.cancel_asked", (*WORKING, JobState.PAUSED), JobState.CANCELLING)


def retry(*, actor: Actor, job: Job) -> Job:
    """Plan a new job of exactly what failed in this one."""
    if job.state not in ENDED or not job.failed:
        raise NotPossible(_("Only a job that has ended, and in which something failed, is retried."))
    return draft(
        actor=actor, kind=job.kind, bucket=job.bucket, prefix=job.prefix,
        selection=_of_failures(job), parameters=job.parameters, reason=job.reason,
        retry_of=job,
    )  # fmt: skip


def _of_failures(job: Job) -> Selection:
    """Return what failed in the job; of changes since a moment, and of what is undone, as its own kind."""
    if job.selection["what"] in NARROWED:
        return job.selection | {"failed_in": job.pk}
    return {"what": "items", "job": job.pk}


def run_again(*, actor: Actor, job: Job) -> Job:
    """Plan the same once more."""
    return draft(
        actor=actor, kind=job.kind, bucket=job.bucket, prefix=job.prefix, selection=job.selection,
        parameters=job.parameters, reason=job.reason,
    )  # fmt: skip


def undo(*, actor: Actor, job: Job) -> Job:
    """Plan to take back what the job did; NotPossible where nothing can."""
    slug = kinds.of(job).undone_by
    by_rule = job.handed_over is not None and job.handed_over.is_rule  # nobody knows what it did
    if job.state not in ENDED or not job.done or not slug or by_rule:
        raise NotPossible(_("Only a job that has ended, and destroyed nothing, can be undone."))
    return draft(
        actor=actor, kind=slug, bucket=job.bucket, prefix=job.prefix, retry_of=job, reason=job.reason,
        selection={"what": "done", "job": job.pk},
    )  # fmt: skip


def acknowledge(*, actor: Actor, job: Job) -> None:
    """Take note of the failures: Today counts the job no longer."""
    _require(actor, job, "acknowledge")
    with transaction.atomic():
        unseen = Job.objects.filter(pk=job.pk, state__in=ENDED, acknowledged_at__isnull=True)
        name = actor.get_username() if actor else "portal"
        if not unseen.update(acknowledged_at=timezone.now(), acknowledged_by_name=name):
            raise _changed_meanwhile()
        _record("job.acknowledged", actor, job)
    job.refresh_from_db()


def rights(job: Job, press: str) -> tuple[str, ...]:
    """Return the rights that a button of the job takes; to stop it, its kind's own is enough."""
    kind = kinds.of(job)
    if press in {"pause", "cancel", "acknowledge"}:
        return (kind.right,)
    if press == "undo":
        undoing = kinds.named(kind.undone_by)
        return undoing.rights(job.bucket, {}) if undoing else ()
    return (*targets.rights(job.selection), *kind.rights(job.bucket, job.parameters))


def needs_approval(job: Job) -> bool:
    """Whether a second person must agree: the setting is on, and the plan destroys much."""
    return settings.JOB_APPROVAL and destroys_much(job)


def destroys_much(job: Job) -> bool:
    """Whether the plan destroys more than a person should alone. A share that nobody knows counts as much."""
    if not kinds.of(job).destroys or not job.total:
        return False
    counted = job.bucket.snapshots.filter(ended_at__isnull=False).first()
    held = sum(one["objects"] + one["older"] for one in counted.counts.values()) if counted else 0
    if not job.prefix:
        held = max(held, job.plan.get("looked_at", 0))
    return job.total > APPROVAL_OBJECTS or job.total > held * APPROVAL_SHARE


def selection_words(selection: Selection) -> dict[str, Any]:
    """Return the selection for the audit: long lists as their length."""
    return {name: len(said) if isinstance(said, list) else said for name, said in selection.items()}


def move(
    actor: Actor, job: Job, action: str, from_states: tuple[JobState, ...], to: JobState, *,
    sends: bool = True, before: dict[str, Any] | None = None, after: dict[str, Any] | None = None,
    also: Callable[[], object] | None = None, **changes: Any,
) -> None:  # fmt: skip
    """Bring the job into another state, with its audit and what `also` writes, all or nothing."""
    try:
        with transaction.atomic():
            if to is JobState.QUEUED:
                _refuse_overlap(job)
            if not Job.objects.filter(pk=job.pk, state__in=from_states).update(state=to, **changes):
                raise _changed_meanwhile()
            if also is not None:
                also()
            _record(action, actor, job, before=before, after=after)
            if sends:
                transaction.on_commit(partial(tasks.send_job, job.pk))
    except IntegrityError as error:
        raise _other_at_work(job.prefix) from error
    job.refresh_from_db()


def _refuse_overlap(job: Job) -> None:
    """Let a job wait for one of its kind above or below it: each would count, or move, the other's objects.

    Whoever starts a job of this bucket holds its row, so that two cannot pass here at once.
    """
    Bucket.objects.select_for_update().get(pk=job.bucket_id)
    others = Job.objects.filter(kind=job.kind, bucket=job.bucket_id, state__in=AT_WORK).exclude(pk=job.pk)
    for other in others.only("pk", "prefix"):
        if other.prefix.startswith(job.prefix) or job.prefix.startswith(other.prefix):
            raise _other_at_work(other.prefix, other.pk)


def _other_at_work(prefix: str, number: int | None = None) -> NotPossible:
    place = spelling.plain(prefix) if prefix else _("the whole bucket")
    words = _("Another job of this kind%(number)s is at work there: %(place)s. Wait for it, or cancel it.")
    return NotPossible(words % {"number": f" (#{number})" if number else "", "place": place})


def _require(actor: Actor, job: Job, press: str) -> None:
    for right in rights(job, press):
        require(actor, right)


def _record(action: str, actor: Actor, job: Job, **said: Any) -> None:
    audit.record(
        action, actor=actor, target=job, bucket=job.bucket.name, key=job.prefix, message=job.reason, **said
    )


def _changed_meanwhile() -> NotPossible:
    return NotPossible(_("The job is in another state by now. Look at it again."))
