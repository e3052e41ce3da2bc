"""The page and the command that search a report."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from portal.s3.inventory_rows import Wanted
from storage_admin import addresses
from storage_admin.inventory import reports, searching
from storage_admin.models import Bucket
from tests.inventories import row
from tests.storage_admin.conftest import address, in_role
from tests.store import answering, refusal

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

Reported = Callable[..., None]


def searched(page: Client, bucket: Bucket, **query: str) -> Any:
    return page.get(address("inventory", bucket, look="1", **query))


def test_opened_page_tells_of_the_report_and_reads_no_file(
    page: Client, pets: Bucket, reported: Reported, store_calls: list[str]
) -> None:
    reported([row("a.jpg")], at=datetime(2024, 5, 2, 1, tzinfo=UTC))
    store_calls.clear()

    response = page.get(address("inventory", pets))

    assert "The report of" in response.text
    assert "2024" in response.text
    assert store_calls.count("GetObject") == 2  # manifest and checksum


def test_hits_lead_to_the_objects(page: Client, pets: Bucket, reported: Reported) -> None:
    reported(
        [
            row("photos/cat <b>&1+.jpg", size=1000),
            row("photos/cat 2.jpg", version_id="v1", is_latest=False),
            row("photos/dog.jpg"),
        ]
    )

    response = searched(page, pets, text="cat", versions="on")

    links = re.findall(r'<th scope="row" class="finding"><a href="([^"]*)"', response.text)
    assert sorted(link.replace("&amp;", "&") for link in links) == sorted(
        [
            addresses.of_object(pets, "photos/cat <b>&1+.jpg"),
            addresses.of_object(pets, "photos/cat 2.jpg", "v1"),
        ]
    )
    assert "cat &lt;b&gt;&amp;1+.jpg" in response.text
    assert "2 entries, of 3 that were looked at." in response.text
    assert "Partial" not in response.text


def test_search_by_size_class_and_age(page: Client, pets: Bucket, reported: Reported) -> None:
    now = timezone.now()
    reported(
        [
            row("small", size=1, last_modified_date=now - timedelta(days=1)),
            row("cold", size=100, storage_class="GLACIER", last_modified_date=now - timedelta(days=40)),
            row("hidden", is_delete_marker=True, storage_class=None, size=None),
        ]
    )

    def keys(**query: str) -> list[str]:
        return re.findall(r'<bdi class="key">(\w+)</bdi>', searched(page, pets, **query).text)

    assert keys(least="2") == ["cold"]
    assert keys(most="2") == ["small"]
    assert keys(storage_class="GLACIER") == ["cold"]
    assert keys(older="30") == ["cold"]
    assert keys(newer="30") == ["small"]
    assert sorted(keys(versions="on")) == ["cold", "hidden", "small"]


def test_list_that_is_cut_says_so(
    page: Client, pets: Bucket, reported: Reported, monkeypatch: pytest.MonkeyPatch
) -> None:
    reported([row(f"{number}") for number in range(10)])
    monkeypatch.setattr(searching, "SHOWN", 4)

    response = searched(page, pets)

    assert response.text.count('class="finding"') == 4
    assert "Partial: there may be more." in response.text


def test_search_that_runs_out_of_time_says_so(pets: Bucket, reported: Reported) -> None:
    reported([row(f"{number}") for number in range(10)])

    found = searching.search(pets, reports.newest(pets), Wanted(), most=100, seconds=0.0)

    assert (found.is_late, found.is_partial, found.looked_at) == (True, True, 5)


@pytest.mark.parametrize("query", [{"least": "9", "most": "1"}, {"older": "x"}, {"storage_class": "GOLD"}])
def test_fields_that_make_no_sense_are_told(
    page: Client, pets: Bucket, reported: Reported, query: dict[str, str]
) -> None:
    reported([row("a")])

    response = searched(page, pets, **query)

    assert response.status_code == 200
    assert "errorlist" in response.text
    assert "Found" not in response.text


def test_report_that_is_too_large_for_a_page_leads_to_the_command(
    page: Client, pets: Bucket, reported: Reported, monkeypatch: pytest.MonkeyPatch
) -> None:
    reported([row("a")])
    monkeypatch.setattr(searching, "MOST_PAGE_BYTES", 10)

    assert "manage.py find_keys" in searched(page, pets).text
    response = page.get(address("inventory_csv", pets), follow=True)
    assert "manage.py find_keys" in response.text


def test_csv_has_every_column_and_says_of_when_it_is(
    page: Client, pets: Bucket, reported: Reported, monkeypatch: pytest.MonkeyPatch
) -> None:
    reported([row("=1+1", encryption_status="SSE-S3", checksum_algorithm="CRC64NVME"), row("b")], files=1)

    response: Any = page.get(address("inventory_csv", pets))
    text = b"".join(response.streaming_content).decode()

    assert text.startswith("key,version_id,is_latest,is_marker,bytes,modified,etag,storage_class,encryption")
    assert "report of" in text.splitlines()[0]
    assert "'=1+1," in text
    assert ",SSE-S3," in text
    assert "CRC64NVME" in text
    monkeypatch.setattr(searching, "MOST_LINES", 1)
    response = page.get(address("inventory_csv", pets))
    text = b"".join(response.streaming_content).decode()
    assert text.splitlines()[-1].startswith("PARTIAL")


def test_page_says_what_to_do_where_there_is_no_report(page: Client, pets: Bucket, settings: Any) -> None:
    assert "no complete report below" in page.get(address("inventory", pets)).text
    assert "Set an inventory up" in page.get(address("inventory", pets)).text
    settings.INVENTORY_BUCKET = ""
    response = page.get(address("inventory", pets))
    assert "INVENTORY_BUCKET is not set" in response.text
    assert page.get(address("usage", pets)).status_code == 200
    assert address("inventory", pets).rstrip("?") not in page.get(address("usage", pets)).text


def test_broken_report_and_outage_are_told_in_words(page: Client, pets: Bucket, reported: Reported) -> None:
    reported([], written="CSV", fileFormat="ORC")
    assert "reads CSV and Parquet" in page.get(address("inventory", pets)).text

    with answering("ListObjectsV2", refusal(503, "SlowDown")):
        response = page.get(address("inventory", pets))
    assert response.status_code == 503

    with answering("ListObjectsV2", refusal(403, "AccessDenied")):
        response = page.get(address("inventory", pets))
    assert response.status_code == 502
    assert "AccessDenied" in response.text


def test_who_may_not_see_buckets_sees_no_report(client: Client, pets: Bucket) -> None:
    client.force_login(in_role("Photographer"))

    assert client.get(address("inventory", pets)).status_code == 403
    assert client.get(address("inventory_csv", pets)).status_code == 403


def test_command_finds_what_the_page_finds(pets: Bucket, reported: Reported) -> None:
    reported([row("photos/cat 1.jpg", size=12), row("photos/dog.jpg"), row("a\nb.jpg")])
    said = StringIO()

    call_command("find_keys", "cat", "--bucket", pets.name, "--least", "5", stdout=said, stderr=StringIO())
    assert said.getvalue() == "2024-05-01T10:00:00Z\t12\tSTANDARD\tphotos/cat 1.jpg\n"

    said = StringIO()
    call_command("find_keys", "a*b.jpg", "--bucket", pets.name, stdout=said, stderr=StringIO())
    assert said.getvalue().endswith("\ta\\nb.jpg\n")

    said = StringIO()
    call_command("find_keys", "dog", "--bucket", pets.name, "--csv", stdout=said, stderr=StringIO())
    assert said.getvalue().splitlines()[1].startswith("photos/dog.jpg,,true,false,3,2024-05-01T10:00")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nothing-like-that"], 1, "names nothing like that"),
        (["--least", "x"], 2, "least"),
        (["--bucket", "unknown"], 2, "There is no bucket"),
    ],
)
def test_command_tells_by_its_exit_code(
    pets: Bucket, reported: Reported, arguments: list[str], code: int, words: str
) -> None:
    reported([row("a")])

    with pytest.raises(CommandError, match=words) as told:
        call_command("find_keys", "--bucket", pets.name, *arguments, stdout=StringIO(), stderr=StringIO())

    assert told.value.returncode == code
