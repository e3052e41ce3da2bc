"""SQS: a queue with its dead letters, and messages that come at least once and in no order.

A message that was received is invisible to others until its time is over, then it comes again: only
`delete` ends it. After `most_tries` receptions the service itself moves it to the dead letters.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from portal.aws.clients import client
from portal.aws.errors import NotThere, translated

# Limits of the service (SQS Developer Guide, "Amazon SQS message quotas").
MOST_AT_ONCE = 10
LONGEST_WAIT_SECONDS = 20
LONGEST_HIDDEN_SECONDS = 43_200
KEPT_SECONDS = 1_209_600  # 14 days, the longest: nobody looks after dead letters each day
# An answer to long polling may take its whole wait, and then some.
_READ_SECONDS = LONGEST_WAIT_SECONDS + 10
_POLL_SECONDS = 5


@dataclass(frozen=True)
class Queue:
    """A queue: `url` is what it is called with, `arn` what policies and notifications name it by."""

    url: str
    arn: str

    @property
    def account(self) -> str:
        """The number of the account that it is in."""
        return self.arn.split(":")[4]


@dataclass(frozen=True)
class Message:
    """One reception of a message; `receipt` belongs to this reception alone."""

    id: str
    receipt: str
    body: str
    sent_at: datetime
    tries: int  # receptions so far, this one included


@dataclass(frozen=True)
class Depth:
    """How many messages there are, about: the service counts them in passing."""

    waiting: int
    in_work: int
    delayed: int

    @property
    def total(self) -> int:
        return self.waiting + self.in_work + self.delayed


@dataclass(frozen=True)
class Sender:
    """A bucket that may send: its ARN, and the account that must own it (empty: not known)."""

    bucket_arn: str
    account: str = ""


def find(name: str) -> Queue:
    """Return the queue of this name. NotThere when there is none."""
    with translated("GetQueueUrl"):
        url = _client().get_queue_url(QueueName=name)["QueueUrl"]
    return Queue(url, _attributes(url, "QueueArn")["QueueArn"])


def make(name: str, attributes: dict[str, str]) -> tuple[Queue, bool]:
    """Create the queue, or set what of its attributes is different; True if it was created."""
    try:
        queue = find(name)
    except NotThere:
        with translated("CreateQueue"):
            url = _client().create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        return Queue(url, _attributes(url, "QueueArn")["QueueArn"]), True
    # CreateQueue refuses a queue whose attributes differ.
    if different := differing(queue, attributes):
        with translated("SetQueueAttributes"):
            _client().set_queue_attributes(QueueUrl=queue.url, Attributes=different)
    return queue, False


def differing(queue: Queue, wanted: dict[str, str]) -> dict[str, str]:
    """Return those of the attributes that the queue has not got; documents are compared by what they say."""
    found = _attributes(queue.url, "All")
    return {name: value for name, value in wanted.items() if _meant(found.get(name, "")) != _meant(value)}


def as_wanted(*, visibility_seconds: int) -> dict[str, str]:
    """Return the attributes of a queue that is polled long, and keeps messages for as long as it can."""
    return {
        "VisibilityTimeout": str(visibility_seconds),
        "ReceiveMessageWaitTimeSeconds": str(LONGEST_WAIT_SECONDS),
        "MessageRetentionPeriod": str(KEPT_SECONDS),
    }


def redriven_to(dead_letters: Queue, *, most_tries: int) -> dict[str, str]:
    """Return the attribute that sends a message there after so many receptions."""
    policy = {"deadLetterTargetArn": dead_letters.arn, "maxReceiveCount": str(most_tries)}
    return {"RedrivePolicy": json.dumps(policy)}


def open_to(queue: Queue, senders: Sequence[Sender]) -> dict[str, str]:
    """Return the attribute by which Amazon S3 may send, from exactly these buckets; none may without any.

    The account is asked for, too: a bucket that is deleted leaves its name to whoever wants it.
    """
    statements = []
    for number, sender in enumerate(sorted(senders, key=lambda one: one.bucket_arn), start=1):
        condition: dict[str, Any] = {"ArnEquals": {"aws:SourceArn": sender.bucket_arn}}
        if sender.account:
            condition["StringEquals"] = {"aws:SourceAccount": sender.account}
        statements.append(
            {
                "Sid": f"PetTrackerBucket{number}",
                "Effect": "Allow",
                "Principal": {"Service": "s3.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": queue.arn,
                "Condition": condition,
            }
        )
    # An empty attribute takes the policy away: one without statements is refused.
    document = {"Version": "2012-10-17", "Statement": statements}
    return {"Policy": json.dumps(document) if statements else ""}


def receive(
    queue: Queue, *, wait_seconds: int, hidden_seconds: int, count: int = MOST_AT_ONCE
) -> list[Message]:
    """Return at most `count` messages as soon as there are any; none after `wait_seconds`.

    Others do not see them for `hidden_seconds`.
    """
    with translated("ReceiveMessage"):
        answer = _client().receive_message(
            QueueUrl=queue.url,
            MaxNumberOfMessages=count,
            WaitTimeSeconds=wait_seconds,
            VisibilityTimeout=hidden_seconds,
            MessageSystemAttributeNames=["SentTimestamp", "ApproximateReceiveCount"],
        )
    return [_message(found) for found in answer.get("Messages", [])]


def hide(queue: Queue, messages: Sequence[Message], seconds: int) -> int:
    """Keep these to ourselves for so long from now on; 0 gives them back at once.

    Return how many it was too late for: somebody else may have them by now.
    """
    late = 0
    for start in range(0, len(messages), MOST_AT_ONCE):
        entries = [
            {"Id": str(number), "ReceiptHandle": one.receipt, "VisibilityTimeout": seconds}
            for number, one in enumerate(messages[start : start + MOST_AT_ONCE])
        ]
        with translated("ChangeMessageVisibility"):
            answer = _client().change_message_visibility_batch(QueueUrl=queue.url, Entries=entries)
        late += len(answer.get("Failed", []))
    return late


def delete(queue: Queue, message: Message) -> None:
    """End the message."""
    with translated("DeleteMessage"):
        _client().delete_message(QueueUrl=queue.url, ReceiptHandle=message.receipt)


def send(queue: Queue, body: str) -> None:
    """Put a message into the queue."""
    with translated("SendMessage"):
        _client().send_message(QueueUrl=queue.url, MessageBody=body)


def depth(queue: Queue) -> Depth:
    """Ask how many messages there are."""
    names = ("", "NotVisible", "Delayed")
    found = _attributes(queue.url, *(f"ApproximateNumberOfMessages{name}" for name in names))
    return Depth(*(int(found.get(f"ApproximateNumberOfMessages{name}", 0)) for name in names))


def peek(queue: Queue, *, most: int, hidden_seconds: int = 15) -> list[Message]:
    """Return at most `most` messages and give them back: the service has no way to only look.

    One reception more is counted for each, which means nothing in a queue without dead letters of its own.
    """
    found: list[Message] = []
    try:
        while len(found) < most:
            part = receive(queue, wait_seconds=0, hidden_seconds=hidden_seconds)
            if not part:
                break
            found += part
    finally:
        if found:
            hide(queue, found, 0)
    return found[:most]


def move(source: Queue, target: Queue, *, wanted: Callable[[Message], bool], seconds: float) -> int:
    """Send the wanted messages of one queue to another one for so long; return how many were.

    Sent first, deleted then: who dies in between leaves two, and none is lost. One by one and not by
    StartMessageMoveTask, which moves all or nothing.
    """
    until, moved, others = time.monotonic() + seconds, 0, list[Message]()
    try:
        while time.monotonic() < until:
            part = receive(source, wait_seconds=1, hidden_seconds=max(30, int(seconds) + _POLL_SECONDS))
            if not part:
                break
            for message in part:
                if not wanted(message):
                    others.append(message)
                    continue
                send(target, message.body)
                delete(source, message)
                moved += 1
    finally:
        if others:
            hide(source, others, 0)
    return moved


def _client() -> Any:
    return client("sqs", read_seconds=_READ_SECONDS)


def _attributes(url: str, *names: Any) -> dict[str, str]:
    with translated("GetQueueAttributes"):
        found: dict[str, str] = (
            _client().get_queue_attributes(QueueUrl=url, AttributeNames=list(names)).get("Attributes", {})
        )
    return found


def _message(found: dict[str, Any]) -> Message:
    about = found.get("Attributes", {})
    sent = datetime.fromtimestamp(int(about.get("SentTimestamp", 0)) / 1000, UTC)
    return Message(
        found["MessageId"],
        found["ReceiptHandle"],
        found["Body"],
        sent,
        int(about.get("ApproximateReceiveCount", 1)),
    )


def _meant(value: str) -> Any:
    """Return what a document says, numbers in it as text: services give back "5" for 5, and 5 for "5"."""
    try:
        return json.loads(value, parse_int=str)
    except ValueError:
        return value
