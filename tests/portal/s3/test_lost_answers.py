"""Making and deleting a bucket when the store did it, and its answer never came: botocore asks twice."""

from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import ReadTimeoutError

from portal.s3 import buckets, session, versioning
from portal.s3.errors import BucketNameTaken
from portal.s3.types import VersioningState
from tests.servers import Store
from tests.store import answering

pytestmark = pytest.mark.servers


@pytest.fixture
def bystander(seaweedfs: Store, photo_bucket: str) -> Any:
    """Another client of the same store, which no fault reaches."""
    return boto3.client(
        "s3",
        endpoint_url=seaweedfs.endpoint_url,
        aws_access_key_id=seaweedfs.access_key,
        aws_secret_access_key=seaweedfs.secret_key,
        region_name="us-east-1",
    )


def test_bucket_whose_creation_was_not_answered_gets_its_settings(bystander: Any) -> None:
    name = f"lost-{uuid4().hex[:12]}"

    def lose() -> None:
        bystander.create_bucket(Bucket=name)
        raise ReadTimeoutError(endpoint_url="http://store.test")

    with answering("CreateBucket", lose, times=1):
        buckets.create(name)

    assert versioning.read(name).state is VersioningState.ENABLED


def test_bucket_that_somebody_makes_in_between_is_taken(bystander: Any) -> None:
    name = f"lost-{uuid4().hex[:12]}"

    def overtake() -> None:
        bystander.create_bucket(Bucket=name)

    with answering("CreateBucket", overtake, times=1), pytest.raises(BucketNameTaken):
        buckets.create(name)

    assert versioning.read(name).state is VersioningState.NEVER_SET


def test_bucket_whose_deletion_was_not_answered_is_gone(bystander: Any) -> None:
    name = f"lost-{uuid4().hex[:12]}"
    session.client().create_bucket(Bucket=name)

    def lose() -> None:
        bystander.delete_bucket(Bucket=name)
        raise ReadTimeoutError(endpoint_url="http://store.test")

    with answering("DeleteBucket", lose, times=1):
        buckets.delete(name)

    assert not buckets.exists(name)
