"""Quarantine: tags, the rule that looks for them, and what must never be taken away by it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from photos.choices import PhotoStatus
from photos.models import Photo
from portal.models import User
from portal.s3 import lifecycle, session, versioning
from portal.s3 import tags as object_tags
from portal.s3.lifecycle import Lifecycle
from storage_admin import quarantine
from storage_admin.bucket_settings.lifecycle import LifecycleSetting
from storage_admin.bucket_settings.setting import Place
from storage_admin.models import Bucket, BucketChange, Finding
from storage_admin.reconciliation import alarms, findings, repairing
from tests.factories import PhotoFactory
from tests.storage_admin.reconciliation.conftest import LONG_AGO, a_day_later

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

Kept = Callable[..., Photo]
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + b"picture" * 10


@pytest.fixture
def set_aside(
    ada: User, house: Bucket, put_in: Any, scanned: Any, monkeypatch: pytest.MonkeyPatch
) -> Finding:
    """An orphan in quarantine, without an alarm."""
    monkeypatch.setattr(alarms, "ALARM_SHARE", 1.0)
    put_in(f"photos/unassigned/{uuid4()}.jpg", JPEG, Tagging="kept=yes")
    scanned()
    a_day_later()
    finding = Finding.objects.get()
    repairing.repair(actor=ada, finding=finding, name="quarantine")
    finding.refresh_from_db()
    return finding


def tags_of(finding: Finding) -> dict[str, str]:
    return object_tags.of_object(finding.bucket.name, finding.key)


def test_what_comes_out_of_quarantine_is_as_before(ada: User, set_aside: Finding) -> None:
    assert quarantine.TAG in tags_of(set_aside)

    repairing.repair(actor=ada, finding=set_aside, name="release")

    set_aside.refresh_from_db()
    assert (set_aside.state, set_aside.closed_at) == (Finding.State.OPEN, None)
    assert tags_of(set_aside) == {"kept": "yes"}


def test_row_that_is_made_takes_the_object_out_of_quarantine(ada: User, set_aside: Finding) -> None:
    """The rule would take a live original away."""
    repairing.repair(actor=ada, finding=set_aside, name="attach")

    assert Photo.objects.filter(key=set_aside.key).exists()
    assert tags_of(set_aside) == {"kept": "yes"}


def test_object_in_quarantine_that_has_a_row_again_waits_for_a_person_until_it_is_out(
    ada: User, page: Client, house: Bucket, set_aside: Finding, scanned: Any
) -> None:
    """Such as after the database was restored: the scan that found it was right, and is not any more."""
    photo = PhotoFactory(bucket=house.name, key=set_aside.key, status=PhotoStatus.REJECTED, reason="a test")
    Photo.objects.filter(pk=photo.pk).update(updated_at=timezone.now() - LONG_AGO)
    assert not findings.waiting(house).exists()

    for _night in range(2):
        scanned()
        assert findings.waiting(house).get() == set_aside
    text = page.get(reverse("admin:storage_admin_bucket_reconciliation", args=[house.pk])).text
    assert "still in quarantine: take it out" in text

    repairing.repair(actor=ada, finding=set_aside, name="release")
    assert tags_of(set_aside) == {"kept": "yes"}
    scanned()
    set_aside.refresh_from_db()
    assert set_aside.state == Finding.State.GONE


def test_rule_is_shown_before_it_is_made_and_can_be_undone(page: Client, house: Bucket) -> None:
    lifecycle.merge_rule(
        house.name,
        {
            "ID": "uploads", "Status": "Enabled", "Filter": {},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
        },
    )  # fmt: skip
    before = lifecycle.read(house.name)
    address = reverse("admin:storage_admin_bucket_reconciliation_quarantine", args=[house.pk])

    shown = page.get(address)

    assert lifecycle.read(house.name) == before
    assert quarantine.RULE_ID in shown.text
    assert not shown.context["refusals"]
    applied = page.post(
        shown.context["apply_url"], {"reviewed": shown.context["reviewed"], "name": house.name}
    )
    assert applied.status_code == 302
    assert lifecycle.read(house.name).rule("uploads")
    assert lifecycle.read(house.name).rule(quarantine.RULE_ID)
    assert page.get(address).status_code == 302  # it is there: to the rules

    made = BucketChange.objects.get()
    page.post(reverse("admin:storage_admin_bucket_undo", args=[house.pk, made.pk]))
    assert lifecycle.read(house.name) == before


def with_rule(**changes: Any) -> Lifecycle:
    return Lifecycle().merged(quarantine.RULE | changes)


def refusals(bucket: Bucket, wanted: Lifecycle) -> list[str]:
    return LifecycleSetting().refusals(Lifecycle(), wanted, Place(bucket.name, "default", holds_photos=True))


def test_rule_only_hides_and_any_other_that_expires_photos_is_refused(house: Bucket) -> None:
    assert refusals(house, with_rule()) == []
    assert refusals(house, with_rule(Filter={})) != []
    assert refusals(house, with_rule(Filter={"Tag": {"Key": quarantine.TAG, "Value": "no"}})) != []
    assert refusals(house, with_rule(NoncurrentVersionExpiration={"NoncurrentDays": 1})) != []


def test_rule_is_refused_where_it_would_destroy(house: Bucket) -> None:
    session.client().put_bucket_versioning(Bucket=house.name, VersioningConfiguration={"Status": "Suspended"})
    assert versioning.read(house.name).state != "Enabled"

    assert refusals(house, with_rule()) != []


def test_quarantine_waits_a_day_and_getting_out_does_not(
    ada: User, set_aside: Finding, scanned: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An alarm, a finding of today: nothing may rest on that, and nothing must keep a tag on."""
    monkeypatch.setattr(alarms, "ALARM_SHARE", 0.1)
    assert scanned().alarm
    Finding.objects.update(found_at=timezone.now() - timedelta(minutes=1))

    repairing.repair(actor=ada, finding=set_aside, name="release")

    assert quarantine.TAG not in tags_of(set_aside)
