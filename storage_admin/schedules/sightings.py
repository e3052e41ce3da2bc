"""Notes when each sweep ran last. Beat sends them every few seconds; a row is written once a minute."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from storage_admin.models import Schedule
from storage_admin.schedules import timetable

NOTE_SECONDS = 60


def note(task: str, *, error: BaseException | None, said: object = None) -> None:
    """Note that the task ended, if it is a sweep, and how. What it returned, if a text, is the message."""
    name = timetable.sweep_of(task)
    if not name:
        return
    now = timezone.now()
    told = {
        "outcome": Schedule.Outcome.FAILED if error else Schedule.Outcome.DONE,
        "message": _said(error, said),
    }
    recently = now - timedelta(seconds=NOTE_SECONDS)
    if Schedule.objects.filter(name=name, ended_at__gt=recently, **told).exists():
        return
    Schedule.objects.update_or_create(name=name, defaults={"ended_at": now, **told})


def _said(error: BaseException | None, said: object) -> str:
    if error is not None:
        return _("Unexpected: %(name)s") % {"name": type(error).__name__}
    return said if isinstance(said, str) else ""
