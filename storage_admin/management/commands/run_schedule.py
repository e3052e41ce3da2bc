"""`manage.py run_schedule`: runs a line of the timetable here and now, or shows them all."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.formats import date_format

from storage_admin.models import Schedule
from storage_admin.schedules import acts, claims, running, timetable
from storage_admin.schedules.act import Outcome, Went

_NOT_DONE, _NOT_BEGUN = 1, 2


class Command(BaseCommand):
    """Exit code 0: done, begun, or nothing to do. 1: it failed, or waits. 2: not begun."""

    help = "Runs a line of the timetable now, whether it is due or not; its next time stays."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", nargs="?", help=f"one of: {', '.join(acts.names())}")
        parser.add_argument("--list", action="store_true", help="show all lines, and run nothing")
        parser.add_argument("--dry-run", action="store_true", help="tell what it would do, and do nothing")

    def handle(self, *_args: Any, **options: Any) -> None:
        claims.refresh(timezone.now())
        if options["list"]:
            for act in acts.EVERY:
                self.stdout.write(_told(Schedule.objects.get(name=act.name)))
            return
        name = options["name"]
        if name not in acts.names():
            raise CommandError(f"name one of: {', '.join(acts.names())}", returncode=_NOT_BEGUN)
        if options["dry_run"]:
            self.stdout.write(running.would(name))
            return
        went = self._run(name)
        words = f"{went.outcome.label}. {went.words}".strip()
        if went.outcome in {Outcome.FAILED, Outcome.WAITS}:
            raise CommandError(words, returncode=_NOT_DONE)
        self.stdout.write(words)

    def _run(self, name: str) -> Went:
        while True:
            if said := acts.named(name).under_way():
                raise CommandError(said, returncode=_NOT_BEGUN)
            went = running.run(name, is_asked=True)
            if went is None:
                raise CommandError("it runs already", returncode=_NOT_BEGUN)
            if went.again_seconds != 0:
                return went
            self.stdout.write(went.words)  # there is more, at once


def _told(row: Schedule) -> str:
    when = timetable.daily()[row.name].text(timetable.zone())
    last = f"{_time(row.ended_at)} {row.get_outcome_display()} {row.message}".strip()
    return f"{row.name:<12} {when:<12} last: {last}; next: {_time(row.next_due_at)}"


def _time(moment: Any) -> str:
    return date_format(timezone.localtime(moment), "Y-m-d H:i") if moment else "–"
