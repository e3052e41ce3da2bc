"""What is measured, each in a process of its own, in which Django is set up."""

import sys
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.core.management import call_command
from django.db import connection

from benchmarks import apart
from benchmarks.admin import loading
from benchmarks.reconcile.bucket import (
    BUCKET,
    EVERY,
    NAMES,
    SIZE,
    etag_of,
    has_row,
    key_of,
    photo_id,
    rendition_key,
    version_of,
)
from photos import keys
from photos.models import Photo, Rendition
from photos.renditions import specs
from portal.s3 import listing
from storage_admin.models import Bucket, Scan
from storage_admin.reconciliation import scanning


def main() -> None:
    """Do the part and print what it took, as JSON."""
    part, rows, with_renditions = PARTS[sys.argv[1]], int(sys.argv[2]), sys.argv[3] == "1"
    if not with_renditions:
        settings.RENDITIONS = []  # originals alone: a row for each object
        specs.cache_clear()  # somebody may have asked for them already
    if sorted(spec.name for spec in specs()) != (list(NAMES) if with_renditions else []):
        raise SystemExit("Other renditions are wanted than the bucket has: millions of findings.")
    apart.tell(lambda: part(rows))


def load(rows: int) -> dict[str, int]:
    """Make tables and rows, unless they are there from an earlier run with `--keep`."""
    call_command("migrate", verbosity=0)
    if Photo.objects.exists():
        return {"rows": Photo.objects.count()}
    with connection.cursor() as cursor:
        for statement in loading.SQLITE_WHILE_LOADING if connection.vendor == "sqlite" else ():
            cursor.execute(statement)
    return fill(rows)


def fill(rows: int) -> dict[str, int]:
    """Make the rows, at rest for days."""
    then = datetime.now(UTC) - timedelta(days=3)
    Bucket.objects.create(connection="default", name=BUCKET)
    for start in range(0, rows, 10_000):
        Photo.objects.bulk_create(
            Photo(
                id=photo_id(number), bucket=BUCKET, key=key_of(number), version_id=version_of(number),
                etag=etag_of(number), sha256=f"{number:064x}", bytes=SIZE, content_type="image/jpeg",
                width=4000, height=3000, file_name=f"{number}.jpg", status="ready",
                created_at=then, status_changed_at=then,
            )
            for number in range(start, min(start + 10_000, rows))
            if has_row(number)
        )  # fmt: skip
        Rendition.objects.bulk_create(
            Rendition(
                photo_id=photo_id(number), name=spec.name, key=rendition_key(number, spec.name),
                digest=keys.source_digest(f"{number:064x}", 0, repr(spec)), width=160, height=160, bytes=SIZE,
                created_at=then,
            )
            for number in range(start, min(start + 10_000, rows))
            if has_row(number)
            for spec in specs()
        )  # fmt: skip
    Photo.objects.update(updated_at=then)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return {"rows": Photo.objects.count()}


def read(_rows: int) -> dict[str, int]:
    """Read the list and forget it."""
    entries, mark = 0, None
    while True:
        page = listing.versions_page(BUCKET, mark=mark, size=listing.LARGEST_PAGE, folders=False)
        entries += len(page.versions)
        mark = page.next_mark
        if mark is None:
            return {"entries": entries}


def reconcile(rows: int) -> dict[str, int]:
    """Compare by the worker's slices; the counts must be exact."""
    scan = scanning.begin(Bucket.objects.get())
    assert scan is not None
    while scanning.work(scan.pk):
        pass
    scan = Scan.objects.get(pk=scan.pk)
    assert scan.state == Scan.State.COMPLETE, scan.problem
    met = {kind: scan.counts[kind] for kind in ("dangling", "orphan", "wrong-size")}
    others = {kind: scan.counts[kind] for kind in ("missing-rendition", "loose-rendition", "leftover")}
    assert not any(others.values()), others
    each = len(range(0, rows, EVERY))
    assert set(met.values()) == {each}, (met, each)
    return met | {"entries": scan.counts["entries"]}


PARTS = {"load": load, "read": read, "reconcile": reconcile}
