"""Renditions: those that rows name and the bucket lacks, and those that the settings want and no row names.

Which renditions a photo should have is a digest of its bytes, its turn and the recipe (photos.keys). The
database computes it, for a million photos in one anti-join for each entry of RENDITIONS.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import CharField, Exists, F, Func, OuterRef, Value
from django.db.models.functions import Cast, Concat, Left

from photos import keys
from photos.choices import PhotoStatus
from photos.formats import ImageFormat
from photos.models import Photo, Rendition
from photos.renditions import specs
from storage_admin.models import Finding, Scan, StagedEntry
from storage_admin.reconciliation.found import ARCHIVES, CHUNK, Found


class _Sha256(Func):
    """SHA-256 in hexadecimal digits. PostgreSQL has it without the extension that Django's own one needs."""

    function = "SHA256"  # SQLite's, by Django
    output_field = CharField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = "ENCODE(SHA256(CONVERT_TO(%(expressions)s, 'UTF8')), 'hex')"
        return super().as_sql(compiler, connection, template=template, **context)


def missing_renditions(scan: Scan) -> Iterator[Found]:
    """Yield the renditions of ready photos that are not in the bucket, and then those that no row names."""
    yield from _rows_without_object(scan)
    yield from _wanted_without_row(scan)


def archived_renditions(scan: Scan) -> Iterator[Found]:
    """Yield the renditions that pages cannot show, for they lie in an archive class."""
    named = Rendition.objects.filter(photo=OuterRef("photo"), key=OuterRef("key"))
    entries = StagedEntry.objects.filter(
        Exists(named), is_latest=True, is_hidden=False, storage_class__in=ARCHIVES,
        modified_at__lt=scan.as_of,
    )  # fmt: skip
    for row in entries.values_list("key", "version_id", "photo", "storage_class", named=True):
        facts = {"class": ["", row.storage_class]}
        yield Found(Finding.Kind.ARCHIVED, row.key, row.version_id, row.photo, facts)


def _rows_without_object(scan: Scan) -> Iterator[Found]:
    there = StagedEntry.objects.filter(key=OuterRef("key"), is_hidden=False)
    rows = Rendition.objects.filter(
        ~Exists(there),
        photo__bucket=scan.bucket.name, photo__status=PhotoStatus.READY,
        photo__updated_at__lt=scan.as_of, created_at__lt=scan.as_of,
    )  # fmt: skip
    for row in rows.values_list("key", "photo_id", "name", named=True).iterator(chunk_size=CHUNK):
        facts = {"rendition": [row.name, ""]}
        yield Found(Finding.Kind.MISSING_RENDITION, row.key, photo=row.photo_id, facts=facts)


def _wanted_without_row(scan: Scan) -> Iterator[Found]:
    """Yield what is wanted of ready photos and was never made, or of another turn, or by a former recipe."""
    ready = Photo.objects.filter(
        bucket=scan.bucket.name, status=PhotoStatus.READY, updated_at__lt=scan.as_of
    ).exclude(sha256="")
    for spec in specs():
        source = Concat(
            F("sha256"), Value(":"), Cast("rotation", CharField()), Value(f":{spec!r}"),
            output_field=CharField(),
        )  # fmt: skip
        made = Rendition.objects.filter(photo=OuterRef("pk"), name=spec.name, digest=OuterRef("wanted"))
        lacking = ready.annotate(wanted=Left(_Sha256(source), keys.DIGEST_LENGTH)).filter(~Exists(made))
        extension = ImageFormat(spec.format).extension
        # No rows of the ORM: after a change of RENDITIONS these are as many as there are photos.
        for photo, digest in lacking.values_list("pk", "wanted").iterator(chunk_size=CHUNK):
            key = keys.rendition_key(photo, spec.name, digest, extension)
            facts = {"rendition": ["", spec.name]}
            yield Found(Finding.Kind.MISSING_RENDITION, key, photo=photo, facts=facts)
