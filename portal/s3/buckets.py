"""Verbs on buckets."""

import json
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError, WaiterError
from django.conf import settings

from portal.s3 import session
from portal.s3.errors import AccessRefused, BucketNotFound, ObjectNotFound, S3Error, Unsupported, translated
from portal.s3.types import VersioningState

NO_CORS = "NoSuchCORSConfiguration"


@dataclass
class Preparation:
    """What `prepare_photo_bucket` did, found in place, or could not do, as sentences."""

    done: list[str] = field(default_factory=list)
    lacking: list[str] = field(default_factory=list)


def exists(bucket: str, *, alias: str = session.DEFAULT) -> bool:
    """Return whether the bucket is there and ours. AccessRefused when it is somebody else's."""
    try:
        with translated("HeadBucket"):
            session.client(alias).head_bucket(Bucket=bucket)
    except (BucketNotFound, ObjectNotFound):
        return False
    return True


def versioning(bucket: str, *, alias: str = session.DEFAULT) -> VersioningState:
    """Return the bucket's versioning; a bucket that never had any answers without a status."""
    with translated("GetBucketVersioning"):
        answer = session.client(alias).get_bucket_versioning(Bucket=bucket)
    return VersioningState(answer.get("Status", VersioningState.NEVER_SET))


def create(bucket: str, *, alias: str = session.DEFAULT) -> None:
    """Create a private bucket in the session's region and wait until it is there."""
    made = session.client(alias)
    where: dict[str, Any] = {}
    if session.region(alias) != session.FALLBACK_REGION:  # us-east-1 must not be named
        where = {"CreateBucketConfiguration": {"LocationConstraint": session.region(alias)}}
    with translated("CreateBucket"):
        made.create_bucket(Bucket=bucket, **where)
        try:
            made.get_waiter("bucket_exists").wait(Bucket=bucket, WaiterConfig={"Delay": 1, "MaxAttempts": 20})
        except WaiterError as error:
            raise S3Error(str(error), operation="HeadBucket") from error


def check_photo_bucket() -> VersioningState:
    """Ask the store one cheap question about the photo bucket; raise what stands in the way."""
    return versioning(settings.AWS_STORAGE_BUCKET_NAME)


def prepare_photo_bucket(origins: list[str]) -> Preparation:
    """Create the photo bucket if it is missing; switch versioning, public access block and CORS on.

    Idempotent, and adds only: CORS rules that somebody else made stay. What the store lacks is
    told, not hidden. Raises S3Error when versioning, without which nothing can be undone, fails.
    """
    bucket = settings.AWS_STORAGE_BUCKET_NAME
    prepared = Preparation()
    if not exists(bucket):
        create(bucket)
        prepared.done.append(f"created bucket {bucket}")
        _block_public_access(bucket, prepared)
    if versioning(bucket) is not VersioningState.ENABLED:
        with translated("PutBucketVersioning"):
            session.client().put_bucket_versioning(
                Bucket=bucket, VersioningConfiguration={"Status": "Enabled"}
            )
        prepared.done.append("switched versioning on")
    if origins:
        _allow_uploads_from(bucket, origins, prepared)
    return prepared


def _block_public_access(bucket: str, prepared: Preparation) -> None:
    try:
        with translated("PutPublicAccessBlock"):
            session.client().put_public_access_block(
                Bucket=bucket,
                PublicAccessBlockConfiguration={
                    "BlockPublicAcls": True,
                    "IgnorePublicAcls": True,
                    "BlockPublicPolicy": True,
                    "RestrictPublicBuckets": True,
                },
            )
    except (Unsupported, AccessRefused) as error:
        prepared.lacking.append(f"public access block: {error}")
    else:
        prepared.done.append("blocked public access")


def _allow_uploads_from(bucket: str, origins: list[str], prepared: Preparation) -> None:
    """Merge one CORS rule for the portal's origins into the bucket's rules."""
    rule = {
        "ID": "portal-uploads",
        "AllowedOrigins": origins,
        "AllowedMethods": ["GET", "PUT"],
        "AllowedHeaders": ["*"],
        "ExposeHeaders": ["ETag", "x-amz-version-id"],
        "MaxAgeSeconds": 3600,
    }
    client: Any = session.client()
    try:
        with translated("GetBucketCors"):
            try:
                rules = client.get_bucket_cors(Bucket=bucket)["CORSRules"]
            except ClientError as error:
                if error.response["Error"]["Code"] != NO_CORS:
                    raise
                rules = []
        wanted = [kept for kept in rules if kept.get("ID") != rule["ID"]] + [rule]
        if json.dumps(wanted, sort_keys=True) == json.dumps(rules, sort_keys=True):
            return
        with translated("PutBucketCors"):
            client.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": wanted})
    except (Unsupported, AccessRefused) as error:
        prepared.lacking.append(f"CORS, so browsers upload through the portal: {error}")
    else:
        prepared.done.append(f"allowed uploads from {', '.join(origins)}")
