"""Facts 84 to 86: what rules will do, and when, as the manual counts."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.s3.lifecycle_forecast import (
    SMALLEST_MOVED_BYTES,
    VARIES,
    Fate,
    Foreseen,
    Subject,
    due,
    expiration,
    forecast,
    matches,
)
from portal.s3.lifecycle_rules import WATERFALL
from portal.s3.types import VersioningState

BORN = datetime(2026, 1, 15, 10, 30, tzinfo=UTC)
MIB = 1024**2
ENABLED = VersioningState.ENABLED


def day(number: int) -> datetime:
    """The midnight that so many days of a rule lead to."""
    return datetime(2026, 1, 16, tzinfo=UTC) + timedelta(days=number)


def rule(rule_id: str = "r", **fields: Any) -> dict[str, Any]:
    return {"ID": rule_id, "Status": "Enabled", "Filter": {"Prefix": ""}, **fields}


def moved(days: int, name: str) -> dict[str, Any]:
    return {"Transitions": [{"Days": days, "StorageClass": name}]}


def subject(**fields: Any) -> Subject:
    return Subject(**{"key": "photos/a.jpg", "since": BORN, "bytes": MIB, **fields})


@pytest.mark.parametrize(
    ("since", "days", "at"),
    [
        (BORN, 3, datetime(2026, 1, 19, tzinfo=UTC)),  # the manual's own example, in another year
        (datetime(2026, 1, 15, 23, 59, 59, 999_999, tzinfo=UTC), 1, datetime(2026, 1, 17, tzinfo=UTC)),
        (datetime(2026, 1, 15, tzinfo=UTC), 1, datetime(2026, 1, 16, tzinfo=UTC)),
        (
            datetime(2026, 1, 16, 1, 0, tzinfo=timezone(timedelta(hours=2))),
            1,
            datetime(2026, 1, 17, tzinfo=UTC),
        ),
    ],
)
def test_due_date_is_rounded_up_to_midnight_of_utc(since: datetime, days: int, at: datetime) -> None:
    """85"""
    assert due(since, days) == at


@given(st.datetimes(timezones=st.timezones()), st.integers(1, 3_650))
def test_due_date_is_a_midnight_less_than_a_day_late(since: datetime, days: int) -> None:
    """85"""
    try:
        exact = since.astimezone(UTC) + timedelta(days=days)
        found = due(since, days)
    except OverflowError:
        return

    assert (found.hour, found.minute, found.second, found.microsecond) == (0, 0, 0, 0)
    assert timedelta(0) <= found - exact < timedelta(days=1)


def test_older_version_counts_from_its_successor() -> None:
    """85"""
    rules = [rule(NoncurrentVersionExpiration={"NoncurrentDays": 30}, Expiration={"Days": 1})]
    replaced = subject(since=BORN + timedelta(days=100), is_older=True)

    assert forecast(rules, replaced, ENABLED) == [Foreseen(day(130), Fate.DELETED, "r")]


def test_newest_older_versions_are_kept() -> None:
    """85"""
    ends = {"NoncurrentDays": 30, "NewerNoncurrentVersions": 2}
    rules = [rule(NoncurrentVersionExpiration=ends)]

    assert [
        bool(forecast(rules, subject(is_older=True, newer_older=count), ENABLED)) for count in range(4)
    ] == [False, False, True, True]


@pytest.mark.parametrize(
    ("state", "fate"),
    [
        (VersioningState.NEVER_SET, Fate.DELETED),
        (VersioningState.ENABLED, Fate.HIDDEN),
        (VersioningState.SUSPENDED, Fate.HIDDEN),
    ],
)
def test_expiration_deletes_only_where_there_are_no_versions(state: VersioningState, fate: Fate) -> None:
    """84"""
    assert expiration(state) is fate
    assert forecast([rule(Expiration={"Days": 9})], subject(), state) == [Foreseen(day(9), fate, "r")]


def test_deletion_beats_transition_beats_marker_on_one_day() -> None:
    """86"""
    ends = rule("ends", Expiration={"Days": 365})
    moves = rule("moves", **moved(365, "GLACIER"))

    never = forecast([moves, ends], subject(), VersioningState.NEVER_SET)
    enabled = forecast([ends, moves], subject(), ENABLED)

    assert never == [Foreseen(day(365), Fate.DELETED, "ends")]
    assert enabled == [
        Foreseen(day(365), Fate.MOVED, "moves", "GLACIER"),
        Foreseen(day(366), Fate.HIDDEN, "ends"),  # it is due still when the rules run again
    ]


def test_older_version_is_deleted_rather_than_moved_on_one_day() -> None:
    """86"""
    rules = [
        rule("moves", NoncurrentVersionTransitions=[{"NoncurrentDays": 60, "StorageClass": "GLACIER"}]),
        rule("ends", NoncurrentVersionExpiration={"NoncurrentDays": 60}),
    ]

    [found] = forecast(rules, subject(is_older=True), ENABLED)

    assert (found.fate, found.rule_id) == (Fate.DELETED, "ends")


def test_deeper_of_two_moves_on_one_day_is_made() -> None:
    """86: the cheaper class."""
    rules = [rule("ia", **moved(30, "STANDARD_IA")), rule("deep", **moved(30, "DEEP_ARCHIVE"))]

    assert [one.rule_id for one in forecast(rules, subject(), ENABLED)] == ["deep"]


def test_moves_follow_each_other_down_until_the_end() -> None:
    """85, 86"""
    steps = [(180, "DEEP_ARCHIVE"), (30, "STANDARD_IA"), (200, "GLACIER"), (90, "GLACIER_IR")]
    transitions = [{"Days": days, "StorageClass": name} for days, name in steps]
    rules = [rule(Transitions=transitions, Expiration={"Days": 365}), rule("late", **moved(999, "GLACIER"))]

    found = forecast(rules, subject(), ENABLED)

    assert [(one.at, one.storage_class) for one in found] == [
        (day(30), "STANDARD_IA"), (day(90), "GLACIER_IR"), (day(180), "DEEP_ARCHIVE"), (day(365), ""),
    ]  # fmt: skip


def test_smallest_objects_are_not_moved() -> None:
    """79"""
    small = subject(bytes=SMALLEST_MOVED_BYTES - 1)
    to_ia, to_glacier = rule(**moved(30, "STANDARD_IA")), rule(**moved(30, "GLACIER"))
    of_any_size = {**to_ia, "Filter": {"ObjectSizeGreaterThan": 0}}

    assert forecast([to_ia, to_glacier], small, ENABLED) == []
    assert forecast([to_ia], small, ENABLED, smallest_moved=VARIES) == []
    assert forecast([to_glacier], small, ENABLED, smallest_moved=VARIES)
    assert forecast([of_any_size], small, ENABLED)


def test_disabled_rule_does_nothing() -> None:
    """86"""
    assert forecast([rule(Expiration={"Days": 1}) | {"Status": "Disabled"}], subject(), ENABLED) == []


def test_date_counts_as_it_stands_but_not_before_the_object() -> None:
    """85"""
    before, after = datetime(2020, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)

    assert [
        forecast([rule(Expiration={"Date": at})], subject(), ENABLED)[0].at for at in (before, after)
    ] == [day(0), after]


@pytest.mark.parametrize(
    ("chosen", "is_taken"),
    [
        ({}, True),
        ({"Prefix": "photos/"}, True),
        ({"Prefix": "other/"}, False),
        ({"Tag": {"Key": "kind", "Value": "photo"}}, True),
        ({"Tag": {"Key": "kind", "Value": "other"}}, False),
        ({"ObjectSizeGreaterThan": MIB}, False),
        ({"ObjectSizeGreaterThan": MIB - 1}, True),
        ({"ObjectSizeLessThan": MIB}, False),
        ({"And": {"Prefix": "photos/", "Tags": [{"Key": "kind", "Value": "photo"}]}}, True),
        ({"And": {"Prefix": "photos/", "Tags": [{"Key": "kind", "Value": "x"}]}}, False),
    ],
)
def test_filter_takes_what_all_its_conditions_take(chosen: dict[str, Any], is_taken: bool) -> None:
    """82"""
    assert matches({"Filter": chosen}, subject(tags={"kind": "photo"})) is is_taken
    assert matches({"Prefix": "photos/"}, subject())


RULES = st.lists(
    st.builds(
        lambda days, name, ends: (
            rule() | moved(days, name) | ({"Expiration": {"Days": ends}} if ends else {})
        ),
        st.integers(1, 400),
        st.sampled_from(WATERFALL[1:]),
        st.none() | st.integers(1, 400),
    ),
    max_size=6,
)


@given(RULES, st.sampled_from(VersioningState))
def test_forecast_goes_down_in_time_and_ends_with_the_end(
    rules: list[dict[str, Any]], state: VersioningState
) -> None:
    """85, 86"""
    found = forecast(rules, subject(), state)
    depths = [WATERFALL.index(one.storage_class) for one in found if one.fate is Fate.MOVED]

    assert [one.at for one in found] == sorted({one.at for one in found})
    assert depths == sorted(set(depths))
    assert all(one.fate is Fate.MOVED for one in found[:-1])
    ends = [due(BORN, one["Expiration"]["Days"]) for one in rules if "Expiration" in one]
    if ends:
        assert found[-1].fate is expiration(state)
        assert min(ends) <= found[-1].at <= min(ends) + timedelta(days=len(rules))
