"""DynamoDB: making tables, writing items in order, reading them to the end.

Items are plain dictionaries of text, `Decimal`, booleans, lists and dictionaries. A number is a
`Decimal` both ways: a float is refused, for 25.1 would arrive as 25.10000000000000142.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal, Inexact, Overflow, Rounded, Underflow
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from django.utils.translation import gettext as _

from portal.aws.clients import client
from portal.aws.errors import BadValue, ConditionFailed, Exists, NotThere, ServiceUnavailable, translated

Item = dict[str, Any]

# Limits of the service (DynamoDB Developer Guide, "Service, account, and table quotas").
BATCH = 25
READ_BATCH = 100
DIGITS = 38
_EXACT = Context(
    prec=DIGITS, Emin=-128, Emax=126, rounding=ROUND_HALF_EVEN, traps=[Inexact, Rounded, Overflow, Underflow]
)
UNPROCESSED_TRIES = 8
PAUSE_SECONDS = 0.1
ACTIVE_SECONDS = 300
_POLL_SECONDS = 2

_serializer, _deserializer = TypeSerializer(), TypeDeserializer()


@dataclass(frozen=True)
class Table:
    """A table with one key and one index, both of text."""

    name: str
    key: str
    index: str
    index_key: str


@dataclass(frozen=True)
class TableState:
    """What the service says of a table; `items` is its own count, up to six hours old."""

    status: str
    items: int
    has_index: bool
    recovers: bool  # point-in-time recovery is on


def make(table: Table) -> bool:
    """Create the table, billed on demand, and wait until it is active; False if it was there.

    Point-in-time recovery is switched on either way. Raises the tree of `portal.aws.errors`.
    """
    made = True
    with translated("CreateTable"):
        try:
            client("dynamodb").create_table(
                TableName=table.name,
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[
                    {"AttributeName": name, "AttributeType": "S"} for name in (table.key, table.index_key)
                ],
                KeySchema=[{"AttributeName": table.key, "KeyType": "HASH"}],
                GlobalSecondaryIndexes=[
                    {
                        "IndexName": table.index,
                        "KeySchema": [{"AttributeName": table.index_key, "KeyType": "HASH"}],
                        "Projection": {"ProjectionType": "ALL"},
                    }
                ],
            )
        except client("dynamodb").exceptions.ResourceInUseException:
            made = False
    with translated("DescribeTable"):
        client("dynamodb").get_waiter("table_exists").wait(
            TableName=table.name,
            WaiterConfig={"Delay": _POLL_SECONDS, "MaxAttempts": ACTIVE_SECONDS // _POLL_SECONDS},
        )
    found = state(table)
    if not found.has_index:
        raise Exists(
            _("%(table)s is there, but has no index “%(index)s”.")
            % {"table": table.name, "index": table.index},
            operation="DescribeTable",
        )
    if not found.recovers:
        with translated("UpdateContinuousBackups"):
            client("dynamodb").update_continuous_backups(
                TableName=table.name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
            )
    return made


def state(table: Table) -> TableState:
    """Ask for the table. NotThere when there is none."""
    with translated("DescribeTable"):
        said = client("dynamodb").describe_table(TableName=table.name)["Table"]
    with translated("DescribeContinuousBackups"):
        backups = client("dynamodb").describe_continuous_backups(TableName=table.name)
    point = backups["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
    return TableState(
        status=said["TableStatus"],
        items=said.get("ItemCount", 0),
        has_index=table.index in {one["IndexName"] for one in said.get("GlobalSecondaryIndexes", [])},
        recovers=point.get("PointInTimeRecoveryStatus") == "ENABLED",
    )


def exact(number: Decimal) -> Decimal:
    """Return the number if DynamoDB holds it exactly; BadValue for NaN, infinity and over 38 digits."""
    if not number.is_finite():
        raise BadValue(_("%(number)s is no number that DynamoDB can hold.") % {"number": number})
    try:
        _EXACT.create_decimal(number)
    except (Inexact, Rounded, Overflow, Underflow) as error:
        raise BadValue(
            _("%(number)s has more than 38 digits, or is out of DynamoDB's range.") % {"number": number}
        ) from error
    return number


def written(item: Item) -> dict[str, Any]:
    """Return the item in DynamoDB's own form. BadValue for floats and numbers it cannot hold."""
    return {name: _serializer.serialize(_checked(name, value)) for name, value in item.items()}


def read(data: dict[str, Any]) -> Item:
    """Return the item that `written` wrote, numbers as `Decimal`."""
    return {name: _deserializer.deserialize(value) for name, value in data.items()}


def _checked(name: str, value: Any) -> Any:
    if isinstance(value, float):
        raise BadValue(_("%(name)s is a float, which is not exact; use a Decimal.") % {"name": name})
    if isinstance(value, Decimal):
        return exact(value)
    if isinstance(value, dict):
        return {inner: _checked(f"{name}.{inner}", one) for inner, one in value.items()}
    if isinstance(value, list):
        return [_checked(name, one) for one in value]
    return value


def put_if_newer(table: Table, item: Item, *, version: str) -> bool:
    """Write the item unless what is there has the same or a higher number in `version`; False if so."""
    try:
        with translated("PutItem"):
            client("dynamodb").put_item(
                TableName=table.name,
                Item=written(item),
                ConditionExpression="attribute_not_exists(#version) OR #version < :version",
                ExpressionAttributeNames={"#version": version},
                ExpressionAttributeValues={":version": _serializer.serialize(item[version])},
            )
    except ConditionFailed:
        return False
    return True


def put_many(table: Table, items: Sequence[Item]) -> None:
    """Write at most 25 items at once, without a condition; what the service leaves over is sent again.

    ServiceUnavailable when some are left after all tries: which of them is not told, so send all again.
    """
    left = [{"PutRequest": {"Item": written(item)}} for item in items]
    for attempt in range(UNPROCESSED_TRIES):
        if attempt:
            time.sleep(PAUSE_SECONDS * 2**attempt * random.uniform(0.5, 1.5))  # noqa: S311 - jitter
        with translated("BatchWriteItem"):
            answer = client("dynamodb").batch_write_item(RequestItems={table.name: left})
        left = answer.get("UnprocessedItems", {}).get(table.name, [])
        if not left:
            return
    raise ServiceUnavailable(
        _("DynamoDB left %(count)d items over, time and again.") % {"count": len(left)},
        operation="BatchWriteItem",
        code="UnprocessedItems",
    )


def get(table: Table, key: str) -> Item:
    """Return the item as the last write left it. NotThere when there is none."""
    with translated("GetItem"):
        answer = client("dynamodb").get_item(
            TableName=table.name, Key={table.key: {"S": key}}, ConsistentRead=True
        )
    if "Item" not in answer:
        raise NotThere(_("%(table)s has no item %(key)s.") % {"table": table.name, "key": key})
    return read(answer["Item"])


def pages(table: Table, *, start: Item | None = None) -> Iterator[tuple[list[Item], Item | None]]:
    """Read the whole table: pages of items, each with where the next one begins (None: the end).

    A page may be empty and still not be the last: only the mark says so.
    """
    while True:
        extra = {"ExclusiveStartKey": start} if start else {}
        with translated("Scan"):
            answer = client("dynamodb").scan(TableName=table.name, ConsistentRead=True, **extra)
        start = answer.get("LastEvaluatedKey")
        yield [read(one) for one in answer["Items"]], start
        if not start:
            return


def of_index(table: Table, value: str) -> Iterator[Item]:
    """Return every item whose index key is the value, to the last page. The index may lag by a second."""
    start: Item | None = None
    while True:
        extra = {"ExclusiveStartKey": start} if start else {}
        with translated("Query"):
            answer = client("dynamodb").query(
                TableName=table.name,
                IndexName=table.index,
                KeyConditionExpression="#key = :value",
                ExpressionAttributeNames={"#key": table.index_key},
                ExpressionAttributeValues={":value": {"S": value}},
                **extra,
            )
        yield from (read(one) for one in answer["Items"])
        start = answer.get("LastEvaluatedKey")
        if not start:
            return
