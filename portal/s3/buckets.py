"""Buckets as a whole: list, create, delete. Their settings have a module each:

versioning, ownership, acl, public_access_block, policy, exposure (public or not, all of
these together), encryption, object_lock, lifecycle, cors, notifications, tags.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from botocore.exceptions import WaiterError
from django.utils.translation import gettext as _

from portal.s3 import bucket_names, encryption, ownership, public_access_block, session, versioning
from portal.s3.encryption import DefaultEncryption
from portal.s3.errors import (
    BadRequest,
    BucketNotEmpty,
    BucketNotFound,
    ObjectNotFound,
    PartlyDone,
    S3Error,
    Unsupported,
    translated,
)
from portal.s3.ownership import Ownership
from portal.s3.public_access_block import PublicAccessBlock

LIST_PAGE = 1_000  # buckets an answer; above 10,000 an unpaged call is refused (API:ListBuckets)


@dataclass(frozen=True)
class BucketEntry:
    """One bucket of a listing; `region` is empty where the store does not say."""

    name: str
    created: datetime | None
    region: str = ""


@dataclass(frozen=True)
class Birth:
    """How a bucket is to be born; the defaults are the safe ones. Few stores add object lock later."""

    ownership: Ownership = Ownership.ENFORCED
    public_access_block: PublicAccessBlock = field(default_factory=PublicAccessBlock.all_on)
    versioned: bool = True
    encryption: DefaultEncryption | None = None  # None: the store's own default
    object_lock: bool = False


@dataclass(frozen=True)
class Contents:
    """What keeps a bucket from being deleted; counted up to `limit` each."""

    objects: int  # current versions
    versions: int  # older ones
    markers: int
    uploads: int
    is_complete: bool  # False: there are more than were counted

    @property
    def is_empty(self) -> bool:
        return not (self.objects or self.versions or self.markers or self.uploads)


def every(*, alias: str = session.DEFAULT) -> Iterator[BucketEntry]:
    """Yield all buckets of the connection, page by page."""
    with translated("ListBuckets"):
        pages = (
            session.client(alias)
            .get_paginator("list_buckets")
            .paginate(PaginationConfig={"PageSize": LIST_PAGE})
        )
        for page in pages:
            for found in page.get("Buckets", []):
                yield BucketEntry(found["Name"], found.get("CreationDate"), found.get("BucketRegion", ""))


def exists(bucket: str, *, alias: str = session.DEFAULT) -> bool:
    """Return whether the bucket is there and ours. AccessRefused when it is somebody else's."""
    try:
        with translated("HeadBucket"):
            session.client(alias).head_bucket(Bucket=bucket)
    except (BucketNotFound, ObjectNotFound):
        return False
    return True


def create(bucket: str, birth: Birth | None = None, *, alias: str = session.DEFAULT) -> list[str]:
    """Create the bucket in the session's region, wait until it is there, and give it its settings.

    Returns what the store lacks, as sentences. BadRequest for a name that S3 does not allow,
    BucketNameTaken, PartlyDone when the bucket is there but one of its settings was refused.
    """
    if faults := bucket_names.faults(bucket):
        raise BadRequest(" ".join(faults), operation="CreateBucket")
    birth = birth or Birth()
    _create(bucket, birth, alias)
    settings_of_birth: list[tuple[str, Any]] = [
        (
            _("public access block"),
            lambda: public_access_block.write(bucket, birth.public_access_block, alias=alias),
        ),
        (_("object ownership"), lambda: ownership.write(bucket, birth.ownership, alias=alias)),
    ]
    if birth.versioned or birth.object_lock:
        settings_of_birth.append((_("versioning"), lambda: versioning.enable(bucket, alias=alias)))
    if birth.encryption is not None:
        wanted = birth.encryption
        settings_of_birth.append(
            (_("default encryption"), lambda: encryption.write(bucket, wanted, alias=alias))
        )
    lacking = []
    for name, give in settings_of_birth:
        try:
            give()
        except Unsupported as error:
            lacking.append(f"{name}: {error}")
        except S3Error as error:
            raise PartlyDone(
                _("The bucket was created, but not its %(setting)s: %(reason)s")
                % {"setting": name, "reason": error},
                operation=error.operation,
                code=error.code,
                request_id=error.request_id,
            ) from error
    return lacking


def _create(bucket: str, birth: Birth, alias: str) -> None:
    made = session.client(alias)
    options: dict[str, Any] = {}
    if birth.object_lock:
        options["ObjectLockEnabledForBucket"] = True
    if session.region(alias) != session.FALLBACK_REGION:  # us-east-1 must not be named
        options["CreateBucketConfiguration"] = {"LocationConstraint": session.region(alias)}
    with translated("CreateBucket"):
        made.create_bucket(Bucket=bucket, **options)
    _wait("bucket_exists", bucket, alias)


def contents(bucket: str, *, limit: int = 1_000, alias: str = session.DEFAULT) -> Contents:
    """Count what is in the bucket, at most `limit` entries of each listing: one call each up to 1,000."""
    made = session.client(alias)
    with translated("ListObjectVersions"):
        found = made.list_object_versions(Bucket=bucket, MaxKeys=limit)
    with translated("ListMultipartUploads"):
        uploads = made.list_multipart_uploads(Bucket=bucket, MaxUploads=limit)
    versions = found.get("Versions", [])
    current = sum(1 for one in versions if one["IsLatest"])
    return Contents(
        objects=current,
        versions=len(versions) - current,
        markers=len(found.get("DeleteMarkers", [])),
        uploads=len(uploads.get("Uploads", [])),
        is_complete=not (found.get("IsTruncated") or uploads.get("IsTruncated")),
    )


def delete(bucket: str, *, alias: str = session.DEFAULT) -> None:
    """Delete the empty bucket and wait until it is gone. Its name is then free for anybody.

    BucketNotEmpty names what is left. Asked before, too: some stores delete a bucket that still
    holds older versions, and those with it.
    """
    left = contents(bucket, alias=alias)
    if not left.is_empty:
        raise BucketNotEmpty(
            _(
                "The bucket is not empty: %(more)s%(objects)d objects, %(versions)d older versions, "
                "%(markers)d delete markers, %(uploads)d open uploads."
            )
            % {
                "more": "" if left.is_complete else _("at least "),
                "objects": left.objects,
                "versions": left.versions,
                "markers": left.markers,
                "uploads": left.uploads,
            },
            operation="DeleteBucket",
            code="BucketNotEmpty",
        )
    with translated("DeleteBucket"):
        session.client(alias).delete_bucket(Bucket=bucket)
    _wait("bucket_not_exists", bucket, alias)


def _wait(waiter: Any, bucket: str, alias: str) -> None:
    with translated("HeadBucket"):
        try:
            session.client(alias).get_waiter(waiter).wait(
                Bucket=bucket, WaiterConfig={"Delay": 1, "MaxAttempts": 20}
            )
        except WaiterError as error:
            raise S3Error(str(error), operation="HeadBucket") from error
