"""The request side of Glue's runs: to start one, to stop it, to take note of its failure."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import audit
from portal.access import Actor, require
from storage_admin import tasks
from storage_admin.errors import ChangedMeanwhile
from storage_admin.glue import asking
from storage_admin.models import GlueRun

RIGHT = "storage_admin.run_glue"


def start(*, actor: Actor, job: str, arguments: Mapping[str, str], form: UUID) -> GlueRun:
    """Let a worker start a run; `form` is of the form that was sent: sent twice, it is one run.

    PermissionDenied; NotPossible for a job or arguments that are not allowed.
    """
    require(actor, RIGHT)
    with transaction.atomic():
        run = asking.ask(job, arguments, trigger=GlueRun.Trigger.PERSON, ask=f"form:{form}", actor=actor)
        tasks.enqueue_glue(run.pk)
    return run


def stop(*, actor: Actor, run: GlueRun) -> None:
    """Let a worker ask Glue to stop the run; one that was not started yet never is."""
    require(actor, RIGHT)
    who = actor.get_username() if actor else "portal"
    with transaction.atomic():
        goes_on = GlueRun.objects.filter(pk=run.pk, ended_at=None, stop_asked_at=None)
        if not goes_on.update(stop_asked_at=timezone.now(), stop_asked_by_name=who):
            raise ChangedMeanwhile(_("It has ended meanwhile, or somebody stopped it already."))
        audit.record("glue.stopped", actor=actor, target=run, after={"job": run.job, "run": run.run_id})
        tasks.enqueue_glue(run.pk)


def acknowledge(*, actor: Actor, run: GlueRun) -> None:
    """Take note of the failure: Today counts the run no longer."""
    require(actor, RIGHT)
    who = actor.get_username() if actor else "portal"
    with transaction.atomic():
        if (
            not asking.unnoted()
            .filter(pk=run.pk)
            .update(acknowledged_at=timezone.now(), acknowledged_by_name=who)
        ):
            raise ChangedMeanwhile(_("Somebody has noted it already."))
        audit.record("glue.acknowledged", actor=actor, target=run, after={"job": run.job, "run": run.run_id})
