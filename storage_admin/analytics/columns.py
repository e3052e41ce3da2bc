"""What the exported tables look like: explicit types, whatever the rows of a night happen to hold.

Not exported: contact data of owners (they are a number), places, microchips and trackers, free text and
file names, which may hold any of these.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

_TEXT, _WHOLE, _SMALL, _YES_NO = pa.string(), pa.int64(), pa.int32(), pa.bool_()
_MOMENT = pa.timestamp("us", tz="UTC")
KG = pa.decimal128(6, 2)


def _schema(required: dict[str, pa.DataType], optional: dict[str, pa.DataType] | None = None) -> pa.Schema:
    fields = [pa.field(name, kind, nullable=False) for name, kind in required.items()]
    return pa.schema(fields + [pa.field(name, kind) for name, kind in (optional or {}).items()])


_OF_BUCKET = {"connection": _TEXT, "bucket": _TEXT, "counted_at": _MOMENT}

SCHEMAS: Mapping[str, pa.Schema] = {
    "pets": _schema(
        {
            "pet_id": _TEXT, "reference": _TEXT, "name": _TEXT, "species": _TEXT, "breed": _TEXT,
            "second_breed": _TEXT, "sex": _TEXT, "neutered": _TEXT, "birth_date_estimated": _YES_NO,
            "colour": _TEXT, "status": _TEXT, "created_at": _MOMENT, "updated_at": _MOMENT,
        },
        {
            "birth_date": pa.date32(), "deceased_date": pa.date32(), "owner_id": _TEXT, "weight_kg": KG,
            "weighed_on": pa.date32(), "trashed_at": _MOMENT,
        },
    ),
    "photos": _schema(
        {
            "photo_id": _TEXT, "bucket": _TEXT, "key": _TEXT, "version_id": _TEXT, "etag": _TEXT,
            "sha256": _TEXT, "bytes": _WHOLE, "content_type": _TEXT, "status": _TEXT, "rotation": _SMALL,
            "is_primary": _YES_NO, "is_published": _YES_NO, "created_at": _MOMENT, "updated_at": _MOMENT,
            "status_changed_at": _MOMENT,
        },
        {"pet_id": _TEXT, "width": _SMALL, "height": _SMALL, "duplicate_of_id": _TEXT},
    ),
    # What a bucket's bytes are: current, older (versions), markers, incomplete (uploads).
    "usage_kinds": _schema({**_OF_BUCKET, "kind": _TEXT, "objects": _WHOLE, "bytes": _WHOLE}),
    "usage_classes": _schema(
        {
            **_OF_BUCKET, "storage_class": _TEXT, "objects": _WHOLE, "bytes": _WHOLE,
            "older_objects": _WHOLE, "older_bytes": _WHOLE,
        }
    ),
    # `folder` is null in the line of all folders that are too small to be kept one by one.
    "usage_folders": _schema(
        {
            **_OF_BUCKET, "level": _SMALL, "objects": _WHOLE, "bytes": _WHOLE, "older_objects": _WHOLE,
            "older_bytes": _WHOLE, "markers": _WHOLE, "incomplete": _WHOLE, "incomplete_bytes": _WHOLE,
        },
        {"folder": _TEXT},
    ),
}  # fmt: skip


def described(table: str) -> list[dict[str, str | bool]]:
    """Return the table's columns as the manifest tells them."""
    return [
        {"name": field.name, "type": str(field.type), "nullable": field.nullable} for field in SCHEMAS[table]
    ]
