"""Whose turn it is: rows of the timetable that are due, claimed, ended, or left behind by a dead worker."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from storage_admin.models import Schedule
from storage_admin.schedules import timetable
from storage_admin.schedules.act import Went
from storage_admin.schedules.timing import Daily, next_due

logger = structlog.get_logger(__name__)

# Longer than the hard limit of the task that runs one: whoever has had a claim for so long is dead.
STALE_SECONDS = 360


@dataclass(frozen=True)
class Claim:
    """The right to run a line once. `due_after` is when it is due again; None when it is off."""

    name: str
    token: uuid.UUID
    began: datetime
    due_after: datetime | None


def due(now: datetime | None = None) -> list[str]:
    """Return the lines whose time has come, or for which somebody asked, and that nobody runs."""
    now = now or timezone.now()
    refresh(now)
    waiting = Schedule.objects.filter(name__in=timetable.daily(), claim=None, next_due_at__lte=now)
    return list(waiting.order_by("next_due_at").values_list("name", flat=True))


def refresh(now: datetime) -> None:
    """Make the rows fit the settings, and end the runs whose workers are dead.

    A line that is new waits for its next time: what it does for new buckets, sweeps do at once.
    """
    lines, zone = timetable.daily(), timetable.zone()
    rows = {row.name: row for row in Schedule.objects.filter(name__in=lines)}
    for name, line in lines.items():
        row, text = rows.get(name), line.text(zone)[:_TIMING_CHARACTERS]
        if row is None:
            told = {"timing": text, "next_due_at": next_due(line, now, zone)}
            Schedule.objects.get_or_create(name=name, defaults=told)
        elif row.timing != text:
            _reckon_anew(row, line, text, now)
        if row is not None and row.claim is not None:
            _bury(row, now)


_TIMING_CHARACTERS = Schedule._meta.get_field("timing").max_length


def _reckon_anew(row: Schedule, line: Daily, text: str, now: datetime) -> None:
    due_at = next_due(line, now, timetable.zone())
    same = Schedule.objects.filter(pk=row.pk, timing=row.timing)
    same.update(timing=text, next_due_at=due_at, asked_by_name="")


def _bury(row: Schedule, now: datetime) -> None:
    """End the run of a worker that is dead, and say so; the line runs again at its next time."""
    old = now - timedelta(seconds=STALE_SECONDS)
    since = date_format(timezone.localtime(row.started_at, timetable.zone()), "DATETIME_FORMAT")
    words = _("Whoever began it at %(since)s never ended it. It runs again at its next time.")
    dead = Schedule.objects.filter(pk=row.pk, claim=row.claim, started_at__lt=old)
    if dead.update(
        claim=None, ended_at=now, outcome=Schedule.Outcome.DIED, message=words % {"since": since},
        asked_by_name="",
    ):  # fmt: skip
        logger.error("schedule_died", schedule=row.name, since=since)


def take(name: str, now: datetime | None = None, *, is_asked: bool = False) -> Claim | None:
    """Claim the line, and move its next time on from now; None when it is not due or somebody runs it.

    With `is_asked` it need not be due.
    """
    now = now or timezone.now()
    token, following = uuid.uuid4(), timetable.following(name, now)
    free = Q(claim=None) if is_asked else Q(claim=None, next_due_at__lte=now)
    taken = Schedule.objects.filter(free, name=name).update(
        claim=token, started_at=now, ended_at=None, outcome="", message="", next_due_at=following
    )
    return Claim(name, token, now, following) if taken else None


def end(claim: Claim, went: Went) -> bool:
    """Keep what came of the run; False when it was taken for dead meanwhile."""
    now = timezone.now()
    due_at = claim.due_after
    if went.again_seconds is not None:
        soon = now + timedelta(seconds=went.again_seconds)
        due_at = min(soon, due_at) if due_at else soon
    mine = Schedule.objects.filter(name=claim.name, claim=claim.token)
    ended = mine.update(
        claim=None, ended_at=now, outcome=went.outcome, message=went.words, asked_by_name="",
        next_due_at=due_at,
    )  # fmt: skip
    if not ended:
        logger.warning("schedule_claim_lost", schedule=claim.name)
    return bool(ended)
