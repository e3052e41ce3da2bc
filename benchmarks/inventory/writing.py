"""A bucket of photos as numbers, and reports of it as S3 Inventory writes them.

Run in a process of its own: on Linux the peak memory of a child begins with that of its parent.
"""

import gzip
import hashlib
import io
import json
import sys
from collections.abc import Iterator
from typing import Any

import boto3
import pyarrow as pa
from botocore.config import Config
from pyarrow import parquet

from benchmarks.reconcile.bucket import BUCKET, MODIFIED, SIZE, etag_of, key_of, version_of

REPORTS = "pettracker-reports"
CONFIG_ID = "pettracker-portal"
AT = "2026-01-02T01-00Z"
CREATED_MS = 1_767_315_600_000  # the same moment
MODIFIED_MS = 1_767_225_600_000
FILE_ROWS = 500_000
COLUMNS = (
    "Bucket", "Key", "VersionId", "IsLatest", "IsDeleteMarker", "Size", "LastModifiedDate", "ETag",
    "StorageClass", "IsMultipartUploaded", "EncryptionStatus", "ChecksumAlgorithm",
)  # fmt: skip
SCHEMA = pa.schema(
    [
        ("bucket", pa.string()),
        ("key", pa.string()),
        ("version_id", pa.string()),
        ("is_latest", pa.bool_()),
        ("is_delete_marker", pa.bool_()),
        ("size", pa.int64()),
        ("last_modified_date", pa.timestamp("ms", "UTC")),
        ("e_tag", pa.string()),
        ("storage_class", pa.string()),
        ("is_multipart_uploaded", pa.bool_()),
        ("encryption_status", pa.string()),
        ("checksum_algorithm", pa.string()),
    ]
)


def files(written: str, rows: int) -> Iterator[bytes]:
    """Yield the report's files, of FILE_ROWS rows each."""
    for start in range(0, rows, FILE_ROWS):
        numbers = range(start, min(start + FILE_ROWS, rows))
        yield _csv(numbers) if written == "CSV" else _parquet(numbers)


def deliver(client: Any, written: str, rows: int) -> int:
    """Put a report of so many rows; return how many bytes its files have."""
    folder = f"{written}/{BUCKET}/{CONFIG_ID}"
    named: list[dict[str, Any]] = []
    for number, body in enumerate(files(written, rows)):
        key = f"{folder}/data/{number}.{'csv.gz' if written == 'CSV' else 'parquet'}"
        client.put_object(Bucket=REPORTS, Key=key, Body=body)
        named.append({"key": key, "size": len(body), "MD5checksum": _md5(body)})
    schema = ", ".join(COLUMNS)
    if written == "Parquet":
        schema = f"message s3.inventory {{ {' '.join(f'optional any {one};' for one in SCHEMA.names)} }}"
    manifest = json.dumps(
        {
            "sourceBucket": BUCKET,
            "destinationBucket": f"arn:aws:s3:::{REPORTS}",
            "version": "2016-11-30",
            "creationTimestamp": str(CREATED_MS),
            "fileFormat": written,
            "fileSchema": schema,
            "files": named,
        }
    ).encode()
    client.put_object(Bucket=REPORTS, Key=f"{folder}/{AT}/manifest.json", Body=manifest)
    client.put_object(Bucket=REPORTS, Key=f"{folder}/{AT}/manifest.checksum", Body=_md5(manifest).encode())
    return sum(one["size"] for one in named)


def _csv(numbers: range) -> bytes:
    text = "".join(
        f'"{BUCKET}","{key_of(number)}","{version_of(number)}","true","false","{SIZE}","{MODIFIED}",'
        f'"{etag_of(number)}","STANDARD","false","SSE-S3","CRC64NVME"\n'
        for number in numbers
    )
    return gzip.compress(text.encode(), compresslevel=6)


def _parquet(numbers: range) -> bytes:
    count = len(numbers)
    table = pa.table(
        {
            "bucket": [BUCKET] * count,
            "key": [key_of(number) for number in numbers],
            "version_id": [version_of(number) for number in numbers],
            "is_latest": [True] * count,
            "is_delete_marker": [False] * count,
            "size": [SIZE] * count,
            "last_modified_date": pa.array([MODIFIED_MS] * count, pa.timestamp("ms", "UTC")),
            "e_tag": [etag_of(number) for number in numbers],
            "storage_class": ["STANDARD"] * count,
            "is_multipart_uploaded": [False] * count,
            "encryption_status": ["SSE-S3"] * count,
            "checksum_algorithm": ["CRC64NVME"] * count,
        },
        schema=SCHEMA,
    )
    body = io.BytesIO()
    parquet.write_table(table, body, row_group_size=100_000)
    return body.getvalue()


def _md5(body: bytes) -> str:
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


def main(endpoint: str, access_key: str, secret_key: str, rows: str) -> None:
    """Deliver a report in each format, and print how many bytes each has, as JSON."""
    client = boto3.client(
        "s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id=access_key,
        aws_secret_access_key=secret_key, config=Config(s3={"addressing_style": "path"}),
    )  # fmt: skip
    client.create_bucket(Bucket=REPORTS)
    print(json.dumps({written: deliver(client, written, int(rows)) for written in ("CSV", "Parquet")}))


if __name__ == "__main__":
    main(*sys.argv[1:])
