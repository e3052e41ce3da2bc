"""What rows and objects do not agree about: one anti-join in the database for each direction.

The bucket was listed before the rows are asked, and a row is written before its first byte moves:
what was uploaded meanwhile has a row when the question comes. Rows that changed since the scan began,
or since S3 made the report that is read in the list's place, are left out: it may tell of what they
were. So each question errs on the side of silence, but for what the purge removes between the list and
the question: a repair finds that gone.

The database finds what is suspect, in streams; which finding it is, a function without a query says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Left
from django.db.models.lookups import Exact

from photos import keys
from photos.choices import PhotoStatus
from photos.models import Photo, Rendition
from storage_admin.models import Finding, Scan, StagedEntry
from storage_admin.reconciliation import wanted
from storage_admin.reconciliation.found import ARCHIVES, CHUNK, Found

Kind = Finding.Kind

# With an original that should be there. What is pending may never come; what is refused or in the
# trash is on its way out.
WITH_ORIGINAL = (PhotoStatus.STORED, PhotoStatus.PROCESSING, PhotoStatus.READY, PhotoStatus.FAILED)


def _below(prefix: str) -> Q:
    # Not LIKE: SQLite's takes Photos/ for photos/.
    return Q(Exact(Left("key", len(prefix)), Value(prefix)))


# Entries that are photos' own, by their keys.
OWN = _below(keys.ORIGINALS) | _below(keys.RENDITIONS)
Question = Callable[[Scan], Iterator[Found]]


def originals(scan: Scan) -> Iterator[Found]:
    """Yield the photos whose original is missing, hidden, archived, or not what the row says."""
    as_it_should_be = StagedEntry.objects.filter(
        Q(etag=OuterRef("etag")) | Q(etag=""),
        key=OuterRef("key"), version_id=OuterRef("version_id"), bytes=OuterRef("bytes"), is_hidden=False,
    ).exclude(storage_class__in=ARCHIVES)  # fmt: skip
    suspects = compared_rows(scan).filter(~Exists(as_it_should_be))
    facts = suspects.values_list("pk", "key", "version_id", "bytes", "etag", named=True)
    rows = facts.iterator(chunk_size=CHUNK)
    while chunk := list(islice(rows, CHUNK)):
        staged = StagedEntry.objects.filter(key__in=[row.key for row in chunk])
        entries = {(entry.key, entry.version_id): entry for entry in staged}
        for row in chunk:
            if (found := judge(row, entries.get((row.key, row.version_id)))) is not None:
                yield found


def compared_rows(scan: Scan) -> QuerySet[Photo]:
    """Return the photos whose rows are compared: at rest since before the list was read."""
    rows = Photo.objects.filter(bucket=scan.bucket.name, status__in=WITH_ORIGINAL)
    return rows.filter(updated_at__lt=scan.as_of)


def rows_elsewhere(scan: Scan) -> QuerySet[Photo]:
    """Return the photos whose rows point into another bucket: this scan says nothing about them."""
    return Photo.objects.filter(status__in=WITH_ORIGINAL).exclude(bucket=scan.bucket.name)


def judge(row: Any, entry: StagedEntry | None) -> Found | None:
    """Say what is wrong with the entry that the row names; the gravest, where it is more than one thing."""
    kind: Finding.Kind | None = None
    facts: dict[str, list[str]] = {}
    if entry is None:
        kind = Kind.DANGLING
    elif entry.bytes != row.bytes:
        kind, facts = Kind.WRONG_SIZE, {"bytes": [str(row.bytes), str(entry.bytes)]}
    elif row.etag and entry.etag and entry.etag != row.etag:
        kind, facts = Kind.WRONG_ETAG, {"etag": [row.etag, entry.etag]}
    elif entry.is_hidden:
        kind = Kind.HIDDEN
    elif entry.storage_class in ARCHIVES:
        kind, facts = Kind.ARCHIVED, {"class": ["", entry.storage_class]}
    return Found(kind, row.key, row.version_id, row.pk, facts) if kind else None


def orphans(scan: Scan) -> Iterator[Found]:
    """Yield the current objects, besides renditions, that no photo's row names, whatever its status.

    Only below the photos' own prefixes: what lies elsewhere, such as exports, is somebody else's.
    """
    named = Photo.objects.filter(bucket=scan.bucket.name, key=OuterRef("key"))
    return _loose(_current(scan).filter(OWN, ~Exists(named), photo=None), Kind.ORPHAN)


def loose_renditions(scan: Scan) -> Iterator[Found]:
    """Yield the renditions that no row names and that neither a worker nor the purge is busy with."""
    named = Rendition.objects.filter(photo=OuterRef("photo"), key=OuterRef("key"))
    busy = Photo.objects.filter(
        Q(leftovers_since__isnull=False) | Q(status__in=[PhotoStatus.STORED, PhotoStatus.PROCESSING]),
        pk=OuterRef("photo"),
    )
    derived = _current(scan).filter(~Exists(named), photo__isnull=False)
    return _loose(derived.filter(~Exists(busy)), Kind.LOOSE_RENDITION)


def leftovers(scan: Scan) -> Iterator[Found]:
    """Yield the originals of refused photos that are there although the purge removed them.

    An upload that came after its time, or a delete whose failure nobody read. Versions below a delete
    marker count, too: they are billed, and can be read.
    """
    there = StagedEntry.objects.filter(key=OuterRef("key"), modified_at__lt=scan.as_of)
    rows = Photo.objects.filter(
        Exists(there), bucket=scan.bucket.name, status=PhotoStatus.REJECTED,
        original_removed_at__lt=scan.as_of,
    )  # fmt: skip
    for row in rows.values_list("pk", "key", named=True).iterator(chunk_size=CHUNK):
        yield Found(Kind.LEFTOVER, row.key, photo=row.pk)


def duplicates(scan: Scan) -> Iterator[Found]:
    """Yield the photos whose bytes another, older photo has, too: of two pets that may well be meant."""
    rows = compared_rows(scan).exclude(sha256="")
    twice = rows.order_by().values("sha256").annotate(count=Count("pk")).filter(count__gt=1)
    digests = twice.values_list("sha256", flat=True).iterator(chunk_size=CHUNK)
    while chunk := list(islice(digests, CHUNK)):
        first: dict[str, UUID] = {}
        same = rows.filter(sha256__in=chunk).order_by("created_at", "pk")
        for row in same.values_list("pk", "key", "version_id", "sha256", named=True):
            if row.sha256 not in first:
                first[row.sha256] = row.pk
                continue
            facts = {"photo": [str(first[row.sha256]), ""]}
            yield Found(Kind.DUPLICATE, row.key, row.version_id, row.pk, facts)


# In this order; the cursor of a scan counts them.
QUESTIONS: tuple[tuple[Question, tuple[Finding.Kind, ...]], ...] = (
    (originals, (Kind.DANGLING, Kind.HIDDEN, Kind.WRONG_SIZE, Kind.WRONG_ETAG, Kind.ARCHIVED)),
    (orphans, (Kind.ORPHAN,)),
    (loose_renditions, (Kind.LOOSE_RENDITION,)),
    (leftovers, (Kind.LEFTOVER,)),
    (wanted.missing_renditions, (Kind.MISSING_RENDITION,)),
    (wanted.archived_renditions, (Kind.ARCHIVED,)),
    (duplicates, (Kind.DUPLICATE,)),
)


def _current(scan: Scan) -> QuerySet[StagedEntry]:
    return StagedEntry.objects.filter(is_latest=True, is_hidden=False, modified_at__lt=scan.as_of)


def _loose(entries: QuerySet[StagedEntry], kind: Finding.Kind) -> Iterator[Found]:
    facts = entries.values_list("key", "version_id", "photo", "bytes", "etag", named=True)
    for row in facts.iterator(chunk_size=CHUNK):
        store = {"bytes": ["", str(row.bytes)], "etag": ["", row.etag]}
        yield Found(kind, row.key, row.version_id, row.photo, store)
