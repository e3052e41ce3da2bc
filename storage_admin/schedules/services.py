"""The request side of the timetable: "Run now"."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import audit
from portal.access import Actor, require
from storage_admin.errors import NotPossible
from storage_admin.models import Schedule
from storage_admin.schedules import acts, claims, tasks


def ask(*, actor: Actor, name: str) -> None:
    """Make the line due now and let a worker run it; its next time stays as it is.

    PermissionDenied; NotPossible while it runs, or what it began last is under way.
    """
    act = acts.named(name)
    require(actor, act.right)
    now = timezone.now()
    claims.refresh(now)
    if said := act.under_way():
        raise NotPossible(said)
    row = Schedule.objects.get(name=name)
    idle = Schedule.objects.filter(Q(next_due_at=None) | Q(next_due_at__gt=now), pk=row.pk, claim=None)
    who = actor.get_username() if actor else "portal"
    with transaction.atomic():
        if not idle.update(next_due_at=now, asked_by_name=who):
            raise NotPossible(_("It runs already, or will in a moment."))
        audit.record(
            "schedule.asked", actor=actor, target=row,
            before={"schedule": name, "outcome": row.outcome, "ended_at": _text(row.ended_at)},
            after={"schedule": name, "due_at": _text(now)},
        )  # fmt: skip
        tasks.enqueue(name)


def _text(moment: datetime | None) -> str:
    return moment.isoformat(timespec="seconds") if moment else ""
