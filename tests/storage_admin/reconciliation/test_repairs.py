"""Repairs: what each does, and above all when it does nothing."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.utils import timezone

from photos import tasks
from photos.choices import PhotoStatus
from photos.models import Photo
from portal.audit import AuditEvent
from portal.models import User
from portal.s3 import listing, objects, session
from portal.s3 import tags as object_tags
from portal.s3.errors import AccessRefused, StorageUnavailable
from storage_admin import quarantine
from storage_admin.errors import NotPossible
from storage_admin.models import Bucket, Finding, Scan
from storage_admin.reconciliation import repairing, services
from tests.factories import PetFactory, PhotoFactory
from tests.storage_admin.conftest import in_role
from tests.storage_admin.reconciliation.conftest import a_day_later

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

Kept = Callable[..., Photo]
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + b"picture" * 10


@pytest.fixture
def only(house: Bucket, kept: Kept, scanned: Callable[..., Scan]) -> Callable[[], Finding]:
    """Scan, let the grace pass, and return the one finding; enough agrees that nothing alarms."""

    def find() -> Finding:
        for _number in range(10):
            kept()
        assert scanned().alarm == ""
        a_day_later()
        return Finding.objects.select_related("bucket").get(state=Finding.State.OPEN)

    return find


def destroy(photo: Photo) -> None:
    session.client().delete_object(Bucket=photo.bucket, Key=photo.key, VersionId=photo.version_id)


def entries(bucket: Bucket) -> int:
    return len(list(objects.versions(bucket.name, "")))


def test_row_is_pointed_at_another_version_with_the_same_bytes(
    ada: User, house: Bucket, kept: Kept, put_in: Any, only: Any
) -> None:
    photo = kept(b"the only copy")
    copy = put_in(photo.key, b"the only copy")
    destroy(photo)

    outcome = repairing.repair(actor=ada, finding=only(), name="find")

    photo.refresh_from_db()
    assert outcome.state == Finding.State.REPAIRED
    assert (photo.version_id, photo.status) == (copy["VersionId"], PhotoStatus.READY)
    assert AuditEvent.objects.filter(action="finding.repaired", outcome="done").count() == 1


def test_photo_without_any_version_of_its_bytes_is_marked_as_missing(
    ada: User, house: Bucket, kept: Kept, put_in: Any, only: Any, scanned: Any
) -> None:
    photo = kept(b"lost")
    put_in(photo.key, b"something else")
    destroy(photo)

    outcome = repairing.repair(actor=ada, finding=only(), name="find")

    photo.refresh_from_db()
    assert outcome.state == Finding.State.SET_ASIDE
    assert photo.status == PhotoStatus.FAILED
    assert "not in the bucket" in photo.reason


def test_original_that_came_back_is_left_alone(
    ada: User, house: Bucket, kept: Kept, only: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scan was wrong, or somebody was faster: the store is asked again."""
    photo = kept()
    real, blind = listing.versions_page, photo.key

    def versions_page(*args: Any, **options: Any) -> Any:
        page = real(*args, **options)
        page.versions[:] = [one for one in page.versions if one.key != blind]
        return page

    monkeypatch.setattr(listing, "versions_page", versions_page)
    finding = only()
    monkeypatch.setattr(listing, "versions_page", real)

    outcome = repairing.repair(actor=ada, finding=finding, name="find")

    photo.refresh_from_db()
    assert (finding.kind, outcome.state) == (Finding.Kind.DANGLING, Finding.State.GONE)
    assert photo.status == PhotoStatus.READY


@pytest.mark.parametrize("error", [AccessRefused("No.", code="AccessDenied"), StorageUnavailable("away")])
def test_store_that_does_not_say_is_not_a_missing_original(
    ada: User, house: Bucket, kept: Kept, only: Any, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    photo = kept()
    destroy(photo)
    finding = only()

    def head(*_args: Any, **_options: Any) -> Any:
        raise error

    monkeypatch.setattr(objects, "head", head)

    with pytest.raises(type(error)):
        repairing.repair(actor=ada, finding=finding, name="find")

    finding.refresh_from_db()
    photo.refresh_from_db()
    assert (finding.state, finding.message) == (Finding.State.OPEN, str(error))
    assert photo.status == PhotoStatus.READY


def test_hidden_original_is_undeleted(ada: User, house: Bucket, kept: Kept, only: Any) -> None:
    photo = kept(b"hidden")
    session.client().delete_object(Bucket=house.name, Key=photo.key)

    outcome = repairing.repair(actor=ada, finding=only(), name="undelete")

    assert outcome.state == Finding.State.REPAIRED
    assert objects.head(house.name, photo.key).version_id == photo.version_id


def test_missing_rendition_queues_the_photo(
    ada: User,
    house: Bucket,
    kept: Kept,
    only: Any,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    sent: list[str] = []
    monkeypatch.setattr(tasks.process, "delay", sent.append)
    photo = kept(renditions=True)
    gone = photo.renditions.get().key
    session.client().delete_object(Bucket=house.name, Key=gone)

    finding = only()

    with django_capture_on_commit_callbacks(execute=True):
        outcome = repairing.repair(actor=ada, finding=finding, name="derive")

    photo.refresh_from_db()
    assert outcome.state == Finding.State.REPAIRED
    assert (photo.status, photo.renditions.count()) == (PhotoStatus.STORED, 0)
    assert sent == [str(photo.pk)]


def test_rendition_is_not_made_again_from_an_original_that_is_not_there(
    ada: User, house: Bucket, kept: Kept, only: Any
) -> None:
    """A worker would fail the photo, or worse take other bytes for a refused upload."""
    photo = kept(renditions=True)
    session.client().delete_object(Bucket=house.name, Key=photo.renditions.get().key)
    finding = only()
    destroy(photo)

    with pytest.raises(NotPossible):
        repairing.repair(actor=ada, finding=finding, name="derive")

    photo.refresh_from_db()
    assert (photo.status, photo.renditions.count()) == (PhotoStatus.READY, 1)


def test_orphan_gets_its_row_back_from_key_and_metadata(
    ada: User, house: Bucket, put_in: Any, only: Any
) -> None:
    pet, number = PetFactory(), uuid4()
    key = f"photos/unassigned/{number}.jpg"
    stored = put_in(key, JPEG, Metadata={"photo-id": str(number), "pet-id": str(pet.pk)})

    outcome = repairing.repair(actor=ada, finding=only(), name="attach")

    photo = Photo.objects.get(pk=number)
    assert outcome.state == Finding.State.REPAIRED
    assert (photo.pet, photo.bytes, photo.version_id) == (pet, len(JPEG), stored["VersionId"])
    # Not queued: a refusal there would remove the original.
    assert photo.status == PhotoStatus.FAILED


@pytest.mark.parametrize(
    ("key", "body", "metadata"),
    [
        ("photos/backup/all.tar", JPEG, {}),
        (f"photos/unassigned/{UUID(int=1)}.jpg", JPEG, {"photo-id": str(UUID(int=2))}),
        (f"photos/unassigned/{UUID(int=1)}.jpg", b"no picture", {}),
    ],
)
def test_orphan_that_does_not_say_what_it_is_gets_no_row(
    ada: User, put_in: Any, only: Any, key: str, body: bytes, metadata: dict[str, str]
) -> None:
    put_in(key, body, Metadata=metadata)
    finding = only()

    with pytest.raises(NotPossible):
        repairing.repair(actor=ada, finding=finding, name="attach")

    finding.refresh_from_db()
    assert (finding.state, bool(finding.message)) == (Finding.State.OPEN, True)
    assert not Photo.objects.filter(key=key).exists()


def test_quarantine_tags_the_object_and_deletes_nothing(
    ada: User, house: Bucket, put_in: Any, only: Any, scanned: Any
) -> None:
    put_in("photos/stranger.jpg", b"whose?", Tagging="kept=yes")
    finding = only()
    before = entries(house)

    outcome = repairing.repair(actor=ada, finding=finding, name="quarantine")

    assert outcome.state == Finding.State.SET_ASIDE
    assert object_tags.of_object(house.name, "photos/stranger.jpg") == {
        "kept": "yes",
        quarantine.TAG: quarantine.VALUE,
        quarantine.DAY_TAG: timezone.localdate().isoformat(),
    }
    assert entries(house) == before
    scanned()
    finding.refresh_from_db()
    assert finding.state == Finding.State.SET_ASIDE


def test_orphan_that_got_a_row_meanwhile_is_left_alone(
    ada: User, house: Bucket, put_in: Any, only: Any
) -> None:
    """The story of the stale report: what it names may be a live original by now."""
    key = f"photos/unassigned/{uuid4()}.jpg"
    put_in(key, JPEG)
    finding = only()
    PhotoFactory(bucket=house.name, key=key, pending=True)

    outcome = repairing.repair(actor=ada, finding=finding, name="quarantine")

    assert outcome.state == Finding.State.GONE
    assert object_tags.of_object(house.name, key) == {}


def test_orphan_that_was_overwritten_meanwhile_is_left_alone(
    ada: User, house: Bucket, put_in: Any, only: Any
) -> None:
    put_in("photos/stranger.jpg", b"one")
    finding = only()
    put_in("photos/stranger.jpg", b"another")

    assert repairing.repair(actor=ada, finding=finding, name="quarantine").state == Finding.State.GONE
    assert object_tags.of_object(house.name, "photos/stranger.jpg") == {}


def test_nothing_rests_on_an_incomplete_scan(
    ada: User, house: Bucket, put_in: Any, only: Any, scanned: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in("photos/stranger.jpg")
    finding = only()

    def versions_page(*_args: Any, **_options: Any) -> Any:
        raise AccessRefused("No.", code="AccessDenied")

    with monkeypatch.context() as broken:
        broken.setattr(listing, "versions_page", versions_page)
        assert scanned().state == Scan.State.INCOMPLETE

    with pytest.raises(NotPossible, match="incomplete"):
        repairing.repair(actor=ada, finding=finding, name="quarantine")
    assert object_tags.of_object(house.name, "photos/stranger.jpg") == {}


def test_nothing_rests_on_a_scan_that_raised_the_alarm(
    ada: User, house: Bucket, put_in: Any, scanned: Any
) -> None:
    put_in("photos/stranger.jpg")
    assert scanned().alarm
    a_day_later()

    with pytest.raises(NotPossible, match="100 % of all objects"):
        repairing.repair(actor=ada, finding=Finding.objects.get(), name="quarantine")


def test_what_was_found_today_waits_a_day(ada: User, put_in: Any, only: Any) -> None:
    put_in("photos/stranger.jpg")
    finding = only()
    Finding.objects.update(found_at=timezone.now())

    with pytest.raises(NotPossible, match="less than a day"):
        repairing.repair(actor=ada, finding=finding, name="quarantine")


def test_repair_of_another_kind_is_refused(ada: User, put_in: Any, only: Any) -> None:
    put_in("photos/stranger.jpg")

    with pytest.raises(NotPossible):
        repairing.repair(actor=ada, finding=only(), name="find")


def test_repair_needs_its_right_and_the_try_is_kept(put_in: Any, only: Any) -> None:
    put_in("photos/stranger.jpg")
    finding = only()

    with pytest.raises(PermissionDenied):
        repairing.repair(actor=in_role("Auditor"), finding=finding, name="quarantine")

    assert AuditEvent.objects.filter(action="finding.repaired", outcome="refused").count() == 1


def test_ignored_finding_stays_ignored_after_the_next_scan(
    ada: User, put_in: Any, only: Any, scanned: Any
) -> None:
    put_in("photos/stranger.jpg")
    finding = only()
    services.ignore(actor=ada, bucket=finding.bucket, chosen=Q(pk=finding.pk))

    scanned()

    finding.refresh_from_db()
    assert finding.state == Finding.State.IGNORED
