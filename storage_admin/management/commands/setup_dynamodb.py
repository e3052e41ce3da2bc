"""`manage.py setup_dynamodb`: makes the mirror's tables and lets every change be noticed."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from portal.aws import tables
from portal.aws.errors import NotThere, ServiceError
from storage_admin.mirror import items, triggers, writing
from storage_admin.models import MirrorItem


class Command(BaseCommand):
    """Exit code 0: tables and triggers are there. 1: they are not, and why."""

    help = (
        "Creates the mirror's tables in DynamoDB (billed on demand, point-in-time recovery), waits until "
        "they are active, and notes from then on what changes. Safe to repeat."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="tell what is there, and change nothing")
        parser.add_argument("--remove", action="store_true", help="note no change any more; the tables stay")

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["remove"]:
            triggers.remove(connection)
            self.stdout.write("Changes are not noted any more. The tables stay as they are.")
            return
        try:
            for which in MirrorItem.Table:
                self._table(which, dry_run=options["dry_run"])
        except ServiceError as error:
            raise CommandError(f"{error} ({error.operation}: {error.code})") from error
        if not options["dry_run"]:
            triggers.install(connection)
        noted = triggers.are_installed(connection)
        self.stdout.write(
            f"Changes are {'noted' if noted else 'not noted'}; {writing.lag()[0]:,} items are due."
        )
        if not settings.DYNAMODB_MIRROR:
            self.stdout.write(self.style.WARNING("DYNAMODB_MIRROR is off: no worker sends anything yet."))

    def _table(self, which: str, *, dry_run: bool) -> None:
        table = items.table(which)
        if not dry_run:
            made = tables.make(table)
            if made:  # whatever was sent before, this one has not got it
                writing.make_all_due(which)
            self.stdout.write(f"{table.name}: {'created' if made else 'was there'}")
        try:
            found = tables.state(table)
        except NotThere:
            self.stdout.write(f"{table.name}: not there")
            return
        recovers = "on" if found.recovers else "off"
        self.stdout.write(f"{table.name}: {found.status}, point-in-time recovery {recovers}")
