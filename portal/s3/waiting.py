"""Waiting until what was made or removed is so for everybody who asks: boto3's waiters.

Buckets take a moment everywhere; objects do at Amazon for minutes after versioning was first
switched on (API:PutBucketVersioning).
"""

from typing import Any

from botocore.exceptions import WaiterError

from portal.s3 import attributes, session
from portal.s3.attributes import Attributes
from portal.s3.errors import ObjectNotFound, S3Error, VersionNotFound, translated
from portal.s3.version_param import version_param

BUCKET_SECONDS = 20
OBJECT_SECONDS = 5
_PAUSE_SECONDS = 1


def until_bucket_exists(bucket: str, *, alias: str = session.DEFAULT) -> None:
    """Wait at most BUCKET_SECONDS; S3Error when it is not there even then."""
    _wait("bucket_exists", "HeadBucket", BUCKET_SECONDS, alias, Bucket=bucket)


def until_bucket_is_gone(bucket: str, *, alias: str = session.DEFAULT) -> None:
    """Wait at most BUCKET_SECONDS; S3Error when it is there even then."""
    _wait("bucket_not_exists", "HeadBucket", BUCKET_SECONDS, alias, Bucket=bucket)


def for_written(bucket: str, key: str, version_id: str = "", *, alias: str = session.DEFAULT) -> Attributes:
    """Return what the store says of the version that was just written.

    Asked once where it is there at once; else waited for, at most OBJECT_SECONDS. S3Error when it is
    not there even then.
    """
    try:
        return attributes.read(bucket, key, version_id=version_id, alias=alias)
    except (ObjectNotFound, VersionNotFound):
        which = version_param(version_id)
        _wait("object_exists", "HeadObject", OBJECT_SECONDS, alias, Bucket=bucket, Key=key, **which)
    return attributes.read(bucket, key, version_id=version_id, alias=alias)


def _wait(waiter: Any, operation: str, seconds: int, alias: str, **named: Any) -> None:
    attempts = {"Delay": _PAUSE_SECONDS, "MaxAttempts": seconds // _PAUSE_SECONDS}
    with translated(operation):
        try:
            session.client(alias).get_waiter(waiter).wait(**named, WaiterConfig=attempts)
        except WaiterError as error:
            raise S3Error(str(error), operation=operation) from error
