"""Findings that are left as they are, and what the page and Today say of a scan that knows too little."""

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.messages import get_messages
from django.db.models import Q
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from photos.models import Photo
from portal.audit import AuditEvent
from portal.models import User
from portal.s3 import lifecycle, listing, session
from portal.s3.errors import AccessRefused, StorageUnavailable
from storage_admin.models import Bucket, Finding, Scan
from storage_admin.reconciliation import services
from tests.factories import BucketFactory, PetFactory, PhotoFactory
from tests.storage_admin.conftest import in_role

pytestmark = [pytest.mark.django_db, pytest.mark.servers]


def where(bucket: Bucket, below: str = "") -> str:
    name = f"_{below}" if below else ""
    return reverse(f"admin:storage_admin_bucket_reconciliation{name}", args=[bucket.pk])


@pytest.fixture
def strangers(house: Bucket, put_in: Any, scanned: Any) -> list[Finding]:
    """Three orphans."""
    for number in range(3):
        put_in(f"photos/{number}.jpg")
    scanned()
    return list(Finding.objects.all())


def states() -> list[str]:
    return sorted(Finding.objects.values_list("state", flat=True))


def test_chosen_findings_are_ignored_and_undo_opens_just_those(
    page: Client, house: Bucket, strangers: list[Finding]
) -> None:
    page.post(where(house, "ignore"), {"finding": [strangers[0].pk]})
    response = page.post(where(house, "ignore"), {"finding": [strangers[1].pk]})
    assert states() == ["ignored", "ignored", "open"]
    [*_others, told] = get_messages(response.wsgi_request)

    undo = str(told).partition('formaction="')[2].partition('"')[0]
    page.post(undo)

    assert states() == ["ignored", "open", "open"]
    strangers[0].refresh_from_db()
    assert strangers[0].state == Finding.State.IGNORED
    assert AuditEvent.objects.filter(action__startswith="findings.", outcome="done").count() == 3


def test_all_of_a_kind_are_ignored_and_the_page_lists_them_to_be_opened_again(
    page: Client, house: Bucket, strangers: list[Finding]
) -> None:
    page.post(where(house, "ignore"), {"kind": "orphan", "all": "1"})
    assert states() == ["ignored"] * 3
    shown = page.get(f"{where(house)}?kind=ignored")
    assert "ignored (3)" in shown.text
    assert "Open again" in shown.text

    page.post(where(house, "reopen"), {"finding": [one.pk for one in strangers]})

    assert states() == ["open"] * 3


def test_ignored_finding_that_vanishes_is_closed(
    ada: User, house: Bucket, strangers: list[Finding], scanned: Any
) -> None:
    services.ignore(actor=ada, bucket=house, chosen=Q(pk=strangers[0].pk))
    session.client().delete_object(Bucket=house.name, Key=strangers[0].key)

    scanned()

    strangers[0].refresh_from_db()
    assert strangers[0].state == Finding.State.GONE


@pytest.mark.parametrize("moment", ["", "x", "2026-99-99T00:00:00Z", "2026-01-01T00:00:00"])
def test_address_of_an_undo_that_is_not_ours_opens_nothing(
    page: Client, house: Bucket, strangers: list[Finding], moment: str
) -> None:
    page.post(where(house, "ignore"), {"kind": "orphan", "all": "1"})

    response = page.post(f"{where(house, 'reopen')}?at={quote(moment)}", follow=True)

    assert response.status_code == 200
    assert states() == ["ignored"] * 3


@pytest.mark.parametrize("below", ["ignore", "reopen", "repair_all", "quarantine"])
def test_auditor_may_look_alone(client: Client, house: Bucket, strangers: list[Finding], below: str) -> None:
    client.force_login(in_role("Auditor"))

    assert client.post(where(house, below), {"kind": "orphan", "all": "1"}).status_code == 403
    assert states() == ["open"] * 3


def test_today_tells_of_an_alarm_and_of_a_scan_that_is_incomplete(
    page: Client, house: Bucket, strangers: list[Finding], scanned: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def alarms() -> Any:
        waiting = page.get(reverse("admin:index")).context["board"].waiting
        return {str(one.card.label): one.count for one in waiting}.get("Comparisons with an alarm")

    assert Scan.objects.get().alarm
    assert alarms() == 1

    Scan.objects.update(alarm="")
    assert not alarms()

    def versions_page(*_args: Any, **_options: Any) -> Any:
        raise AccessRefused("No.", code="AccessDenied")

    monkeypatch.setattr(listing, "versions_page", versions_page)
    scanned()
    assert alarms() == 1


def test_page_says_what_was_not_compared(
    page: Client, house: Bucket, put_in: Any, kept: Any, scanned: Any
) -> None:
    kept()
    put_in("exports/all.zip")
    PhotoFactory(bucket="another-bucket")

    scan = scanned()
    text = page.get(where(house)).text

    assert (scan.counts["objects"], scan.counts["other"], scan.counts["elsewhere"]) == (1, 1, 1)
    assert scan.alarm == ""
    assert "1 object lies outside the folders" in text
    assert "The row of 1 photo points into another bucket" in text
    assert "so ACLs count for nothing" in text


def test_bucket_that_photos_lived_in_before_can_still_be_compared(
    page: Client, house: Bucket, kept: Any, scanned: Any, settings: Any
) -> None:
    kept()
    settings.AWS_STORAGE_BUCKET_NAME = "a-newer-bucket"
    BucketFactory(name="a-newer-bucket")

    assert "Compare now" in page.get(where(house)).text
    assert scanned().counts["rows"] == 1


def test_duplicate_names_both_pets(page: Client, house: Bucket, kept: Any, scanned: Any) -> None:
    first = kept(pet=PetFactory(name="Rex"))
    second = kept(pet=PetFactory(name="Bella"), sha256=first.sha256)
    Photo.objects.filter(pk=first.pk).update(created_at=timezone.now() - timedelta(days=9))

    scanned()
    text = page.get(f"{where(house)}?kind=duplicate").text

    finding = Finding.objects.get()
    assert (finding.photo, finding.facts["photo"][0]) == (second.pk, str(first.pk))
    assert "of Bella" in text
    assert "the same as" in text
    assert "of Rex" in text


def test_outage_while_the_rule_is_looked_at_is_a_calm_page(
    page: Client, house: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(*_args: Any, **_options: Any) -> Any:
        raise StorageUnavailable("away", code="SlowDown")

    monkeypatch.setattr(lifecycle, "read", read)

    assert page.get(where(house, "quarantine")).status_code == 503
