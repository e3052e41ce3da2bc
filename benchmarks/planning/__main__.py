"""The dry run of a job over many keys: time beside reading the list, and memory.

    python -m benchmarks.planning [--keys N] [--write]

The job would destroy every version. The list comes from the server of
`benchmarks.reconcile`, in a process of its own, which answers as S3 does and faster than any store; the
job, its slices, its row in SQLite and the seam are real. Amazon takes some 100 ms more for each call.
"""

import argparse
import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import apart
from benchmarks.reconcile.bucket import listed

PAGE = apart.ROOT / "docs" / "benchmarks-planning.md"
PARTS = {"list": "the bucket's list, 1,000 versions a call", "plan": "the job's plan"}


def main() -> None:
    """Measure, print the page, and keep it under docs/ if asked to."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.planning", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--keys", type=int, default=100_000)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(apart.ROOT)}")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pettracker-planning-") as name, listed(options.keys) as address:
        environment = apart.environment(
            Path(name), database_url=f"sqlite:///{name}/db.sqlite3", endpoint=address
        )
        results = {part: apart.run("benchmarks.planning", part, environment=environment) for part in PARTS}
    text = markdown(results, options.keys)
    print(text)
    if options.write:
        PAGE.write_text(text, encoding="utf-8")


def markdown(results: dict[str, dict[str, Any]], keys: int) -> str:
    """Return the page."""
    when = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    lines = [
        "# The dry run of a job, beside the bucket's list",
        "",
        "Made by `python -m benchmarks.planning --write`; the script says what is real in it.",
        "",
        f"* {when}, Python {sys.version.split()[0]}, SQLite; {keys:,} keys",
        "",
        "| | seconds | CPU seconds | peak memory, MB | told |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for part, run in results.items():
        measured = f"{run['seconds']:.1f} | {run['cpu']:.1f} | {run['peak_mb']:.0f} | {run['told']:,}"
        lines.append(f"| {PARTS[part]} | {measured} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()
