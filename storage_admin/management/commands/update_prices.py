"""`manage.py update_prices`: reads Amazon's price list of the regions into PRICES_FILE."""

import json
import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from storage_admin import price_offers, prices
from storage_admin.models import Bucket
from storage_admin.price_offers import NoPrices
from storage_admin.prices import BadPrices


class Command(BaseCommand):
    """Exit code 1 where a region could not be read; what was read of the others is kept."""

    help = (
        "Read Amazon's published prices of S3 into PRICES_FILE, for the regions of the buckets that the "
        "portal knows, or those that are named. Needs no keys. Regions that the file has already, and are "
        "not asked for, stay."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--region", action="append", metavar="NAME", help="this one, repeatable")
        parser.add_argument(
            "--address", default=price_offers.ADDRESS, help="another server with the offer files"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        if not settings.PRICES_FILE:
            raise CommandError("PRICES_FILE names no file to write to.")
        known = Bucket.objects.filter(gone_since=None).exclude(region="").values_list("region", flat=True)
        regions = options["region"] or sorted({prices.REGION, *known})
        path = Path(settings.PRICES_FILE)
        said = self._there(path)
        failed = []
        for region in regions:
            try:
                found = price_offers.read(price_offers.fetch(region, address=options["address"]))
                prices.parsed(region, found.prices)
            except (NoPrices, BadPrices) as error:
                failed.append(region)
                self.stderr.write(f"{region}: {error}")
                continue
            said["regions"][region] = found.prices
            self.stdout.write(
                f"{region}: {len(found.prices['classes'])} classes as of {found.prices['as_of']}"
            )
            for name in found.missing:
                self.stderr.write(f"{region}: not in the list: {name}")
        if len(failed) < len(regions):
            _replace(path, json.dumps(said, indent=1) + "\n")
        if failed:
            raise CommandError(f"Not read: {', '.join(failed)}.")

    def _there(self, path: Path) -> dict[str, Any]:
        if not path.exists():
            return {"source": prices.SOURCE, "regions": {}}
        try:
            prices.read(path)
        except BadPrices as error:
            raise CommandError(f"{error}. Move the file away, and begin anew.") from error
        said: dict[str, Any] = json.loads(path.read_text())
        return said


def _replace(path: Path, text: str) -> None:
    """Write the file whole or not at all: pages read it at any moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(text)
    beside.replace(path)
