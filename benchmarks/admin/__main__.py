"""Runs the benchmark: each database in turn, in a process of its own, then the table."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.admin import databases, report

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "benchmarks-admin.md"
MEASURE = "import django; django.setup(); from benchmarks.admin import measure; measure.main()"
# Nothing of the machine's own settings, and keys that open nothing: addresses are signed, never opened.
SETTINGS = {
    "DJANGO_SETTINGS_MODULE": "portal.settings",
    "SECRET_KEY": "only-for-the-benchmark-" + "x" * 40,
    "HTTPS_ONLY": "false",
    "LOG_LEVEL": "ERROR",
    "AWS_ACCESS_KEY_ID": "benchmark",
    "AWS_SECRET_ACCESS_KEY": "benchmark",
    "AWS_REGION": "eu-central-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}
SERVERS = {"sqlite": databases.sqlite, "postgres": databases.postgres}


def main() -> None:
    """Measure, print the page, and keep it under docs/ if asked to."""
    options = _parser().parse_args()
    chosen = list(SERVERS) if options.database == "both" else [options.database]
    with _folder(options.keep) as folder:
        found = [_measure(name, folder, options) for name in chosen]
    text = report.markdown(found, photos=options.photos, pets=options.pets)
    print(text)
    if options.write:
        PAGE.write_text(text, encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.admin", description=__doc__)
    parser.add_argument("--photos", type=int, default=1_000_000)
    parser.add_argument("--pets", type=int, default=200_000)
    parser.add_argument("--database", choices=[*SERVERS, "both"], default="both")
    parser.add_argument("--keep", type=Path, help="leave the databases here, and use those found here")
    parser.add_argument("--only", default="", help="measure only pages whose name holds this")
    parser.add_argument("--no-stock", action="store_true", help="leave stock Django admin out")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    return parser


def _measure(name: str, folder: Path, options: argparse.Namespace) -> report.Results:
    home = folder / name
    home.mkdir(parents=True, exist_ok=True)
    into = home / "results.json"
    words = ["--photos", options.photos, "--pets", options.pets, "--only", options.only, "--into", into]
    words += ["--no-stock"] * options.no_stock
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "S3_"))}
    with SERVERS[name](home) as url:
        subprocess.run(
            [sys.executable, "-c", MEASURE, *map(str, words)],
            check=True,
            cwd=ROOT,
            env={**kept, **SETTINGS, "DATABASE_URL": url, "PORTAL_DATA_DIR": str(home / "portal")},
        )
    results: report.Results = json.loads(into.read_text())
    return results


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        yield keep.resolve()
        return
    # The server of a private cluster may own files below: root may remove them, others own all.
    with tempfile.TemporaryDirectory(prefix="pettracker-admin-") as folder:
        yield Path(folder)


if __name__ == "__main__":
    main()
