"""What the tests of reconciliation share: a bucket of each test's own that holds the photos, and a worker."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from photos.models import Photo
from portal.s3 import buckets, session
from portal.s3.buckets import Birth
from storage_admin.models import Bucket, Finding, Scan
from storage_admin.reconciliation import repairing, scanning, wanted
from tests.factories import BucketFactory, PhotoFactory, RenditionFactory

LONG_AGO = timedelta(days=3)


@pytest.fixture
def house(photo_bucket: str, settings: Any, db: None, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """A versioned bucket of this test's own, empty, in which the portal keeps photos without renditions."""
    monkeypatch.setattr(wanted, "specs", tuple)
    name = f"house-{uuid4().hex[:12]}"
    buckets.create(name, Birth())
    settings.AWS_STORAGE_BUCKET_NAME = name
    row: Bucket = BucketFactory(name=name)
    return row


@pytest.fixture
def put_in(house: Bucket) -> Callable[..., Any]:
    """Store an object and return the store's answer."""

    def store(key: str, body: bytes = b"bytes", **options: Any) -> Any:
        return session.client().put_object(Bucket=house.name, Key=key, Body=body, **options)

    return store


@pytest.fixture
def kept(house: Bucket, put_in: Callable[..., Any]) -> Callable[..., Photo]:
    """Make a photo whose row and original agree, at rest for days; with `renditions`, those too."""

    def make(body: bytes = b"", *, renditions: bool = False, **facts: Any) -> Photo:
        number = uuid4()
        key = f"photos/unassigned/{number}.jpg"
        body = body or number.bytes
        answer = put_in(key, body)
        row = {
            "pk": number, "pet": None, "bucket": house.name, "key": key, "bytes": len(body),
            "etag": answer["ETag"].strip('"'), "version_id": answer["VersionId"],
        }  # fmt: skip
        photo: Photo = PhotoFactory(**(row | facts))
        if renditions:
            made = RenditionFactory(photo=photo)
            put_in(made.key, b"small")
            type(made).objects.update(created_at=timezone.now() - LONG_AGO)
        Photo.objects.filter(pk=number).update(updated_at=timezone.now() - LONG_AGO)
        return photo

    return make


@pytest.fixture
def scanned(house: Bucket) -> Callable[..., Scan]:
    """Scan the bucket to the end. S3 tells times in whole seconds: the scan begins in the next one."""

    def run(bucket: Bucket = house, **options: Any) -> Scan:
        scan = scanning.begin(bucket, **options)
        assert scan is not None
        Scan.objects.filter(pk=scan.pk).update(begun_at=timezone.now() + timedelta(seconds=1))
        while scanning.work(scan.pk):
            pass
        scan.refresh_from_db()
        return scan

    return run


def found(bucket: Bucket) -> set[tuple[str, str]]:
    """Return the open findings by kind and key."""
    rows = Finding.objects.filter(bucket=bucket, state=Finding.State.OPEN)
    return set(rows.values_list("kind", "key"))


def a_day_later() -> None:
    """Let the grace of all findings be over."""
    Finding.objects.update(found_at=timezone.now() - repairing.GRACE - timedelta(minutes=1))
