"""Facts 78 to 83: one rule is changed, all others stay."""

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from portal.s3 import lifecycle, lifecycle_rules, session
from portal.s3.differences import Capability
from portal.s3.errors import BadRequest, Conflict
from portal.s3.lifecycle import Lifecycle

pytestmark = pytest.mark.servers


def rule(rule_id: str, **fields: Any) -> dict[str, Any]:
    base = {"ID": rule_id, "Status": "Enabled", "Filter": {"Prefix": f"{rule_id}/"}}
    return base | (fields or {"Expiration": {"Days": 365}})


def fields_of(found: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if name != "Filter"}


@pytest.mark.needs(Capability.LIFECYCLE)
def test_bucket_without_rules_has_none(bucket: str) -> None:
    """103"""
    assert lifecycle.read(bucket).rules == ()


@pytest.mark.needs(Capability.LIFECYCLE)
def test_merged_rule_leaves_the_others(bucket: str) -> None:
    """78"""
    lifecycle.merge_rule(bucket, rule("one"))
    lifecycle.merge_rule(bucket, rule("two"))

    lifecycle.merge_rule(bucket, {"ID": "one", "Expiration": {"Days": 30}})

    found = lifecycle.read(bucket)
    assert {one["ID"]: one["Expiration"]["Days"] for one in found.rules} == {"one": 30, "two": 365}
    assert found.rules[0]["Filter"] == {"Prefix": "one/"}


@pytest.mark.needs(Capability.LIFECYCLE, Capability.LIFECYCLE_EVERY_FIELD)
def test_merged_rule_keeps_fields_that_were_not_named(bucket: str) -> None:
    """78"""
    full = rule(
        "full",
        Transitions=[{"Days": 60, "StorageClass": "STANDARD_IA"}],
        NoncurrentVersionExpiration={"NoncurrentDays": 90, "NewerNoncurrentVersions": 3},
        AbortIncompleteMultipartUpload={"DaysAfterInitiation": 7},
    )
    lifecycle.merge_rule(bucket, full)

    lifecycle.merge_rule(bucket, {"ID": "full", "Status": "Disabled"})

    assert fields_of(lifecycle.read(bucket).rules[0]) == fields_of(full | {"Status": "Disabled"})


@pytest.mark.needs(Capability.LIFECYCLE)
def test_removed_rule_leaves_the_others(bucket: str) -> None:
    """78, 103"""
    lifecycle.merge_rule(bucket, rule("one"))
    lifecycle.merge_rule(bucket, rule("two"))

    lifecycle.remove_rule(bucket, "one")
    assert [one["ID"] for one in lifecycle.read(bucket).rules] == ["two"]

    lifecycle.remove_rule(bucket, "two")
    assert lifecycle.read(bucket) == Lifecycle()


@pytest.mark.needs(Capability.LIFECYCLE)
def test_change_of_rules_that_somebody_changed_is_refused(bucket: str) -> None:
    """78"""
    seen = lifecycle.read(bucket)
    lifecycle.merge_rule(bucket, rule("theirs"))

    with pytest.raises(Conflict):
        lifecycle.merge_rule(bucket, rule("mine"), if_unchanged=seen)

    assert [one["ID"] for one in lifecycle.read(bucket).rules] == ["theirs"]


@pytest.mark.needs(Capability.LIFECYCLE, Capability.SMALLEST_MOVED)
def test_smallest_size_that_moves_is_kept(bucket: str) -> None:
    """79"""
    rules: Any = [rule("one")]
    session.client().put_bucket_lifecycle_configuration(
        Bucket=bucket,
        LifecycleConfiguration={"Rules": rules},
        TransitionDefaultMinimumObjectSize="varies_by_storage_class",
    )

    lifecycle.merge_rule(bucket, rule("two"))

    assert lifecycle.read(bucket).smallest_moved == "varies_by_storage_class"


IA = {"StorageClass": "STANDARD_IA"}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (rule("r", Transitions=[{**IA, "Days": 29}]), "30 days"),
        (rule("r", NoncurrentVersionTransitions=[{**IA, "NoncurrentDays": 3}]), "30 days"),
        (rule("r", Transitions=[{"Days": 90, "StorageClass": "STANDARD"}]), "STANDARD"),
        (
            rule("r", Transitions=[{"Days": 40, "StorageClass": "GLACIER"}, {**IA, "Days": 90}]),
            "only go down",
        ),
        (rule("r", Transitions=[{**IA, "Days": 60}], Expiration={"Days": 60}), "before they expire"),
        (rule("r", Filter={"Prefix": "a", "ObjectSizeLessThan": 5}, Expiration={"Days": 1}), "And"),
        (rule("r", Filter={"And": {"Prefix": "a"}}, Expiration={"Days": 1}), "at least two"),
        (rule("r", Expiration={"ExpiredObjectDeleteMarker": True, "Days": 1}), "markers"),
        (
            rule(
                "r",
                Filter={"Tag": {"Key": "a", "Value": "b"}},
                Expiration={"ExpiredObjectDeleteMarker": True},
            ),
            "tags",
        ),
        (rule("r", Expiration={}), "do something"),
        (rule("r", Status="On", Expiration={"Days": 1}), "enabled or disabled"),
        (rule("r" * 256), "255"),
    ],
)
def test_rule_that_s3_refuses_is_told_before_it_is_asked(wrong: dict[str, Any], words: str) -> None:
    """80, 81, 82, 83"""
    assert any(words in fault for fault in lifecycle_rules.faults(wrong))


@pytest.mark.parametrize(
    "right",
    [
        rule("r"),
        rule("r", Filter={}, Expiration={"ExpiredObjectDeleteMarker": True}),
        rule(
            "r",
            Transitions=[
                {**IA, "Days": 30},
                {"Days": 60, "StorageClass": "GLACIER"},
                {"Days": 150, "StorageClass": "DEEP_ARCHIVE"},
            ],
        ),
        rule(
            "r",
            Filter={"And": {"Prefix": "a", "Tags": [{"Key": "b", "Value": "c"}]}},
            Expiration={"Days": 1},
        ),
    ],
)
def test_rule_that_s3_takes_has_no_fault(right: dict[str, Any]) -> None:
    """80 to 83"""
    assert lifecycle_rules.faults(right) == []


@pytest.mark.parametrize(
    ("made", "days", "acts"),
    [
        # The example of UG:intro-lifecycle-rules.
        ("2014-01-15T10:30:00+00:00", 3, "2014-01-19T00:00:00+00:00"),
        ("2026-01-01T00:00:00+00:00", 1, "2026-01-02T00:00:00+00:00"),
        ("2026-01-01T00:30:00+02:00", 1, "2026-01-02T00:00:00+00:00"),
    ],
)
def test_days_end_at_midnight_utc(made: str, days: int, acts: str) -> None:
    """85"""
    assert lifecycle_rules.due(datetime.fromisoformat(made), days) == datetime.fromisoformat(acts)


def test_set_of_rules_has_its_limits() -> None:
    """78"""
    assert lifecycle_rules.set_faults([rule("same"), rule("same")])
    assert lifecycle_rules.set_faults([rule(f"{number}") for number in range(1_001)])
    assert lifecycle_rules.set_faults([rule(f"{number}") for number in range(1_000)]) == []


def test_wrong_rule_is_not_sent(bucket: str, store_calls: list[str]) -> None:
    """80: also where the store would take it."""
    wrong = rule("r", Transitions=[{**IA, "Days": 3}])

    with pytest.raises(BadRequest, match="30 days"):
        lifecycle.merge_rule(bucket, wrong)

    assert "PutBucketLifecycleConfiguration" not in store_calls


names = some.text("abcXYZ0 é", min_size=1, max_size=6)
plain_values = some.one_of(some.integers(1, 900), some.booleans(), names)
anything = some.recursive(
    plain_values,
    lambda inner: some.one_of(some.lists(inner, max_size=2), some.dictionaries(names, inner)),
    max_leaves=5,
)
# Also fields of tomorrow, which nobody here knows.
any_rule = some.builds(
    lambda known, unknown: {**unknown, **known},
    some.fixed_dictionaries(
        {"ID": names, "Status": some.sampled_from(["Enabled", "Disabled"])},
        optional={
            "Filter": some.fixed_dictionaries(
                {}, optional={"Prefix": names, "ObjectSizeLessThan": some.integers(1, 9)}
            ),
            "Expiration": some.fixed_dictionaries({"Days": some.integers(1, 900)}),
            "AbortIncompleteMultipartUpload": some.fixed_dictionaries(
                {"DaysAfterInitiation": some.integers(1, 9)}
            ),
        },
    ),
    some.dictionaries(some.sampled_from(["Tomorrow", "Weekday", "Prefix"]), anything, max_size=2),
)
any_rules = some.lists(any_rule, max_size=5, unique_by=lambda one: one["ID"]).map(tuple)


@given(rules=any_rules, changes=any_rule, smallest=some.sampled_from(["", "varies_by_storage_class"]))
def test_merge_changes_what_it_names_and_nothing_else(rules: Any, changes: Any, smallest: str) -> None:
    """78, 79: for whatever rules there are."""
    before = Lifecycle(rules, smallest)

    after = before.merged(changes)

    assert after.smallest_moved == smallest
    assert [one for one in after.rules if one["ID"] != changes["ID"]] == [
        one for one in rules if one["ID"] != changes["ID"]
    ]
    former, merged = before.rule(changes["ID"]) or {}, after.rule(changes["ID"]) or {}
    kept = {name: value for name, value in former.items() if name not in changes}
    if "Filter" in changes:  # takes the place of its older form
        kept.pop("Prefix", None)
        changes = {name: value for name, value in changes.items() if name != "Prefix"}
    assert merged == {**kept, **changes}


@given(rules=any_rules, gone=names)
def test_removal_takes_one_rule_and_nothing_else(rules: Any, gone: str) -> None:
    """78"""
    after = Lifecycle(rules, "varies_by_storage_class").without(gone)

    assert after.rules == tuple(one for one in rules if one["ID"] != gone)
    assert after.smallest_moved == "varies_by_storage_class"


@given(rules=any_rules, changes=any_rule)
def test_none_takes_a_field_away(rules: Any, changes: Any) -> None:
    """78"""
    after = Lifecycle(rules).merged({"ID": changes["ID"], "Status": "Disabled", "Expiration": None})

    assert "Expiration" not in (after.rule(changes["ID"]) or {})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"Filter": {}}, {"Filter": {"Prefix": ""}}),
        ({"Filter": {"Prefix": "a"}}, {"Prefix": "a"}),
        ({"Filter": {}}, {"Prefix": ""}),
        (
            {"Filter": {"And": {"Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]}}},
            {"Filter": {"And": {"Tags": [{"Key": "b", "Value": "2"}, {"Key": "a", "Value": "1"}]}}},
        ),
    ],
)
def test_rules_that_do_the_same_are_the_same(one: Any, other: Any) -> None:
    """78, 79, 82"""
    base = {"ID": "r", "Status": "Enabled", "Expiration": {"Days": 1}}

    assert Lifecycle(({**base, **one},)) == Lifecycle(({**base, **other},), "all_storage_classes_128K")
    assert Lifecycle(({**base, **one},)) != Lifecycle(({**base, **other, "Status": "Disabled"},))
    assert Lifecycle((), "varies_by_storage_class") == Lifecycle()
