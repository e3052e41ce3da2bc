"""What a count adds up of each version, marker and open upload: by class, and by folder."""

from __future__ import annotations

from collections.abc import Iterable

from portal.s3 import uploads
from portal.s3.uploads import OpenUpload
from storage_admin.buckets import prefixes
from storage_admin.buckets.prefixes import Tally, UnsortedTally
from storage_admin.models import UsageSnapshot

MOST_SIZED = 1_000  # open uploads whose parts are asked for: one call or more each
# Of a snapshot, beside its place: what the functions below change.
COUNTED = ("counts", "markers", "uploads", "upload_bytes", "uploads_sized", "prefixes")


def tallies_of(snapshot: UsageSnapshot) -> list[Tally]:
    """Return the folders' sums as the snapshot keeps them, one for each level."""
    kind = UnsortedTally if snapshot.report else Tally  # a report names keys in no order
    return [kind(level, snapshot.prefixes.get(str(level))) for level in prefixes.MOST]


def keep(snapshot: UsageSnapshot, tallies: Iterable[Tally], *, ended: bool = False) -> None:
    """Write the folders' sums back into the snapshot; `ended`: no folder is open any more."""
    for tally in tallies:
        if ended:
            tally.close()
        snapshot.prefixes[str(tally.level)] = tally.as_data()


def add_marker(snapshot: UsageSnapshot, tallies: Iterable[Tally], key: str) -> None:
    """Count a delete marker."""
    snapshot.markers += 1
    for tally in tallies:
        tally.add(key, prefixes.MARKERS, None)


def add_version(
    snapshot: UsageSnapshot, tallies: Iterable[Tally], key: str, *,
    size: int, storage_class: str, is_latest: bool,
) -> None:  # fmt: skip
    """Count a version of so many bytes."""
    places = (prefixes.OBJECTS, prefixes.BYTES) if is_latest else (prefixes.OLDER, prefixes.OLDER_BYTES)
    for tally in tallies:
        tally.add(key, *places, size)
    nothing = {"objects": 0, "bytes": 0, "older": 0, "older_bytes": 0}
    counts = snapshot.counts.setdefault(storage_class, nothing)
    number, held = ("objects", "bytes") if is_latest else ("older", "older_bytes")
    counts[number] += 1
    counts[held] += size


def add_upload(snapshot: UsageSnapshot, tallies: Iterable[Tally], upload: OpenUpload) -> None:
    """Count an open upload; of the first thousand the store is asked how much their parts hold."""
    snapshot.uploads += 1
    held = None
    if snapshot.uploads <= MOST_SIZED:
        bucket = snapshot.bucket
        held = uploads.part_bytes(upload, bucket.name, alias=bucket.connection)
    if held is not None:
        snapshot.uploads_sized += 1
        snapshot.upload_bytes += held
    for tally in tallies:
        tally.add_upload(upload.key, held)
