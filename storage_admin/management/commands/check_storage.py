import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.s3 import session
from portal.s3.errors import S3Error, StorageUnavailable
from storage_admin.buckets import posture
from storage_admin.buckets.posture_checks import Check, Outcome
from storage_admin.models import Bucket

FAILED, UNREACHABLE = 1, 2
_WORDS = {
    Outcome.PASS: "pass",
    Outcome.WARN: "WARN",
    Outcome.FAIL: "FAIL",
    Outcome.UNKNOWN: "unknown",
    Outcome.LACKING: "not here",
}


class Command(BaseCommand):
    help = (
        "Check a bucket (by default the photos'): versioning, public access, encryption, lifecycle, CORS, "
        "clock, permissions. Changes nothing. "
        "Exit code: 0 nothing failed, 1 something did, 2 a store does not answer."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--bucket", help="the bucket's name (default: AWS_STORAGE_BUCKET_NAME)")
        which.add_argument("--all", action="store_true", help="every bucket in the portal's list")
        parser.add_argument("--connection", help="the connection's name (default: default; with --all: each)")

    def handle(self, *args: Any, **options: Any) -> None:
        alias = options["connection"]
        if alias is not None and alias not in settings.S3_CONNECTIONS:
            names = ", ".join(settings.S3_CONNECTIONS)
            raise CommandError(f"There is no connection “{alias}”. There are: {names}.")
        if options["all"]:
            there = Bucket.objects.filter(
                gone_since=None, connection__in=[alias] if alias else settings.S3_CONNECTIONS
            )
            found = list(there)
        else:
            found = [_bucket(alias or session.DEFAULT, options["bucket"] or settings.AWS_STORAGE_BUCKET_NAME)]
        codes = [self._check(bucket) for bucket in found]
        if any(codes):
            sys.exit(max(codes))

    def _check(self, bucket: Bucket) -> int:
        """Print the checks of one bucket; return its part in the exit code."""
        self.stdout.write(self.style.MIGRATE_HEADING(f"{bucket.connection} / {bucket.name}"))
        try:
            found = posture.check(bucket)
        except S3Error as error:
            self.stderr.write(self.style.ERROR(f"  {error} ({error.operation}: {error.code})"))
            return UNREACHABLE if isinstance(error, StorageUnavailable) else FAILED
        for check in found.checks:
            self.stdout.write(self._line(check))
        return FAILED if found.counts[Outcome.FAIL] else 0

    def _line(self, check: Check) -> str:
        style = {
            Outcome.FAIL: self.style.ERROR,
            Outcome.WARN: self.style.WARNING,
            Outcome.PASS: self.style.SUCCESS,
        }
        paint = style.get(check.outcome, str)
        return f"  {paint(f'{_WORDS[check.outcome]:<8}')} {check.title}: {check.sentence}"


def _bucket(alias: str, name: str) -> Bucket:
    """Return the bucket's row, or one that is not kept."""
    row = Bucket.objects.filter(connection=alias, name=name).first()
    return row or Bucket(connection=alias, name=name)
