"""Facts 26, 61, 101 to 105: a bucket's other settings, and what no setting at all means."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import BotoCoreError, ClientError

from portal.s3 import (
    bucket_names,
    buckets,
    cors,
    encryption,
    lifecycle,
    notifications,
    object_lock,
    ownership,
    policy,
    public_access_block,
    session,
    tags,
    versioning,
)
from portal.s3.buckets import Birth
from portal.s3.differences import Capability
from portal.s3.encryption import DefaultEncryption
from portal.s3.errors import (
    AccessRefused,
    BadRequest,
    BucketNameTaken,
    Conflict,
    PartlyDone,
    Unsupported,
)
from portal.s3.notifications import Notification, Notifications, Target
from portal.s3.object_lock import LockDefault
from portal.s3.types import Algorithm, RetentionMode, VersioningState
from tests.contract.conftest import empty_and_delete
from tests.contract.stores import Endpoint
from tests.store import answering, refusal

pytestmark = pytest.mark.servers
KEY_ARN = "arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555"


@pytest.mark.parametrize(
    ("read", "state"),
    [
        pytest.param(lifecycle.read, lifecycle.Lifecycle(), marks=pytest.mark.needs(Capability.LIFECYCLE)),
        pytest.param(policy.read, "", marks=pytest.mark.needs(Capability.POLICY)),
        pytest.param(cors.read, ()),
        pytest.param(tags.of_bucket, {}, marks=pytest.mark.needs(Capability.TAGS_OF_BUCKET)),
        pytest.param(object_lock.of_bucket, LockDefault(), marks=pytest.mark.needs(Capability.OBJECT_LOCK)),
        pytest.param(notifications.read, Notifications()),
        pytest.param(
            policy.is_public,
            False,
            marks=pytest.mark.needs(Capability.POLICY_STATUS, Capability.POLICY_STATUS_OF_NONE),
        ),
    ],
    ids=["lifecycle", "policy", "cors", "tags", "lock", "events", "policy status"],
)
def test_missing_configuration_is_a_state(bucket: str, read: Any, state: Any) -> None:
    """103"""
    assert read(bucket) == state


@pytest.mark.parametrize(
    "read",
    [
        pytest.param(encryption.read, marks=pytest.mark.needs(Capability.DEFAULT_ENCRYPTION)),
        pytest.param(ownership.read, marks=pytest.mark.needs(Capability.OWNERSHIP)),
        pytest.param(public_access_block.read, marks=pytest.mark.needs(Capability.PUBLIC_ACCESS_BLOCK)),
    ],
    ids=["encryption", "ownership", "block"],
)
def test_default_of_the_store_is_a_state(bucket: str, read: Any) -> None:
    """61, 103: whatever it is."""
    expected = {
        encryption.read: DefaultEncryption,
        ownership.read: ownership.Ownership,
        public_access_block.read: public_access_block.PublicAccessBlock,
    }

    assert isinstance(read(bucket), expected[read])


@pytest.mark.needs(Capability.POLICY)
def test_policy_is_set_read_and_removed(bucket: str) -> None:
    """103"""
    text = (
        '{"Version":"2012-10-17","Statement":[{"Sid":"tls","Effect":"Deny","Principal":"*","Action":"s3:*",'
        f'"Resource":"arn:aws:s3:::{bucket}/*","Condition":{{"Bool":{{"aws:SecureTransport":"maybe"}}}}}}]}}'
    )

    policy.write(bucket, text)
    assert policy.parsed(policy.read(bucket)) == policy.parsed(text)

    policy.delete(bucket)
    assert policy.read(bucket) == ""


@pytest.mark.parametrize(
    ("text", "words"),
    [("{", "line 1, column 2"), ("[]", "Statement"), ("{}", "Statement"), ("x" * 20_481, "20480")],
)
def test_text_that_is_no_policy_is_refused_with_its_place(text: str, words: str) -> None:
    """103"""
    with pytest.raises(BadRequest, match=words):
        policy.parsed(text)


def test_cors_rules_are_set_in_order_and_removed(bucket: str) -> None:
    """103"""
    rules = [
        {"ID": name, "AllowedOrigins": [f"https://{name}.example.org"], "AllowedMethods": ["GET"]}
        for name in ("b", "a")
    ]

    cors.write(bucket, rules)
    assert [rule["ID"] for rule in cors.read(bucket)] == ["b", "a"]

    cors.write(bucket, [])
    assert cors.read(bucket) == ()


@pytest.mark.needs(Capability.DEFAULT_ENCRYPTION)
def test_default_encryption_is_set_and_read(bucket: str) -> None:
    """102"""
    encryption.write(bucket, DefaultEncryption(Algorithm.SSE_S3))
    assert encryption.read(bucket).algorithm is Algorithm.SSE_S3


@pytest.mark.needs(Capability.DEFAULT_ENCRYPTION)
def test_default_kms_encryption_is_set_and_read(bucket: str) -> None:
    """102"""
    wanted = DefaultEncryption(Algorithm.SSE_KMS, KEY_ARN, bucket_key=True)

    encryption.write(bucket, wanted)

    assert encryption.read(bucket) == wanted


@pytest.mark.parametrize("name", ["alias/photos", "11111111-2222-3333-4444-555555555555", f"{KEY_ARN}:x y"])
def test_kms_key_is_a_full_arn(bucket: str, name: str, store_calls: list[str]) -> None:
    """20, 102"""
    with pytest.raises(BadRequest, match="ARN"):
        encryption.write(bucket, DefaultEncryption(Algorithm.SSE_KMS, name))
    with pytest.raises(BadRequest, match="ARN"):
        encryption.move_to_kms(bucket, "key", name)

    assert not {"PutBucketEncryption", "UpdateObjectEncryption"} & set(store_calls)


@pytest.mark.needs(Capability.OBJECT_LOCK)
def test_lock_default_is_set_and_read(locked: str) -> None:
    """52"""
    assert object_lock.of_bucket(locked) == LockDefault(is_enabled=True)
    wanted = LockDefault(is_enabled=True, mode=RetentionMode.GOVERNANCE, days=1)

    object_lock.write_bucket(locked, wanted)

    assert object_lock.of_bucket(locked) == wanted
    object_lock.write_bucket(locked, LockDefault(is_enabled=True))


@pytest.mark.needs(Capability.TAGS_OF_BUCKET)
def test_bucket_tags_are_replaced_and_removed(bucket: str) -> None:
    """98"""
    tags.write_bucket(bucket, {"team": "vets", "cost": "7"})
    assert tags.of_bucket(bucket) == {"team": "vets", "cost": "7"}

    tags.write_bucket(bucket, {})
    assert tags.of_bucket(bucket) == {}


def queue(name: str, *, prefix: str = "", events: tuple[str, ...] = ("s3:ObjectCreated:*",)) -> Notification:
    return Notification(
        Target.QUEUE,
        {
            "Id": name,
            "QueueArn": f"arn:aws:sqs:us-east-1:000000000000:{name}",
            "Events": list(events),
            "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": prefix}]}},
        },
    )


def test_overlapping_notifications_are_refused() -> None:
    """101"""
    apart = (queue("a", prefix="a/"), queue("b", prefix="b/"))
    within = (queue("a", prefix="a/"), queue("ab", prefix="a/b/"))
    other_events = (queue("a"), queue("b", events=("s3:ObjectRemoved:Delete",)))
    same_events = (queue("a"), queue("b", events=("s3:ObjectCreated:Put",)))

    assert notifications.faults(Notifications(apart)) == []
    assert notifications.faults(Notifications(other_events)) == []
    assert notifications.faults(Notifications(within))
    assert notifications.faults(Notifications(same_events))


@pytest.fixture
def queues(store: Endpoint) -> Iterator[list[str]]:
    """ARNs of two queues that the store may send to; skips where a given store has none beside it."""
    sqs: Any = boto3.client("sqs", endpoint_url=store.endpoint_url or None, region_name=store.region)
    names = [f"contract-{uuid4().hex[:12]}" for _queue in range(2)]
    try:
        addresses = [sqs.create_queue(QueueName=name)["QueueUrl"] for name in names]
    except (BotoCoreError, ClientError) as error:
        if store.is_given:
            pytest.skip(f"no queues beside this store: {type(error).__name__}")
        # One of ours: the test must fail there, as the table says.
        yield [f"arn:aws:sqs:{store.region}:000000000000:{name}" for name in names]
        return
    parts = [address.rsplit("/", 2)[1:] for address in addresses]
    yield [f"arn:aws:sqs:{store.region}:{account}:{name}" for account, name in parts]
    for address in addresses:
        sqs.delete_queue(QueueUrl=address)


@pytest.mark.needs(Capability.EVENTS)
def test_saved_notification_keeps_the_others(bucket: str, queues: list[str]) -> None:
    """101"""
    first, second = (
        Notification(Target.QUEUE, {**queue(name, prefix=f"{name}/").said, "QueueArn": arn})
        for name, arn in zip("ab", queues, strict=True)
    )

    notifications.merge(bucket, first)
    notifications.merge(bucket, second)
    notifications.merge(bucket, Notification(Target.QUEUE, {"Id": "a", "Events": ["s3:ObjectRemoved:*"]}))

    found = {entry.name: entry for entry in notifications.read(bucket).entries}
    assert set(found) == {"a", "b"}
    assert (found["a"].events, found["a"].prefix) == (("s3:ObjectRemoved:*",), "a/")
    assert found["b"].said["QueueArn"] == queues[1]
    notifications.remove(bucket, Target.QUEUE, "a")
    assert [entry.name for entry in notifications.read(bucket).entries] == ["b"]
    notifications.write(bucket, Notifications())


@pytest.mark.needs(Capability.EVENTS, Capability.EVENT_BRIDGE)
def test_event_bridge_is_switched_on_and_off(bucket: str) -> None:
    """101"""
    notifications.write(bucket, Notifications(event_bridge=True))
    assert notifications.read(bucket).event_bridge

    with pytest.raises(Conflict):
        notifications.merge(bucket, queue("a"), if_unchanged=Notifications())
    notifications.write(bucket, Notifications())
    assert not notifications.read(bucket).event_bridge


@pytest.mark.needs(Capability.PAGED_BUCKETS)
def test_buckets_are_listed_in_pages(bucket: str, versioned: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """105"""
    monkeypatch.setattr(buckets, "LIST_PAGE", 1)

    assert {bucket, versioned} <= {entry.name for entry in buckets.every()}


@pytest.mark.needs(Capability.PAGED_BUCKETS)
def test_page_of_buckets_says_how_to_go_on(bucket: str, versioned: str) -> None:
    """105: what the store itself does."""
    answer = session.client().list_buckets(MaxBuckets=1)

    assert len(answer["Buckets"]) == 1
    assert answer["ContinuationToken"]


def test_call_carries_the_expected_owner(bucket: str, settings: Any) -> None:
    """104"""
    settings.S3_CONNECTIONS = {
        **settings.S3_CONNECTIONS,
        "guarded": {**settings.S3_CONNECTIONS["default"], "expected_owner": "111122223333"},
    }
    sent: list[Any] = []
    client = session.client("guarded")
    client.meta.events.register(
        "before-sign.s3",
        lambda request, **_event: sent.append(request.headers.get("x-amz-expected-bucket-owner")),
    )

    for ask in (buckets.exists, cors.read):
        with suppress(AccessRefused):  # a store that heeds it rightly refuses
            ask(bucket, alias="guarded")

    assert sent
    assert {one.decode() if isinstance(one, bytes) else one for one in sent} == {"111122223333"}


@pytest.mark.needs(Capability.OWNER_CHECK)
def test_bucket_of_another_account_is_refused(bucket: str) -> None:
    """104: what the store itself says."""
    client = session.client()

    with pytest.raises(client.exceptions.ClientError, match=r"403|AccessDenied"):
        client.get_bucket_versioning(Bucket=bucket, ExpectedBucketOwner="999988887777")


def test_name_that_is_taken_is_refused_and_the_bucket_keeps_its_settings(bucket: str) -> None:
    """55: also by ourselves, where us-east-1 would answer 200."""
    before = (versioning.read(bucket), public_access_block_of(bucket))

    with pytest.raises(BucketNameTaken):
        buckets.create(bucket)

    assert (versioning.read(bucket), public_access_block_of(bucket)) == before


def public_access_block_of(bucket: str) -> Any:
    with suppress(Unsupported):
        return public_access_block.read(bucket)


def test_name_that_these_keys_may_not_look_at_is_taken(store: object, store_calls: list[str]) -> None:
    """55, 61"""
    with answering("HeadBucket", refusal(403, "AccessDenied")), pytest.raises(BucketNameTaken):
        buckets.create(f"contract-{uuid4().hex[:20]}")

    assert "CreateBucket" not in store_calls


@pytest.mark.needs(Capability.PUBLIC_ACCESS_BLOCK)
def test_birth_that_fails_halfway_tells_all_that_is_missing_and_does_the_rest(store: object) -> None:
    """61"""
    name = f"contract-{uuid4().hex[:20]}"

    with answering("PutPublicAccessBlock", refusal(403, "AccessDenied")), pytest.raises(PartlyDone) as told:
        buckets.create(name)

    try:
        assert told.value.missing == ("public_access_block",)
        assert "public access block: The store refused access" in str(told.value)
        assert versioning.read(name).state is VersioningState.ENABLED
    finally:
        empty_and_delete(name)


@pytest.mark.needs(Capability.PUBLIC_ACCESS_BLOCK)
def test_birth_that_the_store_leaves_alone_asks_for_nothing_more(
    store: object, store_calls: list[str]
) -> None:
    """61: each further call would wait for its time-outs, and the web request ends after 30 s."""
    name = f"contract-{uuid4().hex[:20]}"

    with (
        answering("PutPublicAccessBlock", refusal(503, "ServiceUnavailable")),
        pytest.raises(PartlyDone) as told,
    ):
        buckets.create(name)

    try:
        assert told.value.missing == ("public_access_block", "ownership", "versioning")
        assert "PutBucketVersioning" not in store_calls
    finally:
        empty_and_delete(name)


def test_new_bucket_that_is_not_known_everywhere_yet_gets_its_settings(versioned: str) -> None:
    """61"""
    name = f"contract-{uuid4().hex[:20]}"

    with answering("PutBucketVersioning", refusal(404, "NoSuchBucket"), times=2):
        buckets.create(name)

    try:
        assert versioning.read(name).state is VersioningState.ENABLED
    finally:
        empty_and_delete(name)


@pytest.mark.parametrize(
    "name",
    [
        "ab",
        "a" * 64,
        "Photos",
        "a_b",
        "a..b",
        "-ab",
        "ab-",
        "192.168.0.1",
        "xn--a",
        "photos-s3alias",
        "a b",
        "é" * 5,
    ],
)
def test_name_that_s3_refuses_is_told_before_it_is_asked(name: str) -> None:
    """61"""
    assert bucket_names.faults(name)


@pytest.mark.parametrize("name", ["abc", "a" * 63, "photos.example.org", "1-2-3", "a.b-c"])
def test_name_that_s3_takes_has_no_fault(name: str) -> None:
    """61"""
    assert bucket_names.faults(name) == []


def test_wrong_name_is_not_sent(store: object, store_calls: list[str]) -> None:
    """61"""
    with pytest.raises(BadRequest):
        buckets.create("Wrong_Name")

    assert store_calls == []


@pytest.mark.parametrize("prefix", ["photos", "x" * 80, "ends-in-"])
def test_suffix_makes_a_good_name_that_nobody_has(prefix: str) -> None:
    """55"""
    found = {bucket_names.with_suffix(prefix) for _attempt in range(20)}

    assert len(found) == 20
    assert not any(bucket_names.faults(name) for name in found)


@pytest.mark.needs(Capability.OBJECT_LOCK)
def test_lock_is_given_at_birth_with_versions(store: object) -> None:
    """52, 61"""
    name = f"contract-{uuid4().hex[:20]}"
    buckets.create(name, Birth(object_lock=True, versioned=False))
    try:
        assert object_lock.of_bucket(name).is_enabled
        assert session.client().get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    finally:
        empty_and_delete(name)
