"""`manage.py find_keys`: searches a bucket's newest inventory report, however large it is."""

from __future__ import annotations

import csv
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal import spelling
from portal.s3 import session
from portal.s3.errors import S3Error
from portal.s3.inventory_rows import Entry
from portal.spreadsheet import cell
from storage_admin.errors import StorageError
from storage_admin.inventory import reports, searching
from storage_admin.inventory.search_form import SearchForm
from storage_admin.models import Bucket

_NONE, _NOT_SEARCHED = 1, 2


class Command(BaseCommand):
    """Exit code 0: found. 1: the report names nothing like that. 2: not searched."""

    help = "Finds keys in a bucket's newest inventory report: by a part of them, size, class and age."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "text", nargs="?", default="", help="part of the key; with * or ? a pattern of it"
        )
        parser.add_argument("--bucket", default=settings.AWS_STORAGE_BUCKET_NAME, help="name of the bucket")
        parser.add_argument("--connection", default=session.DEFAULT, help="connection it belongs to")
        parser.add_argument("--least", help="least size in bytes")
        parser.add_argument("--most", help="largest size in bytes")
        parser.add_argument("--class", dest="storage_class", default="", help="storage class")
        parser.add_argument("--older", help="modified longer ago than these days")
        parser.add_argument("--newer", help="modified within these days")
        parser.add_argument("--versions", action="store_true", help="older versions and markers, too")
        parser.add_argument("--csv", action="store_true", help="write CSV with every column of the report")

    def handle(self, *_args: Any, **options: Any) -> None:
        bucket = Bucket.objects.filter(connection=options["connection"], name=options["bucket"]).first()
        if bucket is None:
            raise CommandError(
                f"There is no bucket {options['bucket']} in the list.", returncode=_NOT_SEARCHED
            )
        form = SearchForm(options)
        if not form.is_valid():
            said = "; ".join(f"{name}: {' '.join(map(str, errors))}" for name, errors in form.errors.items())
            raise CommandError(said, returncode=_NOT_SEARCHED)
        try:
            count = self._search(bucket, form, as_csv=options["csv"])
        except (StorageError, S3Error) as error:
            raise CommandError(str(error), returncode=_NOT_SEARCHED) from error
        if not count:
            raise CommandError("The report names nothing like that.", returncode=_NONE)

    def _search(self, bucket: Bucket, form: SearchForm, *, as_csv: bool) -> int:
        report = reports.newest(bucket)
        self.stderr.write(f"The report of {report.at:%Y-%m-%d %H:%M} UTC.")
        writer = csv.writer(self.stdout, lineterminator="\n")
        if as_csv:
            writer.writerow(Entry._fields)
        count = 0
        for entry in searching.lines(bucket, report, form.wanted(), every=self._show_progress):
            count += 1
            if as_csv:
                writer.writerow([cell(value) for value in entry])
            else:
                self._tell(entry)
        return count

    def _tell(self, entry: Entry) -> None:
        what = "marker" if entry.is_marker else f"{entry.bytes}\t{entry.storage_class}"
        self.stdout.write(f"{entry.modified:%Y-%m-%dT%H:%M:%SZ}\t{what}\t{spelling.plain(entry.key)}")

    def _show_progress(self, looked_at: int) -> None:
        if sys.stderr.isatty():
            self.stderr.write(f"\r{looked_at:,} entries", ending="")
