"""Who made each version by this portal, when and what for; nobody is blamed for what came another way."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.audit import AuditEvent
from portal.s3 import listing, session
from portal.s3.types import VersioningState
from storage_admin.models import Bucket
from storage_admin.objects import authorship, services, uploading
from storage_admin.objects.authorship import Authorship, Deed
from tests.factories import BucketFactory, PetFactory, PhotoFactory
from tests.storage_admin.conftest import address, in_role

pytestmark = [pytest.mark.django_db, pytest.mark.servers]


def found(bucket: Bucket, key: str) -> dict[str, Authorship]:
    return authorship.of_versions(bucket, key, listing.key_versions(bucket.name, key, size=100).versions)


def made(author: Authorship) -> Deed:
    assert author.made_by is not None
    return author.made_by


def upload(bucket: Bucket, key: str, actor: Any, **options: Any) -> str:
    file = SimpleUploadedFile("a", b"bytes")
    return uploading.upload(actor=actor, bucket=bucket, key=key, file=file, **options)


def test_timeline_names_who_made_each_entry_and_what_for(page, bucket, prefix, put, ada) -> None:
    key = f"{prefix}a\nb"
    stranger = put(key)
    mine = upload(bucket, key, ada, overwrite=True, reason="sharper <b>")
    marker = services.hide(actor=ada, bucket=bucket, key=key, version_id=mine)

    authors = found(bucket, key)
    text = page.get(address("object", bucket, key=key)).text

    assert authors[stranger] == Authorship()
    deed, hidden = made(authors[mine]), made(authors[marker])
    assert (deed.who, deed.what, deed.why) == (ada.username, "uploaded", "sharper <b>")
    assert hidden.what == "deleted (hidden)"
    assert "sharper &lt;b&gt;" in text
    assert text.count("not by this portal") == 1


def test_restored_version_and_later_changes_are_told(bucket, prefix, put, ada) -> None:
    key = f"{prefix}a"
    old, new = put(key, b"1"), put(key, b"2")
    restored = services.restore_version(actor=ada, bucket=bucket, key=key, version_id=old, newest_id=new)
    AuditEvent.objects.create(
        action="object.tags_edited", actor_name="ben", bucket=bucket.name, key=key, version_id=old,
        target_type="storage_admin.bucket", target_id=str(bucket.pk), after={"tags": {}},
    )  # fmt: skip

    authors = found(bucket, key)

    assert made(authors[restored]).what == "restored an older version"
    assert [(deed.who, deed.what) for deed in authors[old].changed_by] == [("ben", "edited the tags")]
    assert authors[old].made_by is None


def test_refused_and_reading_tries_make_nobody_an_author(bucket, prefix, put, ada) -> None:
    version = put(f"{prefix}a")
    services.opened_for_download(actor=ada, bucket=bucket, key=f"{prefix}a", version_id=version)
    AuditEvent.objects.create(
        action="object.class_changed", actor_name="ben", bucket=bucket.name, key=f"{prefix}a",
        version_id=version, target_type="storage_admin.bucket", target_id=str(bucket.pk), outcome="refused",
    )  # fmt: skip

    assert found(bucket, f"{prefix}a")[version] == Authorship()


def test_same_names_in_another_connection_are_others(bucket, prefix, put, ada) -> None:
    version = upload(bucket, f"{prefix}a", ada)
    twin = BucketFactory(connection="elsewhere", name=bucket.name)
    entries = listing.key_versions(bucket.name, f"{prefix}a", size=9).versions

    assert found(bucket, f"{prefix}a")[version].made_by is not None
    assert authorship.of_versions(twin, f"{prefix}a", entries)[version].made_by is None


def test_version_null_is_blamed_on_nobody_when_it_was_written_at_another_time(
    another_bucket, ada, put
) -> None:
    bucket = another_bucket(VersioningState.SUSPENDED)
    upload(bucket, "a", ada)
    assert found(bucket, "a")["null"].made_by is not None

    AuditEvent.objects.filter(action="object.uploaded").update(at=timezone.now() - timedelta(hours=1))

    assert found(bucket, "a")["null"] == Authorship()


def test_marker_of_a_lifecycle_rule_is_nobodys(page, bucket, prefix, put) -> None:
    """88: only the store knows of it, and it does not say."""
    put(f"{prefix}a")
    session.client().delete_object(Bucket=bucket.name, Key=f"{prefix}a")

    text = page.get(address("object", bucket, key=f"{prefix}a")).text

    assert text.count("not by this portal") == 2
    assert "a lifecycle rule: the store does not say" in text


def test_photo_uploads_count(bucket, put) -> None:
    photo = PhotoFactory(pet=PetFactory(), bucket=bucket.name)
    version = put(photo.key)
    AuditEvent.objects.create(
        action="photo.stored", actor_name="cora", bucket=bucket.name, key=photo.key, version_id=version,
        target_type="photos.photo", target_id=str(photo.pk), after={"bytes": 5},
    )  # fmt: skip

    author = found(bucket, photo.key)[version].made_by

    assert author is not None
    assert (author.who, author.what) == ("cora", "uploaded a photo")


def test_many_versions_take_one_query(bucket, prefix, put, ada) -> None:
    for _ in range(4):
        upload(bucket, f"{prefix}a", ada, overwrite=True)
    entries = listing.key_versions(bucket.name, f"{prefix}a", size=9).versions

    with CaptureQueriesContext(connection) as captured:
        assert len(authorship.of_versions(bucket, f"{prefix}a", entries)) == 4

    assert len(captured) == 1


def test_names_are_for_those_who_may_read_the_audit(client, bucket, prefix, put, ada) -> None:
    upload(bucket, f"{prefix}a", ada)
    shown = {}
    for role in ("Storage operator", "Auditor"):
        client.force_login(in_role(role))
        text = client.get(address("object", bucket, key=f"{prefix}a")).text
        shown[role] = f"<strong>{ada.username}</strong> uploaded" in text

    assert shown == {"Storage operator": False, "Auditor": True}
