"""Jobs that copy objects onto themselves: rows of photos go with their bytes, whoever dies meanwhile."""

import hashlib
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from photos import services as photos
from photos.models import Photo
from portal.audit import AuditEvent
from portal.models import User
from portal.s3 import attributes, copying, listing, objects, session
from portal.s3.attributes import Attributes
from portal.s3.copying import Copied
from portal.s3.errors import PartlyDone
from storage_admin.jobs import running, services
from storage_admin.jobs.kind import Kind
from storage_admin.jobs.kinds.classes import ChangeClass
from storage_admin.models import Bucket, Job, JobItem, JobState
from tests.factories import PhotoFactory
from tests.storage_admin.jobs.conftest import Put
from tests.store import answering, refusal

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

Planned = Callable[..., Job]
Worked = Callable[[Job], Job]
TO_IA = {"storage_class": "STANDARD_IA"}
NAMES = "abc"


@pytest.fixture
def gallery(yard: Bucket, put_in: Put, settings: Any) -> Bucket:
    """Three originals with their rows; one key has an older version, which another row's photo was."""
    settings.AWS_STORAGE_BUCKET_NAME = yard.name
    put_in("photos/a.jpg", b"what it was before")
    for name in NAMES:
        key, body = f"photos/{name}.jpg", f"bytes of {name}".encode()
        version = put_in(key, body)
        PhotoFactory(
            bucket=yard.name, key=key, version_id=version, etag=objects.head(yard.name, key).etag,
            sha256=hashlib.sha256(body).hexdigest(), bytes=len(body),
        )  # fmt: skip
    return yard


def rows() -> dict[str, tuple[str, str]]:
    return {one.key: (one.version_id, one.etag) for one in Photo.objects.all()}


def newest(bucket: Bucket) -> dict[str, tuple[str, str]]:
    found = [objects.head(bucket.name, f"photos/{name}.jpg") for name in NAMES]
    return {one.key: (one.version_id or "", one.etag) for one in found}


def left_for_dead(job: Job, settings: Any) -> None:
    long_ago = timezone.now() - timedelta(seconds=settings.JOB_STALE_SECONDS + 1)
    Job.objects.filter(pk=job.pk).update(beat_at=long_ago)


def test_rows_of_photos_go_with_their_bytes(gallery: Bucket, planned: Planned, worked: Worked) -> None:
    before = rows()

    job = worked(planned("change-class", parameters=TO_IA))

    assert (job.state, job.done) == (JobState.DONE, 3)
    assert rows() == newest(gallery)
    assert all(rows()[key][0] != before[key][0] for key in before)
    assert AuditEvent.objects.filter(action="job.done", after__photos_followed=3).exists()
    traced = {one.key: (one.version_id, one.made) for one in job.items.all()}
    assert traced == {key: (before[key][0], rows()[key][0]) for key in before}


def test_rows_follow_the_copies_of_a_dead_worker(
    gallery: Bucket, planned: Planned, ada: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copies are made, nothing was written down, and the store says to the next: nothing to do."""
    time.sleep(1.1)  # the store's times are whole seconds: the copies are to be newer than what they copy
    job = planned("change-class", parameters=TO_IA)
    services.start(actor=ada, job=job)
    before, whole = rows(), ChangeClass.act

    def die(self: ChangeClass, *args: Any) -> Any:
        whole(self, *args)
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(ChangeClass, "act", die)
        with pytest.raises(SystemExit):
            running.work(job.pk)
    assert rows() == before
    left_for_dead(job, settings)

    running.work(job.pk)

    job.refresh_from_db()
    assert (job.state, job.done) == (JobState.DONE, 3)
    assert rows() == newest(gallery)
    assert all(len(listing.key_versions(gallery.name, key, size=9).versions) <= 3 for key in before)


def test_copy_with_another_etag_is_known_by_its_bytes(
    gallery: Bucket, planned: Planned, ada: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As under a KMS key: here the dead worker's copies were made of parts."""
    job = planned("change-class", "photos/b", parameters=TO_IA)
    services.start(actor=ada, job=job)
    _begin_and_die(job, settings, monkeypatch)
    _copy_in_parts(gallery.name, "photos/b.jpg", StorageClass="STANDARD_IA")

    running.work(job.pk)

    job.refresh_from_db()
    assert (job.state, job.done) == (JobState.DONE, 1)
    assert rows()["photos/b.jpg"] == newest(gallery)["photos/b.jpg"]
    assert "-1" in rows()["photos/b.jpg"][1]


def test_other_bytes_of_the_same_size_are_not_followed(
    gallery: Bucket, planned: Planned, ada: User, settings: Any, monkeypatch: pytest.MonkeyPatch, put_in: Put
) -> None:
    job = planned("change-class", "photos/b", parameters=TO_IA)
    services.start(actor=ada, job=job)
    before = rows()
    _begin_and_die(job, settings, monkeypatch)
    put_in("photos/b.jpg", b"bytes of x", StorageClass="STANDARD_IA")

    running.work(job.pk)

    job.refresh_from_db()
    assert (job.state, job.failed) == (JobState.PARTIAL, 1)
    assert rows() == before


def test_row_that_names_another_version_stays(
    gallery: Bucket, put_in: Put, planned: Planned, worked: Worked
) -> None:
    """Somebody wrote over the key by hand: the photo still is the version that its row names."""
    before = rows()
    put_in("photos/a.jpg", b"by hand")

    worked(planned("change-class", parameters=TO_IA))

    assert rows()["photos/a.jpg"] == before["photos/a.jpg"]
    assert rows()["photos/b.jpg"] == newest(gallery)["photos/b.jpg"]


def test_row_follows_a_copy_that_lacks_its_acl(
    gallery: Bucket, planned: Planned, worked: Worked, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = copying.change_class

    def private(*args: Any, **options: Any) -> Copied:
        whole(*args, **options)
        raise PartlyDone("it is private now", code="AccessDenied")

    monkeypatch.setattr(copying, "change_class", private)

    job = worked(planned("change-class", parameters=TO_IA))

    assert (job.state, job.failed) == (JobState.PARTIAL, 3)
    assert rows() == newest(gallery)


def test_destroying_old_versions_after_it_leaves_what_rows_name(
    gallery: Bucket, planned: Planned, worked: Worked
) -> None:
    worked(planned("change-class", parameters=TO_IA))

    job = worked(planned("destroy", parameters={"which": "old", "days": 0, "keep": 0}))

    assert job.done == 4  # three former versions, and one that was old before
    for photo in Photo.objects.all():
        body = objects.read(gallery.name, photo.key, version_id=photo.version_id)
        assert hashlib.sha256(body).hexdigest() == photo.sha256


def test_following_many_takes_two_queries(gallery: Bucket, django_assert_num_queries: Any) -> None:
    copies = {key: photos.Copy(version, f"{version}-2", "new") for key, (version, _etag) in rows().items()}

    with django_assert_num_queries(2):
        assert photos.follow_copies(gallery.name, copies | {"no\0key": photos.Copy("", "", "")}) == 3

    assert rows() == {key: (copy.version_id, "new") for key, copy in copies.items()}


@pytest.mark.parametrize(("asked", "state"), [("AccessDenied", "partial"), ("InvalidAccessKeyId", "paused")])
def test_head_without_reason_is_asked_for_it(
    gallery: Bucket, planned: Planned, ada: User, monkeypatch: pytest.MonkeyPatch, asked: str, state: str
) -> None:
    """A refused HEAD has no body: whether it is this object or the keys, only another call tells."""
    job = planned("change-class", parameters=TO_IA)
    services.start(actor=ada, job=job)
    whole = ChangeClass.act

    def refused(self: ChangeClass, *args: Any) -> Any:
        with answering("HeadObject", refusal(403, "403")), answering("ListObjectsV2", refusal(403, asked)):
            return whole(self, *args)

    monkeypatch.setattr(ChangeClass, "act", refused)
    running.work(job.pk)

    job.refresh_from_db()
    assert job.state == state
    assert set(job.items.values_list("code", flat=True)) == ({"403"} if state == "partial" else set())


def test_keeps_what_was_not_asked_to_change(
    yard: Bucket, put_in: Put, planned: Planned, worked: Worked
) -> None:
    put_in("a.jpg", Metadata={"who": "ann"}, ContentType="image/jpeg", CacheControl="no-store")

    job = worked(planned("change-class", parameters=TO_IA))

    found: Attributes = attributes.read(yard.name, "a.jpg")
    assert (job.done, found.storage_class) == (1, "STANDARD_IA")
    assert (found.metadata, found.headers.cache_control) == ({"who": "ann"}, "no-store")
    assert job.items.get().outcome == JobItem.Outcome.DONE


def _begin_and_die(job: Job, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*_args: Any) -> Any:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(ChangeClass, "act", die)
        with pytest.raises(SystemExit):
            running.work(job.pk)
    left_for_dead(job, settings)


def _copy_in_parts(bucket: str, key: str, **options: Any) -> None:
    client = session.client()
    upload = client.create_multipart_upload(Bucket=bucket, Key=key, **options)["UploadId"]
    part: Any = client.upload_part(
        Bucket=bucket, Key=key, UploadId=upload, PartNumber=1, Body=objects.read(bucket, key)
    )
    parts: Any = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    client.complete_multipart_upload(Bucket=bucket, Key=key, UploadId=upload, MultipartUpload=parts)


def odd_one(whole: Any, key: str) -> Any:
    """Return an act that copies everything, and over one key meets an error of the portal's own."""

    def act_on(self: ChangeClass, job: Job, target: Any) -> Any:
        outcome = whole(self, job, target)
        if target.key == key:
            raise KeyError(key)
        return outcome

    return act_on


def test_unexpected_error_over_one_object_is_that_objects_failure(
    gallery: Bucket, planned: Planned, worked: Worked, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was copied all the same: Retry finds the copy, and the photo's row follows it."""
    with monkeypatch.context() as patch:
        patch.setattr(ChangeClass, "act_on", odd_one(ChangeClass.act_on, "photos/b.jpg"))
        job = worked(planned("change-class", parameters=TO_IA))
    assert (job.state, job.done, job.failed) == (JobState.PARTIAL, 2, 1)
    assert [one.code for one in job.items.filter(outcome="failed")] == ["Unexpected"]
    assert rows()["photos/b.jpg"] != newest(gallery)["photos/b.jpg"]

    again = services.retry(actor=ada, job=job)
    while running.work(again.pk):
        pass
    again.refresh_from_db()
    worked(again)

    assert rows() == newest(gallery)


@pytest.mark.parametrize("asks", [True, False])
def test_job_that_fails_within_a_batch_leaves_no_row_behind(
    gallery: Bucket, planned: Planned, worked: Worked, ada: User, monkeypatch: pytest.MonkeyPatch, asks: bool
) -> None:
    """Two of three are copied when the batch breaks. What cannot be found out then, Retry finds out."""
    whole = ChangeClass.act

    def breaks(self: ChangeClass, job: Job, targets: Any, beat: Any) -> Any:
        whole(self, job, [one for one in targets if one.key != "photos/c.jpg"], beat)
        raise KeyError("a fault of the portal's own")

    before = newest(gallery)
    job = planned("change-class", parameters=TO_IA)
    services.start(actor=ada, job=job)
    with monkeypatch.context() as patch:
        patch.setattr(ChangeClass, "act", breaks)
        if not asks:
            patch.setattr(ChangeClass, "settle", Kind.settle)
        with pytest.raises(KeyError):
            running.work(job.pk)
    job.refresh_from_db()
    assert (job.state, job.batch) == (JobState.FAILED, None)
    assert (job.done, job.failed) == ((2, 1) if asks else (0, 3))
    assert f"last {job.failed} is not known" in job.stopped_because
    assert {one.code for one in job.items.filter(outcome="failed")} == {"NotKnown"}
    assert (rows() == newest(gallery)) is asks
    assert newest(gallery)["photos/c.jpg"] == before["photos/c.jpg"]

    again = services.retry(actor=ada, job=job)
    while running.work(again.pk):
        pass
    again.refresh_from_db()
    again = worked(again)

    assert again.state == JobState.DONE
    assert again.done == 1
    assert rows() == newest(gallery)
    assert attributes.read(gallery.name, "photos/c.jpg").storage_class == "STANDARD_IA"


def test_batch_over_which_workers_die_fails_the_job_with_that_reason(
    gallery: Bucket, planned: Planned, ada: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = planned("change-class", parameters=TO_IA)
    services.start(actor=ada, job=job)

    def die(_self: ChangeClass, *_args: Any) -> Any:
        raise SystemExit

    monkeypatch.setattr(ChangeClass, "act", die)
    for _n in range(running.MAX_TRIES):
        with pytest.raises(SystemExit):
            running.work(job.pk)
        left_for_dead(job, settings)
    running.work(job.pk)

    job.refresh_from_db()
    assert (job.state, job.failed) == (JobState.FAILED, 3)
    assert "each time the worker died" in job.stopped_because
