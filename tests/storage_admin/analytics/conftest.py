"""A bucket of each test's own, in a real store, that exports go to; workers are the tests themselves."""

import hashlib
import io
import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from portal.s3 import buckets, objects
from portal.s3.buckets import Birth
from storage_admin.analytics import asking, layout, running
from storage_admin.models import AnalyticsExport


@pytest.fixture(autouse=True)
def no_queue(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Nothing is sent; what would have been is kept."""
    sent: list[int] = []
    monkeypatch.setattr("storage_admin.analytics.queue.send", sent.append)
    return sent


@pytest.fixture(params=[False, True], ids=["unversioned", "versioned"])
def either(request: pytest.FixtureRequest, photo_bucket: str, settings: Any, db: None) -> str:
    """The bucket of the exports, without versions and with."""
    return made(settings, versioned=request.param)


@pytest.fixture
def analytics(photo_bucket: str, settings: Any, db: None) -> str:
    """The same, without versions."""
    return made(settings, versioned=False)


def made(settings: Any, *, versioned: bool) -> str:
    name = f"analytics-{uuid4().hex[:12]}"
    buckets.create(name, Birth(versioned=versioned))
    settings.ANALYTICS_BUCKET = name
    return name


@pytest.fixture
def export(analytics: str) -> Callable[[], AnalyticsExport]:
    """Export to the end, as one worker."""
    return exported


def exported() -> AnalyticsExport:
    begun, _is_new = asking.begin(None)
    while running.work(begun.pk):
        pass
    begun.refresh_from_db()
    return begun


def keys(bucket: str) -> list[str]:
    """Return all that lies in the bucket, but for delete markers."""
    return [one.key for one in objects.versions(bucket, "") if not one.is_delete_marker]


def manifest(bucket: str, export: AnalyticsExport) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        objects.read(bucket, layout.manifest(export.prefix, export.day)).decode()
    )
    return found


def table(bucket: str, told: dict[str, Any], name: str) -> pa.Table:
    """Read a table the way a reader does: by the manifest, every file with its digest and number of rows."""
    parts = []
    for one in told["tables"][name]["files"]:
        body = objects.read(bucket, one["key"])
        assert (len(body), hashlib.sha256(body).hexdigest()) == (one["bytes"], one["sha256"])
        part = pq.read_table(io.BytesIO(body))
        assert part.num_rows == one["rows"]
        parts.append(part)
    return pa.concat_tables(parts)
