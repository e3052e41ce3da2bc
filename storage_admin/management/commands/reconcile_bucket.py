"""`manage.py reconcile_bucket`: compares the photos' rows with their bucket, here and now."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal.s3 import session
from portal.s3.errors import S3Error
from storage_admin.errors import StorageError
from storage_admin.models import Bucket, Finding, Scan
from storage_admin.reconciliation import scanning, services

WAIT_SECONDS = 0.5
_DIFFERS, _NOT_KNOWN = 1, 2


class Command(BaseCommand):
    """Exit code 0: rows and objects agree. 1: they do not. 2: not known, for the scan did not complete."""

    help = "Compares photos' rows with the objects of their bucket, and keeps what differs as findings."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--bucket", default=settings.AWS_STORAGE_BUCKET_NAME, help="name of the bucket")
        parser.add_argument("--dry-run", action="store_true", help="tell the counts, and keep no findings")
        parser.add_argument(
            "--all-acls", action="store_true", help="read the ACL of every object: a call each"
        )

        parser.add_argument(
            "--inventory", action="store_true", help="read the newest inventory report in place of the list"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        scan = self._scanned(
            options["bucket"], keeps_findings=not options["dry_run"], all_acls=options["all_acls"],
            from_inventory=options["inventory"],
        )  # fmt: skip
        if scan.state != Scan.State.COMPLETE:
            raise CommandError(f"scan {scan.pk} is incomplete: {scan.problem}", returncode=_NOT_KNOWN)
        self.stdout.write(f"{scan.counts['rows']:,} rows, {scan.counts['objects']:,} objects.")
        if scan.report_at:
            asked = scan.counts.get("asked", 0)
            self.stdout.write(
                f"By the report of {scan.report_at:%Y-%m-%d %H:%M} UTC; {asked:,} keys asked again."
            )
        found = {kind: scan.counts.get(kind.value, 0) for kind in Finding.Kind}
        for kind, count in found.items():
            if count:
                self.stdout.write(f"  {count:,} × {kind.label}")
        if scan.alarm:
            self.stdout.write(f"Alarm: {scan.alarm}")
        if any(found.values()):
            raise CommandError(f"scan {scan.pk}: rows and objects differ", returncode=_DIFFERS)

    def _scanned(self, name: str, **how: bool) -> Scan:
        bucket = Bucket.objects.filter(connection=session.DEFAULT, name=name).first()
        if bucket is None:
            raise CommandError(f"There is no bucket {name} in the list.", returncode=_NOT_KNOWN)
        try:
            scan = services.begin(actor=None, bucket=bucket, trigger=Scan.Trigger.COMMAND, **how)
        except (StorageError, S3Error) as error:
            raise CommandError(str(error), returncode=_NOT_KNOWN) from error
        while scan.state == Scan.State.RUNNING:
            # Beside the workers: whoever has the claim works.
            if not scanning.work(scan.pk):
                time.sleep(WAIT_SECONDS)
            scan.refresh_from_db()
        return scan
