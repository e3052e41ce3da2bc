"""Facts 78 to 83: one rule is changed, all others stay."""

from typing import Any

import pytest

from portal.s3 import lifecycle, lifecycle_rules, session
from portal.s3.capabilities import Capability
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
