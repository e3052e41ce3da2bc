"""Lists by the page: keys below a prefix, and versions. Each page is one call to the store.

A page holds what the store gave and the marks to go on from; nothing here reads a whole
prefix. botocore asks for keys in URL encoding and decodes them (EncodingType), so that any
bytes that S3 takes in a key come through.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from portal.s3.errors import translated
from portal.s3.session import DEFAULT, client

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ListObjectVersionsOutputTypeDef

SEPARATOR = "/"
LARGEST_PAGE = 1_000  # what one answer holds at most (API:ListObjectVersions)


@dataclass(frozen=True)
class ListedObject:
    """An object as a listing tells it; `etag` without its quotes."""

    key: str
    bytes: int
    etag: str
    storage_class: str
    last_modified: datetime


@dataclass(frozen=True)
class ObjectsPage:
    """Folders (prefixes that end in "/") and objects of one page; an empty `next_token` ends the list."""

    folders: list[str]
    objects: list[ListedObject]
    next_token: str = ""


@dataclass(frozen=True)
class ListedVersion:
    """A version, or a delete marker: that has no size, ETag or class. `version_id` may be "null"."""

    key: str
    version_id: str
    is_latest: bool
    is_delete_marker: bool
    last_modified: datetime
    bytes: int = 0
    etag: str = ""
    storage_class: str = ""


@dataclass(frozen=True)
class Mark:
    """Where a list of versions goes on: both marks, for the versions of one key can span pages."""

    key: str
    version_id: str = ""


@dataclass(frozen=True)
class VersionsPage:
    """Entries of one page, key by key and newest first; `next_mark` is None at the end."""

    folders: list[str]
    versions: list[ListedVersion]
    next_mark: Mark | None = None

    @property
    def scanned(self) -> int:
        """How many entries the store looked at for this page."""
        return len(self.folders) + len(self.versions)


def objects_page(
    bucket: str, *, prefix: str = "", token: str = "", size: int, alias: str = DEFAULT
) -> ObjectsPage:
    """Return one page of what lies directly below the prefix; at most `size` folders and objects.

    BucketNotFound, AccessRefused. A token that the store does not know is an S3Error.
    """
    onward: dict[str, Any] = {"ContinuationToken": token} if token else {}
    with translated("ListObjectsV2"):
        answer = client(alias).list_objects_v2(
            Bucket=bucket, Prefix=prefix, Delimiter=SEPARATOR, MaxKeys=size, **onward
        )
    return ObjectsPage(
        folders=[found["Prefix"] for found in answer.get("CommonPrefixes", [])],
        objects=[
            ListedObject(
                key=found["Key"],
                bytes=found["Size"],
                etag=found.get("ETag", "").strip('"'),
                storage_class=found.get("StorageClass", "STANDARD"),
                last_modified=found["LastModified"],
            )
            for found in answer.get("Contents", [])
        ],
        next_token=answer.get("NextContinuationToken", "") if answer.get("IsTruncated") else "",
    )


def versions_page(
    bucket: str,
    *,
    prefix: str = "",
    mark: Mark | None = None,
    size: int,
    folders: bool = True,
    alias: str = DEFAULT,
) -> VersionsPage:
    """Return one page of versions and delete markers; with `folders` only those directly below the prefix."""
    onward: dict[str, Any] = {"Delimiter": SEPARATOR} if folders else {}
    if mark is not None:
        onward["KeyMarker"] = mark.key
        if mark.version_id:  # S3 refuses an empty one
            onward["VersionIdMarker"] = mark.version_id
    with translated("ListObjectVersions"):
        answer = client(alias).list_object_versions(Bucket=bucket, Prefix=prefix, MaxKeys=size, **onward)
    following = None
    if answer.get("IsTruncated"):
        following = Mark(answer.get("NextKeyMarker", ""), answer.get("NextVersionIdMarker", ""))
    return VersionsPage(
        folders=[found["Prefix"] for found in answer.get("CommonPrefixes", [])],
        versions=_in_order(answer),
        next_mark=following,
    )


def key_versions(
    bucket: str, key: str, *, mark: Mark | None = None, size: int, alias: str = DEFAULT
) -> VersionsPage:
    """Return one page of the versions and markers of exactly this key, newest first.

    A prefix is not a key: `a.jpg` also begins `a.jpg.bak`. S3 sorts a key before all that it
    begins, so one call finds it. SeaweedFS sorts by the names of its files, `a.jpg.bak.versions`
    before `a.jpg.versions`, and skips the latter after a mark at the former: where strangers come
    first, the same is asked once more for as much as one answer holds.
    """
    for count in (size, LARGEST_PAGE):
        page = versions_page(bucket, prefix=key, mark=mark, size=count, folders=False, alias=alias)
        own = [found for found in page.versions if found.key == key]
        if own or page.next_mark is None:
            break
    onward = page.next_mark if page.next_mark is not None and page.next_mark.key == key else None
    return VersionsPage(folders=[], versions=own, next_mark=onward)


def _in_order(answer: ListObjectVersionsOutputTypeDef) -> list[ListedVersion]:
    """Put versions and markers, which botocore keeps apart, together again.

    Times are whole seconds: among equals the newest entry comes first, the others in the
    store's order, versions before markers.
    """
    versions = [
        ListedVersion(
            key=found["Key"],
            version_id=found["VersionId"],
            is_latest=found["IsLatest"],
            is_delete_marker=False,
            last_modified=found["LastModified"],
            bytes=found["Size"],
            etag=found.get("ETag", "").strip('"'),
            storage_class=found.get("StorageClass", "STANDARD"),
        )
        for found in answer.get("Versions", [])
    ]
    markers = [
        ListedVersion(
            key=found["Key"],
            version_id=found["VersionId"],
            is_latest=found["IsLatest"],
            is_delete_marker=True,
            last_modified=found["LastModified"],
        )
        for found in answer.get("DeleteMarkers", [])
    ]
    merged = sorted([*versions, *markers], key=lambda one: one.last_modified, reverse=True)
    merged.sort(key=lambda one: (one.key.encode(), not one.is_latest))
    return merged
