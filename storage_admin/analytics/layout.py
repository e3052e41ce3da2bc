"""Which key of the bucket holds what. Pure: no Django, no boto, no pyarrow.

    <prefix>pets/date=2026-12-01/run=20261201T043000123456Z/part-00000.parquet
    <prefix>_manifests/date=2026-12-01/_manifest.json
    <prefix>_athena/pets/date=2026-12-01/symlink.txt

What begins with "_" is passed over by Athena, Spark and Glue's crawlers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

# In the order in which they are written. Photos before pets: no pet is ever deleted, so the pet of every
# exported photo is exported, too, however long it takes.
TABLES = ("photos", "pets", "usage_kinds", "usage_classes", "usage_folders")

# The metadata by which every object says which export made it.
EXPORT = "export"

_DAY = r"date=(?P<day>\d{4}-\d{2}-\d{2})"
_TABLE = f"(?P<table>{'|'.join(TABLES)})"
_PART = re.compile(rf"{_TABLE}/{_DAY}/run=(?P<run>\d{{8}}T\d{{12}}Z)/part-\d{{5}}\.parquet")
_MANIFEST = re.compile(rf"_manifests/{_DAY}/_manifest\.json")
_SYMLINK = re.compile(rf"_athena/{_TABLE}/{_DAY}/symlink\.txt")


@dataclass(frozen=True)
class Ours:
    """A key that the export makes; `run` is empty for a manifest and a list."""

    day: date
    run: str = ""
    is_manifest: bool = False


def part(prefix: str, table: str, day: date, run: str, number: int) -> str:
    """Return the key of a part."""
    return f"{folder(prefix, table, day, run)}part-{number:05}.parquet"


def folder(prefix: str, table: str, day: date, run: str) -> str:
    """Return where the parts of a table lie that one export wrote."""
    return f"{prefix}{table}/date={day}/run={run}/"


def manifest(prefix: str, day: date) -> str:
    """Return the key of a day's manifest."""
    return f"{prefix}_manifests/date={day}/_manifest.json"


def symlink(prefix: str, table: str, day: date) -> str:
    """Return the key of the list of a table's files on a day, as Hive's SymlinkTextInputFormat reads it."""
    return f"{prefix}_athena/{table}/date={day}/symlink.txt"


def read(prefix: str, key: str) -> Ours | None:
    """Return what the key is; None for one that no export made, so that it is never touched."""
    if not key.startswith(prefix):
        return None
    rest = key.removeprefix(prefix)
    for pattern in (_PART, _MANIFEST, _SYMLINK):
        if found := pattern.fullmatch(rest):
            try:
                day = date.fromisoformat(found["day"])
            except ValueError:  # 2026-13-45
                return None
            return Ours(day, found.groupdict().get("run", ""), is_manifest=pattern is _MANIFEST)
    return None
