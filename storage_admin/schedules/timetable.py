"""The timetable of the settings (SCHEDULES), as times; names and hours are nowhere else."""

from __future__ import annotations

from datetime import datetime, tzinfo

from django.conf import settings
from django.utils import timezone

from storage_admin.schedules.timing import Daily, Every, next_due


def zone() -> tzinfo:
    """Return the zone of the timetable: the portal's own, whatever zone the user at the page has."""
    return timezone.get_default_timezone()


def daily() -> dict[str, Daily]:
    """Return the lines that run once a day, by name, in the order of the settings."""
    return {name: Daily(line["daily_at"]) for name, line in settings.SCHEDULES.items() if "daily_at" in line}


def sweeps() -> dict[str, Every]:
    """Return the lines that beat sends by itself, by name."""
    return {name: Every(line["every_seconds"]) for name, line in settings.SCHEDULES.items() if "task" in line}


def sweep_of(task: str) -> str:
    """Return the name of the sweep that this Celery task is; empty for any other task."""
    named = (name for name, line in settings.SCHEDULES.items() if line.get("task") == task)
    return next(named, "")


def following(name: str, after: datetime) -> datetime | None:
    """Return when the daily line is due first after that moment; None when it is off."""
    return next_due(daily()[name], after, zone())
