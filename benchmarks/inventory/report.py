"""The page of the benchmark."""

import os
import sys
from datetime import UTC, datetime
from typing import Any

WORDS = {
    "list": "the bucket's list, 1,000 versions a call",
    "CSV": "report in CSV",
    "Parquet": "report in Parquet",
    "search CSV": "one key looked for in CSV",
    "search Parquet": "one key looked for in Parquet",
}


def markdown(results: dict[str, dict[str, Any]], sizes: dict[str, int], rows: int) -> str:
    """Return the page, from what each part took and how many bytes each report has."""
    when = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    kept = ", ".join(f"{size / 1e6:.0f} MB in {written}" for written, size in sizes.items())
    lines = [
        "# Inventory reports, beside the bucket's list",
        "",
        "Made by `python -m benchmarks.inventory --write`; the script says what is real in it.",
        "",
        f"* {when} (shared with other work), Python {sys.version.split()[0]}",
        f"* {rows:,} versions; the report's files have {kept}",
        "* Each line is a process of its own; its memory is that of Django, boto3 and pyarrow, too",
        "",
        "| | seconds | CPU seconds | peak memory, MB | times the list |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for name, run in results.items():
        times = run["seconds"] / results["list"]["seconds"]
        measured = f"{run['seconds']:.1f} | {run['cpu']:.1f} | {run['peak_mb']:.0f} | {times:.2f}"
        lines.append(f"| {WORDS[name]} | {measured} |")
    return "\n".join([*lines, ""])
