"""When a line of the timetable is due next. Pure: no clock of its own, no settings, no rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo


@dataclass(frozen=True)
class Every:
    """So many seconds after the last run."""

    seconds: int


@dataclass(frozen=True)
class Daily:
    """Once on each day, at this time of the portal's own zone; None is never."""

    at: time | None

    def text(self, zone: tzinfo) -> str:
        """Return what rows keep of it, to find out that the settings have changed."""
        return f"{self.at:%H:%M} {zone}" if self.at else "off"


When = Every | Daily


def next_due(when: When, after: datetime, zone: tzinfo) -> datetime | None:
    """Return the first time later than `after`, in UTC; None for a line that is off.

    Once on each day, also where clocks change: a time that a day does not have (clocks go forward)
    is taken as if they had not, an hour later by the new time; of one that a day has twice, the first.
    """
    if isinstance(when, Every):
        return (after + timedelta(seconds=when.seconds)).astimezone(UTC)
    if when.at is None:
        return None
    day = after.astimezone(zone).date()
    # Fold 0 by default: it chooses the first of two, and the offset of before where there is none.
    due = datetime.combine(day, when.at, zone).astimezone(UTC)
    while due <= after:
        day += timedelta(days=1)
        due = datetime.combine(day, when.at, zone).astimezone(UTC)
    return due
