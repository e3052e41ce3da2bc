"""`manage.py import_dynamodb`: brings the tables that the app had before into the portal."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.aws.errors import ServiceError
from portal.s3.errors import S3Error
from storage_admin.mirror import importing

_REFUSED, _NOT_KNOWN = 1, 2
_TOLD_EVERY = 500


class Command(BaseCommand):
    """Exit code 0: every item is here. 1: some are refused, and why. 2: the import did not end."""

    help = "Brings pets, owners and photos of the tables in DynamoDB into the portal. Safe to repeat."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="judge and count, and write nothing")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            report = importing.run(dry_run=options["dry_run"], progress=self._tell)
        except (ServiceError, S3Error) as error:
            raise CommandError(f"{error} ({error.operation}: {error.code})", returncode=_NOT_KNOWN) from error
        would = " (nothing was written)" if options["dry_run"] else ""
        for which, counts in report.counts.items():
            told = ", ".join(f"{count:,} {word}" for word, count in sorted(counts.items()))
            self.stdout.write(f"{which}: {told}{would}")
        for which, key, why in report.refusals:
            self.stdout.write(f"  {which} {key}: {why}")
        if report.refusals:
            raise CommandError("Some items were not brought.", returncode=_REFUSED)

    def _tell(self, count: int) -> None:
        if self.stdout.isatty() and count % _TOLD_EVERY == 0:
            self.stdout.write(f"\r{count:,} items read", ending="")
