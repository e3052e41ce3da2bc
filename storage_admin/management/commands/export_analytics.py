"""`manage.py export_analytics`: writes pets, photos and usage as Parquet, here and now."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from storage_admin.analytics import asking, layout, running
from storage_admin.errors import StorageError
from storage_admin.models import AnalyticsExport
from storage_admin.schedules import running as schedules

SLICE_SECONDS = 2.0  # between two lines of progress
WAIT_SECONDS = 2.0  # while a worker is at it


class Command(BaseCommand):
    """Exit code 0: the day is there. 1: it is not, and why."""

    help = (
        "Exports pets, photos and usage for analysis to ANALYTICS_BUCKET, as the timetable does each night. "
        "Goes on with an export that is under way."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--dry-run", action="store_true", help="tell what would be written, and write nothing"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["dry_run"]:
            self.stdout.write(schedules.would("analytics"))
            return
        try:
            export, is_new = asking.begin(None)
        except StorageError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{export.name}: {'begun' if is_new else 'was under way'}")
        while export.state == AnalyticsExport.State.RUNNING:
            more = running.work(export.pk, SLICE_SECONDS)
            export.refresh_from_db()
            self.stdout.write(f"{export.rows:,} rows, {len(export.files)} files, {export.bytes:,} bytes")
            if export.state == AnalyticsExport.State.RUNNING and not more:
                if export.claim is None and export.error:
                    raise CommandError(f"{export.error} Workers go on with it.")
                time.sleep(WAIT_SECONDS)
        if export.state == AnalyticsExport.State.FAILED:
            raise CommandError(export.error)
        if export.error:
            self.stdout.write(self.style.WARNING(export.error))
        self.stdout.write(f"s3://{export.bucket}/{layout.manifest(export.prefix, export.day)}")
