"""Reads Amazon's own price list: the offer files that it publishes for each service and region.

No key is needed for them, and no right. A price is found by its usage type, whole but for the region's
prefix ("EUC1-"): `Tables-TimedStorage-ByteHrs` is another one. Where an operation tells prices of one usage
type apart, it is asked for; where several products answer and do not agree, there is no price, and that is
said.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import urllib3

from portal.s3.archive import Tier
from portal.s3.types import StorageClass

ADDRESS = "https://pricing.us-east-1.amazonaws.com"
# Deep Archive has a list of its own, beside the one of all other classes.
SERVICES = ("AmazonS3", "AmazonS3GlacierDeepArchive")
MOST_BYTES = 64 << 20  # those of S3 have one or two MiB
_TIMEOUT = urllib3.Timeout(connect=5, read=60)
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")


class NoPrices(Exception):
    """Amazon's list could not be read, or does not say what it must; the message tells why, in one line."""


@dataclass(frozen=True)
class Wanted:
    """A price: of which usage type and operation, in which unit there ("": any), for how many units here."""

    usage: str
    unit: str
    times: int = 1
    operation: str = ""


_MONTH, _REQUESTS, _GB, _ANY = "GB-Mo", "Requests", "GB", ""


def _class(code: str, storage: str, **more: Wanted) -> dict[str, Wanted]:
    return {
        "month": Wanted(f"TimedStorage-{storage}ByteHrs", _MONTH),
        "put": Wanted(f"Requests-{code}Tier1", _REQUESTS, 1000),
        "get": Wanted(f"Requests-{code}Tier2", _REQUESTS, 1000),
        **more,
    }


_CLASSES: dict[StorageClass, dict[str, Wanted]] = {
    StorageClass.STANDARD: _class("", ""),
    StorageClass.INTELLIGENT_TIERING: _class(
        "INT-", "INT-FA-", monitoring=Wanted("Monitoring-Automation-INT", "Objects", 1000)
    ),
    StorageClass.STANDARD_IA: _class("SIA-", "SIA-", read=Wanted("Retrieval-SIA", _GB)),
    StorageClass.ONEZONE_IA: _class("ZIA-", "ZIA-", read=Wanted("Retrieval-ZIA", _GB)),
    StorageClass.GLACIER_IR: _class("GIR-", "GIR-", read=Wanted("Retrieval-GIR", _GB)),
    StorageClass.GLACIER: _class(
        "GLACIER-", "Glacier", put=Wanted("Requests-GLACIER-Tier1", _REQUESTS, 1000, "PutObject")
    ),
    StorageClass.DEEP_ARCHIVE: _class("GDA-", "GDA-"),
}
_FROM_GLACIER, _FROM_DEEP = "RestoreObject", "DeepArchiveRestoreObject"
_RESTORES: dict[tuple[StorageClass, Tier], dict[str, Wanted]] = {
    (StorageClass.GLACIER, Tier.EXPEDITED): {
        "read": Wanted("Expedited-Retrieval-Bytes", _GB),
        "requests": Wanted("Requests-Tier6", _REQUESTS, 1000),
    },
    (StorageClass.GLACIER, Tier.STANDARD): {
        "read": Wanted("Standard-Retrieval-Bytes", _GB, operation=_FROM_GLACIER),
        "requests": Wanted("Requests-Tier3", _REQUESTS, 1000, _FROM_GLACIER),
    },
    (StorageClass.GLACIER, Tier.BULK): {
        "read": Wanted("Bulk-Retrieval-Bytes", _GB, operation=_FROM_GLACIER),
        "requests": Wanted("Requests-Tier5", _REQUESTS, 1000),
    },
    (StorageClass.DEEP_ARCHIVE, Tier.STANDARD): {
        "read": Wanted("Standard-Retrieval-Bytes", _GB, operation=_FROM_DEEP),
        "requests": Wanted("Requests-GDA-Tier3", _REQUESTS, 1000),
    },
    (StorageClass.DEEP_ARCHIVE, Tier.BULK): {
        "read": Wanted("Bulk-Retrieval-Bytes", _GB, operation=_FROM_DEEP),
        "requests": Wanted("Requests-GDA-Tier5", _REQUESTS, 1000),
    },
}
_BATCH = {
    "job": Wanted("BatchOperations-Jobs", _ANY),
    "million": Wanted("BatchOperations-Objects", _ANY, 1_000_000),
}


@dataclass(frozen=True)
class Found:
    """A region's part of a file of prices, and what Amazon's list did not say."""

    prices: dict[str, Any]
    missing: list[str]


def fetch(region: str, *, address: str = ADDRESS) -> list[dict[str, Any]]:
    """Return the offer files of the region from Amazon. NoPrices."""
    if not _REGION.fullmatch(region):
        raise NoPrices(f"“{region}” is no region.")
    with urllib3.PoolManager(timeout=_TIMEOUT, retries=2) as pool:
        found = [
            _fetch(pool, f"{address}/offers/v1.0/aws/{name}/current/{region}/index.json") for name in SERVICES
        ]
    if found[0] is None:
        raise NoPrices(f"Amazon has no list of S3 in {region}.")
    return [one for one in found if one is not None]


def _fetch(pool: urllib3.PoolManager, url: str) -> dict[str, Any] | None:
    """Return the file; None where there is none of this service in the region."""
    try:
        answer = pool.request("GET", url, preload_content=False)
        try:
            body = answer.read(MOST_BYTES + 1, decode_content=True)
        finally:
            answer.release_conn()
    except urllib3.exceptions.HTTPError as error:
        raise NoPrices(f"{url} does not answer: {error}") from error
    if answer.status in {403, 404}:  # both are said of a file that is not there
        return None
    if answer.status != 200:
        raise NoPrices(f"{url} answers {answer.status}.")
    if len(body) > MOST_BYTES:
        raise NoPrices(f"{url} has more than {MOST_BYTES >> 20} MiB.")
    try:
        said: dict[str, Any] = json.loads(body)
    except ValueError as error:
        raise NoPrices(f"{url} is no JSON.") from error
    return said


def read(offers: Sequence[Mapping[str, Any]]) -> Found:
    """Return the prices that the offer files of one region tell. NoPrices without those of STANDARD.

    A class, or a tier, of which one price is missing is left out whole: half a price is no price.
    """
    try:
        there = [product for offer in offers for product in _products(offer)]
        as_of = min(str(offer["publicationDate"])[:10] for offer in offers)
    except (KeyError, TypeError, ValueError, AttributeError, InvalidOperation) as error:
        raise NoPrices(f"This is no offer file of Amazon's: {error!r}") from error
    missing: list[str] = []

    def take(wanted: Mapping[str, Wanted]) -> dict[str, str] | None:
        said = {name: _price(there, one, missing) for name, one in wanted.items()}
        return None if None in said.values() else {name: f"{price:f}" for name, price in said.items()}

    classes = {name.value: found for name, wanted in _CLASSES.items() if (found := take(wanted))}
    restores: dict[str, dict[str, Any]] = {}
    for (name, tier), wanted in _RESTORES.items():
        if name in classes and (found := take(wanted)):
            restores.setdefault(name.value, {})[tier.value] = found
    if StorageClass.STANDARD not in classes:
        raise NoPrices("Amazon's list does not tell: " + "; ".join(missing))
    told: dict[str, Any] = {"as_of": as_of, "classes": classes, "restores": restores}
    if batch := take(_BATCH):
        told["batch"] = batch
    return Found(told, missing)


@dataclass(frozen=True)
class _Product:
    """What one line of the list sells: in dollars, of its first band."""

    usage: str
    operation: str
    unit: str
    dollars: Decimal


def _products(offer: Mapping[str, Any]) -> Iterator[_Product]:
    terms = offer["terms"]["OnDemand"]
    for sku, product in offer["products"].items():
        attributes = product["attributes"]
        for term in terms.get(sku, {}).values():
            for band in term["priceDimensions"].values():
                if Decimal(band.get("beginRange", "0")) == 0 and "USD" in band["pricePerUnit"]:
                    yield _Product(
                        re.sub(r"^[A-Z0-9]+-(?=[A-Z][a-z])", "", attributes.get("usagetype", "")),
                        attributes.get("operation", ""),
                        band["unit"],
                        Decimal(band["pricePerUnit"]["USD"]),
                    )


def _price(there: Sequence[_Product], wanted: Wanted, missing: list[str]) -> Decimal | None:
    """Return the price; None, told in `missing`, where none is listed, or several that differ.

    Where no operation is asked for, what has none goes before what has one.
    """
    found = [one for one in there if one.usage == wanted.usage and wanted.unit in {one.unit, _ANY}]
    if wanted.operation:
        found = [one for one in found if one.operation == wanted.operation]
    else:
        found = [one for one in found if not one.operation] or found
    amounts = {one.dollars for one in found}
    if len(amounts) == 1:
        return (amounts.pop() * wanted.times).normalize()
    name = " ".join(filter(None, [wanted.usage, wanted.operation]))
    missing.append(f"{name} ({'none' if not amounts else 'several that differ'})")
    return None
