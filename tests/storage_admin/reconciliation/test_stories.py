"""The two public stories that this room was built after, each as a test, and what came of them here."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from photos.choices import PhotoStatus
from photos.models import Photo
from portal.models import User
from portal.s3 import objects, session
from portal.s3.types import DeleteOutcome
from storage_admin import purge
from storage_admin.errors import NotPossible
from storage_admin.models import Bucket, Finding
from storage_admin.reconciliation import repairing
from tests.storage_admin.reconciliation.conftest import LONG_AGO, a_day_later, found

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

Kept = Callable[..., Photo]


def held(bucket: Bucket) -> list[str]:
    listed = session.client().list_object_versions(Bucket=bucket.name)
    return sorted(one["Key"] for one in listed.get("Versions", []))


def test_stale_report_of_orphans_deletes_no_live_original(
    ada: User, house: Bucket, kept: Kept, put_in: Any, scanned: Any
) -> None:
    """A report was days old when somebody acted upon it: what it named had rows by then."""
    for _number in range(10):
        kept()
    lost = kept()
    facts = {field.attname: getattr(lost, field.attname) for field in Photo._meta.local_concrete_fields}
    facts.pop("live")
    lost.delete()
    scanned()
    a_day_later()
    report = list(Finding.objects.all())
    assert [one.key for one in report] == [lost.key]
    Photo.objects.create(**facts)  # the database is as it was again
    before = held(house)

    for finding in report:
        for name in repairing.repairs_of(finding.kind):
            try:
                repairing.repair(actor=ada, finding=finding, name=name)
            except NotPossible:
                continue

    assert held(house) == before
    assert session.client().get_object_tagging(Bucket=house.name, Key=lost.key)["TagSet"] == []
    assert Finding.objects.get().state == Finding.State.GONE
    assert Photo.objects.filter(key=lost.key).count() == 1


def test_report_that_a_newer_scan_has_not_confirmed_is_no_reason_to_act(
    ada: User, house: Bucket, kept: Kept, put_in: Any, scanned: Any
) -> None:
    for _number in range(10):
        kept()
    put_in("photos/stranger.jpg")
    scanned()
    a_day_later()
    finding = Finding.objects.get()
    session.client().delete_object(Bucket=house.name, Key="photos/stranger.jpg")
    scanned()
    put_in("photos/stranger.jpg")

    with pytest.raises(NotPossible, match="closed"):
        repairing.repair(actor=ada, finding=finding, name="quarantine")


def refused_long_ago(kept: Kept) -> Photo:
    photo = kept(status=PhotoStatus.REJECTED, reason="a test")
    Photo.objects.filter(pk=photo.pk).update(status_changed_at=timezone.now() - LONG_AGO)
    return photo


def test_collector_reads_of_each_delete_whether_it_failed(
    house: Bucket, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A collector never looked, and called gone what was there: here the row keeps it on its account."""
    photo = refused_long_ago(kept)
    real = objects.delete_versions

    def delete_versions(bucket: str, targets: Any, **_options: Any) -> Any:
        return [DeleteOutcome(key, version, code="AccessDenied", message="No.") for key, version in targets]

    monkeypatch.setattr(objects, "delete_versions", delete_versions)
    assert purge.remove_rejected_originals() == 0
    photo.refresh_from_db()
    assert photo.original_removed_at is None
    assert photo.key in held(house)

    monkeypatch.setattr(objects, "delete_versions", real)
    assert purge.remove_rejected_originals() == 1
    assert photo.key not in held(house)


def test_what_the_collector_called_gone_and_is_there_is_found(
    house: Bucket, kept: Kept, put_in: Any, scanned: Any
) -> None:
    """A store that lied, or an upload that came after its time."""
    for _number in range(10):
        kept()
    photo = refused_long_ago(kept)
    purge.remove_rejected_originals()
    scanned()
    assert not found(house)

    put_in(photo.key, b"late")
    Photo.objects.filter(pk=photo.pk).update(original_removed_at=timezone.now() - LONG_AGO)
    scanned()

    assert found(house) == {("leftover", photo.key)}
