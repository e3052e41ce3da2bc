"""Numbers both ways, exactly, or with a clear refusal."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.aws import tables
from portal.aws.errors import BadValue


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20, places=10))
def test_number_arrives_as_it_was(number: Decimal) -> None:
    assert tables.read(tables.written({"Weight": number}))["Weight"] == number


@pytest.mark.parametrize(
    "number", [Decimal("NaN"), Decimal("Infinity"), Decimal("1." + "1" * 38), Decimal("1e127"), 25.5]
)
def test_number_that_cannot_be_held_is_refused_in_words(number: Decimal | float) -> None:
    with pytest.raises(BadValue):
        tables.written({"Weight": number})


def test_number_deep_inside_is_looked_at_too() -> None:
    with pytest.raises(BadValue, match=r"Renditions\.Width"):
        tables.written({"Renditions": [{"Width": 1.5}]})


def test_weight_stays_what_was_weighed() -> None:
    assert tables.written({"Weight": Decimal("25.5")}) == {"Weight": {"N": "25.5"}}
