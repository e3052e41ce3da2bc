"""The page of reconciliation, in the hands of people, by role, and in an outage; and the command."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.urls import reverse

from photos.models import Photo
from portal.s3 import listing, objects, session
from portal.s3.errors import AccessRefused, StorageUnavailable
from storage_admin import tasks
from storage_admin.models import Bucket, Finding, Scan
from storage_admin.reconciliation import scanning
from tests.factories import BucketFactory
from tests.storage_admin.conftest import in_role
from tests.storage_admin.reconciliation.conftest import a_day_later

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

HOSTILE = "photos/<script>alert(1)</script>&\u202e.jpg"


def where(bucket: Bucket, below: str = "") -> str:
    name = f"_{below}" if below else ""
    return reverse(f"admin:storage_admin_bucket_reconciliation{name}", args=[bucket.pk])


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What was queued."""
    queued: list[int] = []
    monkeypatch.setattr(tasks.run_scan, "delay", queued.append)
    return queued


@pytest.fixture
def found_stranger(house: Bucket, kept: Any, put_in: Any, scanned: Any) -> Finding:
    """An orphan with a hostile key, a day old."""
    for _number in range(10):
        kept()
    put_in(HOSTILE)
    scanned()
    a_day_later()
    finding: Finding = Finding.objects.get()
    return finding


def test_button_begins_a_scan_and_the_page_tells_of_it(
    page: Client, house: Bucket, sent: list[int], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        response = page.post(where(house, "begin"), follow=True)

    scan = Scan.objects.get()
    assert sent == [scan.pk]
    assert "A worker compares" in response.text
    assert "running" in response.text
    assert "Compare now" not in response.text
    assert "under way already" in page.post(where(house, "begin"), follow=True).text


def test_finding_is_shown_linked_and_spelled_harmlessly(page: Client, found_stranger: Finding) -> None:
    text = page.get(where(found_stranger.bucket)).text

    assert "object without a row (1)" in text
    assert "<script>alert" not in text
    assert "&lt;script&gt;" in text
    assert "key=photos%2F%3Cscript%3E" in text


def test_page_asks_the_store_nothing(
    page: Client, found_stranger: Finding, monkeypatch: pytest.MonkeyPatch
) -> None:
    def client(*_args: Any, **_options: Any) -> Any:
        raise AssertionError("the store was asked")

    monkeypatch.setattr(session, "client", client)

    assert page.get(where(found_stranger.bucket)).status_code == 200


def test_page_costs_the_same_whatever_was_found(
    page: Client, house: Bucket, put_in: Any, scanned: Any, django_assert_max_num_queries: Any
) -> None:
    for number in range(20):
        put_in(f"photos/{number}.jpg")
    scanned()

    with django_assert_max_num_queries(16):
        page.get(where(house))


def test_chosen_findings_are_repaired_and_each_outcome_is_told(page: Client, found_stranger: Finding) -> None:
    bucket = found_stranger.bucket

    text = page.post(
        where(bucket, "repair"), {"finding": [found_stranger.pk], "repair": "quarantine"}, follow=True
    ).text

    assert "In quarantine since" in text
    assert "set aside" in text


def test_repair_that_is_refused_says_why_beside_the_finding(page: Client, found_stranger: Finding) -> None:
    bucket = found_stranger.bucket

    text = page.post(
        where(bucket, "repair"), {"finding": [found_stranger.pk], "repair": "attach"}, follow=True
    ).text

    assert text.count("do not say which photo this is") == 2  # as a message, and in the row


def test_outage_while_repairing_is_a_calm_page(
    page: Client, found_stranger: Finding, monkeypatch: pytest.MonkeyPatch
) -> None:
    def head(*_args: Any, **_options: Any) -> Any:
        raise StorageUnavailable("away", code="SlowDown")

    monkeypatch.setattr(objects, "head", head)

    response = page.post(
        where(found_stranger.bucket, "repair"), {"finding": [found_stranger.pk], "repair": "quarantine"}
    )

    assert response.status_code == 503
    found_stranger.refresh_from_db()
    assert found_stranger.state == Finding.State.OPEN


def test_today_counts_what_is_open_and_leads_there(page: Client, found_stranger: Finding) -> None:
    def waiting() -> dict[str, tuple[int, str]]:
        board = page.get(reverse("admin:index")).context["board"]
        return {str(one.card.label): (one.count, one.card.url) for one in board.waiting}

    assert waiting()["Rows and objects disagree"] == (1, where(found_stranger.bucket))

    Finding.objects.update(state=Finding.State.IGNORED)

    assert "Rows and objects disagree" not in waiting()


def test_finding_of_another_bucket_is_not_touched(page: Client, found_stranger: Finding) -> None:
    other = BucketFactory()

    page.post(where(other, "repair"), {"finding": [found_stranger.pk], "repair": "quarantine"})
    page.post(where(other, "ignore"), {"finding": [found_stranger.pk]})

    found_stranger.refresh_from_db()
    assert (found_stranger.state, found_stranger.message) == (Finding.State.OPEN, "")


def test_findings_as_csv_hold_no_formula(page: Client, found_stranger: Finding) -> None:
    Finding.objects.update(message="=cmd|x")

    text = page.get(where(found_stranger.bucket, "csv")).getvalue().decode()

    assert text.splitlines()[0] == "kind,state,key,version_id,photo,found_at,message"
    assert "'=cmd|x" in text


def test_incomplete_scan_and_alarm_stand_above_everything(
    page: Client, house: Bucket, put_in: Any, scanned: Callable[..., Scan], monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in("photos/stranger.jpg")
    scanned()
    assert "100 % of all objects have no row" in page.get(where(house)).text

    def versions_page(*_args: Any, **_options: Any) -> Any:
        raise AccessRefused("No.", code="AccessDenied")

    with monkeypatch.context() as broken:
        broken.setattr(listing, "versions_page", versions_page)
        scanned()

    assert "no repair may rest on it" in page.get(where(house)).text


def test_bucket_without_photos_says_so_and_begins_nothing(page: Client, house: Bucket) -> None:
    other = BucketFactory()

    assert "there is nothing to compare" in page.get(where(other)).text
    text = page.post(where(other, "begin"), follow=True).text
    assert "No photo&#x27;s row points into this bucket" in text
    assert not Scan.objects.exists()


@pytest.mark.parametrize(
    ("role", "sees", "acts"),
    [
        ("Viewer", False, False),
        ("Curator", False, False),
        ("Auditor", True, False),
        ("Storage operator", True, True),
        ("Storage admin", True, True),
    ],
)
def test_each_role_may_what_the_table_says(
    client: Client, found_stranger: Finding, role: str, sees: bool, acts: bool
) -> None:
    bucket = found_stranger.bucket
    client.force_login(in_role(role))

    shown = client.get(where(bucket))

    assert (shown.status_code == 200) is sees
    assert ("Compare now" in shown.text) is acts
    assert ("Put into quarantine" in shown.text) is acts
    assert (client.get(where(bucket, "csv")).status_code == 200) is sees
    assert (client.post(where(bucket, "begin")).status_code == 302) is acts
    assert (client.post(where(bucket, "repair")).status_code == 302) is acts


def test_command_tells_the_counts_and_by_its_exit_code_that_something_differs(
    house: Bucket, kept: Callable[..., Photo], put_in: Any, capsys: Any, sent: list[int]
) -> None:
    kept()
    call_command("reconcile_bucket")
    assert "1 rows, 1 objects." in capsys.readouterr().out

    photo = kept()
    session.client().delete_object(Bucket=house.name, Key=photo.key, VersionId=photo.version_id)
    with pytest.raises(CommandError) as differs:
        call_command("reconcile_bucket", bucket=house.name)

    assert differs.value.returncode == 1
    assert "1 × original missing" in capsys.readouterr().out
    assert Finding.objects.count() == 1


def test_dry_run_keeps_no_finding_and_closes_none(
    house: Bucket, kept: Callable[..., Photo], sent: list[int]
) -> None:
    photo = kept()
    session.client().delete_object(Bucket=house.name, Key=photo.key, VersionId=photo.version_id)

    with pytest.raises(CommandError):
        call_command("reconcile_bucket", dry_run=True)
    assert not Finding.objects.exists()

    with pytest.raises(CommandError):
        call_command("reconcile_bucket")
    session.client().put_object(Bucket=house.name, Key=photo.key, Body=b"another")
    Photo.objects.all().delete()
    with pytest.raises(CommandError):
        call_command("reconcile_bucket", dry_run=True)
    assert Finding.objects.get().state == Finding.State.OPEN


def test_command_that_cannot_tell_says_so_by_its_exit_code(
    house: Bucket, kept: Callable[..., Photo], sent: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def versions_page(*_args: Any, **_options: Any) -> Any:
        raise AccessRefused("No.", code="AccessDenied")

    monkeypatch.setattr(listing, "versions_page", versions_page)

    for options in ({}, {"bucket": f"no-{uuid4()}"}):
        with pytest.raises(CommandError) as unknown:
            call_command("reconcile_bucket", **options)
        assert unknown.value.returncode == 2


def test_tasks_begin_and_go_on(house: Bucket, kept: Any, sent: list[int], monkeypatch: Any) -> None:
    kept()
    scan = scanning.begin(house)
    assert scan is not None
    monkeypatch.setattr(scanning, "due", lambda _since: [scan.pk])
    tasks.sweep_scans()
    assert sent == [scan.pk]
    monkeypatch.setattr(scanning, "work", lambda _scan_id: True)

    tasks.run_scan(scan.pk)

    assert sent == [scan.pk] * 2
