"""`manage.py count_usage`: counts what lies in a bucket, here and now."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.display import size
from portal.s3 import session
from portal.s3.errors import S3Error
from storage_admin.buckets import sums, usage, usage_facts
from storage_admin.errors import StorageError
from storage_admin.inventory import reports
from storage_admin.models import Bucket, UsageSnapshot

_NOT_ENDED, _NOT_BEGUN = 1, 2


class Command(BaseCommand):
    """Exit code 0: counted. 1: the count broke off. 2: not begun."""

    help = "Counts what lies in a bucket by class and folder: current, older, markers, open uploads."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--bucket", required=True, help="name of the bucket")
        parser.add_argument("--connection", default=session.DEFAULT, help="connection it belongs to")
        parser.add_argument(
            "--inventory", action="store_true", help="count the newest inventory report, not the list"
        )
        parser.add_argument("--dry-run", action="store_true", help="say how many calls it will take")

    def handle(self, *_args: Any, **options: Any) -> None:
        bucket = Bucket.objects.filter(connection=options["connection"], name=options["bucket"]).first()
        if bucket is None:
            raise CommandError(
                f"There is no bucket {options['bucket']} of connection {options['connection']} in the list.",
                returncode=_NOT_BEGUN,
            )
        if options["dry_run"]:
            self._tell_calls(bucket)
            return
        try:
            piece = usage.begin(bucket, reports.newest_of_versions(bucket) if options["inventory"] else None)
        except (StorageError, S3Error) as error:
            raise CommandError(str(error), returncode=_NOT_BEGUN) from error
        if piece is None:
            raise CommandError("A count of this bucket is under way already.", returncode=_NOT_BEGUN)
        begun = UsageSnapshot.objects.get(pk=piece.snapshot)
        while piece is not None:
            piece = usage.run(piece)
            begun.refresh_from_db()
            self._show_progress(begun)
        if begun.ended_at is None or begun.error:
            raise CommandError(begun.error or "Another worker goes on with it.", returncode=_NOT_ENDED)
        self._tell(begun)

    def _tell_calls(self, bucket: Bucket) -> None:
        last = usage.latest(bucket)
        if last is None:
            self.stdout.write("Never counted: a call for each 1,000 versions and markers.")
            return
        entries = last.markers + sum(one["objects"] + one["older"] for one in last.counts.values())
        calls = 1 + entries // usage.PAGE + 1 + last.uploads // usage.UPLOADS_PAGE
        parts = min(last.uploads, sums.MOST_SIZED)
        self.stdout.write(f"By the last count about {calls + parts:,} calls; nothing is changed.")

    def _show_progress(self, snapshot: UsageSnapshot) -> None:
        if sys.stdout.isatty():
            entries = snapshot.markers + sum(
                one["objects"] + one["older"] for one in snapshot.counts.values()
            )
            self.stdout.write(f"\r{entries:,} entries", ending="\n" if snapshot.ended_at else "")
            self.stdout.flush()

    def _tell(self, snapshot: UsageSnapshot) -> None:
        of = f", by the report of {snapshot.report_at:%Y-%m-%d %H:%M} UTC" if snapshot.report_at else ""
        self.stdout.write(f"{size(usage_facts.total(snapshot))} in all versions{of}.")
        for name, one in sorted(snapshot.counts.items()):
            self.stdout.write(
                f"  {name}: {one['objects']:,} ({size(one['bytes'])}),"
                f" older {one['older']:,} ({size(one['older_bytes'])})"
            )
        unknown = snapshot.uploads - snapshot.uploads_sized
        self.stdout.write(
            f"  {snapshot.markers:,} delete markers, {snapshot.uploads:,} open uploads"
            f" ({size(snapshot.upload_bytes)}{f', {unknown:,} of unknown size' if unknown else ''})"
        )
        for name, *held in usage_facts.lines(snapshot, level=1):
            self.stdout.write(f"  {name!r}: {held[0] + held[2]:,} versions, {size(held[1] + held[3])}")
