"""`manage.py verify_dynamodb`: compares the mirror with the rows, here and now, and mends it."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.aws.errors import ServiceError
from storage_admin.mirror import verifying, writing
from storage_admin.models import MirrorCheck

_DIFFERS, _NOT_KNOWN = 1, 2
_WAIT_SECONDS = 0.5


class Command(BaseCommand):
    """Exit code 0: both sides are equal. 1: they were not. 2: not known, for the comparison did not end."""

    help = "Compares the tables in DynamoDB with the rows, and sends again what differs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="compare, and send nothing")

    def handle(self, *_args: Any, **options: Any) -> None:
        check = verifying.begin("manage.py", repairs=not options["dry_run"])
        while check.ended_at is None:
            if not verifying.work(check.pk):
                time.sleep(_WAIT_SECONDS)
            check.refresh_from_db()
            if check.error:
                raise CommandError(check.error, returncode=_NOT_KNOWN)
        found = MirrorCheck.objects.get(pk=check.pk).found
        self.stdout.write(f"{check.met:,} items met.")
        for word, count in sorted(found.items()):
            self.stdout.write(f"  {count:,} × {word}")
        if found and not options["dry_run"]:
            try:
                sent = writing.work()
            except ServiceError as error:
                raise CommandError(str(error), returncode=_NOT_KNOWN) from error
            self.stdout.write(f"{sent.written:,} items sent.")
        if found:
            raise CommandError("The mirror and the rows differed.", returncode=_DIFFERS)
