"""Facts 45 to 57: every delete is answered for, and a bucket goes only when it is empty."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from portal.s3 import attributes, buckets, object_lock, objects, session, uploads
from portal.s3.differences import Capability
from portal.s3.errors import BucketNotEmpty, BucketNotFound
from portal.s3.object_lock import Retention
from portal.s3.types import RetentionMode
from tests.contract.arrange import entries, put
from tests.store import answering, refusal

pytestmark = pytest.mark.servers


def in_an_hour() -> datetime:
    return datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)


def begin_upload(bucket: str, key: str) -> str:
    client = session.client()
    upload_id = client.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
    client.upload_part(Bucket=bucket, Key=key, UploadId=upload_id, PartNumber=1, Body=b"x")
    return upload_id


def test_many_keys_are_deleted_a_thousand_at_a_time(versioned: str, store_calls: list[str]) -> None:
    """45: versions that are not there are deleted, too: that is what S3 says."""
    made = put(versioned, "there")
    targets = [(f"nowhere/{number}", made) for number in range(2_499)] + [("there", made)]
    store_calls.clear()

    outcomes = objects.delete_versions(versioned, targets)

    assert store_calls == ["DeleteObjects"] * 3
    assert len(outcomes) == 2_500
    assert entries(versioned) == []


@pytest.mark.needs(Capability.BATCH_LIMIT)
def test_more_than_a_thousand_keys_at_once_are_refused(versioned: str) -> None:
    """45: what the store itself says."""
    client = session.client()
    many: Any = [{"Key": f"{number}"} for number in range(1_001)]

    with pytest.raises(client.exceptions.ClientError, match=r"MalformedXML|InvalidArgument|\(400\)"):
        client.delete_objects(Bucket=versioned, Delete={"Objects": many})


@pytest.mark.needs(Capability.OBJECT_LOCK)
def test_refused_key_of_a_batch_is_named_with_its_code(locked: str) -> None:
    """46, 47, 52"""
    free = [("free", put(locked, "free")), ("too", put(locked, "too"))]
    held = ("held", put(locked, "held"))
    object_lock.hold(locked, *held[:1], on=True, version_id=held[1])

    outcomes = {one.key: one for one in objects.delete_versions(locked, [*free, held])}

    assert {name: one.code for name, one in outcomes.items()} == {
        "free": "",
        "too": "",
        "held": "AccessDenied",
    }
    assert outcomes["held"].version_id == held[1]
    assert {entry[0] for entry in entries(locked)} == {"held"}


LOCKS_NOTHING = (
    "<Error><Code>InvalidArgument</Code><Message>x-amz-bypass-governance-retention is only applicable to "
    "Object Lock enabled buckets.</Message></Error>"
)


def test_bypass_is_left_out_where_nothing_can_be_locked(versioned: str, store_calls: list[str]) -> None:
    """Amazon refuses the word in a bucket without Object Lock, and with it the whole call."""
    version = put(versioned, "plain")

    with answering("DeleteObjects", refusal(400, "", body=LOCKS_NOTHING), times=1):
        [outcome] = objects.delete_versions(versioned, [("plain", version)], bypass_governance=True)

    assert outcome.code == ""
    assert entries(versioned) == []
    assert store_calls.count("DeleteObjects") == 2


def test_bypass_is_left_out_also_for_a_key_that_goes_alone(versioned: str, store_calls: list[str]) -> None:
    with answering("DeleteObject", refusal(400, "", body=LOCKS_NOTHING), times=1):
        objects.delete_versions(versioned, [("control\x01", put(versioned, "a"))], bypass_governance=True)

    assert store_calls.count("DeleteObject") == 2


def test_keys_that_the_store_was_too_busy_for_are_tried_again_alone(
    versioned: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """49"""
    monkeypatch.setattr(objects, "DELETE_PAUSE_SECONDS", 0)
    one, two = put(versioned, "one"), put(versioned, "two")
    busy = (
        f"<DeleteResult><Deleted><Key>one</Key><VersionId>{one}</VersionId></Deleted>"
        f"<Error><Key>two</Key><VersionId>{two}</VersionId><Code>SlowDown</Code></Error></DeleteResult>"
    )

    with answering("DeleteObjects", refusal(200, "", body=busy), times=1):
        outcomes = objects.delete_versions(versioned, [("one", one), ("two", two)])

    assert [(done.key, done.code) for done in outcomes] == [("one", ""), ("two", "")]
    assert "two" not in {entry[0] for entry in entries(versioned)}  # "one" is: that answer was made up


def test_bucket_goes_after_versions_markers_and_uploads(versioned: str, key: str) -> None:
    """50, 51"""
    put(versioned, key)
    session.client().delete_object(Bucket=versioned, Key=key)
    begin_upload(versioned, key)

    for upload in list(uploads.every(versioned)):
        uploads.abort(versioned, upload.key, upload.upload_id)
    objects.delete_versions(
        versioned, [(entry.key, entry.version_id) for entry in objects.versions(versioned, "")]
    )
    buckets.delete(versioned)

    assert not buckets.exists(versioned)


def test_bucket_that_is_not_empty_is_refused_with_the_counts(versioned: str, key: str) -> None:
    """50, 51"""
    put(versioned, key)
    put(versioned, key, b"newer")
    put(versioned, "hidden")
    session.client().delete_object(Bucket=versioned, Key="hidden")
    begin_upload(versioned, "begun")

    with pytest.raises(BucketNotEmpty) as refused:
        buckets.delete(versioned)

    found = buckets.contents(versioned)
    assert (found.objects, found.versions, found.markers, found.uploads) == (1, 2, 1, 1)
    assert "1 objects, 2 older versions, 1 delete markers, 1 open uploads" in str(refused.value)
    assert buckets.exists(versioned)


@pytest.mark.needs(Capability.NOT_EMPTY)
def test_bucket_with_a_lone_marker_is_not_deleted_by_the_store(versioned: str, key: str) -> None:
    """50: what the store itself says."""
    client = session.client()
    client.delete_object(Bucket=versioned, Key=key)

    with pytest.raises(client.exceptions.ClientError, match="BucketNotEmpty"):
        client.delete_bucket(Bucket=versioned)


def test_abort_of_an_upload_that_is_gone_is_fine(versioned: str, key: str) -> None:
    """51"""
    upload_id = begin_upload(versioned, key)
    uploads.abort(versioned, key, upload_id)

    uploads.abort(versioned, key, upload_id)

    assert list(uploads.every(versioned)) == []


@pytest.mark.needs(Capability.OBJECT_LOCK)
def test_governance_yields_to_an_explicit_bypass_alone(locked: str, key: str) -> None:
    """52, 53"""
    made = put(locked, key)
    object_lock.retain(locked, key, Retention(RetentionMode.GOVERNANCE, in_an_hour()), version_id=made)

    (refused,) = objects.delete_versions(locked, [(key, made)])
    (done,) = objects.delete_versions(locked, [(key, made)], bypass_governance=True)

    assert refused.code == "AccessDenied"
    assert done.code == ""
    assert entries(locked) == []


@pytest.mark.needs(Capability.OBJECT_LOCK, Capability.LIFTED_LOCK)
def test_governance_is_lifted_by_an_explicit_bypass(locked: str, key: str) -> None:
    """53"""
    made = put(locked, key)
    object_lock.retain(locked, key, Retention(RetentionMode.GOVERNANCE, in_an_hour()), version_id=made)

    object_lock.retain(locked, key, None, version_id=made, bypass_governance=True)

    assert attributes.read(locked, key).retention is None


@pytest.mark.needs(Capability.OBJECT_LOCK)
def test_hold_yields_to_no_bypass(locked: str, key: str) -> None:
    """52, 53"""
    made = put(locked, key)
    object_lock.hold(locked, key, on=True)

    (refused,) = objects.delete_versions(locked, [(key, made)], bypass_governance=True)

    assert refused.code == "AccessDenied"
    assert [entry[0] for entry in entries(locked)] == [key]


def test_bucket_that_never_was_is_not_there(store: object) -> None:
    """55"""
    with pytest.raises(BucketNotFound):
        buckets.delete("contract-never-made-at-all")
