"""Metadata, class and encryption: what is asked for changes, and all the rest stays."""

import html
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from portal.audit import AuditEvent
from portal.s3 import attributes, listing, session, tags
from portal.s3.types import Algorithm, VersioningState
from storage_admin import prices
from storage_admin.objects import changes as object_changes
from storage_admin.objects.seen import Seen
from storage_admin.prices import dollars
from tests.contract.arrange import HEADERS, METADATA, RICH, TAGS
from tests.factories import PetFactory, PhotoFactory
from tests.storage_admin.conftest import address, in_role
from tests.storage_admin.objects.test_forms import filled
from tests.store import answering

pytestmark = [pytest.mark.django_db, pytest.mark.servers]


def send(page, bucket, name, key, version="", **changes: str):
    """Open the form and send it with some fields changed."""
    where = address(name, bucket, key=key, version=version)
    return page.post(where, filled(page.get(where), **changes), follow=True)


def said(response) -> str:
    return " ".join(str(message) for message in response.context["messages"])


def test_one_header_changes_and_the_others_stay(page, bucket, prefix, put, ada) -> None:
    key = f"{prefix}a b+%20é.jpg"
    old = put(key, **RICH)

    response = send(page, bucket, "metadata", key, old, cache_control="no-store")

    found = attributes.read(bucket.name, key)
    assert found.headers.cache_control == "no-store"
    assert (found.headers.content_type, found.headers.expires) == (HEADERS.content_type, HEADERS.expires)
    assert found.metadata == METADATA
    assert tags.of_object(bucket.name, key) == TAGS
    event = AuditEvent.objects.get(action="object.metadata_edited")
    assert (event.actor, event.outcome) == (ada, AuditEvent.Outcome.DONE)
    assert event.before == {"version_id": old, "cache_control": HEADERS.cache_control}
    assert event.after == {"version_id": found.version_id, "cache_control": "no-store"}
    assert "Undo" in said(response)


def test_metadata_is_added_changed_and_removed(page, bucket, prefix, put) -> None:
    key = f"{prefix}a"
    put(key, **RICH)
    typed = {
        "metadata-0-name": "",
        "metadata-0-value": "",
        "metadata-2-name": "new",
        "metadata-2-value": "<b>",
    }

    where = address("metadata", bucket, key=key)
    sent = filled(page.get(where)) | typed
    kept = sent["metadata-1-name"]
    page.post(where, sent)

    assert attributes.read(bucket.name, key).metadata == {kept: METADATA[kept], "new": "<b>"}


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"metadata-0-name": "Übel", "metadata-0-value": "x"}, "small letters"),
        ({"metadata-0-name": "a b", "metadata-0-value": "x"}, "small letters"),
        ({"metadata-0-name": "a", "metadata-0-value": "é"}, "not ASCII"),
        ({"metadata-0-name": "a", "metadata-0-value": " x"}, "blanks at its ends"),
        ({"metadata-0-name": "a", "metadata-0-value": "x" * 2048}, "S3 allows 2048"),
        ({"cache_control": "é"}, "ASCII only"),
        ({"expires": "tomorrow"}, "no date"),
        ({}, "nothing to do"),
    ],
)
def test_metadata_that_http_cannot_carry_is_told_before(page, bucket, prefix, put, typed, words) -> None:
    version = put(f"{prefix}a", ContentType="text/plain")

    response = send(page, bucket, "metadata", f"{prefix}a", **typed)

    assert words in response.text
    assert attributes.read(bucket.name, f"{prefix}a").version_id == version


def test_two_people_do_not_overwrite_each_other(page, bucket, prefix, put) -> None:
    key = f"{prefix}a"
    version = put(key, Metadata={"who": "ann"})
    where = address("metadata", bucket, key=key, version=version)
    sent = filled(page.get(where), **{"metadata-0-value": "bob"})
    by_another = put(key, Metadata={"who": "cem"})

    response = page.post(where, sent)

    assert response.status_code == 409
    text = html.unescape(response.text)
    assert "it was “who = ann”, it is “who = cem” now" in text
    assert 'value="bob"' in text
    assert attributes.read(bucket.name, key).version_id == by_another
    assert AuditEvent.objects.get(action="object.metadata_edited").outcome == AuditEvent.Outcome.REFUSED


def test_write_at_the_last_moment_is_refused_by_the_store(page, bucket, prefix, put) -> None:
    key = f"{prefix}a"
    put(key, b"1", Metadata={"who": "ann"})
    writes = iter([lambda: put(key, b"by somebody else")])

    def interfere() -> None:
        next(writes, lambda: "")()

    with answering("CopyObject", interfere, times=1):
        response = send(page, bucket, "metadata", key, **{"metadata-0-value": "bob"})

    assert response.status_code == 409
    assert attributes.read(bucket.name, key).bytes == len(b"by somebody else")


def test_same_bytes_written_again_count_as_changed_without_versions(page, another_bucket, put) -> None:
    """The ETag is the same; who wrote them meant something by it."""
    bucket = another_bucket(VersioningState.NEVER_SET)
    put("a", Metadata={"who": "ann"}, into=bucket.name)
    found = attributes.read(bucket.name, "a")
    seen = Seen.of(found)

    later = Seen(seen.version_id, seen.etag, (found.last_modified + timedelta(1)).isoformat())

    assert seen.is_still(found)
    assert not later.is_still(found)


def test_undo_puts_the_former_version_on_top(page, bucket, prefix, put) -> None:
    key = f"{prefix}a"
    put(key, Metadata={"who": "ann"})
    send(page, bucket, "metadata", key, **{"metadata-0-value": "bob"})
    new = attributes.read(bucket.name, key).version_id
    old = listing.key_versions(bucket.name, key, size=9).versions[1].version_id

    page.post(address("restore", bucket, key=key, version=old, newest=new))

    assert attributes.read(bucket.name, key).metadata == {"who": "ann"}


def test_class_changes_and_all_else_stays(page, bucket, prefix, put) -> None:
    key = f"{prefix}a"
    old = put(key, **RICH)

    response = send(page, bucket, "class", key, storage_class="STANDARD_IA")

    found = attributes.read(bucket.name, key)
    assert found.storage_class == "STANDARD_IA"
    assert (found.headers, found.metadata) == (HEADERS, METADATA)
    assert tags.of_object(bucket.name, key) == TAGS
    assert found.version_id != old
    event = AuditEvent.objects.get(action="object.class_changed")
    assert (event.before or {})["storage_class"] == "STANDARD"
    assert (event.after or {})["storage_class"] == "STANDARD_IA"
    assert "STANDARD_IA now" in said(response)


def test_same_class_is_told_and_nothing_is_written(page, bucket, prefix, put) -> None:
    version = put(f"{prefix}a")

    response = send(page, bucket, "class", f"{prefix}a", storage_class="STANDARD")

    assert "nothing to do" in response.text
    assert attributes.read(bucket.name, f"{prefix}a").version_id == version


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (VersioningState.ENABLED, "stay billed, as an older version"),
        (VersioningState.SUSPENDED, "is overwritten"),
        (VersioningState.NEVER_SET, "no way back"),
    ],
)
def test_what_a_copy_does_to_versions_is_said_before(page, another_bucket, put, state, words) -> None:
    bucket = another_bucket(state)
    put("a", into=bucket.name)

    assert words in page.get(address("class", bucket, key="a")).text


def test_class_of_an_unversioned_object_changes_in_place(page, another_bucket, put) -> None:
    bucket = another_bucket(VersioningState.NEVER_SET)
    put("a", into=bucket.name, **RICH)

    send(page, bucket, "class", "a", storage_class="STANDARD_IA")

    found = attributes.read(bucket.name, "a")
    assert (found.storage_class, found.headers, found.metadata) == ("STANDARD_IA", HEADERS, METADATA)
    assert tags.of_object(bucket.name, "a") == TAGS


@pytest.mark.parametrize("name", ["metadata", "class"])
def test_older_versions_are_not_changed_by_a_copy(page, bucket, prefix, put, name) -> None:
    old = put(f"{prefix}a", b"1")
    put(f"{prefix}a", b"2")
    where = address(name, bucket, key=f"{prefix}a", version=old)

    assert "Only the newest version" in page.get(where).text
    assert page.post(where, {"seen": "{}"}).status_code == 409


def test_large_objects_are_not_copied_from_a_page(page, bucket, prefix, put, monkeypatch) -> None:
    monkeypatch.setattr(object_changes, "MAX_RESTORE_BYTES", 3)
    version = put(f"{prefix}a", b"four")

    response = send(page, bucket, "class", f"{prefix}a", storage_class="STANDARD_IA")

    assert "at most 3 B" in response.text
    assert "Jobs for this object" in response.text
    assert reverse("admin:storage_admin_bucket_jobs", args=[bucket.pk]) in response.text
    assert attributes.read(bucket.name, f"{prefix}a").version_id == version


def test_row_of_a_photo_goes_with_its_bytes_to_the_new_version(page, bucket, put, ada) -> None:
    photo = PhotoFactory(pet=PetFactory(), bucket=bucket.name)
    photo.version_id = put(photo.key, b"picture", ContentType="image/jpeg")
    photo.etag = attributes.read(bucket.name, photo.key).etag
    photo.save()
    old = photo.version_id

    response = send(page, bucket, "class", photo.key, storage_class="STANDARD_IA")

    photo.refresh_from_db()
    new = attributes.read(bucket.name, photo.key)
    assert photo.version_id == new.version_id != old
    assert photo.etag == new.etag
    assert "row names the new version" in said(response)
    event = AuditEvent.objects.get(action="photo.followed_copy")
    assert (event.actor, (event.before or {})["version_id"]) == (ada, old)

    page.post(address("restore", bucket, key=photo.key, version=old, newest=new.version_id))

    photo.refresh_from_db()
    assert photo.version_id == attributes.read(bucket.name, photo.key).version_id != new.version_id


def test_row_of_a_photo_that_names_an_older_version_stays(page, bucket, put) -> None:
    photo = PhotoFactory(pet=PetFactory(), bucket=bucket.name)
    photo.version_id = put(photo.key, b"picture")
    photo.save()
    put(photo.key, b"by somebody else")

    send(page, bucket, "class", photo.key, storage_class="STANDARD_IA")

    named = photo.version_id
    photo.refresh_from_db()
    assert photo.version_id == named


def test_encryption_by_the_stores_own_keys(page, bucket, prefix, put) -> None:
    key = f"{prefix}a"
    put(key, **RICH)

    response = send(page, bucket, "encryption", key, algorithm="AES256")

    found = attributes.read(bucket.name, key)
    assert found.encryption is Algorithm.SSE_S3
    assert (found.headers, found.metadata) == (HEADERS, METADATA)
    assert "encrypted so is on top" in said(response)
    assert session.client().get_object(Bucket=bucket.name, Key=key)["Body"].read() == b"bytes"


def test_encryption_says_what_the_store_lacks(page, bucket, prefix, put, settings) -> None:
    settings.S3_CONNECTIONS["default"]["server"] = "seaweedfs"
    put(f"{prefix}a")

    response = page.get(address("encryption", bucket, key=f"{prefix}a"))

    assert "has no KMS" in response.text
    assert "kms_key" not in response.context["form"].fields


def test_page_that_does_not_know_the_prices_says_so(page, bucket, prefix, put) -> None:
    put(f"{prefix}a")

    text = page.get(address("class", bucket, key=f"{prefix}a")).text

    assert "the portal does not know" in text
    assert "$" not in page.get(address("class", bucket, key=f"{prefix}a")).context["form"].as_p()


def test_prices_of_one_object() -> None:
    """76, 77"""
    gigabyte, here = prices.GB_BYTES, prices.of("us-east-1")

    assert here.month("STANDARD", gigabyte) == Decimal("0.023")
    assert here.month("STANDARD_IA", 10 * 1024) == here.month("STANDARD_IA", 128 * 1024)
    assert (here.month("DEEP_ARCHIVE", 0) or 0) > 0
    assert here.month("A_CLASS_OF_ITS_OWN", 1) is None
    assert prices.remaining_days("GLACIER_IR", 30) == 60
    assert prices.remaining_days("STANDARD", 0) == 0


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0.023", "$0.023"),
        ("0", "$0"),
        ("10", "$10"),
        ("0.0000123456", "$0.0000123"),
        ("120", "$120"),
        ("0E-28", "$0"),
    ],
)
def test_dollars_have_the_digits_that_matter(amount, text) -> None:
    assert dollars(Decimal(amount)) == text


def test_signed_dollars_say_more_or_less() -> None:
    assert dollars(Decimal("0.5"), signed=True) == "+$0.5"
    assert dollars(Decimal("-0.5"), signed=True) == "-$0.5"
    assert datetime.now(UTC).date() >= prices.of("").as_of


def test_fate_of_the_former_version_is_offered(page, bucket, prefix, put) -> None:
    """15: after a change of class the former version can be put back, or destroyed."""
    key = f"{prefix}a b&c"
    former = put(key)

    response = send(page, bucket, "class", key, storage_class="STANDARD_IA")

    where = address("destroy", bucket, key=key, version=former)
    assert f'<a href="{html.escape(where)}">The former version stays' in said(response)
    assert "Undo" in said(response)
    assert "Type “a b&amp;c” to confirm" in page.get(where).text


def test_former_version_is_only_shown_to_who_may_not_destroy_it(client, bucket, prefix, put) -> None:
    client.force_login(in_role("Storage operator"))
    key = f"{prefix}a"
    former = put(key)

    response = send(client, bucket, "class", key, storage_class="STANDARD_IA")

    assert html.escape(address("object", bucket, key=key, version=former)) in said(response)
    assert "destroy" not in said(response)
