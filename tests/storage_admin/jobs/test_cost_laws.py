"""What must hold of every price: nothing for nothing, never less than nothing, more bytes never cheaper."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from portal.s3.archive import Tier
from portal.s3.types import StorageClass
from storage_admin import prices
from storage_admin.jobs import costs
from storage_admin.jobs.targets import Target

HERE = prices.of("")
CLASSES = st.sampled_from([*HERE.classes, "", "EXPRESS_ONEZONE"])
SIZES = st.integers(0, 50 * 1024**4)
AGES = st.integers(0, 400)
NOW = timezone.now()


def target(size: int, storage_class: str, age_days: int) -> Target:
    return Target("a", bytes=size, storage_class=storage_class, modified=NOW - timedelta(days=age_days))


@given(SIZES, CLASSES, CLASSES, AGES)
def test_no_change_costs_less_than_nothing(size: int, from_class: str, to_class: str, age: int) -> None:
    price = costs.of_change(HERE, target(size, from_class, age), to_class)

    assert all(amount >= 0 for amount in price.values())
    assert ("unknown" in price) == ("EXPRESS_ONEZONE" in {from_class, to_class} or to_class == "")


@given(SIZES, SIZES, CLASSES, st.sampled_from([*HERE.classes]), AGES)
def test_more_bytes_never_cost_less(one: int, other: int, from_class: str, to_class: str, age: int) -> None:
    less, more = (
        costs.of_change(HERE, target(size, from_class, age), to_class) for size in sorted((one, other))
    )

    assert all(less[name] <= more[name] for name in less)


@given(st.lists(st.tuples(SIZES, CLASSES, CLASSES, AGES), max_size=6))
def test_sums_are_those_of_the_parts(found: list[tuple[int, str, str, int]]) -> None:
    """Also after a slice: sums are kept as texts, and lose nothing."""
    each = [costs.of_change(HERE, target(size, old, age), new) for size, old, new, age in found]
    sums: dict[str, str] = {}
    for price in each:
        costs.add(sums, price)

    for name in {name for price in each for name in price}:
        exact = sum((price.get(name, Decimal(0)) for price in each), Decimal(0))
        assert abs(Decimal(sums[name]) - exact) <= exact * Decimal("1e-20")
    assert found or sums == {}


@given(SIZES, st.sampled_from(Tier), st.integers(1, 365))
def test_restores_grow_with_bytes_and_days(size: int, tier: Tier, days: int) -> None:
    for storage_class in (StorageClass.GLACIER, StorageClass.DEEP_ARCHIVE):
        price, twice = (
            costs.of_restore(HERE, Target("a", bytes=size * n, storage_class=storage_class), tier, days * n)
            for n in (1, 2)
        )
        assert price.keys() == twice.keys()
        assert all(0 <= price[name] <= twice[name] for name in price)


@pytest.mark.parametrize(
    ("storage_class", "size", "month"),
    [
        # By hand: billed bytes / 2^30 x the price of a GB and month.
        (StorageClass.STANDARD, 1024**3, "0.023"),
        (StorageClass.STANDARD_IA, 1, "0.00000152587890625"),  # as 128 KiB: 0.0125 / 8192
        (StorageClass.GLACIER, 0, "0.0000002853393554687500"),  # 32 KiB of its own, 8 KiB of STANDARD
        (StorageClass.INTELLIGENT_TIERING, 1024**3, "0.0230025"),  # and 0.0025 for 1,000 objects
        (StorageClass.INTELLIGENT_TIERING, 1024, "0.000000021934509277343750"),  # small: not monitored
    ],
)
def test_a_month_is_as_by_hand(storage_class: str, size: int, month: str) -> None:
    assert HERE.month(storage_class, size) == Decimal(month)


def test_least_time_is_billed_to_the_day() -> None:
    """100 GiB of STANDARD_IA cost $1.25 a month; 10 days old, 20 of 30 days are left."""
    price = costs.of_change(HERE, target(100 * 1024**3, "STANDARD_IA", 10), "STANDARD")

    assert round(price["early"], 10) == round(Decimal("1.25") * 20 / 30, 10)
    assert "early" not in costs.of_change(HERE, target(1, "STANDARD_IA", 30), "STANDARD")


def test_requests_are_billed_in_the_class_that_they_reach() -> None:
    """Two reads of STANDARD, and one copy into GLACIER: 2 x 0.0004 and 0.03 for a thousand."""
    price = costs.of_change(HERE, target(1, "STANDARD", 0), "GLACIER")

    assert price["requests"] == Decimal("0.0308") / 1000
