"""Facts 88 and 100: what a message says, what came first, and who did it."""

import json
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.s3 import events
from portal.s3.errors import BadRequest
from portal.s3.events import ObjectEvent


def message(*records: dict[str, Any]) -> str:
    return json.dumps({"Records": list(records)})


def record(name: str = "ObjectCreated:Put", *, key: str = "a.jpg", **about: Any) -> dict[str, Any]:
    return {
        "eventVersion": "2.3",
        "eventTime": "2026-11-22T01:02:03.456Z",
        "eventName": name,
        "userIdentity": {"principalId": "AWS:AIDAEXAMPLE"},
        "s3": {"bucket": {"name": "photos"}, "object": {"key": key, "sequencer": "0055", **about}},
    }


def event(sequencer: str, *, key: str = "a.jpg", name: str = "ObjectCreated:Put") -> ObjectEvent:
    [found] = events.decoded(message(record(name, key=key, sequencer=sequencer)))
    return found


@pytest.mark.parametrize(
    ("sent", "key"),
    [
        ("a+b.jpg", "a b.jpg"),
        ("a%2Bb.jpg", "a+b.jpg"),
        ("%C3%A9/%E6%97%A5.jpg", "é/日.jpg"),
        ("%2525", "%25"),
    ],
)
def test_key_of_an_event_is_decoded_as_a_form_is(sent: str, key: str) -> None:
    """100"""
    [found] = events.decoded(message(record(key=sent, versionId="v1")))

    assert (found.bucket, found.key, found.version_id) == ("photos", key, "v1")


def test_test_event_of_s3_is_none() -> None:
    """100"""
    sent = {"Service": "Amazon S3", "Event": "s3:TestEvent", "Time": "2026-11-22T01:02:03.456Z"}

    assert events.decoded(json.dumps(sent)) == []


def test_event_by_way_of_a_topic_is_unwrapped() -> None:
    """100: SNS puts S3's message as text into its own."""
    wrapped = json.dumps({"Type": "Notification", "MessageId": "1", "Message": message(record(key="a+b"))})

    assert [found.key for found in events.decoded(wrapped)] == ["a b"]
    with pytest.raises(BadRequest):
        events.decoded('{"Type": "Notification", "Message": "<b>"}')


@pytest.mark.parametrize("sequencer", [7, None, ["0"], "no digits", "", "F" * 65])
def test_sequencer_that_is_none_gives_no_order(sequencer: Any) -> None:
    """100: S3 numbers what makes and deletes objects; restores and transitions come without."""
    [found] = events.decoded(message(record(sequencer=sequencer)))

    assert found.order in {"", "7".ljust(events.ORDER_LENGTH, "0")}


def test_order_sorts_as_the_events_happened() -> None:
    """100"""
    happened = ["00FFFFFFFF", "0055", "005500", "00551", "0055a1", "0055F", "0056", "01"]
    found = sorted(event(one).order for one in happened)

    assert found == [event(one).order for one in sorted(happened, key=lambda one: one.upper().ljust(12, "0"))]
    assert event("0055").order == event("005500").order


@pytest.mark.parametrize("wrong", ["", "no JSON", "[]", "{}", '{"Records": [{}]}', '{"Records": 1}', "null"])
def test_what_is_no_event_is_refused_in_words(wrong: str) -> None:
    """100"""
    with pytest.raises(BadRequest, match="no event notification"):
        events.decoded(wrong)


@pytest.mark.parametrize(
    ("later", "earlier"),
    [("0056", "0055"), ("00551", "0055"), ("0055F", "0055A1"), ("0055a1", "0055A"), ("01", "00FFFFFFFF")],
)
def test_sequencers_are_compared_from_the_left(later: str, earlier: str) -> None:
    """100: the shorter one is filled up with zeros on its right."""
    assert event(later).is_after(event(earlier))
    assert not event(earlier).is_after(event(later))


def test_sequencer_that_is_longer_by_zeros_is_no_later() -> None:
    """100"""
    assert not event("005500").is_after(event("0055"))


def test_events_of_two_keys_have_no_order() -> None:
    """100"""
    with pytest.raises(ValueError, match="no order"):
        event("02", key="b.jpg").is_after(event("01"))


def test_last_event_is_found_whatever_the_order_and_the_repeats() -> None:
    """100"""
    put, gone, again = event("01"), event("02", name="ObjectRemoved:DeleteMarkerCreated"), event("03")
    other = event("01", key="b.jpg")

    for order in permutations([put, gone, again, again, other]):
        assert set(events.newest(order).values()) == {again, other}


@given(st.lists(st.text("0123456789ABCDEF", min_size=1, max_size=20), min_size=1, max_size=20))
def test_no_event_is_after_the_newest(sequencers: list[str]) -> None:
    """100"""
    found = [event(one) for one in sequencers]
    [newest] = events.newest(found).values()

    assert not any(one.is_after(newest) for one in found)


@pytest.mark.parametrize(
    "name",
    [
        "LifecycleExpiration:Delete",
        "LifecycleExpiration:DeleteMarkerCreated",
        "LifecycleTransition",
        "ObjectRestore:Delete",
    ],
)
def test_what_a_rule_deleted_is_the_stores_deed(name: str) -> None:
    """88"""
    assert event("01", name=name).is_by_the_store
    assert not event("01", name="ObjectRemoved:Delete").is_by_the_store
