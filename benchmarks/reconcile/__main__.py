"""Reconciliation of many photos' rows with as many objects: time beside reading the list, and memory.

    python -m benchmarks.reconcile [--rows N] [--database sqlite|postgres|both] [--keep FOLDER] [--write]

The list comes from a server of our own, in a process of its own, that answers ListObjectVersions as
S3 does, with a version for each row: filling a real store with a million objects would take an hour,
and would measure that store. All else is real: the seam, its connection and parser, the worker's
slices, the database. One row in a thousand has no object, one object in a thousand no row, and one
another size; the counts must be exact. "Reading" is the same list, read page by page by the same seam
in another process, and forgotten.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.admin import databases
from benchmarks.reconcile import report
from benchmarks.reconcile.bucket import BUCKET, listed

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "benchmarks-reconcile.md"
MEASURE = "import django; django.setup(); from benchmarks.reconcile import parts; parts.main()"
DATABASES = {"sqlite": databases.sqlite, "postgres": databases.postgres}


def main() -> None:
    """Measure, print the page, and keep it under docs/ if asked to."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.reconcile", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--database", choices=[*DATABASES, "both"], default="both")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    parser.add_argument("--keep", type=Path, help="leave the databases here, and use those found here")
    options = parser.parse_args()
    chosen = list(DATABASES) if options.database == "both" else [options.database]
    results = {}
    with _folder(options.keep) as home, listed(options.rows) as endpoint:
        for name in chosen:
            folder = home / name
            folder.mkdir(parents=True, exist_ok=True)
            with DATABASES[name](folder) as url:
                environment = _environment(folder, url, endpoint)
                results[name] = {
                    part: _run(part, options.rows, environment) for part in ("load", "read", "reconcile")
                }
    text = report.markdown(results, options.rows)
    print(text)
    if options.write:
        PAGE.write_text(text, encoding="utf-8")


def _run(part: str, rows: int, environment: dict[str, str]) -> dict[str, Any]:
    print(f"{part}: {environment['DATABASE_URL'].partition(':')[0]}", file=sys.stderr, flush=True)
    command = [sys.executable, "-c", MEASURE, part, str(rows)]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _environment(folder: Path, url: str, endpoint: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "S3_"))}
    return kept | {
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "DATABASE_URL": url,
        "SECRET_KEY": "only-for-the-benchmark-" + "x" * 40,
        "HTTPS_ONLY": "false",
        "LOG_LEVEL": "ERROR",
        "PORTAL_DATA_DIR": str(folder),
        "AWS_STORAGE_BUCKET_NAME": BUCKET,
        "AWS_ENDPOINT_URL_S3": endpoint,
        "S3_ADDRESSING_STYLE": "path",
        "AWS_ACCESS_KEY_ID": "BENCHMARK",
        "AWS_SECRET_ACCESS_KEY": "a-secret-of-nobody",
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(folder / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "none"),
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
