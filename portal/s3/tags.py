"""Tags of objects and of buckets. S3 knows only the whole set: changes are read, merged, written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from portal.s3 import elsewhere, session
from portal.s3.errors import (
    AccessRefused,
    BadRequest,
    Conflict,
    NotConfigured,
    Unsupported,
    translated,
)
from portal.s3.version_param import version_param

MAX_OBJECT_TAGS = 10
MAX_BUCKET_TAGS = 50
MAX_KEY_LETTERS = 128
MAX_VALUE_LETTERS = 256

Tags = dict[str, str]


def of_object(bucket: str, key: str, *, version_id: str = "", alias: str = session.DEFAULT) -> Tags:
    """Return the tags of one version, by default the current one. DeleteMarkerFound: markers have none."""
    with translated("GetObjectTagging"):
        answer = session.client(alias).get_object_tagging(Bucket=bucket, Key=key, **version_param(version_id))
    return _parsed(answer)


def write_object(
    bucket: str,
    key: str,
    tags: Mapping[str, str],
    *,
    version_id: str = "",
    alias: str = session.DEFAULT,
) -> None:
    """Replace all tags of one version; none removes them. BadRequest names what S3 would refuse."""
    if found := faults(tags, most=MAX_OBJECT_TAGS):
        raise BadRequest(" ".join(found))
    client = session.client(alias)
    if tags:
        with translated("PutObjectTagging"):
            client.put_object_tagging(
                Bucket=bucket, Key=key, Tagging=_sent(tags), **version_param(version_id)
            )
        return
    version_id = elsewhere.exact_version(bucket, key, version_id, alias=alias)
    with translated("DeleteObjectTagging"):
        client.delete_object_tagging(Bucket=bucket, Key=key, **version_param(version_id))


def edit_object(
    bucket: str,
    key: str,
    *,
    add: Mapping[str, str] | None = None,
    remove: tuple[str, ...] = (),
    if_unchanged: Mapping[str, str] | None = None,
    version_id: str = "",
    alias: str = session.DEFAULT,
) -> Tags:
    """Change some tags of one version, keep the others, return all.

    `if_unchanged` are the tags that the person saw: Conflict when they are others by now. S3
    itself has no condition for tags, so this narrows the race and does not close it.
    """
    found = of_object(bucket, key, version_id=version_id, alias=alias)
    if if_unchanged is not None and found != dict(if_unchanged):
        raise Conflict(_("The tags were changed meanwhile."), operation="PutObjectTagging")
    wanted = {name: value for name, value in found.items() if name not in remove} | dict(add or {})
    if wanted != found:
        write_object(bucket, key, wanted, version_id=version_id, alias=alias)
    return wanted


def of_bucket(bucket: str, *, alias: str = session.DEFAULT) -> Tags:
    """Return the bucket's tags."""
    try:
        with translated("GetBucketTagging"):
            return _parsed(session.client(alias).get_bucket_tagging(Bucket=bucket))
    except NotConfigured:
        return {}


def write_bucket(bucket: str, tags: Mapping[str, str], *, alias: str = session.DEFAULT) -> None:
    """Replace all tags of the bucket; none removes them.

    Where access goes by tags (ABAC), they are changed one by one, through the account: Amazon refuses
    to replace the set.
    """
    # Amazon's own go back as they are: S3 refuses a set that leaves them out.
    own = {name: value for name, value in tags.items() if not name.startswith("aws:")}
    if found := faults(own, most=MAX_BUCKET_TAGS):
        raise BadRequest(" ".join(found))
    client = session.client(alias)
    if _grants_by_tags(bucket, alias):
        _write_through_the_account(bucket, tags, alias)
        return
    if not tags:
        with translated("DeleteBucketTagging"):
            client.delete_bucket_tagging(Bucket=bucket)
        return
    with translated("PutBucketTagging"):
        client.put_bucket_tagging(Bucket=bucket, Tagging=_sent(tags))


def _grants_by_tags(bucket: str, alias: str) -> bool:
    """Whether attribute-based access control is on, which is Amazon's alone (API:PutBucketAbac)."""
    if session.connection(alias).endpoint_url:
        return False
    try:
        with translated("GetBucketAbac"):
            answer = session.client(alias).get_bucket_abac(Bucket=bucket)
    except (AccessRefused, NotConfigured, Unsupported):
        return False  # then PutBucketTagging says what is wrong
    return answer.get("AbacStatus", {}).get("Status") == "Enabled"


def _write_through_the_account(bucket: str, tags: Mapping[str, str], alias: str) -> None:
    control = session.control_client(alias)
    place = {"AccountId": session.account_id(alias), "ResourceArn": f"arn:aws:s3:::{bucket}"}
    before = of_bucket(bucket, alias=alias)
    changed = [{"Key": name, "Value": value} for name, value in tags.items() if before.get(name) != value]
    if changed:
        with translated("Account.TagResource"):
            control.tag_resource(**place, Tags=changed)
    if gone := [name for name in before if name not in tags]:
        with translated("Account.UntagResource"):
            control.untag_resource(**place, TagKeys=gone)


def faults(tags: Mapping[str, str], *, most: int) -> list[str]:
    """Return what S3 would refuse in the tags (UG:object-tagging), as sentences."""
    found = []
    if len(tags) > most:
        found.append(_("There are %(count)d tags; S3 allows %(most)d.") % {"count": len(tags), "most": most})
    for name, value in tags.items():
        if not 1 <= len(name) <= MAX_KEY_LETTERS:
            found.append(
                _("The tag name “%(name)s” has %(count)d characters; S3 allows 1 to %(most)d.")
                % {"name": name, "count": len(name), "most": MAX_KEY_LETTERS}
            )
        if len(value) > MAX_VALUE_LETTERS:
            found.append(
                _("The value of “%(name)s” has %(count)d characters; S3 allows %(most)d.")
                % {"name": name, "count": len(value), "most": MAX_VALUE_LETTERS}
            )
        if name.lower().startswith("aws:"):
            found.append(_("Tags that begin with “aws:” are Amazon's own."))
    return found


def _sent(tags: Mapping[str, str]) -> Any:
    return {"TagSet": [{"Key": name, "Value": value} for name, value in tags.items()]}


def _parsed(answer: Any) -> Tags:
    return {tag["Key"]: tag["Value"] for tag in answer.get("TagSet", [])}
