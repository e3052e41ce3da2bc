"""Renditions that the settings want: the database's digests are those of photos.renditions."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from photos import renditions, tasks
from photos.choices import PhotoStatus, Rotation
from photos.models import Photo, Rendition
from portal.models import User
from portal.s3 import session
from storage_admin.models import Bucket, Finding, Scan
from storage_admin.reconciliation import comparing, repairing, staging, wanted
from storage_admin.reconciliation.found import Found
from tests.factories import BucketFactory, PhotoFactory, RenditionFactory
from tests.storage_admin.reconciliation.conftest import a_day_later

pytestmark = pytest.mark.django_db

THEN = timezone.now() - timedelta(days=3)


def scan_of(bucket: Bucket) -> Scan:
    return Scan.objects.create(bucket=bucket)


def at_rest(photo: Photo) -> Photo:
    Photo.objects.filter(pk=photo.pk).update(updated_at=THEN)
    Rendition.objects.filter(photo=photo).update(created_at=THEN)
    return photo


def with_all(photo: Photo) -> Photo:
    for spec in renditions.specs():
        made = RenditionFactory(photo=photo, name=spec.name)
        Rendition.objects.filter(pk=made.pk).update(
            digest=renditions.digest(photo, photo.sha256, spec),
            key=renditions.key(photo, photo.sha256, spec),
        )
    return at_rest(photo)


def unmade(scan: Scan) -> set[tuple[Any, str]]:
    """Return what is wanted and has no row; rows without objects are another matter."""
    return {
        (one.photo, one.key) for one in wanted.missing_renditions(scan) if one.facts["rendition"][0] == ""
    }


def test_what_the_database_misses_is_what_the_photos_code_would_make() -> None:
    bucket = BucketFactory()
    photos = [
        at_rest(PhotoFactory(bucket=bucket.name)),
        with_all(PhotoFactory(bucket=bucket.name)),
        with_all(PhotoFactory(bucket=bucket.name, rotation=Rotation.RIGHT)),
        at_rest(PhotoFactory(bucket=bucket.name, stored=True)),
    ]
    turned = with_all(PhotoFactory(bucket=bucket.name))
    Photo.objects.filter(pk=turned.pk).update(rotation=Rotation.RIGHT)
    turned.refresh_from_db()

    found = unmade(scan_of(bucket))

    expected = {
        (photo.pk, renditions.key(photo, photo.sha256, spec))
        for photo in [*photos[:3], turned]
        for spec in renditions.missing(photo, photo.sha256)
    }
    assert found == expected
    assert {number for number, _key in found} == {photos[0].pk, turned.pk}


def test_rendition_in_an_archive_class_is_found() -> None:
    bucket = BucketFactory()
    made = RenditionFactory(photo=PhotoFactory(bucket=bucket.name))
    row = staging.Row(made.key, "v", True, False, 1, "etag", "GLACIER", THEN, made.photo_id)
    staging.write([row, row._replace(key="renditions/another", photo=None)])

    [found] = wanted.archived_renditions(scan_of(bucket))

    facts = {"class": ["", "GLACIER"]}
    assert found == Found(Finding.Kind.ARCHIVED, made.key, "v", made.photo_id, facts)


def test_objects_elsewhere_are_no_orphans_nor_are_those_of_another_case() -> None:
    row = staging.Row("", "v", True, False, 1, "etag", "STANDARD", THEN, None)
    names = ["photos/a", "renditions/b", "exports/c.zip", "Photos/d", "photosynthesis/e"]
    staging.write([row._replace(key=name) for name in names])

    found = comparing.orphans(scan_of(BucketFactory()))

    assert {one.key for one in found} == {"photos/a", "renditions/b"}


@pytest.mark.servers
def test_photo_that_lacks_a_rendition_is_queued(
    ada: User, house: Bucket, kept: Any, scanned: Any, monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:  # fmt: skip
    sent: list[str] = []
    monkeypatch.setattr(tasks.process, "delay", sent.append)
    photo = kept()
    monkeypatch.setattr(wanted, "specs", lambda: renditions.specs()[:1])
    scanned()
    a_day_later()
    finding = Finding.objects.get(kind=Finding.Kind.MISSING_RENDITION)

    with django_capture_on_commit_callbacks(execute=True):
        outcome = repairing.repair(actor=ada, finding=finding, name="derive")

    photo.refresh_from_db()
    assert (outcome.state, photo.status) == (Finding.State.REPAIRED, PhotoStatus.STORED)
    assert sent == [str(photo.pk)]


@pytest.mark.servers
def test_photo_that_lacks_several_renditions_is_repaired_finding_by_finding(
    ada: User, house: Bucket, kept: Any, scanned: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first one queues the photo; the worker then makes all of them."""
    monkeypatch.setattr(tasks.process, "delay", lambda _photo: None)
    photo = kept(renditions=True)
    gone = photo.renditions.get()
    session.client().delete_object(Bucket=house.name, Key=gone.key)
    monkeypatch.setattr(wanted, "specs", renditions.specs)
    scanned()
    a_day_later()
    missing = Finding.objects.filter(kind=Finding.Kind.MISSING_RENDITION).order_by("pk")
    assert missing.count() > 2

    # The one with a row last: it must be forgotten although the photo is queued by then.
    outcomes = [
        repairing.repair(actor=ada, finding=one, name="derive").state
        for one in sorted(missing, key=lambda one: one.key == gone.key)
    ]

    assert set(outcomes) == {Finding.State.REPAIRED}
    photo.refresh_from_db()
    assert (photo.status, photo.renditions.count()) == (PhotoStatus.STORED, 0)
