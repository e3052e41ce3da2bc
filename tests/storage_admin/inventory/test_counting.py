"""A count of an inventory report comes to the same as a count of the list, and says of when it is."""

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from portal.s3 import inventory_arrow, session
from storage_admin.buckets import prefixes, usage
from storage_admin.errors import NotPossible
from storage_admin.inventory import reports
from storage_admin.models import Bucket, UsageSnapshot
from tests import inventories
from tests.inventories import row, rows_of
from tests.storage_admin.conftest import address
from tests.store import answering, refusal

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

ALL = tuple(inventories.CSV_NAMES)
COUNTED = ("counts", "markers", "uploads", "prefixes")


def counted(bucket: Bucket, *, inventory: bool = False) -> UsageSnapshot:
    piece = usage.begin(bucket, reports.newest_of_versions(bucket) if inventory else None)
    while piece is not None:
        piece = usage.run(piece)
    return UsageSnapshot.objects.filter(bucket=bucket)[0]


@pytest.mark.parametrize("written", ["CSV", "Parquet"])
def test_report_and_list_come_to_the_same(
    pets: Bucket, put: Callable[..., str], reported: Callable[..., None], written: str
) -> None:
    for key, body in (("a/b/c 1.jpg", b"12345"), ("a/b/c 1.jpg", b"1"), ("d/é+.jpg", b"123"), ("top", b"1")):
        put(key, body, into=pets.name)
    put("a/ia.jpg", b"12", into=pets.name, StorageClass="STANDARD_IA")
    session.client().delete_object(Bucket=pets.name, Key="top")
    session.client().create_multipart_upload(Bucket=pets.name, Key="a/open")
    reported(rows_of(pets.name)[::-1], written=written)

    by_list, by_report = counted(pets), counted(pets, inventory=True)

    assert (by_report.error, by_list.error) == ("", "")
    assert {name: getattr(by_report, name) for name in COUNTED} == {
        name: getattr(by_list, name) for name in COUNTED
    }
    assert by_report.report_at is not None
    assert by_list.report_at is None


def test_count_goes_on_in_slices_and_counts_nothing_twice(
    pets: Bucket, reported: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inventory_arrow, "BATCH_ROWS", 100)
    monkeypatch.setattr(usage, "SLICE_SECONDS", 2.0)
    ticks = iter(range(10_000))
    monkeypatch.setattr("storage_admin.buckets.usage.time.monotonic", lambda: float(next(ticks)))
    reported([row(f"{number % 7}/{number}", size=number) for number in range(1_000)], written="Parquet")

    found = counted(pets, inventory=True)

    assert found.counts["STANDARD"]["objects"] == 1_000
    assert found.counts["STANDARD"]["bytes"] == sum(range(1_000))
    assert len(found.prefixes["1"]["rows"]) == 7


def in_round(bucket: Bucket) -> UsageSnapshot:
    """Let the daily round count; return what came of the bucket."""
    for piece in usage.due(timezone.now()):
        following: usage.Slice | None = piece
        while following is not None:
            following = usage.run(following)
    return UsageSnapshot.objects.filter(bucket=bucket)[0]


@pytest.mark.parametrize(
    ("most", "hours", "columns", "is_reported"),
    [
        (2, 47, ALL, True),
        (3, 47, ALL, False),
        (2, 49, ALL, False),
        (2, 47, inventories.WITHOUT_VERSIONS, False),
    ],
    ids=["big", "small", "old", "without-versions"],
)  # fmt: skip
def test_daily_round_counts_a_big_bucket_by_its_report_if_one_is_fresh_and_whole(
    pets: Bucket, put: Callable[..., str], reported: Callable[..., None], settings: Any,
    most: int, hours: int, columns: tuple[str, ...], is_reported: bool,
) -> None:  # fmt: skip
    for key, body in (("a", b"1"), ("a", b"12"), ("b", b"123")):
        put(key, body, into=pets.name)
    settings.INVENTORY_OBJECTS = most
    reported(rows_of(pets.name), at=timezone.now() - timedelta(hours=hours), columns=columns)
    assert in_round(pets).report == {}  # nobody had counted it: nothing says that it is big

    found = in_round(pets)

    assert (found.error, found.counts["STANDARD"]) == (
        "", {"objects": 2, "bytes": 5, "older": 1, "older_bytes": 1}
    )  # fmt: skip
    assert bool(found.report) is is_reported
    assert (found.report_at is not None) is is_reported


@pytest.mark.parametrize("trouble", ["no-report", "refused"])
def test_daily_round_counts_by_the_list_where_no_report_can_be_had(
    pets: Bucket, put: Callable[..., str], reported: Callable[..., None], settings: Any, trouble: str
) -> None:
    put("a", b"1", into=pets.name)
    settings.INVENTORY_OBJECTS = 0
    if trouble == "refused":
        reported(rows_of(pets.name))
    in_round(pets)

    with answering("GetObject", refusal(403, "AccessDenied")):
        found = in_round(pets)

    assert (found.error, found.report, found.counts["STANDARD"]["objects"]) == ("", {}, 1)


def test_folders_in_no_order_are_exact_and_the_largest_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    tally = prefixes.UnsortedTally(1, most=2)
    for number in range(100):
        tally.add(f"{number % 4}/{number}", prefixes.OBJECTS, prefixes.BYTES, number % 4)
    tally = prefixes.UnsortedTally(1, tally.as_data(), most=2)
    tally.close()

    assert {name: sums[prefixes.BYTES] for name, sums in tally.rows.items()} == {"3/": 75, "2/": 50}
    assert (tally.others, tally.other[prefixes.OBJECTS]) == (2, 50)


def test_folders_beyond_what_fits_are_one_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prefixes, "MOST_OPEN", 3)
    tally = prefixes.UnsortedTally(1)
    for number in range(10):
        tally.add(f"{number}/a", prefixes.OBJECTS, prefixes.BYTES, 1)
        tally.add("0/b", prefixes.OBJECTS, prefixes.BYTES, 1)
    tally.close()

    assert tally.rows["0/"][prefixes.OBJECTS] == 11
    assert tally.other[prefixes.OBJECTS] == 7


def test_broken_report_ends_the_count_with_the_reason(pets: Bucket, reported: Callable[..., None]) -> None:
    reported([row("a")])
    report = reports.newest(pets)
    key = report.files[0].key
    body = session.client().get_object(Bucket=report.bucket, Key=key)["Body"].read()
    changed = body[:-1] + bytes([body[-1] ^ 1])
    session.client().put_object(Bucket=report.bucket, Key=key, Body=changed)

    found = counted(pets, inventory=True)

    assert found.ended_at is not None
    assert "its MD5 is another one" in found.error
    assert usage.latest(pets) is None


def test_report_of_current_versions_is_not_counted_in_a_versioned_bucket(
    pets: Bucket, reported: Callable[..., None]
) -> None:
    reported([row("a")], columns=inventories.WITHOUT_VERSIONS)

    with pytest.raises(NotPossible, match="needs one of all versions"):
        counted(pets, inventory=True)


def test_command_counts_a_report(pets: Bucket, reported: Callable[..., None]) -> None:
    said = StringIO()
    with pytest.raises(CommandError, match="no complete report"):
        call_command("count_usage", "--bucket", pets.name, "--inventory", stdout=said)
    reported([row("a/b", size=1000)])

    call_command("count_usage", "--bucket", pets.name, "--inventory", stdout=said)

    assert "by the report of" in said.getvalue()


def test_page_offers_the_count_and_tells_of_when_the_report_is(
    page: Client, pets: Bucket, reported: Callable[..., None], settings: Any
) -> None:
    reported([row("a/b", size=1000)])
    assert "Count the newest inventory report" in page.get(address("usage", pets)).text

    page.post(address("count", pets), {"inventory": "1"})
    begun = UsageSnapshot.objects.get()
    piece: usage.Slice | None = usage.Slice(begun.pk, begun.beat_at.isoformat())
    while piece is not None:
        piece = usage.run(piece)

    assert "from the inventory report of" in page.get(address("usage", pets)).text
    settings.INVENTORY_BUCKET = ""
    assert "Count the newest inventory report" not in page.get(address("usage", pets)).text
