"""What a selection names: a page of targets at a time, from a cursor, asked of the store anew.

A selection is a rule, kept as JSON: {"what": ..., and what that kind of selection needs}.

    objects    {"prefix"}             the current version of every key that begins so
    versions   {"prefix"}             every version and delete marker of every such key
    uploads    {"prefix"}             every open multipart upload of every such key
    everything {"prefix"}             versions and markers, then uploads
    keys       {"keys"}               the current versions of these keys
    exact      {"versions"}           these pairs of (key, version id)
    items      {"job"}                what failed in that job
    history    {"prefix", "moment", "keys"?}  every such key that is another now than at that moment
    hidden     {"prefix", "begin"?, "end"?}  every such key whose newest entry is a marker of that time
    photos     {"prefix"}, or as below  the versions that rows of photos name, by the rows alone
    originals  {"filter"} or {"ids"}  the same of photos in the admin's list, each asked of the store
    done       {"job"}                what that job did, the last first
    findings   {"kind", "states", "prefix"}  what reconciliation found of that kind, by rows alone

A "failed_in" beside `history`, `hidden` or `done` keeps of them the keys that failed in that job.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from portal.s3 import attributes, listing, uploads
from portal.s3.attributes import Attributes
from portal.s3.errors import ObjectNotFound
from storage_admin.jobs import history, photo_rows, ranking
from storage_admin.jobs.history import Life, Since
from storage_admin.jobs.ranking import Ranked
from storage_admin.models import Bucket, JobItem

Selection = dict[str, Any]
Cursor = dict[str, Any]
NARROWED = ("history", "hidden", "done")  # selections that "failed_in" narrows


@dataclass(frozen=True)
class Target:
    """One object, version, marker or upload, as the store told of it when it was read.

    `rank` counts the older versions of a key from the newest of them, 1; it is 0 for markers and
    for what is current. `replaced_at` is when the entry stopped being the newest
    (UG:intro-lifecycle-rules), None for the newest.
    """

    key: str
    version_id: str = ""
    bytes: int = 0
    etag: str = ""
    storage_class: str = ""
    modified: datetime | None = None
    is_latest: bool = True
    is_marker: bool = False
    is_gone: bool = False  # named by the selection, and not there
    upload_id: str = ""
    rank: int = 0
    replaced_at: datetime | None = None
    is_alone: bool = False  # a marker below which there is nothing left
    change: str = ""  # what happened to the key since a moment: a `history.Change`
    was: str = ""  # the version that was current at that moment
    markers: tuple[str, ...] = ()  # those that lie on top of it since
    made: str = ""  # what a job before this one made of it
    barred: str = ""  # why no kind works on this photo's original: of `photo_rows`

    @property
    def digest(self) -> str:
        """The target's name in the table of outcomes."""
        named = f"{self.key}\0{self.version_id}\0{self.upload_id}"
        return hashlib.sha256(named.encode()).hexdigest()

    def as_data(self) -> dict[str, Any]:
        """Return the target as JSON, without what is as ever."""
        data = {name: value for name, value in asdict(self).items() if value != _EVER[name]}
        for name in _TIMES & data.keys():
            data[name] = data[name].isoformat()
        return data

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Target:
        """Return the target that `as_data` wrote."""
        read: dict[str, Any] = {name: datetime.fromisoformat(data[name]) for name in _TIMES & data.keys()}
        read["markers"] = tuple(data.get("markers", ()))
        return cls(**(data | read))


_EVER = asdict(Target(""))
_TIMES = {"modified", "replaced_at"}


@dataclass(frozen=True)
class Page:
    """Targets, and where the next page begins; a cursor of None is the end."""

    targets: list[Target]
    cursor: Cursor | None = None


Reader = Callable[[Bucket, Selection, Cursor, int], Page]


def read(bucket: Bucket, selection: Selection, cursor: Cursor | None, size: int) -> Page:
    """Return the next page of at most `size` targets. Errors of the store are raised as they are."""
    return _READERS[selection["what"]](bucket, selection, cursor or {}, size)


def rights(selection: Selection) -> tuple[str, ...]:
    """Return the rights that this selection needs beside the kind's."""
    return (photo_rows.RIGHT,) if photo_rows.are_named_by(selection) else ()


def _objects(bucket: Bucket, selection: Selection, cursor: Cursor, size: int) -> Page:
    page = listing.keys_page(
        bucket.name, prefix=selection["prefix"], token=cursor.get("token", ""), size=size,
        alias=bucket.connection,
    )  # fmt: skip
    found = [
        Target(
            key=one.key, bytes=one.bytes, etag=one.etag, storage_class=one.storage_class,
            modified=one.last_modified,
        )
        for one in page.objects
    ]  # fmt: skip
    return Page(found, {"token": page.next_token} if page.next_token else None)


def _versions(bucket: Bucket, selection: Selection, cursor: Cursor, size: int) -> Page:
    ranked, onward = ranking.page(bucket, selection["prefix"], cursor, size)
    return Page([_of_entry(one) for one in ranked], onward)


def _of_entry(one: Ranked) -> Target:
    entry = one.entry
    return Target(
        key=entry.key, version_id=entry.version_id, bytes=entry.bytes, etag=entry.etag,
        storage_class=entry.storage_class, modified=entry.last_modified, is_latest=entry.is_latest,
        is_marker=entry.is_delete_marker, rank=one.rank, replaced_at=one.replaced_at,
        is_alone=one.is_alone,
    )  # fmt: skip


def _uploads(bucket: Bucket, selection: Selection, cursor: Cursor, size: int) -> Page:
    page = uploads.page(
        bucket.name, prefix=selection["prefix"], key_mark=cursor.get("key", ""),
        upload_mark=cursor.get("upload", ""), size=size, alias=bucket.connection,
    )  # fmt: skip
    found = [
        Target(key=one.key, upload_id=one.upload_id, modified=one.begun, is_latest=False)
        for one in page.uploads
    ]
    following = {"key": page.next_key, "upload": page.next_upload} if page.next_key else None
    return Page(found, following)


def _everything(bucket: Bucket, selection: Selection, cursor: Cursor, size: int) -> Page:
    if "uploads" not in cursor:
        page = _versions(bucket, selection, cursor, size)
        return page if page.cursor is not None else replace(page, cursor={"uploads": {}})
    page = _uploads(bucket, selection, cursor["uploads"], size)
    return replace(page, cursor={"uploads": page.cursor} if page.cursor is not None else None)


def _keys(bucket: Bucket, selection: Selection, cursor: Cursor, size: int) -> Page:
    return _exact(bucket, {"versions": [(key, "") for key in selection["keys"]]}, cursor, size)


def _exact(bucket: Bucket, selection: Selection, cursor: Cursor, size: int) -> Page:
    start = cursor.get("at", 0)
    named = selection["versions"][start : start + size]
    found = [_named(bucket, key, version_id) for key, version_id in named]
    end = start + len(named)
    return Page(found, {"at": end} if end < len(selection["versions"]) else None)


def _items(bucket: Bucket, selection: Selection, cursor: Cursor, size: int) -> Page:
    items, onward = _failed_items(selection["job"], cursor, size)
    return Page([_again(bucket, item) for item in items], onward)


def _failed_items(job: int, cursor: Cursor, size: int) -> tuple[list[JobItem], Cursor | None]:
    failed = JobItem.objects.filter(job=job, outcome=JobItem.Outcome.FAILED)
    items = list(failed.filter(pk__gt=cursor.get("after", 0)).order_by("pk")[: size + 1])
    return items[:size], {"after": items[size - 1].pk} if len(items) > size else None


def _again(bucket: Bucket, item: JobItem) -> Target:
    """Return what failed as it is now. Its digest tells an upload, which stands where versions do."""
    upload = Target(item.key, upload_id=item.version_id, is_latest=False)
    is_upload = bool(item.version_id) and upload.digest == item.target
    return upload if is_upload else _named(bucket, item.key, item.version_id)


def _history(bucket: Bucket, selection: Selection, cursor: Cursor, size: int) -> Page:
    if "failed_in" in selection:
        items, onward = _failed_items(selection["failed_in"], cursor, size)
        keys = {"keys": [item.key for item in items]}
        found = replace(history.read(bucket, selection | keys, {}, size), cursor=onward)
    else:
        found = history.read(bucket, selection, cursor, size)
    return Page([of_change(life, since) for life, since in found.chosen], found.cursor)


def of_change(life: Life, since: Since) -> Target:
    """Return the key's newest entry as a target, with what became of it."""
    newest = life.entries[0]
    return Target(
        key=life.key, version_id=newest.version_id, etag=newest.etag, modified=newest.last_modified,
        is_marker=newest.is_delete_marker, change=since.change.value, was=since.was,
        markers=since.markers, bytes=since.bytes, storage_class=since.storage_class,
    )  # fmt: skip


def _done(_bucket: Bucket, selection: Selection, cursor: Cursor, size: int) -> Page:
    items = JobItem.objects.filter(job=selection["job"], outcome=JobItem.Outcome.DONE).order_by("-pk")
    if "failed_in" in selection:
        failed = JobItem.objects.filter(job=selection["failed_in"], outcome=JobItem.Outcome.FAILED)
        items = items.filter(key__in=failed.values("key"))
    if "before" in cursor:
        items = items.filter(pk__lt=cursor["before"])
    listed = list(items[: size + 1])
    found = [
        Target(key=item.key, version_id=item.version_id, bytes=item.bytes, made=item.made)
        for item in listed[:size]
    ]
    return Page(found, {"before": listed[size - 1].pk} if len(listed) > size else None)


def _findings(bucket: Bucket, selection: Selection, cursor: Cursor, size: int) -> Page:
    rows = bucket.findings.filter(
        kind=selection["kind"], state__in=selection["states"], key__startswith=selection["prefix"]
    )
    listed = list(rows.filter(pk__gt=cursor.get("after", 0)).order_by("pk")[: size + 1])
    found = [Target(key=one.key, version_id=one.version_id) for one in listed[:size]]
    return Page(found, {"after": listed[size - 1].pk} if len(listed) > size else None)


def _photos(bucket: Bucket, selection: Selection, cursor: Cursor, size: int) -> Page:
    rows, onward = photo_rows.page(bucket, selection, cursor, size)
    found = [
        Target(key=row.key, version_id=row.version_id, bytes=row.bytes, etag=row.etag, barred=barred)
        for row, barred in ((row, photo_rows.barred(bucket, row)) for row in rows)
    ]
    return Page(found, onward)


def _originals(bucket: Bucket, selection: Selection, cursor: Cursor, size: int) -> Page:
    page = _photos(bucket, selection, cursor, size)
    named = [(one.key, one.version_id, one.etag) for one in page.targets if not one.barred]
    stored = photo_rows.as_stored(bucket, named)
    return replace(page, targets=[_as_stored(one, stored.get(one.key)) for one in page.targets])


def _as_stored(target: Target, found: Attributes | None) -> Target:
    if found is None:
        return replace(target, barred=target.barred or photo_rows.NOT_CURRENT)
    return replace(
        target, bytes=found.bytes, etag=found.etag, storage_class=found.storage_class,
        modified=found.last_modified,
    )  # fmt: skip


def _named(bucket: Bucket, key: str, version_id: str) -> Target:
    """Ask for one entry as it is now; a key's own entries, for HEAD tells nothing of markers."""
    if version_id:
        entry = ranking.named(bucket, key, version_id)
        return _of_entry(entry) if entry else Target(key=key, version_id=version_id, is_gone=True)
    try:
        found = attributes.read(bucket.name, key, alias=bucket.connection)
    except ObjectNotFound:
        return Target(key=key, is_gone=True)
    return Target(
        key=key, bytes=found.bytes, etag=found.etag, storage_class=found.storage_class,
        modified=found.last_modified,
    )  # fmt: skip


_READERS: dict[str, Reader] = {
    "objects": _objects,
    "versions": _versions,
    "uploads": _uploads,
    "everything": _everything,
    "keys": _keys,
    "exact": _exact,
    "items": _items,
    "history": _history,
    "hidden": _history,
    "done": _done,
    "photos": _photos,
    "findings": _findings,
    "originals": _originals,
}
