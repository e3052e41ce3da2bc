"""Jobs on what stands beside the bytes: tags, headers, metadata, ACL, encryption, archive."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.exceptions import PermissionDenied

from photos.models import Photo
from portal.models import User
from portal.s3 import acl, attributes, objects, ownership, session, tags
from portal.s3.acl import Canned
from portal.s3.ownership import Ownership
from portal.s3.types import Algorithm
from storage_admin.errors import NotPossible
from storage_admin.jobs import running, services
from storage_admin.jobs.kinds.describing import HeadersForm, TagsForm
from storage_admin.jobs.kinds.encrypting import EncryptionForm
from storage_admin.models import Bucket, Job, JobState
from tests.factories import PhotoFactory
from tests.storage_admin.conftest import in_role
from tests.storage_admin.jobs.conftest import Put
from tests.store import answering, refusal

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

Planned = Callable[..., Job]
Worked = Callable[[Job], Job]
HOSTILE = "in/a b+%20é\N{SNOWMAN}&<script>.jpg"
ODD = "x = y @ é"
KMS_KEY = "arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555"


def test_tags_are_set_and_taken_away_and_others_stay(
    yard: Bucket, put_in: Put, planned: Planned, worked: Worked
) -> None:
    put_in(HOSTILE, Tagging="kept=1&gone=2&changed=3")
    put_in("in/b.jpg", Tagging="changed=9")
    put_in("out/c.jpg", Tagging="gone=2")

    job = worked(planned("edit-tags", "in/", parameters={"add": f"changed={ODD}", "remove": "gone"}))

    assert (job.state, job.done) == (JobState.DONE, 2)
    assert tags.of_object(yard.name, HOSTILE) == {"kept": "1", "changed": ODD}
    assert tags.of_object(yard.name, "out/c.jpg") == {"gone": "2"}


def test_tags_replace_all_others_where_that_was_asked(
    yard: Bucket, put_in: Put, planned: Planned, worked: Worked
) -> None:
    put_in("a.jpg", Tagging="old=1&done=no")
    put_in("b.jpg", Tagging="done=yes")

    job = worked(planned("edit-tags", parameters={"add": "done=yes", "remove": "", "replace": True}))

    assert (job.done, job.skipped) == (1, 1)
    assert tags.of_object(yard.name, "a.jpg") == {"done": "yes"}


def test_tags_that_are_so_already_are_passed_over(
    yard: Bucket, put_in: Put, planned: Planned, worked: Worked
) -> None:
    put_in("a.jpg", Tagging="done=yes")
    put_in("b.jpg")

    job = worked(planned("edit-tags", parameters={"add": "done=yes", "remove": ""}))

    assert (job.done, job.skipped) == (1, 1)


def test_refused_object_fails_alone(yard: Bucket, put_in: Put, planned: Planned, worked: Worked) -> None:
    for name in "abc":
        put_in(f"{name}.jpg")
    job = planned("edit-tags", parameters={"add": "a=1", "remove": ""})

    with answering("PutObjectTagging", refusal(403, "AccessDenied"), times=1):
        job = worked(job)

    assert (job.state, job.done, job.failed) == (JobState.PARTIAL, 2, 1)
    assert job.items.get(outcome="failed").code == "AccessDenied"


@pytest.mark.parametrize(
    ("form", "typed", "words"),
    [
        (TagsForm, {"add": "no pair"}, "no name=value"),
        (TagsForm, {"add": "aws:x=1"}, "Amazon"),
        (TagsForm, {"add": "a=1", "remove": "a"}, "set and taken away"),
        (TagsForm, {}, "what to change"),
        (HeadersForm, {"add": "Übel=1"}, "small letters"),
        (HeadersForm, {"add": "a=é"}, "ASCII"),
        (HeadersForm, {"cache_control": "é"}, "ASCII"),
        (EncryptionForm, {"algorithm": "aws:kms", "kms_key": "alias/x"}, "ARN"),
    ],
)
def test_what_stores_would_refuse_is_told_before(form: Any, typed: dict[str, str], words: str) -> None:
    filled = form(typed)

    assert not filled.is_valid()
    assert words in str(filled.errors)


def test_headers_and_metadata_change_and_rows_of_photos_follow(
    yard: Bucket, put_in: Put, planned: Planned, worked: Worked, settings: Any
) -> None:
    settings.AWS_STORAGE_BUCKET_NAME = yard.name
    version = put_in(
        HOSTILE, ContentType="image/jpeg", ContentLanguage="de", Tagging="t=1",
        Metadata={"kept": "1", "gone": "2"},
    )  # fmt: skip
    PhotoFactory(
        bucket=yard.name, key=HOSTILE, version_id=version, etag=objects.head(yard.name, HOSTILE).etag
    )
    said = {"cache_control": "no-store", "add": "new=3", "remove": "gone"}

    job = worked(planned("edit-metadata", "in/", parameters=said))

    found = attributes.read(yard.name, HOSTILE)
    assert (job.state, job.done) == (JobState.DONE, 1)
    assert found.metadata == {"kept": "1", "new": "3"}
    assert (found.headers.cache_control, found.headers.content_type) == ("no-store", "image/jpeg")
    assert found.headers.content_language == "de"
    assert tags.of_object(yard.name, HOSTILE) == {"t": "1"}
    assert Photo.objects.get().version_id == found.version_id != version
    again = worked(planned("edit-metadata", "in/", parameters=said))
    assert (again.done, again.skipped) == (0, 1)


@pytest.fixture
def with_acls(yard: Bucket) -> Bucket:
    """Where ACLs count: new buckets have them switched off."""
    ownership.write(yard.name, Ownership.OBJECT_WRITER)
    return yard


def test_world_is_shut_out_of_many(with_acls: Bucket, put_in: Put, planned: Planned, worked: Worked) -> None:
    put_in("open.jpg")
    acl.write_object(with_acls.name, "open.jpg", canned=Canned.PUBLIC_READ)
    put_in("shut.jpg")

    job = worked(planned("set-acl", parameters={"acl": "not-public"}))

    assert (job.state, job.done, job.skipped) == (JobState.DONE, 1, 1)
    assert not acl.of_object(with_acls.name, "open.jpg").public_grants


def test_opening_to_the_world_needs_its_rights(
    with_acls: Bucket, put_in: Put, planned: Planned, worked: Worked, ada: User
) -> None:
    put_in("a.jpg")
    bob = in_role("Storage operator")
    bob.user_permissions.add(Permission.objects.get(codename="change_object_acl"))
    opens = {"acl": "public-read"}

    with pytest.raises(PermissionDenied):
        services.draft(actor=bob, kind="set-acl", bucket=with_acls, parameters=opens)
    services.draft(actor=bob, kind="set-acl", bucket=with_acls, parameters={"acl": "private"})
    job = worked(planned("set-acl", parameters=opens))

    assert job.done == 1
    assert acl.of_object(with_acls.name, "a.jpg").public_grants


def test_right_to_open_that_was_taken_away_pauses_the_job(
    with_acls: Bucket, put_in: Put, planned: Planned, ada: User
) -> None:
    put_in("a.jpg")
    job = planned("set-acl", parameters={"acl": "public-read"})
    services.start(actor=ada, job=job)
    ada.groups.clear()
    ada.user_permissions.add(Permission.objects.get(codename="change_object_acl"))

    running.work(job.pk)

    job.refresh_from_db()
    assert (job.state, "make_public" in job.stopped_because) == (JobState.PAUSED, True)


def test_acls_that_are_switched_off_are_told(yard: Bucket, put_in: Put, ada: User) -> None:
    put_in("a.jpg")
    job = services.draft(actor=ada, kind="set-acl", bucket=yard, parameters={"acl": "private"})

    running.work(job.pk)

    job.refresh_from_db()
    assert "switched off" in job.stopped_because


def test_store_without_archive_is_told_at_once(yard: Bucket, ada: User, settings: Any) -> None:
    settings.S3_CONNECTIONS["default"]["server"] = "seaweedfs"

    with pytest.raises(NotPossible):
        services.draft(actor=ada, kind="restore", bucket=yard, parameters={"tier": "Bulk", "days": 1})


def _plan(ada: User, bucket: Bucket, kind: str, parameters: dict[str, Any]) -> Job:
    job = services.draft(actor=ada, kind=kind, bucket=bucket, parameters=parameters)
    running.work(job.pk)
    job.refresh_from_db()
    return job


def test_archived_objects_are_asked_for(
    amazon_like: Callable[..., Bucket], ada: User, worked: Worked
) -> None:
    bucket = amazon_like()
    for name, kept in (("a", "GLACIER"), ("b", "DEEP_ARCHIVE"), ("c", "STANDARD")):
        sent: Any = {"StorageClass": kept}
        session.client().put_object(Bucket=bucket.name, Key=name, Body=b"bytes", **sent)

    planned = _plan(ada, bucket, "restore", {"tier": "Expedited", "days": 3})
    job = worked(planned)

    assert set(job.plan["skips"]) == {"tier", "not-archived"}
    assert (job.state, job.done) == (JobState.DONE, 1)
    assert attributes.read(bucket.name, "a").restore is not None
    assert attributes.read(bucket.name, "b").restore is None


def test_restore_that_is_on_its_way_is_passed_over(
    amazon_like: Callable[..., Bucket], ada: User, worked: Worked
) -> None:
    bucket = amazon_like()
    session.client().put_object(Bucket=bucket.name, Key="a", Body=b"bytes", StorageClass="GLACIER")
    job = _plan(ada, bucket, "restore", {"tier": "Bulk", "days": 3})

    with answering("RestoreObject", refusal(409, "RestoreAlreadyInProgress")):
        job = worked(job)

    assert (job.state, job.skipped) == (JobState.DONE, 1)


def test_many_are_encrypted_with_a_key_and_the_rest_stays(
    amazon_like: Callable[..., Bucket], ada: User, worked: Worked, settings: Any
) -> None:
    bucket = amazon_like()
    settings.AWS_STORAGE_BUCKET_NAME = bucket.name
    session.client().put_object(Bucket=bucket.name, Key="a", Body=b"bytes", Metadata={"who": "ann"})
    before = attributes.read(bucket.name, "a")
    PhotoFactory(bucket=bucket.name, key="a", version_id=before.version_id or "", etag=before.etag)

    job = worked(
        _plan(ada, bucket, "encrypt", {"algorithm": "aws:kms", "kms_key": KMS_KEY, "bucket_key": False})
    )

    found = attributes.read(bucket.name, "a")
    assert (job.state, job.done) == (JobState.DONE, 1)
    assert (found.encryption, found.kms_key) == (Algorithm.SSE_KMS, KMS_KEY)
    assert found.metadata == {"who": "ann"}
    row = Photo.objects.get()
    assert (row.version_id, row.etag) == (found.version_id, found.etag)
