"""Makes the row of a run, in the caller's transaction: what is asked for twice is one row."""

from __future__ import annotations

from collections.abc import Mapping

from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from portal import audit
from portal.access import Actor
from storage_admin.errors import NotPossible
from storage_admin.glue import arguments as arguments_of
from storage_admin.models import GlueRun

State = GlueRun.State
# Ends that somebody should look at. STOPPED was somebody's wish.
BAD = (State.REFUSED, State.FAILED, State.TIMEOUT, State.ERROR, State.EXPIRED)


def ask(
    job: str, arguments: Mapping[str, str], *, trigger: GlueRun.Trigger, ask: str, actor: Actor = None
) -> GlueRun:
    """Return the run of this ask, which a worker starts; the one that there is, when it was asked before.

    NotPossible for a job that GLUE_JOBS does not name, and for arguments that are not handed over.
    """
    if job not in settings.GLUE_JOBS:
        raise NotPossible(_("GLUE_JOBS does not name the job “%(job)s”.") % {"job": job[:80]})
    run, is_new = GlueRun.objects.get_or_create(
        ask=ask,
        defaults={
            "job": job,
            "arguments": arguments_of.checked(arguments),
            "trigger": trigger,
            "made_by": actor,
            "made_by_name": actor.get_username() if actor else "portal",
        },
    )
    if is_new:
        after = {"job": job, "arguments": dict(arguments), "trigger": str(trigger)}
        audit.record("glue.asked", actor=actor, target=run, after=after)
    return run


def unnoted() -> QuerySet[GlueRun]:
    """Return the runs that ended badly, and that nobody has taken note of."""
    return GlueRun.objects.filter(state__in=BAD, acknowledged_at=None)


def under_way() -> QuerySet[GlueRun]:
    """Return the runs that have not ended, as far as was seen."""
    return GlueRun.objects.filter(ended_at=None)
