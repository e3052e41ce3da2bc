"""Buckets as a whole: list, create, delete. Their settings have a module each:

versioning, ownership, acl, public_access_block, policy, exposure (public or not, all of
these together), encryption, object_lock, lifecycle, cors, notifications, tags.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from portal.s3 import bucket_names, encryption, ownership, public_access_block, session, versioning, waiting
from portal.s3.encryption import DefaultEncryption
from portal.s3.errors import (
    AccessRefused,
    BadRequest,
    BucketNameTaken,
    BucketNotEmpty,
    BucketNotFound,
    ObjectNotFound,
    PartlyDone,
    S3Error,
    StorageUnavailable,
    Unsupported,
    translated,
)
from portal.s3.ownership import Ownership
from portal.s3.public_access_block import PublicAccessBlock

NEWS_SECONDS = (0.2, 0.5, 1.0)  # between tries, while a new bucket is not known everywhere
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
    BucketNameTaken also for a bucket of our own: it keeps its settings. PartlyDone when the bucket
    is there but not all of its settings; `missing` names them as the seam's modules are called.
    """
    if faults := bucket_names.faults(bucket):
        raise BadRequest(" ".join(faults), operation="CreateBucket")
    birth = birth or Birth()
    _refuse_taken(bucket, alias)
    _create(bucket, birth, alias)
    steps = _steps_of_birth(bucket, birth, alias)
    lacking: list[str] = []
    refused: dict[str, S3Error] = {}
    to_do = list(steps)
    try:
        waiting.until_bucket_exists(bucket, alias=alias)
        while to_do:
            title, give = steps[to_do[0]]
            try:
                _patiently(give)
            except Unsupported as error:
                lacking.append(f"{title}: {error}")
            except StorageUnavailable:
                raise
            except S3Error as error:
                refused[to_do[0]] = error
            to_do.pop(0)
    except S3Error as error:  # the store went away: each further step would wait for it, too
        refused |= dict.fromkeys(to_do, error)
    if refused:
        raise _partly(refused, {name: title for name, (title, _give) in steps.items()})
    return lacking


def _patiently(give: Callable[[], None]) -> None:
    """Give it, also where not every part of the store has heard of the new bucket yet."""
    for pause_seconds in NEWS_SECONDS:
        try:
            return give()
        except BucketNotFound:
            time.sleep(pause_seconds)
    return give()


def _steps_of_birth(bucket: str, birth: Birth, alias: str) -> dict[str, tuple[str, Callable[[], None]]]:
    """Return what a bucket gets after it was made, the shutting of its doors first."""
    steps: dict[str, tuple[str, Callable[[], None]]] = {
        "public_access_block": (
            _("public access block"),
            lambda: public_access_block.shut(bucket, birth.public_access_block, alias=alias),
        ),
        "ownership": (
            _("object ownership"),
            lambda: ownership.write(bucket, birth.ownership, alias=alias),
        ),
    }
    if birth.versioned or birth.object_lock:
        steps["versioning"] = (_("versioning"), lambda: versioning.enable(bucket, alias=alias))
    if birth.encryption is not None:
        wanted = birth.encryption
        steps["encryption"] = (
            _("default encryption"),
            lambda: encryption.write(bucket, wanted, alias=alias),
        )
    return steps


def _partly(refused: dict[str, S3Error], titles: dict[str, str]) -> PartlyDone:
    reasons = [f"{titles[name]}: {error}" for name, error in refused.items()]
    first = next(iter(refused.values()))
    return PartlyDone(
        _("The bucket was created, but not with all of its settings. %(reasons)s")
        % {"reasons": "; ".join(reasons)},
        missing=tuple(refused),
        operation=first.operation,
        code=first.code,
        request_id=first.request_id,
    )


def _refuse_taken(bucket: str, alias: str) -> None:
    """BucketNameTaken also where CreateBucket would say yes.

    In us-east-1 it answers 200 for a bucket of the same account; the settings of a birth would then
    fall upon one that has its own (API:CreateBucket, BucketAlreadyOwnedByYou).
    """
    try:
        is_ours = exists(bucket, alias=alias)
    except AccessRefused as error:
        raise BucketNameTaken(
            _("There is a bucket of this name, and these keys may not look at it."),
            operation=error.operation,
            code=error.code,
            request_id=error.request_id,
        ) from error
    if is_ours:
        raise BucketNameTaken(
            _("There is a bucket of this name here already."),
            operation="CreateBucket",
            code="BucketAlreadyOwnedByYou",
        )


def _create(bucket: str, birth: Birth, alias: str) -> None:
    made = session.client(alias)
    options: dict[str, Any] = {}
    if birth.object_lock:
        options["ObjectLockEnabledForBucket"] = True
    if session.region(alias) != session.FALLBACK_REGION:  # us-east-1 must not be named
        options["CreateBucketConfiguration"] = {"LocationConstraint": session.region(alias)}
    with translated("CreateBucket"):
        try:
            made.create_bucket(Bucket=bucket, **options)
        except made.exceptions.BucketAlreadyOwnedByYou as error:
            # Nobody had the name a moment ago: the first request made it, and its answer was lost.
            if not error.response["ResponseMetadata"].get("RetryAttempts"):
                raise


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
    holds older versions, and those with it. PartlyDone when it is not seen to be gone.
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
    # It was there a moment ago: not found means that the answer to a first request was lost.
    with suppress(BucketNotFound), translated("DeleteBucket"):
        session.client(alias).delete_bucket(Bucket=bucket)
    try:
        waiting.until_bucket_is_gone(bucket, alias=alias)
    except S3Error as error:
        raise PartlyDone(
            _("The store has agreed to delete the bucket, but does not say yet that it is gone: %(reason)s")
            % {"reason": error},
            operation=error.operation,
            code=error.code,
            request_id=error.request_id,
        ) from error
