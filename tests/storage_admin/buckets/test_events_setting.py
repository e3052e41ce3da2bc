"""Event notifications on their page: one is changed, the others stay; on moto, which keeps them all."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from moto import mock_aws

from portal.s3 import notifications, session
from portal.s3.notifications import Notification, Notifications, Target
from portal.s3.types import VersioningState
from storage_admin import addresses
from storage_admin.bucket_settings.events import EventsSetting
from storage_admin.bucket_settings.notifications_form import EVENT_BRIDGE, NotificationForm, part_name
from storage_admin.bucket_settings.setting import Level, Place
from storage_admin.models import Bucket, BucketChange
from tests.factories import BucketFactory
from tests.storage_admin.buckets.settings_forms import applied, look
from tests.store import answering, leave_store, refusal, use_store

pytestmark = pytest.mark.django_db

PLACE = Place("pets", "default")
QUEUE_ARN = "arn:aws:sqs:us-east-1:123456789012:pets"
FIELDS: dict[str, Any] = {
    "called": "new",
    "target": Target.QUEUE.value,
    "arn": QUEUE_ARN,
    "events": ["s3:ObjectCreated:*"],
    "begins": "photos/",
    "ends": "",
}


def entry(name: str, prefix: str, *, target: Target = Target.QUEUE, **more: Any) -> Notification:
    arn = {Target.QUEUE: "QueueArn", Target.TOPIC: "TopicArn", Target.FUNCTION: "LambdaFunctionArn"}[target]
    said = {"Id": name, arn: QUEUE_ARN, "Events": ["s3:ObjectCreated:*"], **more}
    return Notification(target, said).only_for(prefix, "")


@pytest.fixture
def bucket(settings: Any) -> Iterator[Bucket]:
    """A bucket of moto's, where somebody else's notification is."""
    with mock_aws():
        use_store(settings, "")
        name = f"events-{uuid4().hex}"
        session.client().create_bucket(Bucket=name)
        for queue in ("pets", "theirs"):
            session.session().client("sqs", region_name="us-east-1").create_queue(QueueName=queue)
        notifications.write(name, Notifications((entry("theirs", "theirs/"),)))
        row: Bucket = BucketFactory(name=name)
        yield row
        leave_store()
        session.forget()


def names(bucket: Bucket) -> set[str]:
    return {one.name for one in notifications.read(bucket.name).entries}


def test_notification_is_added_changed_and_removed_beside_the_others(page, bucket) -> None:
    response = applied(page, bucket, "notifications", **FIELDS)
    assert "Event notifications is changed." in response.text
    assert names(bucket) == {"theirs", "new"}

    part = part_name(entry("new", ""))
    applied(page, bucket, "notifications", part=part, **{**FIELDS, "begins": "scans/", "ends": ".jpg"})
    found = next(one for one in notifications.read(bucket.name).entries if one.name == "new")
    assert (found.prefix, found.suffix) == ("scans/", ".jpg")

    applied(page, bucket, "notifications", part=part, gone="on", **FIELDS)
    assert names(bucket) == {"theirs"}
    page.post(addresses.undo(bucket, BucketChange.objects.latest("pk").pk))
    assert names(bucket) == {"theirs", "new"}


def test_hostile_notification_is_shown_literally(page, bucket) -> None:
    notifications.write(bucket.name, Notifications((entry("<script>x", "<script>alert(1)</script>"),)))

    text = look(page, bucket, "notifications").text

    assert "<script>alert(1)" not in text
    assert "&lt;script&gt;" in text


def test_outage_and_refusal_are_told(page, bucket) -> None:
    where = addresses.of_setting(bucket, "notifications")
    with answering("GetBucketNotificationConfiguration", refusal(503, "ServiceUnavailable")):
        assert page.get(where).status_code == 503
    with answering("GetBucketNotificationConfiguration", refusal(403, "AccessDenied")):
        assert page.get(where).status_code == 502


def test_target_that_the_store_cannot_reach_is_told(page, bucket) -> None:
    with answering("PutBucketNotificationConfiguration", refusal(400, "InvalidArgument")):
        response = applied(page, bucket, "notifications", **FIELDS)

    assert "InvalidArgument" in response.text
    assert BucketChange.objects.get().state == BucketChange.State.FAILED


def test_notification_that_is_gone_is_not_found(page, bucket) -> None:
    assert page.get(addresses.of_setting(bucket, "notifications", part="never")).status_code == 404


@pytest.mark.servers
def test_store_without_events_says_so(page, another_bucket, settings) -> None:
    row = another_bucket(VersioningState.ENABLED)
    settings.S3_CONNECTIONS = {"default": {**settings.S3_CONNECTIONS["default"], "server": "seaweedfs"}}

    text = page.get(addresses.of_setting(row, "notifications")).text

    assert "It sends no events to Amazon&#x27;s queues." in text
    assert "Review the change" not in text


@pytest.mark.servers
def test_event_bridge_is_switched_on_and_off(page, amazon_like) -> None:
    row = amazon_like()

    applied(page, row, "notifications", part=EVENT_BRIDGE, event_bridge="on")
    assert notifications.read(row.name) == Notifications(event_bridge=True)
    applied(page, row, "notifications", part=EVENT_BRIDGE)
    assert notifications.read(row.name) == Notifications()


def the_form(now: Notifications, part: str | None = None, **changed: Any) -> NotificationForm:
    return NotificationForm({**FIELDS, **changed}, now=now, place=PLACE, part=part)


@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        ({"arn": "pets"}, "arn", "no ARN of a queue"),
        ({"arn": f"{QUEUE_ARN}.fifo"}, "arn", "no ARN of a queue"),
        ({"target": Target.TOPIC.value}, "arn", "no ARN of a topic"),
        ({"events": []}, "events", "required"),
        ({"events": ["s3:Nothing"]}, "events", "not one of the available"),
        ({"called": "theirs"}, "called", "change that one"),
        ({"begins": "theirs/a/"}, "__all__", "overlap"),
        ({"begins": "a\x01"}, "__all__", "control characters"),
    ],
)
def test_what_s3_refuses_is_told(changed: dict[str, Any], field: str, words: str) -> None:
    form = the_form(Notifications((entry("theirs", "theirs/"),)), **changed)

    assert words in " ".join(str(error) for error in form.errors[field])


@pytest.mark.parametrize(
    ("target", "arn"),
    [
        (Target.QUEUE, QUEUE_ARN),
        (Target.TOPIC, "arn:aws-cn:sns:cn-north-1:123456789012:pets"),
        (Target.FUNCTION, "arn:aws:lambda:eu-central-1:123456789012:function:pets:live"),
    ],
)
def test_each_kind_of_target_is_taken(target: Target, arn: str) -> None:
    form = the_form(Notifications(), target=target.value, arn=arn)

    assert form.is_valid(), form.errors
    assert [one.target for one in form.wanted().entries] == [target]


def test_what_the_form_does_not_know_is_kept() -> None:
    theirs = entry("new", "a/", Events=["s3:Replication:*"], Tomorrow={"a": 1})
    form = the_form(
        Notifications((theirs,), event_bridge=True), part_name(theirs), events=["s3:Replication:*"]
    )

    assert form.is_valid(), form.errors
    [kept] = form.wanted().entries
    assert kept.said["Tomorrow"] == {"a": 1}
    assert kept.events == ("s3:Replication:*",)
    assert form.wanted().event_bridge


def test_what_stops_and_what_may_run_for_ever_is_a_warning() -> None:
    before, after = Notifications((entry("a", "a/"),), event_bridge=True), Notifications((entry("b", "b/"),))

    found = EventsSetting().meaning(before, after, PLACE)

    warnings = " ".join(one.text for one in found if one.level is Level.WARNING)
    for words in ("calls itself for ever", "gets none any more", "hear nothing"):
        assert words in warnings


def test_same_notifications_in_another_order_are_the_same() -> None:
    one, other = entry("a", "a/"), entry("b", "b/", target=Target.TOPIC)
    rules = [{"Name": "Prefix", "Value": "a/"}, {"Name": "Suffix", "Value": ""}]
    as_answered = Notification(Target.QUEUE, {**one.said, "Filter": {"Key": {"FilterRules": rules}}})

    assert Notifications((one, other)) == Notifications((other, as_answered))
    assert Notifications((one,)) != Notifications((other,))
