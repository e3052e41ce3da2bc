"""Facts 1 to 25: a copy, also one onto itself, loses nothing that nobody asked to change."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from portal.s3 import (
    acl,
    attributes,
    capabilities,
    copying,
    delete_markers,
    encryption,
    multipart_copy,
    object_lock,
    session,
    tags,
    versioning,
)
from portal.s3.acl import Canned
from portal.s3.attributes import Headers
from portal.s3.copying import Place
from portal.s3.differences import Capability
from portal.s3.errors import (
    AccessRefused,
    BadRequest,
    Conflict,
    ObjectArchived,
    ObjectNotFound,
    StorageUnavailable,
    Unsupported,
)
from portal.s3.object_lock import Retention
from portal.s3.types import Algorithm, RetentionMode, StorageClass
from portal.s3.uploads import every as every_upload
from tests.contract.arrange import BODY, HEADERS, METADATA, RICH, TAGS, entries, put, read
from tests.store import answering, refusal

pytestmark = pytest.mark.servers
KMS_KEY = "arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555"


@pytest.mark.needs(Capability.CLASSES)
@pytest.mark.needs(Capability.EXPIRES_ON_COPY)
def test_class_change_keeps_headers_metadata_and_tags(either: str, key: str) -> None:
    """1, 5"""
    put(either, key, **RICH)

    copied = copying.change_class(either, key, StorageClass.STANDARD_IA)

    found = attributes.read(either, key)
    assert copied.is_new
    assert found.storage_class == StorageClass.STANDARD_IA
    assert found.headers == HEADERS
    assert found.metadata == METADATA
    assert tags.of_object(either, key) == TAGS
    assert read(either, key) == BODY


def test_metadata_edit_keeps_headers_and_tags(versioned: str, key: str) -> None:
    """2, 3"""
    put(versioned, key, **RICH)

    copying.edit(versioned, key, metadata=METADATA | {"note": "right ear"})

    found = attributes.read(versioned, key)
    assert found.metadata == {"pet": "rex", "note": "right ear"}
    assert found.headers == HEADERS
    assert tags.of_object(versioned, key) == TAGS


def test_header_edit_keeps_metadata_and_the_other_headers(bucket: str, key: str) -> None:
    """2"""
    put(bucket, key, **RICH)

    copying.edit(bucket, key, headers=Headers(**{**HEADERS.__dict__, "cache_control": "no-store"}))

    found = attributes.read(bucket, key)
    assert found.headers.cache_control == "no-store"
    assert found.headers.content_type == "image/jpeg"
    assert found.metadata == METADATA


@pytest.mark.needs(Capability.CLASSES)
def test_metadata_edit_keeps_the_class(versioned: str, key: str) -> None:
    """4"""
    put(versioned, key, StorageClass="STANDARD_IA")

    copying.edit(versioned, key, metadata={"pet": "rex"})

    assert attributes.read(versioned, key).storage_class == StorageClass.STANDARD_IA


@pytest.mark.needs(Capability.CLASSES)
def test_class_change_in_parts_keeps_everything(
    either: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """6, 12, 13: 11 MiB stand for 5 GB."""
    body = bytes(range(256)) * 4096 * 11
    put(either, key, body, **RICH)
    monkeypatch.setattr(copying, "MAX_COPY_BYTES", 8 * 1024**2)
    monkeypatch.setattr(multipart_copy, "PART_BYTES", 5 * 1024**2)

    copying.change_class(either, key, StorageClass.STANDARD_IA)

    found = attributes.read(either, key)
    assert found.etag.endswith("-3")
    assert found.storage_class == StorageClass.STANDARD_IA
    assert (found.headers, found.metadata) == (HEADERS, METADATA)
    assert read(either, key) == body


@pytest.mark.needs(Capability.MULTIPART_TAGS)
def test_copy_in_parts_keeps_the_tags(versioned: str, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """6: also onto itself, where boto3's managed copy loses them."""
    put(versioned, key, b"x" * 6 * 1024**2, **RICH)
    monkeypatch.setattr(copying, "MAX_COPY_BYTES", 5 * 1024**2)
    monkeypatch.setattr(multipart_copy, "PART_BYTES", 5 * 1024**2)

    copying.edit(versioned, key, metadata={"pet": "max"})

    assert tags.of_object(versioned, key) == TAGS
    assert attributes.read(versioned, key).metadata == {"pet": "max"}


def test_copy_in_parts_that_fails_leaves_no_upload(
    versioned: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """13"""
    put(versioned, key, b"x" * 6 * 1024**2)
    monkeypatch.setattr(copying, "MAX_COPY_BYTES", 5 * 1024**2)

    with answering("UploadPartCopy", refusal(403, "AccessDenied")), pytest.raises(AccessRefused):
        copying.copy(Place(versioned, key), Place(versioned, f"{key}.copy"))

    assert list(every_upload(versioned)) == []
    assert [entry[0] for entry in entries(versioned)] == [key]


def test_answer_200_that_holds_an_error_is_a_failure(versioned: str, key: str) -> None:
    """18"""
    put(versioned, key)
    inside = "<Error><Code>InternalError</Code><Message>after the header was sent</Message></Error>"

    with (
        answering("CopyObject", refusal(200, "", body=inside)),
        pytest.raises(StorageUnavailable),
    ):
        copying.edit(versioned, key, metadata={"pet": "rex"})


@pytest.mark.parametrize(
    ("size", "count"),
    [(5 * 1024**3 + 1, 11), (50 * 10**12, 9_998), (512 * 1024**2, 1), (1, 1)],
)
def test_parts_keep_within_the_limits_of_s3(size: int, count: int) -> None:
    """13"""
    found = multipart_copy.ranges(size)

    assert len(found) <= multipart_copy.MAX_PARTS
    assert len(found) == pytest.approx(count, abs=5)
    assert found[0][0] == 0
    assert found[-1][1] == size - 1
    assert all(first == before + 1 for (_, before), (first, _) in pairwise(found))
    sizes = [last - first + 1 for first, last in found]
    assert max(sizes) <= multipart_copy.MOST_PART_BYTES
    assert all(one >= multipart_copy.LEAST_PART_BYTES for one in sizes[:-1])


@pytest.mark.needs(Capability.CLASSES, Capability.GRANTS)
def test_class_change_keeps_a_public_acl(versioned: str, key: str) -> None:
    """7"""
    put(versioned, key)
    acl.write_object(versioned, key, canned=Canned.PUBLIC_READ)
    before = acl.of_object(versioned, key)

    copying.change_class(versioned, key, StorageClass.STANDARD_IA)

    assert set(acl.of_object(versioned, key).grants) == set(before.grants)
    assert acl.of_object(versioned, key).public_grants


@pytest.mark.needs(Capability.CLASSES)
def test_class_change_sends_no_acl_where_ownership_is_enforced(
    enforced: str, key: str, store_calls: list[str]
) -> None:
    """8"""
    put(enforced, key)
    store_calls.clear()

    copying.change_class(enforced, key, StorageClass.STANDARD_IA)

    assert "PutObjectAcl" not in store_calls


def test_no_store_but_amazon_is_asked_to_encrypt_in_place(versioned: str, key: str) -> None:
    """20: MiniStack takes it for a PUT, and writes the request over the object."""
    made = put(versioned, key)
    if Capability.ENCRYPTION_IN_PLACE not in capabilities.known(capabilities.server()):
        pytest.skip("This is Amazon itself.")

    with pytest.raises(Unsupported):
        encryption.move_to_kms(versioned, key, KMS_KEY, version_id=made)

    assert read(versioned, key) == BODY
    assert attributes.read(versioned, key).version_id == made


@pytest.mark.parametrize(
    "hidden", [False, pytest.param(True, marks=pytest.mark.needs(Capability.ACLS_BELOW_MARKERS))]
)
def test_restore_of_a_version_heeds_what_was_seen_on_top(versioned: str, key: str, hidden: bool) -> None:
    """17, 21"""
    first = put(versioned, key)
    put(versioned, key, b"second")
    seen = "" if hidden else attributes.read(versioned, key).etag
    if hidden:
        delete_markers.hide(versioned, key)

    with pytest.raises(Conflict):
        copying.restore_version(versioned, key, first, if_etag="0" * 32)
    copying.restore_version(versioned, key, first, if_etag=seen)

    assert read(versioned, key) == BODY


@pytest.mark.needs(Capability.CLASSES, Capability.KMS)
def test_class_change_keeps_the_kms_key(versioned: str, key: str) -> None:
    """9"""
    put(versioned, key, ServerSideEncryption="aws:kms", SSEKMSKeyId=KMS_KEY)

    copying.change_class(versioned, key, StorageClass.STANDARD_IA)

    found = attributes.read(versioned, key)
    assert (found.encryption, found.kms_key) == (Algorithm.SSE_KMS, KMS_KEY)


@pytest.mark.needs(Capability.KMS, Capability.BUCKET_KEY)
def test_class_change_keeps_the_bucket_key(versioned: str, key: str) -> None:
    """9"""
    put(versioned, key, ServerSideEncryption="aws:kms", SSEKMSKeyId=KMS_KEY, BucketKeyEnabled=True)

    copying.change_class(versioned, key, StorageClass.STANDARD_IA)

    assert attributes.read(versioned, key).bucket_key


@pytest.mark.needs(Capability.CLASSES, Capability.OBJECT_LOCK, Capability.LOCK_ON_COPY)
def test_class_change_keeps_retention_and_hold(locked: str, key: str) -> None:
    """11"""
    put(locked, key)
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2)
    object_lock.retain(locked, key, Retention(RetentionMode.GOVERNANCE, until))
    object_lock.hold(locked, key, on=True)

    copying.change_class(locked, key, StorageClass.STANDARD_IA)

    found = attributes.read(locked, key)
    assert found.retention == Retention(RetentionMode.GOVERNANCE, until)
    assert found.legal_hold


def test_class_that_the_object_has_asks_for_no_copy(bucket: str, key: str, store_calls: list[str]) -> None:
    """14"""
    put(bucket, key)
    store_calls.clear()

    copied = copying.change_class(bucket, key, StorageClass.STANDARD)

    assert not copied.is_new
    assert "CopyObject" not in store_calls


@pytest.mark.needs(Capability.SELF_COPY_REFUSED)
def test_copy_onto_itself_that_changes_nothing_is_refused(bucket: str, key: str) -> None:
    """14: what the store itself says."""
    put(bucket, key)
    client = session.client()

    with pytest.raises(client.exceptions.ClientError, match="InvalidRequest"):
        client.copy_object(Bucket=bucket, Key=key, CopySource={"Bucket": bucket, "Key": key})


@pytest.mark.needs(Capability.CLASSES)
def test_class_change_adds_a_version_and_keeps_the_old_one(versioned: str, key: str) -> None:
    """15"""
    former = put(versioned, key)

    copied = copying.change_class(versioned, key, StorageClass.STANDARD_IA)

    assert {entry[1] for entry in entries(versioned)} == {former, copied.version_id}
    assert attributes.read(versioned, key, version_id=former).storage_class == StorageClass.STANDARD


def test_change_of_what_somebody_else_changed_is_refused(versioned: str, key: str) -> None:
    """17"""
    put(versioned, key)
    seen = attributes.read(versioned, key).etag
    put(versioned, key, b"newer")

    with pytest.raises(Conflict):
        copying.edit(versioned, key, metadata={"pet": "rex"}, if_etag=seen)

    assert read(versioned, key) == b"newer"
    assert attributes.read(versioned, key).metadata == {}


@pytest.mark.needs(Capability.CONDITIONAL_SOURCE)
def test_change_between_look_and_copy_is_refused_by_the_store(
    versioned: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """17"""
    put(versioned, key)
    stale = attributes.read(versioned, key)
    # As if the object had changed after it was looked at.
    lying: Any = type(stale)(**{**stale.__dict__, "etag": "0" * 32})
    monkeypatch.setattr(attributes, "read", lambda *_given, **_named: lying)

    with pytest.raises(Conflict):
        copying.edit(versioned, key, metadata={"pet": "rex"})


@pytest.mark.needs(Capability.EXPIRES_ON_COPY)
def test_older_version_comes_back_with_all_that_belongs_to_it(versioned: str, key: str) -> None:
    """21"""
    first = put(versioned, key, **RICH)
    second = put(versioned, key, b"worse")

    copied = copying.restore_version(versioned, key, first)

    found = attributes.read(versioned, key)
    assert read(versioned, key) == BODY
    assert (found.headers, found.metadata) == (HEADERS, METADATA)
    assert tags.of_object(versioned, key) == TAGS
    assert {entry[1] for entry in entries(versioned)} == {first, second, copied.version_id}


@pytest.mark.needs(Capability.GRANTS, Capability.ACLS_BY_VERSION)
def test_older_version_comes_back_with_its_acl(versioned: str, key: str) -> None:
    """7, 21"""
    first = put(versioned, key)
    acl.write_object(versioned, key, canned=Canned.PUBLIC_READ, version_id=first)
    put(versioned, key, b"worse")

    copying.restore_version(versioned, key, first)

    assert acl.of_object(versioned, key).public_grants


def test_version_beneath_a_marker_comes_back(enforced: str, key: str) -> None:
    """21"""
    first = put(enforced, key)
    session.client().delete_object(Bucket=enforced, Key=key)

    copying.restore_version(enforced, key, first)

    assert read(enforced, key) == BODY


@pytest.mark.needs(Capability.CLASSES)
def test_archived_version_must_be_restored_first(versioned: str, key: str) -> None:
    """22"""
    first = put(versioned, key, StorageClass="GLACIER")
    put(versioned, key, b"newer")

    with pytest.raises(ObjectArchived):
        copying.restore_version(versioned, key, first)


@pytest.mark.parametrize("name", ["a b+c%20.jpg", "what?#.jpg", "é/日.jpg", "x&<>\"'.jpg", "a=b&versionId=c"])
def test_source_of_any_name_is_copied(versioned: str, name: str) -> None:
    """23, 89"""
    put(versioned, name)

    copying.copy(Place(versioned, name), Place(versioned, f"copy of {name}"))
    copying.edit(versioned, name, metadata={"pet": "rex"})

    assert read(versioned, f"copy of {name}") == BODY
    assert attributes.read(versioned, name).metadata == {"pet": "rex"}


@pytest.mark.needs(Capability.EXPIRES_ON_COPY)
def test_move_copies_and_hides_the_source(versioned: str, key: str) -> None:
    """24"""
    put(versioned, key, **RICH)

    copying.move(Place(versioned, key), Place(versioned, f"{key}.new"))

    found = attributes.read(versioned, f"{key}.new")
    assert (found.headers, found.metadata) == (HEADERS, METADATA)
    with pytest.raises(ObjectNotFound):
        attributes.read(versioned, key)


def test_move_that_fails_leaves_the_source(versioned: str, key: str) -> None:
    """24"""
    put(versioned, key)

    with pytest.raises(BadRequest):
        copying.move(Place(versioned, key, "some-version"), Place(versioned, "new"))
    with pytest.raises(Conflict):
        copying.move(Place(versioned, key), Place(versioned, "new"), if_etag="0" * 32)

    assert read(versioned, key) == BODY


def test_copy_onto_an_existing_key_is_refused_unless_told(versioned: str, key: str) -> None:
    """25"""
    put(versioned, key)
    put(versioned, "there", b"first")

    with pytest.raises(Conflict):
        copying.copy(Place(versioned, key), Place(versioned, "there"))
    assert read(versioned, "there") == b"first"

    copying.copy(Place(versioned, key), Place(versioned, "there"), overwrite=True)
    assert read(versioned, "there") == BODY


@pytest.mark.needs(Capability.CONDITIONAL_COPY)
def test_copy_onto_a_key_that_appears_meanwhile_is_refused_by_the_store(
    versioned: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """25"""
    put(versioned, key)
    put(versioned, "there", b"first")
    monkeypatch.setattr(copying, "_refuse_existing", lambda _target, _alias: None)

    with pytest.raises(Conflict):
        copying.copy(Place(versioned, key), Place(versioned, "there"))


def test_metadata_that_http_cannot_carry_is_refused_in_words(bucket: str, key: str) -> None:
    """2"""
    put(bucket, key)

    with pytest.raises(BadRequest, match="ASCII"):
        copying.edit(bucket, key, metadata={"pet": "Rübe"})


def test_copies_go_between_buckets(bucket: str, versioned: str, key: str) -> None:
    """1, 5"""
    put(bucket, key, **RICH)

    copying.copy(Place(bucket, key), Place(versioned, key))

    assert attributes.read(versioned, key).metadata == METADATA
    assert tags.of_object(versioned, key) == TAGS
    assert not versioning.read(bucket).keeps_versions
