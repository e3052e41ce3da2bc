"""What happens to known originals behind the portal's back is seen: as findings, and in the audit."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from photos.models import Photo
from portal.audit import AuditEvent
from portal.s3 import listing, objects, session
from portal.s3.events import ObjectEvent, decoded
from storage_admin.arrivals import consuming
from storage_admin.models import Bucket, Finding, Scan
from storage_admin.objects import authorship
from storage_admin.objects import services as object_services
from storage_admin.reconciliation import findings, repairing, shown
from tests.factories import PhotoFactory
from tests.storage_admin.arrivals.conftest import Place, picture

pytestmark = [pytest.mark.django_db, pytest.mark.servers]
Reader = Callable[..., consuming.Read]
Kind = Finding.Kind


@pytest.fixture
def bucket(amazon: Place) -> Bucket:
    return Bucket.objects.get(name=amazon.source.bucket)


@pytest.fixture
def photo(amazon: Place, read: Reader) -> Photo:
    """A photo that the portal stored itself."""
    number = uuid4()
    key = f"photos/unassigned/{number}.jpg"
    put = amazon.put(key, Metadata={"photo-id": str(number)})
    found = objects.head(amazon.source.bucket, key)
    made: Photo = PhotoFactory(
        pk=number, bucket=amazon.source.bucket, key=key, version_id=put["VersionId"], etag=found.etag,
        bytes=found.bytes,
    )  # fmt: skip
    read()
    assert not AuditEvent.objects.filter(action__startswith="original.").exists()
    return made


def told(photo: Photo, name: str, **about: Any) -> ObjectEvent:
    """Return an event that no emulator sends by itself, as S3 writes it."""
    at = timezone.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
    record = {
        "eventTime": at,
        "eventName": name,
        "userIdentity": {"principalId": "AWS:AIDAEXAMPLE"},
        "s3": {"bucket": {"name": photo.bucket}, "object": {"key": photo.key, **about}},
    }
    [found] = decoded(json.dumps({"Records": [record]}))
    return found


def standing(photo: Photo) -> list[str]:
    return list(
        Finding.objects.filter(photo=photo.pk, state=Finding.State.OPEN).values_list("kind", flat=True)
    )


def deeds(photo: Photo) -> list[tuple[str, str]]:
    found = AuditEvent.objects.filter(target_id=str(photo.pk), action__startswith="original.")
    return list(found.order_by("pk").values_list("action", "actor_name"))


def test_overwriting_is_found_and_the_photo_keeps_its_version(
    amazon: Place, photo: Photo, read: Reader, bucket: Bucket
) -> None:
    amazon.put(photo.key, picture())

    read()

    assert standing(photo) == [Kind.OVERWRITTEN]
    assert deeds(photo) == [("original.overwritten", "EXAMPLE")]
    version = photo.version_id
    photo.refresh_from_db()
    assert photo.version_id == version
    assert findings.waiting(bucket).count() == 1
    assert shown.ADVICE[Kind.OVERWRITTEN]


def test_overwriting_that_is_taken_back_is_closed(amazon: Place, photo: Photo, read: Reader) -> None:
    put = amazon.put(photo.key, picture())
    read()

    amazon.delete(photo.key, put["VersionId"])
    read()

    assert standing(photo) == []
    assert Finding.objects.get().state == Finding.State.GONE


def test_delete_marker_is_found_once_and_closed_when_it_goes(
    amazon: Place, photo: Photo, read: Reader
) -> None:
    amazon.delete(photo.key)
    read()
    assert standing(photo) == [Kind.HIDDEN]
    assert deeds(photo) == [("original.hidden", "EXAMPLE")]
    [marker] = [one for one in objects.versions(photo.bucket, photo.key) if one.is_delete_marker]

    amazon.delete(photo.key, marker.version_id)
    read()

    assert standing(photo) == []


def test_version_that_is_gone_is_found_as_missing(amazon: Place, photo: Photo, read: Reader) -> None:
    amazon.delete(photo.key, photo.version_id)

    read()

    assert standing(photo) == [Kind.DANGLING]
    assert deeds(photo) == [("original.removed", "EXAMPLE")]


def test_rules_deed_is_blamed_on_the_store(amazon: Place, photo: Photo) -> None:
    """88"""
    amazon.delete(photo.key)

    consuming.handle(told(photo, "LifecycleExpiration:DeleteMarkerCreated", sequencer="F1"))

    assert deeds(photo) == [("original.hidden", "the store")]
    assert standing(photo) == [Kind.HIDDEN]


def test_transition_into_an_archive_is_found(amazon: Place, photo: Photo, read: Reader) -> None:
    body = objects.read(photo.bucket, photo.key)
    put = amazon.put(photo.key, body, StorageClass="GLACIER", Metadata={"photo-id": str(photo.pk)})
    Photo.objects.filter(pk=photo.pk).update(version_id=put["VersionId"])
    read()

    consuming.handle(told(photo, "LifecycleTransition"))

    assert standing(photo) == [Kind.ARCHIVED]
    assert deeds(photo) == [("original.moved", "the store")]

    restore: Any = {"Days": 1, "GlacierJobParameters": {"Tier": "Expedited"}}
    session.client().restore_object(Bucket=photo.bucket, Key=photo.key, RestoreRequest=restore)
    for _try in range(10):  # MiniStack takes two seconds for it
        read()
        if len(deeds(photo)) > 1:
            break
    assert deeds(photo)[1:] == [("original.restored", "EXAMPLE")]


def test_events_that_come_again_or_late_are_told_once(amazon: Place, photo: Photo, read: Reader) -> None:
    amazon.delete(photo.key)
    read()

    for sequencer in ("F2", "F2", "F1"):
        consuming.handle(told(photo, "ObjectRemoved:DeleteMarkerCreated", sequencer=sequencer))
    moved = told(photo, "LifecycleTransition")
    consuming.handle(moved)
    consuming.handle(moved)

    assert [action for action, _who in deeds(photo)] == ["original.hidden"] * 2 + ["original.moved"]
    assert standing(photo) == [Kind.HIDDEN]


def test_what_staff_did_by_the_portal_is_told_once(
    amazon: Place, photo: Photo, read: Reader, bucket: Bucket, ada: Any
) -> None:
    Photo.objects.filter(pk=photo.pk).update(status="trashed")
    object_services.hide(actor=ada, bucket=bucket, key=photo.key, version_id=photo.version_id)
    Photo.objects.filter(pk=photo.pk).update(status="ready")

    read()

    assert deeds(photo) == []
    assert AuditEvent.objects.filter(action="object.hidden").count() == 1


def test_replacement_by_the_portal_is_none_of_them(amazon: Place, photo: Photo, read: Reader) -> None:
    """Its row may still name the former version when the event comes."""
    amazon.put(photo.key, picture(), Metadata={"photo-id": str(photo.pk)})

    read()

    assert (standing(photo), deeds(photo)) == ([], [])


def test_change_of_metadata_is_none_of_them(amazon: Place, photo: Photo, read: Reader) -> None:
    session.client().copy_object(
        Bucket=photo.bucket, Key=photo.key, CopySource={"Bucket": photo.bucket, "Key": photo.key},
        MetadataDirective="REPLACE", Metadata={},
    )  # fmt: skip

    read()

    assert (standing(photo), deeds(photo)) == ([], [])


def test_file_in_the_upload_folder_is_known_once_it_is_a_photo(amazon: Place, read: Reader) -> None:
    amazon.put("incoming/a.jpg")
    read()
    amazon.put("incoming/a.jpg")

    read()

    photo = Photo.objects.get()
    assert standing(photo) == [Kind.OVERWRITTEN]


def scan(bucket: Bucket, **facts: Any) -> Scan:
    now = timezone.now()
    return Scan.objects.create(bucket=bucket, state=Scan.State.COMPLETE, ended_at=now, **facts)


def test_scan_closes_what_an_event_told_before_it_and_no_more(
    amazon: Place, photo: Photo, read: Reader, bucket: Bucket
) -> None:
    amazon.delete(photo.key)
    read()

    findings.close_others(scan(bucket, begun_at=timezone.now() - timedelta(minutes=5)))
    assert standing(photo) == [Kind.HIDDEN]

    findings.close_others(scan(bucket, begun_at=timezone.now()))
    assert standing(photo) == []


def test_scan_leaves_overwritten_ones_to_people(
    amazon: Place, photo: Photo, read: Reader, bucket: Bucket
) -> None:
    amazon.put(photo.key, picture())
    read()

    findings.close_others(scan(bucket))

    assert standing(photo) == [Kind.OVERWRITTEN]


def test_page_of_the_object_says_who_wrote_over_it(
    amazon: Place, photo: Photo, read: Reader, bucket: Bucket
) -> None:
    put = amazon.put(photo.key, picture())
    read()

    entries = listing.key_versions(photo.bucket, photo.key, size=2).versions
    found = authorship.of_versions(bucket, photo.key, entries)

    made_by = found[put["VersionId"]].made_by
    assert made_by is not None
    assert (made_by.who, made_by.what) == ("EXAMPLE", "written over the original")


def test_finding_that_an_event_told_is_repaired_after_a_scan(
    amazon: Place, photo: Photo, read: Reader, bucket: Bucket
) -> None:
    amazon.delete(photo.key)
    read()
    finding = Finding.objects.get()

    against = repairing.obstacle(finding, scan(bucket))

    assert against is not None
    assert against.code == "told"
