"""What the tests of inventories share: a bucket for reports, and a way to deliver one."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from portal.s3 import buckets
from portal.s3.types import VersioningState
from storage_admin.models import Bucket
from tests import inventories
from tests.inventories import as_csv, as_parquet, deliver


@pytest.fixture
def pets(another_bucket: Callable[..., Bucket], settings: Any) -> Bucket:
    """A versioned bucket; its reports are delivered to another one."""
    settings.INVENTORY_BUCKET = f"reports-{uuid4().hex[:12]}"
    buckets.create(settings.INVENTORY_BUCKET)
    return another_bucket(VersioningState.ENABLED)


@pytest.fixture
def reported(pets: Bucket, settings: Any) -> Callable[..., None]:
    """Deliver a report of these rows."""

    def make(rows: list[inventories.Row], *, written: str = "CSV", files: int = 2, **options: Any) -> None:
        writer = {"CSV": as_csv, "Parquet": as_parquet}[written]
        columns = options.get("columns", tuple(inventories.CSV_NAMES))
        bodies = [writer(rows[start::files], pets.name, columns) for start in range(files)]
        options.setdefault("at", timezone.now())
        deliver(settings.INVENTORY_BUCKET, pets.name, bodies, written=written, **options)

    return make
