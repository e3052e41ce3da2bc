"""What the page of jobs shows of the timetable, by rows alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from portal.models import User
from storage_admin.models import Schedule
from storage_admin.schedules import acts, timetable
from storage_admin.schedules.act import Act

LATE = timedelta(minutes=10)  # after so long a line that is due has no beat, or no worker
LATE_TIMES = 5  # a sweep that was left out so often
_SINCE = timezone.now()  # this process is up: one that never ran is not late before it could have run
TONES: dict[str, str] = {
    Schedule.Outcome.FAILED: "badge-failed",
    Schedule.Outcome.DIED: "badge-failed",
    Schedule.Outcome.WAITS: "badge-older",
}
SWEEPS: dict[str, str | Promise] = {
    "photos-sweep": gettext_lazy("Queues photos that got stuck, gives up abandoned uploads"),
    "storage-purge": gettext_lazy("Removes refused originals and former renditions"),
    "storage-look": gettext_lazy("Looks for new buckets, each hour"),
    "storage-check": gettext_lazy("Checks new buckets, goes on with the posture of the others"),
    "storage-count": gettext_lazy("Counts new buckets, goes on with counts"),
    "storage-jobs": gettext_lazy("Queues jobs that nobody works on"),
    "storage-scans": gettext_lazy("Goes on with the scan"),
    "analytics-sweep": gettext_lazy("Goes on with the export for analysis"),
    "glue-sweep": gettext_lazy("Starts Glue runs that were asked for, follows the others"),
    "mirror": gettext_lazy("Sends changes to DynamoDB, compares both sides once a day"),
    "events": gettext_lazy("Reads what the store tells by its queue of events"),
    "arrivals": gettext_lazy("Looks for files that other programs put under the upload prefix"),
}


@dataclass(frozen=True)
class Line:
    """A daily line, as it is shown. `due_at` is None when it is off."""

    act: Act
    row: Schedule
    when: str
    tone: str
    is_late: bool
    is_asked: bool
    left: str  # what goes on of the last run
    run_url: str  # empty for those who may not, and while it runs

    @property
    def more_url(self) -> str:
        """Where more is told."""
        return self.act.where()


@dataclass(frozen=True)
class Sweep:
    """A sweep, as it is shown."""

    title: str | Promise
    when: str
    row: Schedule | None
    tone: str
    is_late: bool


def shown(user: User) -> dict[str, Any]:
    """Return what the page needs: the daily lines, with the buttons that this user has, and the sweeps."""
    rows, now = {row.name: row for row in Schedule.objects.all()}, timezone.now()
    swept = _sweeps(rows, now)
    return {
        "schedules": [_line(act, rows.get(act.name), user, now) for act in acts.EVERY if act.is_offered()],
        "sweeps": swept,
        "late_sweeps": sum(sweep.is_late for sweep in swept),
    }


def beside(user: User) -> dict[str, str]:
    """Return the addresses of the lists that stand beside that of jobs, where there is anything to see."""
    lists = (
        ("glue_url", "gluerun", settings.GLUE_JOBS),
        ("exports_url", "analyticsexport", settings.ANALYTICS_BUCKET),
    )
    return {
        name: reverse(f"admin:storage_admin_{model}_changelist")
        for name, model, is_on in lists
        if is_on and user.has_perm(f"storage_admin.view_{model}")
    }


def _sweeps(rows: dict[str, Schedule], now: datetime) -> list[Sweep]:
    found = []
    for name, every in timetable.sweeps().items():
        row = rows.get(name)
        late = timedelta(seconds=every.seconds * LATE_TIMES) + timedelta(seconds=60)
        ended_at = row.ended_at if row else None
        is_late = (ended_at or _SINCE) < now - late
        told = ngettext("each second", "every %(count)d seconds", every.seconds) % {"count": every.seconds}
        found.append(Sweep(SWEEPS[name], told, row, TONES.get(row.outcome, "") if row else "", is_late))
    return found


def failing() -> QuerySet[Schedule]:
    """Return the lines of the settings whose last run failed, or whose worker died."""
    bad = (Schedule.Outcome.FAILED, Schedule.Outcome.DIED)
    return Schedule.objects.filter(outcome__in=bad, name__in=settings.SCHEDULES)


def _line(act: Act, row: Schedule | None, user: User, now: datetime) -> Line:
    due = timetable.daily()[act.name]
    row = row or Schedule(name=act.name, next_due_at=timetable.following(act.name, now))
    is_due = row.claim is None and row.next_due_at is not None and row.next_due_at <= now
    left = act.under_way() if row.claim is None else ""
    may = user.has_perm(act.right) and row.claim is None and not is_due and not left
    when = _("daily %(at)s") % {"at": due.text(timetable.zone())} if due.at else _("off")
    return Line(
        act=act, row=row, when=when, tone=TONES.get(row.outcome, ""),
        is_late=is_due and row.next_due_at is not None and row.next_due_at < now - LATE,
        is_asked=is_due and bool(row.asked_by_name), left=left,
        run_url=reverse("admin:storage_admin_job_run_schedule", args=[act.name]) if may else "",
    )  # fmt: skip
