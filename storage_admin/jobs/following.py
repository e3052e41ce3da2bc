"""Rows of photos go with the bytes that they name when a job copies these onto themselves."""

from __future__ import annotations

from collections.abc import Sequence

from photos import services as photos
from storage_admin.jobs.kind import Outcome
from storage_admin.models import Bucket

_UNNAMED = "null"  # how S3 calls a version of unversioned days; in rows it has no name


def follow(bucket: Bucket, outcomes: Sequence[Outcome]) -> int:
    """Let rows that named exactly the former versions name the new ones; return how many did.

    To be called in the transaction that writes the outcomes down: a batch whose worker died is acted
    on again, and the act tells its successors again.
    """
    if not bucket.holds_photos:
        return 0
    copies = {
        one.target.key: photos.Copy(
            _in_rows(one.successor.of_version), _in_rows(one.successor.version_id), one.successor.etag
        )
        for one in outcomes
        if one.successor is not None
    }
    return photos.follow_copies(bucket.name, copies)


def _in_rows(version_id: str) -> str:
    return "" if version_id == _UNNAMED else version_id
