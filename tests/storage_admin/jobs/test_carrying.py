"""Copying and moving many objects: all arrives, nothing is written over, photos keep their originals."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import call_command

from portal.models import User
from portal.s3 import attributes, buckets, copying, listing, objects, session, tags
from portal.s3.buckets import Birth
from portal.s3.types import VersioningState
from storage_admin.jobs import running, services
from storage_admin.jobs.kinds.carrying import Copy, Move
from storage_admin.models import Bucket, Job, JobState
from tests.factories import BucketFactory, PhotoFactory
from tests.storage_admin.conftest import in_role
from tests.storage_admin.jobs.conftest import Put
from tests.storage_admin.jobs.test_rewriting import left_for_dead

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

Planned = Callable[..., Job]
Worked = Callable[[Job], Job]
HOSTILE = "in/a b+%20é\N{SNOWMAN}&<script>.jpg"


@pytest.fixture
def shed(yard: Bucket) -> Bucket:
    """Another bucket with versions, empty."""
    name = f"shed-{uuid4().hex[:12]}"
    buckets.create(name, Birth())
    row: Bucket = BucketFactory(name=name)
    return row


def to(bucket: Bucket, prefix: str = "", **options: Any) -> dict[str, Any]:
    return {"to": f"{bucket.connection}/{bucket.name}", "to_prefix": prefix, **options}


def keys_in(bucket: Bucket) -> list[str]:
    found = session.client().list_objects_v2(Bucket=bucket.name).get("Contents", [])
    return sorted(one["Key"] for one in found)


def test_prefix_is_copied_with_all_that_belongs_to_it(
    yard: Bucket, shed: Bucket, put_in: Put, planned: Planned, worked: Worked
) -> None:
    put_in(HOSTILE, Metadata={"who": "ann"}, CacheControl="no-store", Tagging="t=1")
    put_in("in/deep/b.jpg")
    put_in("out/c.jpg")

    job = worked(planned("copy", "in/", parameters=to(shed, "new/")))

    landed = HOSTILE.replace("in/", "new/")
    found = attributes.read(shed.name, landed)
    assert (job.state, job.done) == (JobState.DONE, 2)
    assert keys_in(shed) == sorted([landed, "new/deep/b.jpg"])
    assert (found.metadata, found.headers.cache_control) == ({"who": "ann"}, "no-store")
    assert tags.of_object(shed.name, landed) == {"t": "1"}
    assert len(keys_in(yard)) == 3


def test_what_is_there_stays_unless_told(
    yard: Bucket, shed: Bucket, put_in: Put, planned: Planned, worked: Worked
) -> None:
    put_in("a.jpg", b"new")
    put_in("b.jpg", b"same")
    for name, body in (("a.jpg", b"old"), ("b.jpg", b"same")):
        session.client().put_object(Bucket=shed.name, Key=name, Body=body)

    kept = worked(planned("copy", parameters=to(shed)))
    assert (kept.done, kept.result["skips"]) == (1, {"exists": 1})
    assert objects.read(shed.name, "a.jpg") == b"old"

    worked(planned("copy", parameters=to(shed, overwrite=True)))
    assert objects.read(shed.name, "a.jpg") == b"new"
    assert len(listing.key_versions(shed.name, "b.jpg", size=9).versions) == 1


def test_nothing_is_written_over_where_that_destroys(
    yard: Bucket, put_in: Put, ada: User, another_bucket: Any
) -> None:
    unversioned = another_bucket(VersioningState.NEVER_SET)
    put_in("a.jpg")
    job = services.draft(actor=ada, kind="copy", bucket=yard, parameters=to(unversioned, overwrite=True))

    running.work(job.pk)

    job.refresh_from_db()
    assert (job.state, "no versions" in job.stopped_because) == (JobState.PAUSED, True)


@pytest.mark.parametrize("prefix", ["in/", "in/copy/", ""])
def test_copies_are_not_copied_again(
    yard: Bucket, put_in: Put, planned: Planned, worked: Worked, prefix: str
) -> None:
    """A list that is read while it grows would never end, or carry a key twice."""
    put_in("in/a.jpg")
    put_in("in/in/b.jpg")

    job = planned("copy", "in/", parameters=to(yard, prefix))

    assert job.plan["skips"]["inside"]["count"] == (1 if prefix == "" else 2)


def test_move_hides_the_source_and_leaves_photos(
    yard: Bucket, shed: Bucket, put_in: Put, planned: Planned, worked: Worked, settings: Any
) -> None:
    settings.AWS_STORAGE_BUCKET_NAME = yard.name
    put_in("in/a.jpg")
    put_in("in/photo.jpg")
    PhotoFactory(bucket=yard.name, key="in/photo.jpg", trashed=True)

    job = worked(planned("move", "in/", parameters=to(shed, "in/")))

    assert (job.state, job.done, job.skipped) == (JobState.DONE, 1, 1)
    assert keys_in(shed) == ["in/a.jpg"]
    assert keys_in(yard) == ["in/photo.jpg"]
    assert len(listing.key_versions(yard.name, "in/a.jpg", size=9).versions) == 2


@pytest.mark.parametrize("kind", [Copy, Move])
def test_dead_workers_copies_are_counted_once(
    yard: Bucket, shed: Bucket, put_in: Put, planned: Planned, ada: User, settings: Any,
    monkeypatch: pytest.MonkeyPatch, kind: Any,
) -> None:  # fmt: skip
    for name in "abc":
        put_in(f"{name}.jpg")
    job = planned(kind.slug, parameters=to(shed))
    services.start(actor=ada, job=job)
    whole = kind.act

    def die(self: Any, *args: Any) -> Any:
        whole(self, *args)
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(kind, "act", die)
        with pytest.raises(SystemExit):
            running.work(job.pk)
    left_for_dead(job, settings)
    running.work(job.pk)

    job.refresh_from_db()
    assert (job.state, job.done, job.failed) == (JobState.DONE, 3, 0)
    assert keys_in(shed) == ["a.jpg", "b.jpg", "c.jpg"]
    assert all(len(listing.key_versions(shed.name, key, size=9).versions) == 1 for key in keys_in(shed))


def test_source_of_a_bad_copy_stays(
    yard: Bucket, shed: Bucket, put_in: Put, planned: Planned, worked: Worked, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in("a.jpg", b"whole")

    def torn(_source: Any, target: Any, **_options: Any) -> Any:
        answer = session.client().put_object(Bucket=target.bucket, Key=target.key, Body=b"torn")
        return copying.Copied(answer["VersionId"], "")

    monkeypatch.setattr(copying, "copy", torn)

    job = worked(planned("move", parameters=to(shed)))

    assert (job.state, job.items.get().code) == (JobState.PARTIAL, "NotKept")
    assert keys_in(yard) == ["a.jpg"]


def test_bytes_leave_a_bucket_only_with_the_right_to(yard: Bucket, shed: Bucket) -> None:
    bob = in_role("Storage operator")

    with pytest.raises(PermissionDenied):
        services.draft(actor=bob, kind="copy", bucket=yard, parameters=to(shed))
    assert Copy().rights(yard, to(yard, "x/")) == ("storage_admin.upload_object",)
    assert "storage_admin.download_object" in Copy().rights(yard, to(shed))
    assert "storage_admin.hide_object" in Move().rights(yard, to(yard))


def test_nothing_is_copied_in_among_photos(
    yard: Bucket, shed: Bucket, put_in: Put, planned: Planned, settings: Any
) -> None:
    settings.AWS_STORAGE_BUCKET_NAME = shed.name
    put_in("a.jpg")

    job = planned("copy", parameters=to(shed, "photos/"))

    assert (job.total, set(job.plan["skips"])) == (0, {"photos"})


def test_copying_between_connections(
    yard: Bucket, put_in: Put, planned: Planned, worked: Worked, settings: Any
) -> None:
    settings.S3_CONNECTIONS["second"] = settings.S3_CONNECTIONS["default"]
    name = f"far-{uuid4().hex[:12]}"
    buckets.create(name, Birth(), alias="second")
    far = BucketFactory(connection="second", name=name)
    put_in("a.jpg", b"bytes", Metadata={"who": "ann"})

    job = worked(planned("copy", parameters=to(far, "x/")))

    found = attributes.read(name, "x/a.jpg", alias="second")
    assert (job.state, job.done, found.metadata) == (JobState.DONE, 1, {"who": "ann"})


@pytest.mark.django_db(transaction=True)
def test_command_names_the_place(
    yard: Bucket, shed: Bucket, put_in: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage_admin.tasks.run_job.delay", lambda _job_id: None)
    put_in("in/a.jpg")

    call_command("copy_objects", bucket=yard.name, prefix="in/", to=f"default/{shed.name}", to_prefix="o/")

    assert keys_in(shed) == ["o/a.jpg"]
