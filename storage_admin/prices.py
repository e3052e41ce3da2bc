"""What Amazon S3 bills, by region and class: to say before a change what it costs, never to replace the bill.

List prices without discounts, tax or data transfer, in US dollars, of the first band where there are
several. `prices.json` was written down by hand, and each region in it has its date; `manage.py update_prices`
reads Amazon's own list into PRICES_FILE, which then goes first. Where a region is in neither, those of
REGION are told, and that they are. A bill is in GB of 2^30 bytes. Other stores have prices of their own,
which the portal does not know.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from portal.s3.archive import Tier
from portal.s3.types import StorageClass

logger = structlog.get_logger(__name__)

SHIPPED = Path(__file__).with_name("prices.json")
SOURCE = "https://aws.amazon.com/s3/pricing/"
REGION = "us-east-1"  # whose prices stand for those of a region that nobody wrote down
GB_BYTES = 1024**3
_A_CENT = Decimal("0.01")
_NONE = Decimal(0)

KIB = 1024
# Glacier and Deep Archive add 8 KiB of index, billed as STANDARD, and 32 KiB billed in their own
# class to each object (UG:storage-class-intro).
INDEX_BYTES = 8 * KIB
ARCHIVE_BYTES = 32 * KIB
_LEAST_BILLED = 128 * KIB


class BadPrices(Exception):
    """The file is no table of prices; the message says what is wrong, in one line."""


@dataclass(frozen=True)
class Rule:
    """What a class bills at least in every region: its days and bytes, of what goes earlier or has less."""

    minimum_days: int = 0
    minimum_bytes: int = 0
    has_archive_overhead: bool = False


RULES: dict[str, Rule] = {
    StorageClass.STANDARD: Rule(),
    StorageClass.INTELLIGENT_TIERING: Rule(),
    StorageClass.STANDARD_IA: Rule(30, _LEAST_BILLED),
    StorageClass.ONEZONE_IA: Rule(30, _LEAST_BILLED),
    StorageClass.GLACIER_IR: Rule(90, _LEAST_BILLED),
    StorageClass.GLACIER: Rule(90, has_archive_overhead=True),
    StorageClass.DEEP_ARCHIVE: Rule(180, has_archive_overhead=True),
}


@dataclass(frozen=True)
class ClassPrice:
    """Of one class: dollars per GB and month, per 1,000 requests, and per GB read back.

    `put` is for PUT, COPY and POST. `monitoring` is per 1,000 objects and month: of Intelligent-Tiering,
    whose `month` is that of its frequent tier; what has less than 128 KiB stays there, and is not monitored.
    """

    month: Decimal
    put: Decimal
    get: Decimal
    read: Decimal = _NONE
    monitoring: Decimal = _NONE


@dataclass(frozen=True)
class RestorePrice:
    """Of bringing archived objects back: dollars per GB, and per 1,000 requests."""

    read: Decimal
    requests: Decimal


@dataclass(frozen=True)
class Prices:
    """The prices of one region. `batch_job` and `batch_million` (objects) are of S3 Batch Operations."""

    region: str
    as_of: date
    classes: Mapping[str, ClassPrice]
    restores: Mapping[tuple[str, Tier], RestorePrice]
    batch_job: Decimal | None = None
    batch_million: Decimal | None = None
    asked_for: str = field(default="", compare=False)  # the region whose place this one takes

    def month(self, storage_class: str, size: int) -> Decimal | None:
        """Return what one object of `size` bytes costs a month; None for a class without a known price."""
        price = self.classes.get(storage_class)
        if price is None:
            return None
        rule = RULES[storage_class]
        dollars = price.month * max(size, rule.minimum_bytes) / GB_BYTES
        if rule.has_archive_overhead:
            dollars += price.month * ARCHIVE_BYTES / GB_BYTES
            dollars += self.classes[StorageClass.STANDARD].month * INDEX_BYTES / GB_BYTES
        if size >= _LEAST_BILLED:
            dollars += price.monitoring / 1000
        return dollars

    def change(self, to_class: str) -> Decimal | None:
        """Return what one copy into the class costs."""
        price = self.classes.get(to_class)
        return price.put / 1000 if price else None

    def retrieval(self, storage_class: str, size: int) -> Decimal | None:
        """Return what reading `size` bytes back from the class costs, beside the request."""
        price = self.classes.get(storage_class)
        return price.read * size / GB_BYTES if price else None

    def restore(self, storage_class: str, tier: Tier, size: int) -> Decimal | None:
        """Return what bringing one archived object of `size` bytes back costs, but for its days."""
        price = self.restores.get((storage_class, tier))
        return price.read * size / GB_BYTES + price.requests / 1000 if price else None

    def batch(self, objects: int) -> Decimal | None:
        """Return what Amazon bills for a job of S3 Batch Operations, beside the requests that it makes."""
        if self.batch_job is None or self.batch_million is None:
            return None
        return self.batch_job + self.batch_million * objects / 1_000_000

    def sentence(self) -> str:
        """Return whose prices these are, and of when."""
        said = _("Prices: Amazon's list for %(region)s as of %(date)s, without transfer, KMS or tax.") % {
            "region": self.region,
            "date": date_format(self.as_of, "DATE_FORMAT"),
        }
        if self.asked_for:
            said += " " + _("Those of %(region)s are not known here.") % {"region": self.asked_for}
        return said


def of(region: str) -> Prices:
    """Return the prices of the region; of REGION, saying so, where they are not known. "" is REGION."""
    tables = read(SHIPPED) | _own()
    if not region or region in tables:
        return tables[region or REGION]
    return replace(tables[REGION], asked_for=region)


def remaining_days(storage_class: str, age_days: int) -> int:
    """Return for how many days more an object of that age is billed, should it go now."""
    rule = RULES.get(storage_class)
    return max(0, rule.minimum_days - age_days) if rule else 0


def dollars(amount: Decimal, *, signed: bool = False) -> str:
    """Write a price with as many digits as it has to say: one photo costs parts of a cent."""
    sign = "-" if amount < 0 else "+" if signed and amount > 0 else ""
    exact = abs(amount)
    if exact and exact < _A_CENT:
        exact = Decimal(f"{exact:.3g}")
    text = f"{exact:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return f"{sign}${text}"


def _own() -> dict[str, Prices]:
    """Return the tables of PRICES_FILE; none where it is not set, not written yet, or broken."""
    path = Path(settings.PRICES_FILE) if settings.PRICES_FILE else None
    if path is None or not path.exists():
        return {}
    try:
        return read(path)
    except BadPrices as error:
        logger.warning("prices_not_readable", error=str(error))
        return {}


def read(path: Path) -> dict[str, Prices]:
    """Return the tables of a file by region. BadPrices."""
    try:
        return _read(path, path.stat().st_mtime_ns)
    except OSError as error:
        raise BadPrices(f"{path}: {error.strerror}") from error


def parsed(region: str, said: Mapping[str, Any]) -> Prices:
    """Return the prices that a region's part of a file says. BadPrices."""
    try:
        batch = said.get("batch")
        return Prices(
            region,
            date.fromisoformat(said["as_of"]),
            {
                StorageClass(name): ClassPrice(**{key: _dollars(value) for key, value in one.items()})
                for name, one in said["classes"].items()
            },
            {
                (StorageClass(name), Tier(tier)): RestorePrice(
                    **{key: _dollars(value) for key, value in one.items()}
                )
                for name, tiers in said["restores"].items()
                for tier, one in tiers.items()
            },
            batch_job=_dollars(batch["job"]) if batch else None,
            batch_million=_dollars(batch["million"]) if batch else None,
        )
    except (KeyError, TypeError, ValueError, AttributeError, InvalidOperation) as error:
        raise BadPrices(f"The prices of {region} are not readable: {error!r}") from error


def _dollars(said: str) -> Decimal:
    amount = Decimal(said)
    if not amount.is_finite() or amount < 0:
        raise ValueError(f"{said} is no price")
    return amount


@lru_cache(maxsize=4)
def _read(path: Path, _changed: int) -> dict[str, Prices]:
    try:
        said = json.loads(path.read_text())
        regions = said["regions"].items()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadPrices(f"{path} is no table of prices: {error!r}") from error
    found = {region: parsed(region, one) for region, one in regions}
    for prices in found.values():
        if StorageClass.STANDARD not in prices.classes:
            raise BadPrices(f"{path} has no price of {StorageClass.STANDARD} in {prices.region}")
    return found
