"""What the keys may do, by how much the clocks differ, and what strangers get: asked of each store."""

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from threading import Event
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse

from portal.s3 import anonymous, clock, permissions, policy, public_access_block, session
from portal.s3.anonymous import Seen
from portal.s3.differences import Capability
from portal.s3.errors import BucketNotFound, ClockSkewed, S3Error, StorageUnavailable, Unsupported
from portal.s3.permissions import Finding, Verdict
from portal.s3.public_access_block import PublicAccessBlock
from portal.s3.together import ask_all
from portal.s3.versioning import read as read_versioning
from tests.contract.arrange import entries, put
from tests.store import answering, refusal

pytestmark = pytest.mark.servers


def by_action(found: list[Finding]) -> dict[str, Finding]:
    return {one.action: one for one in found}


def test_probing_finds_what_is_allowed_and_leaves_nothing_behind(either: str) -> None:
    put(either, "kept")
    before = entries(either)

    found = by_action(permissions.probe(either, below="photos/"))

    assert not [one for one in found.values() if one.verdict is Verdict.REFUSED]
    for action in ("s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObjectVersion"):
        assert found[action].verdict is Verdict.ALLOWED, found[action]
    assert found["s3:PutBucketPolicy"].verdict is Verdict.UNKNOWN
    assert "not probed" in found["s3:PutBucketPolicy"].reason
    assert entries(either) == before


def test_refused_actions_are_named_and_others_are_not(bucket: str) -> None:
    with answering("PutObject", refusal(403, "AccessDenied")):
        found = by_action(permissions.probe(bucket))

    assert [one.action for one in found.values() if one.verdict is Verdict.REFUSED] == ["s3:PutObject"]


def test_refusal_that_may_be_for_want_of_listing_is_unknown(bucket: str) -> None:
    """Who may not list is answered 403 for a key that is not there, whatever else he may."""
    refused = refusal(403, "AccessDenied")
    with answering("ListObjectsV2", refused), answering("HeadObject", refused):
        found = by_action(permissions.probe(bucket))

    assert found["s3:ListBucket"].verdict is Verdict.REFUSED
    assert found["s3:GetObject"].verdict is Verdict.UNKNOWN
    assert "s3:ListBucket" in found["s3:GetObject"].reason


def test_store_that_is_busy_says_nothing_about_rights(bucket: str) -> None:
    with answering("GetBucketCors", refusal(503, "SlowDown")):
        found = by_action(permissions.probe(bucket))

    assert found["s3:GetBucketCORS"].verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("seconds", [-400, 0, 90])
def test_clock_is_read_from_the_date_of_any_answer(bucket: str, seconds: int) -> None:
    def answer() -> AWSResponse:
        said = format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)
        made = refusal(403, "AccessDenied")()
        made.headers["Date"] = said
        return made

    with answering("HeadBucket", answer):
        assert clock.skew(bucket) == pytest.approx(seconds, abs=2)


def test_answer_without_a_date_tells_no_time(bucket: str) -> None:
    with answering("HeadBucket", refusal(200, "", body=" ")), pytest.raises(S3Error, match="what time"):
        clock.skew(bucket)


def test_clock_that_is_too_wrong_is_told_in_words(bucket: str) -> None:
    with (
        answering("GetBucketVersioning", refusal(403, "RequestTimeTooSkewed")),
        pytest.raises(ClockSkewed, match="clock"),
    ):
        read_versioning(bucket)


@pytest.mark.needs(Capability.STRANGERS_REFUSED)
def test_strangers_are_refused_an_object(bucket: str, key: str) -> None:
    put(bucket, key)

    assert anonymous.read(bucket, key).seen is Seen.REFUSED


@pytest.mark.needs(Capability.POLICY)
@pytest.mark.parametrize("body", [b"bytes", b""], ids=["some", "empty"])
def test_strangers_read_what_a_policy_gives_them(bucket: str, body: bytes) -> None:
    odd = "a b+c%20/é<>"
    version = put(bucket, odd, body)
    open_to_all(bucket)

    found = anonymous.read(bucket, odd, version_id=version)

    assert found.seen is Seen.READABLE, found


def test_missing_object_says_nothing_about_strangers(bucket: str) -> None:
    found = anonymous.read(bucket, "missing")

    assert found.seen is not Seen.READABLE


def test_stranger_sends_no_keys_and_no_expected_owner(bucket: str, settings: Any) -> None:
    guarded = {**settings.S3_CONNECTIONS["default"], "expected_owner": "111122223333"}
    settings.S3_CONNECTIONS = {**settings.S3_CONNECTIONS, "guarded": guarded}
    sent: list[Any] = []

    def note(request: Any, **_event: Any) -> None:
        sent.append(dict(request.headers))

    session.stranger("guarded").meta.events.register("before-send.s3", note)
    anonymous.read(bucket, "a", alias="guarded")

    names = {name.lower() for headers in sent for name in headers}
    assert sent
    assert not names & {"authorization", "x-amz-expected-bucket-owner", "x-amz-security-token"}


def test_no_answer_is_unknown_to_strangers_too(no_store: str) -> None:
    found = anonymous.read("any-bucket", "a")

    assert (found.seen, found.status) == (Seen.UNKNOWN, 0)
    assert found.reason


def test_many_questions_are_answered_each_for_itself() -> None:
    def refuse() -> None:
        raise BucketNotFound("gone")

    found = ask_all({"one": lambda: 1, "none": lambda: None, "gone": refuse})

    assert (found["one"], found["none"]) == (1, None)
    assert isinstance(found["gone"], BucketNotFound)
    assert ask_all({}) == {}


def test_late_answer_is_none_and_waits_for_nobody() -> None:
    release = Event()

    try:
        found = ask_all({"slow": release.wait, "fast": lambda: 2}, seconds=0.1)
    finally:
        release.set()

    assert found["fast"] == 2
    assert isinstance(found["slow"], StorageUnavailable)


def open_to_all(bucket: str) -> None:
    with suppress(Unsupported):  # then nothing blocks
        public_access_block.write(bucket, PublicAccessBlock())
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": ["s3:GetObject", "s3:GetObjectVersion"],
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    policy.write(bucket, json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
