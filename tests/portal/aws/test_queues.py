"""What a queue is told: its policy, and which attributes differ. Messages: tests/storage_admin/arrivals."""

import json

from botocore.exceptions import ClientError

from portal.aws import queues
from portal.aws.errors import Exists, NotThere, ServiceUnavailable, translate
from portal.aws.queues import Queue, Sender

QUEUE = Queue(
    "https://sqs.eu-central-1.amazonaws.com/111122223333/q", "arn:aws:sqs:eu-central-1:111122223333:q"
)


def test_each_bucket_may_send_from_its_account_and_nobody_else() -> None:
    senders = [Sender("arn:aws:s3:::b", "222233334444"), Sender("arn:aws:s3:::a", "111122223333")]

    document = json.loads(queues.open_to(QUEUE, senders)["Policy"])

    conditions = [one["Condition"] for one in document["Statement"]]
    assert conditions == [
        {
            "ArnEquals": {"aws:SourceArn": f"arn:aws:s3:::{name}"},
            "StringEquals": {"aws:SourceAccount": account},
        }
        for name, account in (("a", "111122223333"), ("b", "222233334444"))
    ]
    assert {one["Effect"] for one in document["Statement"]} == {"Allow"}
    assert len({one["Sid"] for one in document["Statement"]}) == 2


def test_queue_without_senders_is_closed() -> None:
    assert queues.open_to(QUEUE, []) == {"Policy": ""}
    assert QUEUE.account == "111122223333"


def test_documents_are_compared_by_what_they_say() -> None:
    said = '{"maxReceiveCount": 8, "deadLetterTargetArn":"arn"}'

    assert queues._meant(said) == queues._meant('{"deadLetterTargetArn": "arn", "maxReceiveCount": "8"}')
    assert queues._meant("30") == "30"
    assert queues._meant("no JSON") == "no JSON"


def test_errors_of_queues_have_their_classes() -> None:
    def error(code: str) -> type:
        return type(translate(ClientError({"Error": {"Code": code, "Message": ""}}, "X"), "X"))

    assert error("AWS.SimpleQueueService.NonExistentQueue") is NotThere
    assert error("QueueAlreadyExists") is Exists
    assert error("QueueDeletedRecently") is ServiceUnavailable
