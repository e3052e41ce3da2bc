"""The page of a bucket's usage: by class and folder, with what changed; its CSV; the command."""

import csv
import io
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.utils import timezone

from portal.s3 import session, uploads
from portal.s3.types import VersioningState
from storage_admin.buckets import prefixes, usage, usage_facts
from storage_admin.models import Bucket, UsageSnapshot
from tests.factories import BucketFactory, UserFactory
from tests.storage_admin.conftest import address, in_role
from tests.store import answering, refusal

pytestmark = pytest.mark.django_db

CLASS = {"objects": 2, "bytes": 3000, "older": 1, "older_bytes": 500}


def snapshot(bucket: Bucket, rows: dict[str, list[int]], others: int = 0, **options: Any) -> UsageSnapshot:
    level = {"rows": rows, "other": [others, 100 * others, 0, 0, 0, 0, 0], "others": others, "open": None}
    counts = {"STANDARD": CLASS | options.pop("counts", {})}
    return UsageSnapshot.objects.create(
        bucket=bucket, ended_at=timezone.now(), counts=counts, prefixes={"1": level}, **options
    )


@pytest.fixture
def counted() -> Bucket:
    """A bucket that was counted twice."""
    bucket: Bucket = BucketFactory()
    snapshot(bucket, {"cats/": [1, 500, 0, 0, 0, 0, 0]}, counts={"bytes": 1000})
    snapshot(
        bucket,
        {
            "cats/": [1, 1524, 1, 500, 0, 0, 0],
            "dogs%3Cb%3E%00/": [1, 1000, 0, 0, 3, 1, 0],
            "": [0, 0, 0, 0, 0, 0, 0],
        },
        others=2, markers=3, uploads=2, uploads_sized=1, upload_bytes=2048,
    )  # fmt: skip
    return bucket


def test_page_tells_folders_changes_and_what_is_bounded(
    page: Client, counted: Bucket, store_calls: list[Any]
) -> None:
    answer = page.get(address("usage", counted))

    text, folders = answer.content.decode(), answer.context["folders"]
    assert [one.change for one in folders] == ["+1.5 KiB", "+1000 B", "±0 B", ""]
    assert "3.4 KiB" in text
    assert "+2.0 KiB since the count before" in text
    assert "2.0 KiB, and 1 of a size not known" in text
    assert "2 other folders" in text
    assert "largest folders are kept one by one" in text
    assert address("browse", counted, prefix="cats/") in text
    assert "dogs&lt;b&gt;" in text
    assert "<b>" not in text
    assert "<svg" in text
    assert store_calls == []


def test_change_of_a_folder_that_was_among_the_others_is_not_told(page: Client) -> None:
    bucket = BucketFactory()
    snapshot(bucket, {}, others=5)
    snapshot(bucket, {"new/": [1, 10, 0, 0, 0, 0, 0]})

    assert [one.change for one in page.get(address("usage", bucket)).context["folders"]] == [""]


def test_page_of_a_bucket_never_counted_and_of_an_old_count(page: Client) -> None:
    never, old = BucketFactory(), BucketFactory()
    UsageSnapshot.objects.create(bucket=old, ended_at=timezone.now(), counts={"STANDARD": CLASS}, uploads=4)

    assert "has not been counted yet" in page.get(address("usage", never)).content.decode()
    text = page.get(address("usage", old)).content.decode()
    assert "made before the portal counted by folder" in text
    assert "size not known" in text
    assert page.get(address("usage_csv", never)).status_code == 404


def test_page_tells_of_a_count_that_broke_off_and_keeps_the_last_good_one(
    page: Client, counted: Bucket
) -> None:
    UsageSnapshot.objects.create(bucket=counted, ended_at=timezone.now(), error="Refused (AccessDenied)")

    text = page.get(address("usage", counted)).content.decode()

    assert "did not come to its end: Refused (AccessDenied)" in text
    assert "3.4 KiB" in text


def test_csv_holds_exact_names_and_no_formula(page: Client) -> None:
    bucket = BucketFactory()
    snapshot(bucket, {"%3D1%2B1/": [1, 10, 2, 20, 3, 4, 5], "a%0Ab/": [1, 5, 0, 0, 0, 0, 0]}, others=1)

    answer = page.get(address("usage_csv", bucket, level="1"))

    rows = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode())))  # type: ignore[attr-defined]  # it streams
    assert rows[0] == usage_facts.COLUMNS
    assert rows[1] == ["'=1+1/", "1", "10", "2", "20", "3", "4", "5"]
    assert rows[2][0] == "a\nb/"
    assert rows[3][0] == "(1 others)"


@pytest.mark.parametrize(("role", "status"), [("Auditor", 200), ("Storage operator", 200), ("Curator", 403)])
def test_page_and_csv_are_for_those_who_see_counts(
    client: Client, counted: Bucket, role: str, status: int
) -> None:
    client.force_login(in_role(role))

    assert client.get(address("usage", counted)).status_code == status
    assert client.get(address("usage_csv", counted)).status_code == status


def test_button_leads_back_to_the_page(page: Client, counted: Bucket) -> None:
    answer = page.post(address("count", counted))

    assert answer["Location"] == address("usage", counted).rstrip("?")
    assert UsageSnapshot.objects.filter(bucket=counted, ended_at=None).count() == 1


def test_level_that_is_none_is_the_first(page: Client, counted: Bucket) -> None:
    assert page.get(address("usage", counted, level="x")).context["level"] == 1
    assert page.get(address("usage", counted, level="2")).context["level"] == 2


# --- Counting by folder, against a real store ------------------------------------------


@pytest.fixture
def versioned(another_bucket: Any) -> Bucket:
    bucket: Bucket = another_bucket(VersioningState.ENABLED)
    return bucket


def count(bucket: Bucket) -> UsageSnapshot:
    piece = usage.begin(bucket)
    while piece is not None:
        piece = usage.run(piece)
    return UsageSnapshot.objects.filter(bucket=bucket).latest("pk")


def fill(bucket: Bucket, put: Any) -> None:
    for key, body in (("a/x/1", b"12345"), ("a/x/1", b"12"), ("a/y/2", b"1"), ("top", b"123")):
        put(key, body, into=bucket.name)
    client = session.client()
    client.delete_object(Bucket=bucket.name, Key="a/y/2")
    begun = client.create_multipart_upload(Bucket=bucket.name, Key="b/up")["UploadId"]
    for number in (1, 2):
        client.upload_part(Bucket=bucket.name, Key="b/up", UploadId=begun, PartNumber=number, Body=b"x" * 100)


@pytest.mark.servers
@pytest.mark.parametrize("page_size", [1, 1_000])
def test_count_adds_up_by_folder_whatever_the_pages(
    versioned: Bucket, put: Any, monkeypatch: pytest.MonkeyPatch, page_size: int
) -> None:
    monkeypatch.setattr(usage, "PAGE", page_size)
    fill(versioned, put)

    found = count(versioned)

    rows = {level: data["rows"] for level, data in found.prefixes.items()}
    assert rows["1"] == {
        "": [1, 3, 0, 0, 0, 0, 0],
        "a/": [1, 2, 2, 6, 1, 0, 0],
        "b/": [0, 0, 0, 0, 0, 1, 200],
    }
    assert rows["2"] == {
        "": [1, 3, 0, 0, 0, 0, 0],
        "a/x/": [1, 2, 1, 5, 0, 0, 0],
        "a/y/": [0, 0, 1, 1, 1, 0, 0],
        "b/": [0, 0, 0, 0, 0, 1, 200],
    }
    assert (found.uploads, found.uploads_sized, found.upload_bytes) == (1, 1, 200)


@pytest.mark.servers
def test_parts_that_the_store_does_not_tell_are_unknown_and_not_nought(versioned: Bucket, put: Any) -> None:
    fill(versioned, put)

    with answering("ListParts", refusal(501, "NotImplemented")):
        found = count(versioned)

    assert (found.uploads, found.uploads_sized, found.upload_bytes, found.error) == (1, 0, 0, "")


@pytest.mark.servers
def test_outage_while_parts_are_asked_for_is_no_unknown(versioned: Bucket, put: Any) -> None:
    fill(versioned, put)

    with answering("ListParts", refusal(503, "SlowDown")):
        found = count(versioned)

    assert found.ended_at is None
    assert "SlowDown" in found.error


@pytest.mark.servers
def test_folders_of_old_counts_are_forgotten_and_their_sums_kept(
    versioned: Bucket, put: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage, "KEPT_PREFIXES", 2)
    put("a/b", into=versioned.name)
    made = [count(versioned) for _number in range(3)]

    for one in made:
        one.refresh_from_db()
    assert [bool(one.prefixes) for one in made] == [False, True, True]
    assert all(one.counts for one in made)


@pytest.mark.servers
def test_upload_that_is_gone_has_no_known_size(versioned: Bucket) -> None:
    gone = uploads.OpenUpload("k", "no-such-upload", None)

    assert uploads.part_bytes(gone, versioned.name) is None


@pytest.mark.servers
def test_command_counts_and_tells(versioned: Bucket, put: Any, capsys: Any) -> None:
    fill(versioned, put)

    call_command("count_usage", bucket=versioned.name)
    call_command("count_usage", bucket=versioned.name, dry_run=True)

    said = capsys.readouterr().out
    assert "11 B in all versions." in said
    assert "'a/': 3 versions, 8 B" in said
    assert "1 delete markers, 1 open uploads (200 B)" in said
    assert "about 3 calls" in said
    assert UsageSnapshot.objects.filter(bucket=versioned).count() == 1


@pytest.mark.servers
def test_command_says_what_was_not_counted(versioned: Bucket) -> None:
    with pytest.raises(CommandError, match="no bucket") as missing:
        call_command("count_usage", bucket="not-here")
    with (
        answering("ListObjectVersions", refusal(403, "AccessDenied")),
        pytest.raises(CommandError) as refused,
    ):
        call_command("count_usage", bucket=versioned.name)
    usage.begin(versioned)
    with pytest.raises(CommandError, match="under way") as busy:
        call_command("count_usage", bucket=versioned.name)

    assert (missing.value.returncode, refused.value.returncode, busy.value.returncode) == (2, 1, 2)


def test_folders_cost_no_more_than_their_bound() -> None:
    tally = prefixes.Tally(2)
    for number in range(3 * prefixes.MOST[2]):
        tally.add(f"photos/{number:036}/a.jpg", prefixes.OBJECTS, prefixes.BYTES, number)
    tally.close()

    assert len(tally.rows) == prefixes.MOST[2]
    assert tally.others == 2 * prefixes.MOST[2]


def test_nobody_else_counts_by_address(client: Client, counted: Bucket) -> None:
    client.force_login(UserFactory(rights=["storage_admin.view_bucket"]))

    assert client.post(address("count", counted)).status_code == 403
