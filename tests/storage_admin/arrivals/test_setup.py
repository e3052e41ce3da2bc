"""`setup_events` makes what is missing, keeps what others made, and takes back its own alone."""

import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from portal.aws import queues
from portal.aws.errors import NotThere
from portal.s3 import notifications
from portal.s3.notifications import Notification, Target
from storage_admin.arrivals import queue_state
from storage_admin.models import EventQueue
from tests.storage_admin.arrivals.conftest import Place

pytestmark = [pytest.mark.django_db, pytest.mark.servers]


def names(place: Place) -> list[str]:
    found = notifications.read(place.source.bucket, alias=place.source.connection)
    return [one.name for one in found.sorted_entries]


def test_queue_has_its_dead_letters_and_lets_these_buckets_in_alone(amazon: Place) -> None:
    queue, dead = queue_state.both()

    found = queues._attributes(queue.url, "All")

    policy, redrive = json.loads(found["Policy"]), json.loads(found["RedrivePolicy"])
    [statement] = policy["Statement"]
    assert statement["Principal"] == {"Service": "s3.amazonaws.com"}
    assert statement["Action"] == "sqs:SendMessage"
    assert statement["Resource"] == queue.arn
    assert statement["Condition"] == {
        "ArnEquals": {"aws:SourceArn": f"arn:aws:s3:::{amazon.source.bucket}"},
        "StringEquals": {"aws:SourceAccount": queue.account},
    }
    assert redrive["deadLetterTargetArn"] == dead.arn
    assert found["MessageRetentionPeriod"] == "1209600"


def test_notifications_of_others_stay(amazon: Place) -> None:
    queue, _dead = queue_state.both()
    others = Notification(
        Target.QUEUE, {"Id": "theirs", "QueueArn": queue.arn, "Events": ["s3:ObjectTagging:*"]}
    )
    notifications.merge(amazon.source.bucket, others)

    call_command("setup_events")
    assert names(amazon) == ["pettracker-arrivals", "pettracker-originals", "theirs"]

    call_command("setup_events", "--remove")
    assert names(amazon) == ["theirs"]
    assert not EventQueue.objects.exists()
    assert queue_state.both()  # with what is in them


def test_second_time_has_nothing_to_do(amazon: Place, capsys: Any) -> None:
    capsys.readouterr()

    call_command("setup_events", "--dry-run")

    assert capsys.readouterr().out.count("as it is to be") == 5


def test_dry_run_changes_nothing_and_says_that_there_is_work(
    amazon: Place, settings: Any, capsys: Any
) -> None:
    settings.EVENTS_QUEUE = "another"

    with pytest.raises(CommandError) as refused:
        call_command("setup_events", "--dry-run")

    assert refused.value.returncode == 2
    with pytest.raises(NotThere):
        queues.find("another")


def test_changed_attributes_are_set_again(amazon: Place) -> None:
    queue, _dead = queue_state.both()
    queues.make(settings_name(), {"VisibilityTimeout": "1", "Policy": ""})
    assert queues.differing(queue, {"VisibilityTimeout": "120"})

    call_command("setup_events")

    assert not queues.differing(queue, {"VisibilityTimeout": "120"})


def settings_name() -> str:
    return queue_state.names()[0]


def test_store_without_events_is_said_to_have_none(photo_bucket: str, settings: Any) -> None:
    settings.S3_CONNECTIONS["default"]["server"] = "seaweedfs"

    with pytest.raises(CommandError, match="No bucket sends events"):
        call_command("setup_events")


def test_service_that_is_away_is_told_with_its_operation(amazon: Place, no_queue: None) -> None:
    with pytest.raises(CommandError, match="GetQueueUrl"):
        call_command("setup_events")


def test_other_source_has_no_notification_of_originals(outside: Place) -> None:
    assert names(outside) == ["pettracker-arrivals"]
