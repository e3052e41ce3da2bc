"""What other stores than Amazon's leave undone after they said yes, found out and mended beside the call.

At Amazon each of these does nothing, at once: none of its calls needs a right there. What cannot be
mended is told by `portal.s3.capabilities`. Seen with Ceph 16.2.15, unless another is named.
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from portal.s3 import session
from portal.s3.errors import ObjectNotFound, translated
from portal.s3.version_param import version_param

TRIED_KEY = "portal-tries-an-upload"  # there for a moment, in a bucket that was just made


def takes_uploads(bucket: str, *, alias: str) -> bool:
    """Whether a new bucket takes an object of ours: not where public ACLs are blocked, with some stores."""
    if session.connection(alias).is_at_amazon:
        return True
    client = session.client(alias)
    with translated("PutObject"):
        try:
            made = client.put_object(Bucket=bucket, Key=TRIED_KEY, Body=b"")
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 403:
                raise
            return False
    with translated("DeleteObject"):
        client.delete_object(Bucket=bucket, Key=TRIED_KEY, **version_param(made.get("VersionId", "")))
    return True


def exact_version(bucket: str, key: str, version_id: str, *, alias: str) -> str:
    """Return the current version's id where none is named: removing tags without one removes none."""
    if session.connection(alias).is_at_amazon or version_id:
        return version_id
    with translated("HeadObject"):
        return session.client(alias).head_object(Bucket=bucket, Key=key).get("VersionId", "")


def version_made(bucket: str, key: str, version_id: str, etag: str, *, alias: str) -> str:
    """Return a copy's version where the answer names none; empty where somebody wrote meanwhile."""
    if session.connection(alias).is_at_amazon or version_id:
        return version_id
    with translated("HeadObject"):
        found = session.client(alias).head_object(Bucket=bucket, Key=key)
    return found.get("VersionId", "") if found["ETag"].strip('"') == etag else ""


def is_still(bucket: str, key: str, etag: str, *, alias: str) -> bool:
    """Whether the object has this ETag, though the store refused to write over it on that condition.

    It looked at the version that was to be written, where a bucket keeps versions: none is there yet.
    """
    if session.connection(alias).is_at_amazon:
        return False
    try:
        with translated("HeadObject"):
            found = session.client(alias).head_object(Bucket=bucket, Key=key)
    except ObjectNotFound:
        return False  # it is hidden, or gone
    return found["ETag"].strip('"') == etag


def keep_tags(source: dict[str, str], target: dict[str, str], *, alias: str) -> None:
    """Give a copy its original's tags: where metadata is replaced, they are dropped.

    Both are named as the calls do: Bucket, Key and, if there is one, VersionId.
    """
    if session.connection(alias).is_at_amazon:
        return
    client: Any = session.client(alias)
    with translated("GetObjectTagging"):
        wanted = client.get_object_tagging(**source).get("TagSet", [])
        arrived = client.get_object_tagging(**target).get("TagSet", [])
    if sorted(wanted, key=_name) != sorted(arrived, key=_name):
        with translated("PutObjectTagging"):
            client.put_object_tagging(**target, Tagging={"TagSet": wanted})


def _name(tag: dict[str, str]) -> str:
    return tag["Key"]
