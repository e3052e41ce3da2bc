"""Stores that answer another question than the one asked, as some do with what they do not know."""

from collections.abc import Callable
from typing import Any

import pytest

from portal.s3 import (
    acl,
    attributes,
    encryption,
    lifecycle,
    objects,
    ownership,
    policy,
    session,
    tags,
    uploads,
    versioning,
)
from portal.s3.errors import BucketNotFound, StorageUnavailable, Unsupported
from tests.store import answering, refusal

pytestmark = pytest.mark.servers

LISTING = (
    '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    "<Name>photos</Name><IsTruncated>false</IsTruncated></ListBucketResult>"
)


@pytest.mark.parametrize(
    ("operation", "read"),
    [
        ("GetBucketOwnershipControls", ownership.read),
        ("GetBucketLifecycleConfiguration", lifecycle.read),
        ("GetBucketPolicy", policy.read),
        ("GetBucketTagging", tags.of_bucket),
        ("GetBucketEncryption", encryption.read),
        ("GetBucketVersioning", versioning.read),
    ],
)
def test_list_of_objects_is_not_read_as_a_setting(
    photo_bucket: str, operation: str, read: Callable[[str], Any]
) -> None:
    """103: it would say that there is no rule, no policy, no versioning."""
    with answering(operation, refusal(200, "", body=LISTING)), pytest.raises(Unsupported):
        read(photo_bucket)


def test_list_of_objects_is_one_where_it_was_asked_for(photo_bucket: str) -> None:
    with answering("ListObjectsV2", refusal(200, "", body=LISTING)):
        assert session.client().list_objects_v2(Bucket=photo_bucket)["IsTruncated"] is False


def test_object_that_holds_a_list_is_an_object(photo_bucket: str) -> None:
    objects.put(photo_bucket, "unrelated.xml", LISTING.encode(), content_type="text/xml", overwrite=True)

    assert objects.read(photo_bucket, "unrelated.xml") == LISTING.encode()


@pytest.mark.parametrize("permission", ["", "<Permission>EVERYTHING</Permission>"])
def test_acl_that_does_not_say_who_may_do_what_is_none(photo_bucket: str, permission: str) -> None:
    """64: it is not known, and never taken for private."""
    grant = f"<Grant><Grantee><ID>somebody</ID></Grantee>{permission}</Grant>"
    body = f"<AccessControlPolicy><AccessControlList>{grant}</AccessControlList></AccessControlPolicy>"

    with answering("GetBucketAcl", refusal(200, "", body=body)), pytest.raises(Unsupported):
        acl.of_bucket(photo_bucket)


def test_ownership_without_a_rule_is_the_writers(photo_bucket: str) -> None:
    """61: as where it was never set."""
    with answering("GetBucketOwnershipControls", refusal(200, "", body="<OwnershipControls/>")):
        assert ownership.read(photo_bucket) is ownership.Ownership.OBJECT_WRITER


@pytest.mark.parametrize(
    ("operation", "read"), [("GetObjectAcl", acl.of_object), ("GetObjectTagging", tags.of_object)]
)
def test_failure_with_the_object_behind_it_is_of_a_server_that_does_not_know_the_question(
    photo_bucket: str, operation: str, read: Callable[[str, str], Any]
) -> None:
    """As rclone's. A store or a proxy that has failed is away: no copy goes without its ACL for that."""
    objects.put(photo_bucket, "unrelated.txt", b"x", content_type="text/plain", overwrite=True)

    def with_object() -> Any:
        found = refusal(500, "", body="<the object itself>")()
        found.headers["ETag"] = '"1"'
        return found

    with answering(operation, with_object), pytest.raises(Unsupported):
        read(photo_bucket, "unrelated.txt")
    for body in ("", "<html><h1>500 Internal Server Error</h1></html>"):
        with (
            answering(operation, refusal(500, "InternalError", body=body)),
            pytest.raises(StorageUnavailable),
        ):
            read(photo_bucket, "unrelated.txt")


def test_no_such_upload_is_no_upload(photo_bucket: str) -> None:
    with answering("ListMultipartUploads", refusal(404, "NoSuchUpload")):
        assert uploads.page(photo_bucket, size=10).uploads == []
        assert list(uploads.every(photo_bucket)) == []
    with answering("ListMultipartUploads", refusal(404, "NoSuchBucket")), pytest.raises(BucketNotFound):
        uploads.page(photo_bucket, size=10)


def test_call_that_is_not_there_is_lacking_under_any_code(photo_bucket: str) -> None:
    """As LocalStack's 501 with InternalFailure."""
    with answering("GetBucketPolicyStatus", refusal(501, "InternalFailure")), pytest.raises(Unsupported):
        policy.is_public(photo_bucket)


def test_metadata_has_its_names_in_small_letters(photo_bucket: str) -> None:
    def answer() -> Any:
        found = refusal(200, "", body="<x/>")()
        found.headers["X-Amz-Meta-Pet"] = "rex"
        found.headers["Content-Length"], found.headers["ETag"] = "1", '"1"'
        found.headers["Last-Modified"] = "Wed, 01 Jan 2025 00:00:00 GMT"
        return found

    with answering("HeadObject", answer):
        assert objects.head(photo_bucket, "unrelated.txt").metadata == {"pet": "rex"}
        assert attributes.read(photo_bucket, "unrelated.txt").metadata == {"pet": "rex"}
