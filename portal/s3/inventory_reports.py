"""Finds the reports of S3 Inventory where they were delivered, and reads what each says of itself.

They are plain objects, so any store may hold them (UG:storage-inventory-location):

    <prefix>/<source bucket>/<configuration>/<YYYY-MM-DDTHH-MMZ>/manifest.json    which files, which columns
    <prefix>/<source bucket>/<configuration>/<YYYY-MM-DDTHH-MMZ>/manifest.checksum    its MD5
    <prefix>/<source bucket>/<configuration>/data/...                                 the rows

The checksum is written last: without it, or with another one, a report is not complete.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext as _

from portal.s3 import listing, objects, session
from portal.s3.errors import BadContent, Conflict, ObjectNotFound, Unsupported
from portal.s3.inventory import Format, folder_of
from portal.s3.ranges import READ_BYTES, RangeFile

MOST_MANIFEST_BYTES = 64 * 1024 * 1024  # some 200 bytes for each file, of which a report has thousands
MOST_TRIED = 10  # newest folders that are looked at for one that is complete
_DATED = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}-\d{2}Z/")
_PARQUET_COLUMN = re.compile(r"(?:required|optional)\s+\w+\s+(\w+)")
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True)
class DataFile:
    """One file of rows; `md5` in hexadecimal digits."""

    key: str
    bytes: int
    md5: str


@dataclass(frozen=True)
class Report:
    """What a manifest says. `at` is when S3 began to read the bucket; `columns` as Parquet names them.

    `md5` is the manifest's own: whoever reads a report in pieces asks whether it is still the same.
    """

    bucket: str
    manifest: str
    md5: str
    source: str
    at: datetime
    format: Format
    columns: tuple[str, ...]
    files: tuple[DataFile, ...]

    @property
    def bytes(self) -> int:
        """What all files have, compressed as they lie there."""
        return sum(one.bytes for one in self.files)

    @property
    def has_versions(self) -> bool:
        """Whether it tells of older versions and delete markers, too."""
        return {"version_id", "is_latest", "is_delete_marker"} <= set(self.columns)


def newest(
    bucket: str, prefix: str, source: str, config_id: str, *, alias: str = session.DEFAULT
) -> Report | None:
    """Return the newest report that is complete; None while there is none.

    BadContent for a manifest that is none, Unsupported for a format that is not read (ORC).
    """
    folder = folder_of(prefix, source, config_id)
    for name in _newest_folders(bucket, folder, alias):
        key = f"{name}manifest.json"
        try:
            told = _small(bucket, f"{name}manifest.checksum", alias)
            body = _small(bucket, key, alias)
        except ObjectNotFound:
            continue
        if told.decode("ascii", "replace").strip().strip('"').lower() == _md5(body):
            return _parsed(bucket, key, body, source)
    return None


def opened(bucket: str, manifest: str, source: str, *, md5: str = "", alias: str = session.DEFAULT) -> Report:
    """Return the report of a manifest that was found before; Conflict where `md5` is not its own any more."""
    body = _small(bucket, manifest, alias)
    if md5 and _md5(body) != md5:
        raise Conflict(_("The inventory report was replaced while it was read."), operation="GetObject")
    return _parsed(bucket, manifest, body, source)


def verified(report: Report, file: DataFile, *, alias: str = session.DEFAULT) -> str:
    """Return the file's ETag, having made sure that it is what the manifest says: BadContent if not.

    The ETag of an object in one piece and without KMS is its MD5: then no byte is read for it.
    """
    found = objects.head(report.bucket, file.key, alias=alias)
    if found.bytes != file.bytes:
        words = _("%(key)s has %(bytes)s bytes, and should have %(wanted)s.")
        said = {"key": file.key, "bytes": found.bytes, "wanted": file.bytes}
        raise BadContent(words % said, operation="HeadObject")
    if found.etag.lower() != file.md5:
        digest = hashlib.md5(usedforsecurity=False)
        there = RangeFile(report.bucket, file.key, size=file.bytes, etag=found.etag, alias=alias)
        while piece := there.read(READ_BYTES):
            digest.update(piece)
        if digest.hexdigest() != file.md5:
            words = _("%(key)s is not what the report's manifest names: its MD5 is another one.")
            raise BadContent(words % {"key": file.key}, operation="GetObject")
    return found.etag


def _newest_folders(bucket: str, folder: str, alias: str) -> list[str]:
    kept: deque[str] = deque(maxlen=MOST_TRIED)  # a list goes from the oldest to the newest
    token = ""
    while True:
        page = listing.objects_page(
            bucket, prefix=folder, token=token, size=listing.LARGEST_PAGE, alias=alias
        )
        kept.extend(name for name in page.folders if _DATED.fullmatch(name.removeprefix(folder)))
        if not page.next_token or page.next_token == token:
            return sorted(kept, reverse=True)
        token = page.next_token


def _small(bucket: str, key: str, alias: str) -> bytes:
    size = objects.head(bucket, key, alias=alias).bytes
    if size > MOST_MANIFEST_BYTES:
        words = _("%(key)s has %(bytes)s bytes: too much for a manifest.") % {"key": key, "bytes": size}
        raise BadContent(words, operation="HeadObject")
    # Within what a page may wait; S3 has no range of an empty object.
    return objects.first_bytes(bucket, key, size, alias=alias) if size else b""


def _parsed(bucket: str, key: str, body: bytes, source: str) -> Report:
    try:
        said: Any = json.loads(body)
        named, schema = str(said["sourceBucket"]), str(said["fileSchema"])
        at = datetime.fromtimestamp(int(said["creationTimestamp"]) / 1000, UTC)
        files = tuple(
            DataFile(str(one["key"]), int(one["size"]), str(one["MD5checksum"]).lower())
            for one in said["files"]
        )
        written = str(said["fileFormat"])
    except (ValueError, KeyError, TypeError, OverflowError, OSError) as error:
        words = _("%(key)s is no manifest of an inventory: %(reason)s")
        raise BadContent(words % {"key": key, "reason": repr(error)}, operation="GetObject") from error
    if named != source:
        words = _("%(key)s is about the bucket %(named)s, not about %(source)s.")
        raise BadContent(words % {"key": key, "named": named, "source": source}, operation="GetObject")
    if written not in set(Format):
        words = _(
            "The report is written as %(format)s; the portal reads CSV and Parquet. Choose one of them."
        )
        raise Unsupported(words % {"format": written}, operation="GetObject")
    columns = (
        tuple(_as_parquet(name.strip()) for name in schema.split(","))
        if written == Format.CSV
        else tuple(_PARQUET_COLUMN.findall(schema))
    )
    return Report(bucket, key, _md5(body), source, at, Format(written), columns, files)


def _as_parquet(name: str) -> str:
    """Return a CSV column's name as Parquet has it: "IsDeleteMarker" is "is_delete_marker"."""
    return {"ETag": "e_tag"}.get(name) or _WORDS.sub("_", name).lower()


def _md5(body: bytes) -> str:
    return hashlib.md5(body, usedforsecurity=False).hexdigest()
