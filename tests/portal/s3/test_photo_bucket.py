"""The photo bucket is prepared by adding only, as often as one likes."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from portal.s3 import buckets, photo_bucket, session, versioning
from portal.s3.errors import S3Error, StorageUnavailable
from portal.s3.types import VersioningState
from tests.store import answering, refusal

pytestmark = pytest.mark.servers

ORIGINS = ["https://portal.example.org"]


@pytest.fixture
def new_bucket(photo_bucket: str, settings: Any) -> Iterator[str]:
    """The name of a bucket that does not exist yet."""
    settings.AWS_STORAGE_BUCKET_NAME = f"new-{uuid4().hex}"
    yield settings.AWS_STORAGE_BUCKET_NAME
    if buckets.exists(settings.AWS_STORAGE_BUCKET_NAME):
        session.client().delete_bucket(Bucket=settings.AWS_STORAGE_BUCKET_NAME)


def test_bucket_that_is_missing_is_created_with_versions_and_cors(new_bucket: str) -> None:
    prepared = photo_bucket.prepare(ORIGINS)

    assert versioning.read(new_bucket).state is VersioningState.ENABLED
    assert prepared.done[0] == f"created bucket {new_bucket}"
    assert "allowed uploads from https://portal.example.org" in prepared.done
    (rule,) = session.client().get_bucket_cors(Bucket=new_bucket)["CORSRules"]
    assert rule["AllowedOrigins"] == ORIGINS
    assert set(rule["AllowedMethods"]) == {"GET", "PUT"}


def test_what_the_store_lacks_is_told(new_bucket: str) -> None:
    with answering("PutPublicAccessBlock", refusal(501, "NotImplemented")):
        prepared = photo_bucket.prepare([])

    assert any("public access block" in line for line in prepared.lacking)


def test_cors_that_is_forbidden_is_told_and_stops_nothing(new_bucket: str) -> None:
    with answering("PutBucketCors", refusal(403, "AccessDenied")):
        prepared = photo_bucket.prepare(ORIGINS)

    assert any("CORS" in line for line in prepared.lacking)
    assert versioning.read(new_bucket).state is VersioningState.ENABLED


def test_second_preparation_changes_nothing(new_bucket: str, store_calls: list[str]) -> None:
    photo_bucket.prepare(ORIGINS)
    store_calls.clear()

    prepared = photo_bucket.prepare(ORIGINS)

    assert prepared.done == []
    assert not [name for name in store_calls if name.startswith(("Put", "Create", "Delete"))]


def test_cors_rules_of_others_stay(new_bucket: str) -> None:
    photo_bucket.prepare([])
    foreign: Any = {"ID": "site", "AllowedMethods": ["GET"], "AllowedOrigins": ["https://site.example.org"]}
    session.client().put_bucket_cors(Bucket=new_bucket, CORSConfiguration={"CORSRules": [foreign]})

    photo_bucket.prepare(ORIGINS)
    photo_bucket.prepare(["https://moved.example.org"])

    rules = session.client().get_bucket_cors(Bucket=new_bucket)["CORSRules"]
    assert {rule["ID"]: rule["AllowedOrigins"] for rule in rules} == {
        "site": ["https://site.example.org"],
        "portal-uploads": ["https://moved.example.org"],
    }


def test_suspended_versioning_is_switched_on_again(new_bucket: str) -> None:
    photo_bucket.prepare([])
    session.client().put_bucket_versioning(Bucket=new_bucket, VersioningConfiguration={"Status": "Suspended"})

    prepared = photo_bucket.prepare([])

    assert prepared.done == ["switched versioning on"]
    assert versioning.read(new_bucket).state is VersioningState.ENABLED


def test_versioning_that_cannot_be_had_is_an_error(new_bucket: str) -> None:
    with answering("PutBucketVersioning", refusal(501, "NotImplemented")), pytest.raises(S3Error):
        photo_bucket.prepare([])


def test_store_that_is_away_is_no_missing_bucket(no_store: str) -> None:
    with pytest.raises(StorageUnavailable):
        buckets.exists("photos")
