"""Reports of S3 Inventory as Amazon delivers them, for stores that make none."""

import csv
import gzip
import hashlib
import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

import pyarrow as pa
from pyarrow import parquet

from portal.s3 import session

CONFIG_ID = "pettracker-portal"
CSV_NAMES = {
    "key": "Key",
    "version_id": "VersionId",
    "is_latest": "IsLatest",
    "is_delete_marker": "IsDeleteMarker",
    "size": "Size",
    "last_modified_date": "LastModifiedDate",
    "e_tag": "ETag",
    "storage_class": "StorageClass",
    "is_multipart_uploaded": "IsMultipartUploaded",
    "encryption_status": "EncryptionStatus",
    "object_lock_retain_until_date": "ObjectLockRetainUntilDate",
    "object_lock_mode": "ObjectLockMode",
    "object_lock_legal_hold_status": "ObjectLockLegalHoldStatus",
    "intelligent_tiering_access_tier": "IntelligentTieringAccessTier",
    "checksum_algorithm": "ChecksumAlgorithm",
}
WITHOUT_VERSIONS = tuple(
    name for name in CSV_NAMES if name not in {"version_id", "is_latest", "is_delete_marker"}
)
_BOOLEANS = {"is_latest", "is_delete_marker", "is_multipart_uploaded"}
_TIMES = {"last_modified_date", "object_lock_retain_until_date"}
Row = dict[str, Any]


def row(key: str, **more: Any) -> Row:
    """Return a row as Parquet has it: a current version of three bytes, unless said otherwise."""
    return {
        "key": key,
        "version_id": None,
        "is_latest": True,
        "is_delete_marker": False,
        "size": 3,
        "last_modified_date": datetime(2024, 5, 1, 10, tzinfo=UTC),
        "e_tag": "0" * 32,
        "storage_class": "STANDARD",
        **more,
    }


def rows_of(bucket: str) -> list[Row]:
    """Return the bucket's versions and delete markers as S3 would report them."""
    found = []
    for page in session.client().get_paginator("list_object_versions").paginate(Bucket=bucket):
        found += [
            row(
                one["Key"], version_id=one["VersionId"], is_latest=one["IsLatest"], size=one["Size"],
                last_modified_date=one["LastModified"], e_tag=one["ETag"].strip('"'),
                storage_class=one.get("StorageClass", "STANDARD"),
            )
            for one in page.get("Versions", [])
        ]  # fmt: skip
        found += [
            row(
                one["Key"], version_id=one["VersionId"], is_latest=one["IsLatest"], is_delete_marker=True,
                last_modified_date=one["LastModified"], size=None, e_tag=None, storage_class=None,
            )
            for one in page.get("DeleteMarkers", [])
        ]  # fmt: skip
    return found


def as_csv(rows: Sequence[Row], source: str, columns: Sequence[str] = tuple(CSV_NAMES)) -> bytes:
    """Return rows as a gzipped CSV file: no heading, everything quoted, keys as in a form."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    for one in rows:
        writer.writerow([source, *(_as_text(name, one.get(name)) for name in columns)])
    return gzip.compress(text.getvalue().encode(), compresslevel=1)


def as_parquet(rows: Sequence[Row], source: str, columns: Sequence[str] = tuple(CSV_NAMES)) -> bytes:
    """Return rows as a Parquet file of S3's schema."""
    arrays: dict[str, Any] = {"bucket": pa.array([source] * len(rows), pa.string())}
    for name in columns:
        arrays[name] = pa.array([one.get(name) for one in rows], _type(name))
    body = io.BytesIO()
    parquet.write_table(pa.table(arrays), body, row_group_size=25_000)
    return body.getvalue()


def deliver(
    destination: str,
    source: str,
    bodies: Sequence[bytes],
    *,
    at: datetime,
    prefix: str = "inventory",
    written: str = "CSV",
    columns: Sequence[str] = tuple(CSV_NAMES),
    checksum: str | None = None,
    **manifest: Any,
) -> str:
    """Put the files and their manifest, then its checksum; return the manifest's key.

    `checksum` other than None is put in place of the right one, "" for none at all.
    """
    client = session.client()
    folder = "/".join([*([prefix] if prefix else []), source, CONFIG_ID])
    named = []
    for number, body in enumerate(bodies):
        ending = "csv.gz" if written == "CSV" else "parquet"
        key = f"{folder}/data/{at:%Y%m%d%H%M}-{number}.{ending}"
        client.put_object(Bucket=destination, Key=key, Body=body)
        md5 = hashlib.md5(body, usedforsecurity=False).hexdigest()
        named.append({"key": key, "size": len(body), "MD5checksum": md5})
    said = {
        "sourceBucket": source,
        "destinationBucket": f"arn:aws:s3:::{destination}",
        "version": "2016-11-30",
        "creationTimestamp": str(round(at.timestamp() * 1000)),
        "fileFormat": written,
        "fileSchema": _schema(written, columns),
        "files": named,
        **manifest,
    }
    text = json.dumps(said, indent=2).encode()
    key = f"{folder}/{at:%Y-%m-%dT%H-%MZ}/manifest.json"
    client.put_object(Bucket=destination, Key=key, Body=text)
    told = hashlib.md5(text, usedforsecurity=False).hexdigest() if checksum is None else checksum
    if told:
        beside = key.replace("manifest.json", "manifest.checksum")
        client.put_object(Bucket=destination, Key=beside, Body=told.encode())
    return key


def _schema(written: str, columns: Sequence[str]) -> str:
    if written != "Parquet":
        return ", ".join(["Bucket", *(CSV_NAMES[name] for name in columns)])
    fields = "".join(f"  optional {_parquet_word(name)} {name};" for name in columns if name != "key")
    return (
        f"message s3.inventory {{  required binary bucket (STRING);  required binary key (STRING);{fields}}}"
    )


def _parquet_word(name: str) -> str:
    if name in _BOOLEANS:
        return "boolean"
    return "int64" if name in _TIMES | {"size"} else "binary"


def _type(name: str) -> Any:
    if name in _BOOLEANS:
        return pa.bool_()
    if name in _TIMES:
        return pa.timestamp("ms", "UTC")
    return pa.int64() if name == "size" else pa.string()


def _as_text(name: str, value: Any) -> str:
    if name == "key":
        return quote_plus(value, safe="/")
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03d}Z"
    return str(value)
