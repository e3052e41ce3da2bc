"""Reads what is exported, some thousand rows at a time, along the primary key: one query for each batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import F, OuterRef, Subquery

from pets.models import Pet, WeightRecord
from photos.models import Photo
from storage_admin.buckets import prefixes
from storage_admin.buckets.prefixes import Tally
from storage_admin.models import Bucket, UsageSnapshot

BATCH = 10_000  # rows of a row group
BUCKETS = 20  # whose usage is read at once: their folders may be a thousand each

Row = dict[str, Any]
_HUNDREDTH = Decimal("0.01")
_BYTES_OF_NOTHING = 0  # a marker has none


@dataclass(frozen=True)
class Batch:
    """Rows, and the key after which the next batch begins; empty when this was the last."""

    rows: list[Row]
    after: str


def _pets(after: str) -> Batch:
    newest = WeightRecord.objects.filter(pet=OuterRef("pk")).order_by("-weighed_on", "-id")
    wanted = Pet.objects.order_by("pk").annotate(
        pet_id=F("pk"),
        weight_kg=Subquery(newest.values("kg")[:1]),
        weighed_on=Subquery(newest.values("weighed_on")[:1]),
    )
    found = wanted.values(
        "pet_id", "reference", "name", "species", "breed", "second_breed", "sex", "neutered", "birth_date",
        "birth_date_estimated", "deceased_date", "colour", "status", "owner_id", "weight_kg", "weighed_on",
        "created_at", "updated_at", "trashed_at",
    )  # fmt: skip
    rows: list[Row] = list((found.filter(pk__gt=after) if after else found)[:BATCH])
    for row in rows:
        row["pet_id"] = str(row["pet_id"])
        row["owner_id"] = _text(row["owner_id"])
        if row["weight_kg"] is not None:  # SQLite keeps decimals as floats, and gives 25.4500000000000
            row["weight_kg"] = row["weight_kg"].quantize(_HUNDREDTH)
    return Batch(rows, rows[-1]["pet_id"] if len(rows) == BATCH else "")


def _photos(after: str) -> Batch:
    found = Photo.objects.order_by("pk").values(
        "id", "pet_id", "bucket", "key", "version_id", "etag", "sha256", "bytes", "content_type", "width",
        "height", "rotation", "is_primary", "is_published", "status", "duplicate_of_id", "created_at",
        "updated_at", "status_changed_at",
    )  # fmt: skip
    rows: list[Row] = list((found.filter(pk__gt=after) if after else found)[:BATCH])
    for row in rows:
        row["photo_id"] = str(row.pop("id"))
        row["pet_id"] = _text(row["pet_id"])
        row["duplicate_of"] = _text(row.pop("duplicate_of_id"))
    return Batch(rows, rows[-1]["photo_id"] if len(rows) == BATCH else "")


def _of_snapshots(cut: Callable[[UsageSnapshot], Iterator[Row]]) -> Callable[[str], Batch]:
    """Return what reads one cut of the newest count of each bucket, bucket by bucket."""

    def read(after: str) -> Batch:
        # A count that ended with an error counted a part alone.
        ended = UsageSnapshot.objects.filter(bucket=OuterRef("pk"), ended_at__isnull=False, error="")
        newest = Bucket.objects.order_by("pk").annotate(
            newest=Subquery(ended.order_by("-pk").values("pk")[:1])
        )
        pairs = list(newest.filter(pk__gt=after or 0).values_list("pk", "newest")[:BUCKETS])
        wanted = [snapshot for _bucket, snapshot in pairs if snapshot]
        snapshots = UsageSnapshot.objects.filter(pk__in=wanted).select_related("bucket").order_by("bucket_id")
        rows = [
            {
                "connection": snapshot.bucket.connection,
                "bucket": snapshot.bucket.name,
                "counted_at": _ended(snapshot),
                **row,
            }
            for snapshot in snapshots
            for row in cut(snapshot)
        ]
        return Batch(rows, str(pairs[-1][0]) if len(pairs) == BUCKETS else "")

    return read


def _kinds(snapshot: UsageSnapshot) -> Iterator[Row]:
    sums = {
        name: sum(one[name] for one in snapshot.counts.values())
        for name in ("objects", "bytes", "older", "older_bytes")
    }
    yield {"kind": "current", "objects": sums["objects"], "bytes": sums["bytes"]}
    yield {"kind": "older", "objects": sums["older"], "bytes": sums["older_bytes"]}
    yield {"kind": "markers", "objects": snapshot.markers, "bytes": _BYTES_OF_NOTHING}
    yield {"kind": "incomplete", "objects": snapshot.uploads, "bytes": snapshot.upload_bytes}


def _classes(snapshot: UsageSnapshot) -> Iterator[Row]:
    for name, one in sorted(snapshot.counts.items()):
        yield {
            "storage_class": name, "objects": one["objects"], "bytes": one["bytes"],
            "older_objects": one["older"], "older_bytes": one["older_bytes"],
        }  # fmt: skip


def _folders(snapshot: UsageSnapshot) -> Iterator[Row]:
    for level in prefixes.MOST:
        tally = Tally(level, snapshot.prefixes.get(str(level)))
        for name, sums in sorted(tally.rows.items()):
            yield _folder(level, name, sums)
        if any(tally.other):
            yield _folder(level, None, tally.other)


def _folder(level: int, name: str | None, sums: list[int]) -> Row:
    return {
        "level": level,
        "folder": name,
        "objects": sums[prefixes.OBJECTS],
        "bytes": sums[prefixes.BYTES],
        "older_objects": sums[prefixes.OLDER],
        "older_bytes": sums[prefixes.OLDER_BYTES],
        "markers": sums[prefixes.MARKERS],
        "incomplete": sums[prefixes.UPLOADS],
        "incomplete_bytes": sums[prefixes.UPLOAD_BYTES],
    }


def _ended(snapshot: UsageSnapshot) -> datetime:
    assert snapshot.ended_at is not None  # noqa: S101 - only such were chosen
    return snapshot.ended_at


def _text(number: Any) -> str | None:
    return None if number is None else str(number)


READERS: Mapping[str, Callable[[str], Batch]] = {
    "pets": _pets,
    "photos": _photos,
    "usage_kinds": _of_snapshots(_kinds),
    "usage_classes": _of_snapshots(_classes),
    "usage_folders": _of_snapshots(_folders),
}
