"""Amazon's own price list: read by usage type and operation, and nothing guessed where it does not tell."""

from decimal import Decimal
from typing import Any

import pytest

from portal.s3.archive import Tier
from portal.s3.types import StorageClass
from storage_admin import price_offers, prices
from storage_admin.price_offers import NoPrices
from tests.storage_admin.prices.offers import DEEP, S3, offer

pytestmark = pytest.mark.django_db


def test_every_class_and_tier_is_read_of_the_first_band() -> None:
    found = price_offers.read([offer(S3), offer(DEEP)])
    there = prices.parsed("eu-central-1", found.prices)

    assert found.missing == []
    assert str(there.as_of) == "2026-03-04"
    assert there.classes.keys() == prices.of("").classes.keys() == prices.RULES.keys()
    standard, instant, deep = (
        there.classes[name]
        for name in (StorageClass.STANDARD, StorageClass.GLACIER_IR, StorageClass.DEEP_ARCHIVE)
    )
    assert (standard.month, standard.put, standard.get) == (
        Decimal("0.0245"),
        Decimal("0.0054"),
        Decimal("0.00043"),
    )
    assert (instant.read, instant.put) == (Decimal("0.03"), Decimal("0.02"))
    assert (deep.month, deep.put, deep.get) == (Decimal("0.0018"), Decimal("0.06"), Decimal("0.00043"))
    assert there.classes[StorageClass.GLACIER].put == Decimal("0.036")
    assert there.classes[StorageClass.INTELLIGENT_TIERING].monitoring == Decimal("0.0025")
    assert there.restores.keys() == prices.of("").restores.keys()
    assert there.restores[StorageClass.GLACIER, Tier.EXPEDITED].requests == 12
    assert there.restores[StorageClass.GLACIER, Tier.STANDARD].read == Decimal("0.012")
    assert there.restores[StorageClass.DEEP_ARCHIVE, Tier.STANDARD].read == Decimal("0.024")
    assert there.restores[StorageClass.DEEP_ARCHIVE, Tier.BULK].requests == Decimal("0.03")
    assert (there.batch_job, there.batch_million) == (Decimal("0.25"), Decimal(1))


@pytest.mark.parametrize("prefix", ["", "EU-", "USW2-", "APS8-"])
def test_region_s_prefix_may_be_any_or_none(prefix: str) -> None:
    found = price_offers.read([offer(S3, prefix), offer(DEEP, prefix)])

    assert found.missing == []
    assert found.prices["classes"]["STANDARD"]["month"] == "0.0245"


def test_price_that_the_list_tells_twice_and_differently_is_none() -> None:
    lines = (*S3, ("Retrieval-SIA", "", "GB", "0.0200000000"))

    found = price_offers.read([offer(lines), offer(DEEP)])

    assert "STANDARD_IA" not in found.prices["classes"]
    assert found.missing == ["Retrieval-SIA (several that differ)"]


def test_class_with_half_its_prices_is_left_out_and_so_is_a_unit_that_is_another() -> None:
    lines = tuple(line for line in S3 if line[0] != "Requests-ZIA-Tier2")
    lines = tuple((*line[:2], "Bytes", line[3]) if line[0] == "Retrieval-GIR" else line for line in lines)

    found = price_offers.read([offer(lines), offer(DEEP)])

    assert {"ONEZONE_IA", "GLACIER_IR"}.isdisjoint(found.prices["classes"])
    assert found.missing == ["Requests-ZIA-Tier2 (none)", "Retrieval-GIR (none)"]


def test_region_without_deep_archive_has_the_other_classes() -> None:
    found = price_offers.read([offer(S3)])

    assert found.prices["classes"].keys() == prices.of("").classes.keys() - {"DEEP_ARCHIVE"}
    assert found.prices["restores"].keys() == {"GLACIER"}
    assert "TimedStorage-GDA-ByteHrs (none)" in found.missing


@pytest.mark.parametrize(
    "said",
    [{}, {"products": []}, {"publicationDate": "2026-01-01", "products": {}, "terms": {}}, {"terms": 1}],
)
def test_what_is_no_offer_file_is_refused(said: dict[str, Any]) -> None:
    with pytest.raises(NoPrices, match="no offer file"):
        price_offers.read([said])


def test_list_without_the_prices_of_standard_is_refused() -> None:
    with pytest.raises(NoPrices, match=r"TimedStorage-ByteHrs \(none\)"):
        price_offers.read([offer(tuple(line for line in S3 if not line[0].startswith("TimedStorage-Byte")))])


@pytest.mark.parametrize("region", ["", "EU (Ireland)", "../../x", "eu-west-1/..", "eu-west-1\n"])
def test_region_that_is_none_is_not_asked_for(region: str) -> None:
    with pytest.raises(NoPrices, match="no region"):
        price_offers.fetch(region, address="http://127.0.0.1:9")


def test_server_that_does_not_answer_is_told() -> None:
    with pytest.raises(NoPrices, match="does not answer"):
        price_offers.fetch("eu-west-1", address="http://127.0.0.1:9")
