"""Reconciliation of many photos' rows with as many objects: time beside reading the list, and memory.

    python -m benchmarks.reconcile [--rows N] [--database sqlite|postgres|both] [--keep FOLDER] [--write]

The list comes from a server of our own, in a process of its own, that answers ListObjectVersions as
S3 does, with a version for each row: filling a real store with a million objects would take an hour,
and would measure that store. All else is real: the seam, its connection and parser, the worker's
slices, the database. One row in a thousand has no object, one object in a thousand no row, and one
another size; the counts must be exact. "Reading" is the same list, read page by page by the same seam
in another process, and forgotten.

Twice: with N photos whose originals are all that there is, and with a fifth as many photos, each with the
four renditions that the settings want, so that as many objects are listed.
"""

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import apart
from benchmarks.admin import databases
from benchmarks.reconcile import report
from benchmarks.reconcile.bucket import BUCKET, NAMES, listed

PAGE = apart.ROOT / "docs" / "benchmarks-reconcile.md"
DATABASES = {"sqlite": databases.sqlite, "postgres": databases.postgres}


def main() -> None:
    """Measure, print the page, and keep it under docs/ if asked to."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.reconcile", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--database", choices=[*DATABASES, "both"], default="both")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(apart.ROOT)}")
    parser.add_argument("--keep", type=Path, help="leave the databases here, and use those found here")
    options = parser.parse_args()
    chosen = list(DATABASES) if options.database == "both" else [options.database]
    results = {}
    with _folder(options.keep) as home:
        for with_renditions in (False, True):
            photos = options.rows // (1 + len(NAMES)) if with_renditions else options.rows
            kind = f"{photos:,} photos{', with renditions' if with_renditions else ''}"
            with listed(photos, with_renditions=with_renditions) as endpoint:
                for name in chosen:
                    folder = home / f"{name}-{photos}"
                    results[f"{name}, {kind}"] = _measured(name, folder, endpoint, photos, with_renditions)
    text = report.markdown(results, options.rows)
    print(text)
    if options.write:
        PAGE.write_text(text, encoding="utf-8")


def _measured(
    database: str, folder: Path, endpoint: str, photos: int, with_renditions: bool
) -> dict[str, Any]:
    folder.mkdir(parents=True, exist_ok=True)
    said = (str(photos), str(int(with_renditions)))
    with DATABASES[database](folder) as url:
        environment = apart.environment(
            folder, database_url=url, endpoint=endpoint, AWS_STORAGE_BUCKET_NAME=BUCKET
        )
        return {
            part: apart.run("benchmarks.reconcile", part, *said, environment=environment)
            for part in ("load", "read", "reconcile")
        }


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        yield keep.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="pettracker-reconcile-") as folder:
        yield Path(folder)


if __name__ == "__main__":
    main()
