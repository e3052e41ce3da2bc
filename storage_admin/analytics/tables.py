"""Reads what is exported, some thousand rows at a time, along the primary key: one query for each batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import F, OuterRef, QuerySet, Subquery

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
    """Values by column, and the key after which the next batch begins; empty when this was the last."""

    columns: Mapping[str, Sequence[Any]]
    rows: int
    after: str


def _pets(after: str) -> Batch:
    newest = WeightRecord.objects.filter(pet=OuterRef("pk")).order_by("-weighed_on", "-id")
    wanted = Pet.objects.annotate(
        pet_id=F("pk"),
        weight_kg=Subquery(newest.values("kg")[:1]),
        weighed_on=Subquery(newest.values("weighed_on")[:1]),
    )
    return _batch(
        wanted, after, "pet_id", "reference", "name", "species", "breed", "second_breed", "sex", "neutered",
        "birth_date", "birth_date_estimated", "deceased_date", "colour", "status", "owner_id", "weight_kg",
        "weighed_on", "created_at", "updated_at", "trashed_at",
        made={"pet_id": _texts, "owner_id": _texts, "weight_kg": _hundredths},
    )  # fmt: skip


def _photos(after: str) -> Batch:
    wanted = Photo.objects.annotate(photo_id=F("pk"))
    return _batch(
        wanted, after, "photo_id", "pet_id", "bucket", "key", "version_id", "etag", "sha256", "bytes",
        "content_type", "width", "height", "rotation", "is_primary", "is_published", "status",
        "duplicate_of_id", "created_at", "updated_at", "status_changed_at",
        made={"photo_id": _texts, "pet_id": _texts, "duplicate_of_id": _texts},
    )  # fmt: skip


def _batch(
    wanted: QuerySet[Any], after: str, *names: str, made: Mapping[str, Callable[[Sequence[Any]], list[Any]]]
) -> Batch:
    """Read the next rows along the primary key, which is the first of the names."""
    following = wanted.filter(pk__gt=after) if after else wanted
    # Tuples and columns: dictionaries of 10,000 rows take three times as much memory.
    rows = list(following.order_by("pk").values_list(*names)[:BATCH])
    columns: dict[str, Sequence[Any]] = dict(zip(names, zip(*rows, strict=True), strict=True)) if rows else {}
    for name in made if rows else ():
        columns[name] = made[name](columns[name])
    return Batch(columns, len(rows), columns[names[0]][-1] if len(rows) == BATCH else "")


def _texts(values: Sequence[Any]) -> list[Any]:
    return [None if value is None else str(value) for value in values]


def _hundredths(values: Sequence[Any]) -> list[Any]:
    """Return decimals as they were weighed: SQLite keeps floats, and gives 25.4500000000000."""
    return [None if value is None else value.quantize(_HUNDREDTH) for value in values]


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
        columns = {name: [row[name] for row in rows] for name in rows[0]} if rows else {}
        return Batch(columns, len(rows), str(pairs[-1][0]) if len(pairs) == BUCKETS else "")

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


READERS: Mapping[str, Callable[[str], Batch]] = {
    "pets": _pets,
    "photos": _photos,
    "usage_kinds": _of_snapshots(_kinds),
    "usage_classes": _of_snapshots(_classes),
    "usage_folders": _of_snapshots(_folders),
}
