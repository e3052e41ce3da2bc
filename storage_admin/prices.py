"""What Amazon S3 bills, by class: to say before a change what it will cost, never to replace the bill.

List prices without discounts, tax or data transfer, in US dollars, of one region. They were written
down by hand, as of `AS_OF`, and nothing keeps them up: check them against Amazon's page (`SOURCE`), and
move the date with them, before money is decided by them. A bill is in GB of 2^30 bytes. Other stores
have prices of their own, which the portal does not know.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from portal.s3.archive import Tier
from portal.s3.types import StorageClass

REGION = "us-east-1"
AS_OF = date(2025, 1, 1)
SOURCE = "https://aws.amazon.com/s3/pricing/"
GB_BYTES = 1024**3
_A_CENT = Decimal("0.01")

KIB = 1024
# Glacier and Deep Archive add 8 KiB of index, billed as STANDARD, and 32 KiB billed in their own
# class to each object (UG:storage-class-intro).
INDEX_BYTES = 8 * KIB
ARCHIVE_BYTES = 32 * KIB


@dataclass(frozen=True)
class ClassPrice:
    """Of one class: dollars per GB and month, per 1,000 requests, and per GB read back.

    `put` is for PUT, COPY and POST. `minimum_days` are billed even when the object goes earlier, and
    `minimum_bytes` even when it is smaller. `monitoring` is per 1,000 objects and month.
    """

    month: Decimal
    put: Decimal
    get: Decimal
    read: Decimal = Decimal(0)
    monitoring: Decimal = Decimal(0)
    minimum_days: int = 0
    minimum_bytes: int = 0
    has_archive_overhead: bool = False


@dataclass(frozen=True)
class RestorePrice:
    """Of bringing archived objects back: dollars per GB, and per 1,000 requests."""

    read: Decimal
    requests: Decimal


# Of S3 Batch Operations, beside the requests that it makes: for a job, and for each million objects of it.
BATCH_JOB = Decimal("0.25")
BATCH_MILLION = Decimal("1.00")

_LEAST_BILLED = 128 * KIB
CLASSES: dict[str, ClassPrice] = {
    StorageClass.STANDARD: ClassPrice(Decimal("0.023"), Decimal("0.005"), Decimal("0.0004")),
    # As its frequent tier; below 128 KiB objects stay there, and are not monitored.
    StorageClass.INTELLIGENT_TIERING: ClassPrice(
        Decimal("0.023"), Decimal("0.005"), Decimal("0.0004"), monitoring=Decimal("0.0025")
    ),
    StorageClass.STANDARD_IA: ClassPrice(
        Decimal("0.0125"), Decimal("0.01"), Decimal("0.001"), Decimal("0.01"),
        minimum_days=30, minimum_bytes=_LEAST_BILLED,
    ),
    StorageClass.ONEZONE_IA: ClassPrice(
        Decimal("0.01"), Decimal("0.01"), Decimal("0.001"), Decimal("0.01"),
        minimum_days=30, minimum_bytes=_LEAST_BILLED,
    ),
    StorageClass.GLACIER_IR: ClassPrice(
        Decimal("0.004"), Decimal("0.02"), Decimal("0.01"), Decimal("0.03"),
        minimum_days=90, minimum_bytes=_LEAST_BILLED,
    ),
    StorageClass.GLACIER: ClassPrice(
        Decimal("0.0036"), Decimal("0.03"), Decimal("0.0004"), minimum_days=90, has_archive_overhead=True
    ),
    StorageClass.DEEP_ARCHIVE: ClassPrice(
        Decimal("0.00099"), Decimal("0.05"), Decimal("0.0004"), minimum_days=180, has_archive_overhead=True
    ),
}  # fmt: skip

RESTORES: dict[tuple[str, Tier], RestorePrice] = {
    (StorageClass.GLACIER, Tier.EXPEDITED): RestorePrice(Decimal("0.03"), Decimal(10)),
    (StorageClass.GLACIER, Tier.STANDARD): RestorePrice(Decimal("0.01"), Decimal("0.05")),
    (StorageClass.GLACIER, Tier.BULK): RestorePrice(Decimal(0), Decimal(0)),
    (StorageClass.DEEP_ARCHIVE, Tier.STANDARD): RestorePrice(Decimal("0.02"), Decimal("0.10")),
    (StorageClass.DEEP_ARCHIVE, Tier.BULK): RestorePrice(Decimal("0.0025"), Decimal("0.025")),
}


def month(storage_class: str, size: int) -> Decimal | None:
    """Return what one object of `size` bytes costs a month; None for a class without a known price."""
    price = CLASSES.get(storage_class)
    if price is None:
        return None
    dollars = price.month * max(size, price.minimum_bytes) / GB_BYTES
    if price.has_archive_overhead:
        dollars += price.month * ARCHIVE_BYTES / GB_BYTES
        dollars += CLASSES[StorageClass.STANDARD].month * INDEX_BYTES / GB_BYTES
    if size >= _LEAST_BILLED:
        dollars += price.monitoring / 1000
    return dollars


def change(to_class: str) -> Decimal | None:
    """Return what one copy into the class costs."""
    price = CLASSES.get(to_class)
    return price.put / 1000 if price else None


def retrieval(storage_class: str, size: int) -> Decimal | None:
    """Return what reading `size` bytes back from the class costs, beside the request."""
    price = CLASSES.get(storage_class)
    return price.read * size / GB_BYTES if price else None


def restore(storage_class: str, tier: Tier, size: int) -> Decimal | None:
    """Return what bringing one archived object of `size` bytes back costs, but for the days it stays."""
    price = RESTORES.get((storage_class, tier))
    return price.read * size / GB_BYTES + price.requests / 1000 if price else None


def remaining_days(storage_class: str, age_days: int) -> int:
    """Return for how many days more an object of that age is billed, should it go now."""
    price = CLASSES.get(storage_class)
    return max(0, price.minimum_days - age_days) if price else 0


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


def batch(objects: int) -> Decimal:
    """Return what Amazon bills for a job of S3 Batch Operations, beside the requests that it makes."""
    return BATCH_JOB + BATCH_MILLION * objects / 1_000_000
