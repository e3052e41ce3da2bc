"""Verifying originals: each kind of difference is told by its code, and nothing is changed."""

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from photos.models import Photo
from portal.models import User
from portal.s3 import objects
from storage_admin.errors import NotPossible
from storage_admin.jobs import running, services
from storage_admin.jobs.kinds.verifying import Verify
from storage_admin.models import Bucket, Job, JobState
from tests.factories import PhotoFactory
from tests.storage_admin.jobs.conftest import Put, held

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

Planned = Callable[..., Job]
Worked = Callable[[Job], Job]


@pytest.fixture
def gallery(yard: Bucket, put_in: Put, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """Five photos as their rows say; read in pages and batches of two."""
    settings.AWS_STORAGE_BUCKET_NAME = yard.name
    monkeypatch.setattr(Verify, "batch_size", 2)
    for name in "abcde":
        key, body = f"photos/{name}.jpg", f"bytes of {name}".encode()
        version = put_in(key, body)
        PhotoFactory(
            bucket=yard.name, key=key, version_id=version, etag=objects.head(yard.name, key).etag,
            sha256=hashlib.sha256(body).hexdigest(), bytes=len(body),
        )  # fmt: skip
    return yard


def test_each_difference_is_told_and_nothing_is_changed(
    gallery: Bucket, put_in: Put, planned: Planned, worked: Worked
) -> None:
    put_in("photos/a.jpg", b"by hand, on top: the row's version is as it was")
    rows = Photo.objects.filter
    rows(key="photos/b.jpg").update(bytes=1)
    rows(key="photos/c.jpg").update(etag="0" * 32)
    rows(key="photos/d.jpg").update(sha256="0" * 64)
    rows(key="photos/e.jpg").update(version_id="0" * 32)
    before = held(gallery)

    job = worked(planned("verify", parameters={"read": True}))

    codes = dict(job.items.values_list("key", "code"))
    missing = codes.pop("photos/e.jpg")
    assert (job.state, job.done, job.failed) == (JobState.PARTIAL, 1, 4)
    assert codes == {"photos/b.jpg": "Size", "photos/c.jpg": "ETag", "photos/d.jpg": "SHA-256"}
    assert missing
    assert held(gallery) == before


def test_retry_compares_with_the_rows_again(
    gallery: Bucket, planned: Planned, worked: Worked, ada: User
) -> None:
    Photo.objects.filter(key="photos/b.jpg").update(bytes=1)
    job = worked(planned("verify", parameters={"read": False}))

    again = services.retry(actor=ada, job=job)
    running.work(again.pk)
    again.refresh_from_db()
    again = worked(again)

    assert (again.total, again.failed, again.items.get().code) == (1, 1, "Size")


def test_bucket_without_photos_has_nothing_to_verify(yard: Bucket, ada: User) -> None:
    with pytest.raises(NotPossible, match="No photos"):
        services.draft(actor=ada, kind="verify", bucket=yard)
