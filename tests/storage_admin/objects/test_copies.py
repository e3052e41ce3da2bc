"""Copying and moving: within a bucket, between buckets, and between two stores."""

import os
from typing import Any
from uuid import uuid4

import pytest

from photos import keys
from portal.audit import AuditEvent
from portal.s3 import attributes, buckets, listing, session, tags, transfer, uploads
from portal.s3.buckets import Birth
from portal.s3.copying import Place
from portal.s3.errors import BadContent, Conflict, ObjectNotFound, StorageUnavailable
from portal.s3.session import Timeouts
from portal.s3.types import VersioningState
from storage_admin.objects import copies as object_copies
from tests.contract.arrange import HEADERS, METADATA, RICH, TAGS
from tests.factories import BucketFactory, PetFactory, PhotoFactory, UserFactory
from tests.storage_admin.conftest import address
from tests.storage_admin.objects.test_changes import said, send
from tests.storage_admin.objects.test_forms import filled
from tests.store import answering, refusal

pytestmark = [pytest.mark.django_db, pytest.mark.servers]
HOSTILE = ["a b+c%20?#.jpg", "é/日.jpg", "x&<b>\"'.jpg", "a\nb\tc", "[x](y) {{ z }}"]


def rows(bucket, key):
    return listing.key_versions(bucket.name, key, size=9).versions


@pytest.fixture
def another(photo_bucket, another_bucket):
    return another_bucket(VersioningState.ENABLED)


@pytest.fixture
def far_bucket(bucket, ministack, settings, monkeypatch):
    """A bucket of another store: MiniStack beside SeaweedFS, which asks nobody for keys."""
    settings.S3_CONNECTIONS = {
        **settings.S3_CONNECTIONS,
        "far": {
            "endpoint_url": ministack.endpoint_url, "region": "us-east-1", "addressing_style": "path",
            "checksums": "when_supported", "server": "ministack",
        },
    }  # fmt: skip
    name = f"far-{uuid4().hex[:8]}"
    buckets.create(name, Birth(), alias="far")
    yield BucketFactory(name=name, connection="far")
    kept: list[dict[Any, Any]] = [session._sessions, session._clients]
    for known in kept:  # this test's connection must outlive nothing
        for key in [key for key in known if "far" in key]:
            del known[key]


@pytest.mark.parametrize("name", HOSTILE)
def test_copy_has_all_that_the_original_has(page, bucket, another, prefix, put, name, ada) -> None:
    key = f"{prefix}{name}"
    version = put(key, **RICH)

    response = send(page, bucket, "copy", key, version, to=str(another.pk), to_key="")

    found = attributes.read(another.name, key)
    assert (found.headers, found.metadata, found.bytes) == (HEADERS, METADATA, 5)
    assert tags.of_object(another.name, key) == TAGS
    assert len(rows(bucket, key)) == 1
    assert f"/bucket/{another.pk}/object/?key=" in said(response)
    assert AuditEvent.objects.get(action="object.arrived").bucket == another.name
    event = AuditEvent.objects.get(action="object.copied")
    assert (event.actor, event.key, event.version_id) == (ada, key, version)
    assert (event.after or {})["bucket"] == another.name


def test_older_version_is_copied(page, bucket, prefix, put) -> None:
    old = put(f"{prefix}a", b"older")
    put(f"{prefix}a", b"newest!")

    send(page, bucket, "copy", f"{prefix}a", old, to_key=f"{prefix}b")

    assert attributes.read(bucket.name, f"{prefix}b").bytes == len(b"older")


@pytest.mark.parametrize("name", ["copy", "move"])
def test_key_that_is_taken_is_not_overwritten_unless_told(page, bucket, prefix, put, name) -> None:
    """25"""
    put(f"{prefix}a", b"source")
    there = put(f"{prefix}b", b"taken")

    refused = send(page, bucket, name, f"{prefix}a", to_key=f"{prefix}b")
    kept = attributes.read(bucket.name, f"{prefix}b").version_id
    send(page, bucket, name, f"{prefix}a", to_key=f"{prefix}b", overwrite="on")

    assert "of that name already" in refused.text
    assert kept == there
    assert attributes.read(bucket.name, f"{prefix}b").bytes == len(b"source")


def test_overwriting_what_is_not_kept_needs_the_right_to_destroy(client, another_bucket, put) -> None:
    bucket = another_bucket(VersioningState.NEVER_SET)
    put("a", b"source", into=bucket.name)
    put("b", b"taken", into=bucket.name)
    client.force_login(UserFactory(rights=["storage_admin.view_bucket", "storage_admin.upload_object"]))
    where = address("copy", bucket, key="a")

    response = client.post(where, filled(client.get(where), to_key="b", overwrite="on"))

    assert response.status_code == 403
    assert attributes.read(bucket.name, "b").bytes == len(b"taken")


@pytest.mark.parametrize("name", HOSTILE)
def test_move_hides_the_source_after_the_copy(page, bucket, prefix, put, name) -> None:
    """24"""
    key = f"{prefix}{name}"
    put(key, **RICH)

    response = send(page, bucket, "move", key, to_key=f"{prefix}moved/to.jpg")

    assert attributes.read(bucket.name, f"{prefix}moved/to.jpg").headers == HEADERS
    newest, old = rows(bucket, key)
    assert newest.is_delete_marker
    assert not old.is_delete_marker
    assert response.context["found"].key == f"{prefix}moved/to.jpg"
    assert (AuditEvent.objects.get(action="object.moved").after or {})["marker"] == newest.version_id


@pytest.mark.parametrize("operation", ["CopyObject", "DeleteObject"])
def test_move_that_fails_leaves_the_source(page, bucket, prefix, put, operation) -> None:
    version = put(f"{prefix}a")

    with answering(operation, refusal(403, "AccessDenied")):
        response = send(page, bucket, "move", f"{prefix}a", to_key=f"{prefix}b")

    assert attributes.read(bucket.name, f"{prefix}a").version_id == version
    told = said(response) if operation == "DeleteObject" else response.text
    assert "AccessDenied" in told
    if operation == "DeleteObject":
        assert "the original stays where it is" in told
    assert AuditEvent.objects.get(action="object.moved").outcome == AuditEvent.Outcome.FAILED


def test_source_that_somebody_writes_meanwhile_is_not_hidden(page, bucket, prefix, put) -> None:
    put(f"{prefix}a", b"1")
    writes = iter([lambda: put(f"{prefix}a", b"by somebody else")])

    def interfere() -> None:
        next(writes, lambda: "")()

    with answering("DeleteObject", interfere, times=1):
        send(page, bucket, "move", f"{prefix}a", to_key=f"{prefix}b")

    assert attributes.read(bucket.name, f"{prefix}a").bytes == len(b"by somebody else")


def test_move_without_versions_needs_the_right_to_destroy(client, page, another_bucket, put) -> None:
    bucket = another_bucket(VersioningState.NEVER_SET)
    put("a", into=bucket.name)
    rights = ["view_bucket", "upload_object", "hide_object"]
    shown = page.get(address("move", bucket, key="a"))
    client.force_login(UserFactory(rights=[f"storage_admin.{one}" for one in rights]))

    refused = client.post(address("move", bucket, key="a"), filled(shown, to_key="b"))

    assert "destroyed for good" in shown.text
    assert refused.status_code == 403
    assert attributes.read(bucket.name, "a").bytes == 5


@pytest.mark.parametrize("traits", [{}, {"trashed": True}])
def test_original_of_a_photo_is_not_moved_but_copied(page, bucket, another, put, traits) -> None:
    photo = PhotoFactory(pet=PetFactory(), bucket=bucket.name, **traits)
    version = put(photo.key)

    shown = page.get(address("move", bucket, key=photo.key))
    send(page, bucket, "copy", photo.key, version, to=str(another.pk), to_key="a")

    assert "is not moved or renamed" in shown.text
    assert attributes.read(bucket.name, photo.key).version_id == version
    assert attributes.read(another.name, "a").bytes == 5


def test_nothing_is_copied_to_where_photos_lie(page, bucket, prefix, put) -> None:
    put(f"{prefix}a")

    response = send(page, bucket, "copy", f"{prefix}a", to_key=f"{keys.ORIGINALS}x.jpg")

    assert "Photos and their renditions lie here" in response.text


def test_copy_out_of_the_bucket_needs_the_right_to_download(client, bucket, another, put) -> None:
    key = f"{keys.ORIGINALS}anything/orphan.jpg"
    put(key)
    rights = ["view_bucket", "upload_object", "download_object"]
    client.force_login(UserFactory(rights=[f"storage_admin.{one}" for one in rights]))
    where = address("copy", bucket, key=key)

    response = client.post(where, filled(client.get(where), to=str(another.pk), to_key="a"))

    assert response.status_code == 403
    with pytest.raises(ObjectNotFound):
        attributes.read(another.name, "a")


@pytest.mark.parametrize(("changes", "words"), [({"to_key": ""}, "already"), ({"to_key": "é" * 600}, "1024")])
def test_places_that_make_no_sense_are_told(page, bucket, prefix, put, changes, words) -> None:
    put(f"{prefix}a")

    response = send(page, bucket, "copy", f"{prefix}a", **changes)

    assert words in response.text
    assert len(rows(bucket, f"{prefix}a")) == 1


# --- Between stores ------------------------------------------------------------------------------


def test_copy_into_another_store_keeps_what_it_can(page, bucket, far_bucket, prefix, put) -> None:
    key = f"{prefix}é b+.jpg"
    put(key, **RICH, StorageClass="STANDARD_IA")

    response = send(page, bucket, "copy", key, to=str(far_bucket.pk))

    found = attributes.read(far_bucket.name, key, alias="far")
    assert (found.headers, found.metadata) == (HEADERS, METADATA)
    assert tags.of_object(far_bucket.name, key, alias="far") == TAGS
    assert found.storage_class == "STANDARD_IA"
    body = session.client("far").get_object(Bucket=far_bucket.name, Key=key)["Body"].read()
    assert body == b"bytes"
    assert "Copied" in said(response)


def test_large_object_goes_in_parts(bucket, far_bucket, prefix, put, monkeypatch) -> None:
    monkeypatch.setattr(transfer, "PART_BYTES", 5 * 1024**2)
    body = os.urandom(11 * 1024**2)
    put(f"{prefix}a", body, **RICH)

    sent = transfer.copy(
        Place(bucket.name, f"{prefix}a"), Place(far_bucket.name, "big"),
        source_alias="default", target_alias="far",
    )  # fmt: skip

    got = session.client("far").get_object(Bucket=far_bucket.name, Key="big")
    assert got["Body"].read() == body
    assert sent.etag.endswith("-3")
    assert tags.of_object(far_bucket.name, "big", alias="far") == TAGS
    assert list(uploads.every(far_bucket.name, alias="far")) == []


def test_bytes_that_are_not_those_announced_leave_nothing(
    bucket, far_bucket, prefix, put, monkeypatch
) -> None:
    monkeypatch.setattr(transfer, "PART_BYTES", 5 * 1024**2)
    put(f"{prefix}a", b"x" * 6 * 1024**2)
    original = transfer._Upto.__iter__

    def damaged(self):
        yield from (chunk.replace(b"x", b"y") for chunk in original(self))

    monkeypatch.setattr(transfer._Upto, "__iter__", damaged)

    with pytest.raises(BadContent):
        transfer.copy(
            Place(bucket.name, f"{prefix}a"), Place(far_bucket.name, "bad"),
            source_alias="default", target_alias="far",
        )  # fmt: skip

    assert list(uploads.every(far_bucket.name, alias="far")) == []
    with pytest.raises(ObjectNotFound):
        attributes.read(far_bucket.name, "bad", alias="far")


def test_transfer_refuses_what_is_there_and_what_changed(bucket, far_bucket, prefix, put) -> None:
    put(f"{prefix}a")
    session.client("far").put_object(Bucket=far_bucket.name, Key="taken", Body=b"taken")
    source = Place(bucket.name, f"{prefix}a")

    for target, etag in (("taken", ""), ("free", "0" * 32)):
        with pytest.raises(Conflict):
            transfer.copy(
                source, Place(far_bucket.name, target), source_alias="default", target_alias="far",
                if_etag=etag,
            )  # fmt: skip

    assert attributes.read(far_bucket.name, "taken", alias="far").bytes == len(b"taken")


def test_store_that_goes_away_meanwhile_leaves_the_source(page, bucket, far_bucket, prefix, put) -> None:
    version = put(f"{prefix}a")
    where = address("move", bucket, key=f"{prefix}a")
    sent = filled(page.get(where), to=str(far_bucket.pk), to_key="b")

    def away(**_event):
        raise StorageUnavailable("away")

    events = session.client("far", Timeouts.WORKER).meta.events
    events.register_first("before-send.s3.PutObject", away)
    try:
        response = page.post(where, sent)
    finally:
        events.unregister("before-send.s3.PutObject", away)

    assert response.status_code == 503
    assert attributes.read(bucket.name, f"{prefix}a").version_id == version


def test_move_between_stores_hides_the_source(page, bucket, far_bucket, prefix, put) -> None:
    put(f"{prefix}a", b"1")

    send(page, bucket, "move", f"{prefix}a", to=str(far_bucket.pk), to_key="moved")

    assert attributes.read(far_bucket.name, "moved", alias="far").bytes == 1
    assert rows(bucket, f"{prefix}a")[0].is_delete_marker


def test_too_much_for_a_page_is_told(page, bucket, far_bucket, prefix, put, monkeypatch) -> None:
    monkeypatch.setattr(object_copies, "MAX_TRANSFER_BYTES", 3)
    put(f"{prefix}a", b"four")

    response = send(page, bucket, "copy", f"{prefix}a", to=str(far_bucket.pk))

    assert "at most 3 B" in response.text
