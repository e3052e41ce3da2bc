"""Lists by the page: keys below a prefix, and versions. Each page is one call to the store.

A page holds what the store gave and the marks to go on from; nothing here reads a whole
prefix. botocore asks for keys in URL encoding and decodes them (EncodingType), so that any
bytes that S3 takes in a key come through.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from portal.s3.answers import DOCUMENT_ORDER
from portal.s3.errors import translated
from portal.s3.inexact_keys import as_inexact_lists_spell
from portal.s3.session import DEFAULT, client

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ListObjectsV2OutputTypeDef

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
    keys_are_exact: bool = True  # False: what no XML holds stands there as U+FFFD (SeaweedFS)

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
    return _objects_page(answer)


def keys_page(
    bucket: str, *, prefix: str = "", token: str = "", after: str = "", size: int, alias: str = DEFAULT
) -> ObjectsPage:
    """Return one page of every object below the prefix, at any depth, in the order of their keys.

    It goes on at the token of the former page, or behind the key `after`, which no time makes stale.
    """
    onward: dict[str, Any] = {"ContinuationToken": token} if token else {}
    if after:
        onward["StartAfter"] = after
    with translated("ListObjectsV2"):
        answer = client(alias).list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=size, **onward)
    return _objects_page(answer)


def versions_page(
    bucket: str,
    *,
    prefix: str = "",
    mark: Mark | None = None,
    size: int,
    folders: bool = True,
    alias: str = DEFAULT,
) -> VersionsPage:
    """Return one page of versions and delete markers; with `folders` only those directly below the prefix.

    A mark without a version goes on behind all of the key's, also at a store that begins with them (Ceph).
    """
    onward: dict[str, Any] = {"Delimiter": SEPARATOR} if folders else {}
    if mark is not None:
        onward["KeyMarker"] = mark.key
        if mark.version_id:  # S3 refuses an empty one
            onward["VersionIdMarker"] = mark.version_id
    with translated("ListObjectVersions"):
        answer = client(alias).list_object_versions(Bucket=bucket, Prefix=prefix, MaxKeys=size, **onward)
    seen = mark.key if mark is not None and not mark.version_id else None
    following = None
    if answer.get("IsTruncated"):
        following = Mark(answer.get("NextKeyMarker", ""), answer.get("NextVersionIdMarker", ""))
    return VersionsPage(
        folders=[found["Prefix"] for found in answer.get("CommonPrefixes", [])],
        versions=[one for one in _in_order(answer) if one.key != seen],
        next_mark=following,
        keys_are_exact=answer.get("EncodingType") == "url",
    )


def key_versions(
    bucket: str, key: str, *, mark: Mark | None = None, size: int, alias: str = DEFAULT
) -> VersionsPage:
    """Return one page of the versions and markers of exactly this key, newest first.

    A prefix is not a key: `a.jpg` also begins `a.jpg.bak`. S3 sorts a key before all that it
    begins, so one call finds it. SeaweedFS sorts by the names of its files, `a.jpg.bak.versions`
    before `a.jpg.versions`, and skips the latter after a mark at the former; a version `null` it puts
    last, also where that is the newest. Where strangers come first, or not the newest, the same is
    asked once more for as much as one answer holds.

    An entry that is spelled wrongly, but as long as the prefix that was asked for, is of this key.
    """
    for count in (size, LARGEST_PAGE):
        page = versions_page(bucket, prefix=key, mark=mark, size=count, folders=False, alias=alias)
        listed_as = key if page.keys_are_exact else as_inexact_lists_spell(key)
        own = [replace(found, key=key) for found in page.versions if found.key == listed_as]
        is_right = own and (mark is not None or own[0].is_latest)
        if is_right or page.next_mark is None:
            break
    onward = None
    if page.next_mark is not None and page.next_mark.key == listed_as:
        onward = replace(page.next_mark, key=key)
    return VersionsPage(folders=[], versions=own, next_mark=onward, keys_are_exact=page.keys_are_exact)


def _objects_page(answer: ListObjectsV2OutputTypeDef) -> ObjectsPage:
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


def _in_order(answer: Mapping[str, Any]) -> list[ListedVersion]:
    """Return versions and markers together, key by key and newest first.

    So the document has them (API:ListObjectVersions). Not every store's has: some name all versions,
    then all markers, or sort keys in their own way. Those are sorted by time, which has whole
    seconds: among equals the newest entry comes first, then the others as they stand.
    """
    document = answer.get(DOCUMENT_ORDER)  # missing where botocore's own parser read the answer
    if document is None:
        document = [(kind, one) for kind in ("Versions", "DeleteMarkers") for one in answer.get(kind, ())]
    entries = [_entry(one, is_marker=kind == "DeleteMarkers") for kind, one in document]
    if not _is_interleaved(entries):
        entries.sort(key=lambda one: one.last_modified, reverse=True)
        entries.sort(key=lambda one: (one.key, not one.is_latest))
    return entries


def _entry(found: Any, *, is_marker: bool) -> ListedVersion:
    return ListedVersion(
        key=found["Key"],
        version_id=found["VersionId"],
        is_latest=found["IsLatest"],
        is_delete_marker=is_marker,
        last_modified=found["LastModified"],
        bytes=0 if is_marker else found["Size"],
        etag=found.get("ETag", "").strip('"'),
        storage_class="" if is_marker else found.get("StorageClass", "STANDARD"),
    )


def _is_interleaved(entries: list[ListedVersion]) -> bool:
    """Tell whether the entries stand as S3 has them: sorted by key, newest first, of both kinds in turn."""
    kinds = [one.is_delete_marker for one in entries]
    if any(kinds) and not all(kinds) and kinds == sorted(kinds):
        return False  # all versions, then all markers: perhaps each kind by itself
    return all(
        one.key < after.key or (one.key == after.key and not after.is_latest)
        for one, after in pairwise(entries)
    )
