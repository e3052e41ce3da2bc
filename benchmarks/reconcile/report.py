"""The page of the benchmark."""

import os
import sys
from datetime import UTC, datetime
from typing import Any

from benchmarks.reconcile.bucket import EVERY

GOAL_TIMES, GOAL_MB = 2.5, 200


def markdown(results: dict[str, Any], rows: int) -> str:
    """Return the page, from what each database's parts took."""
    when = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    differ = f"one in {EVERY:,} without an object, one without a row, one of another size"
    lines = [
        "# Reconciliation: rows and objects compared, beside reading the list",
        "",
        "Made by `python -m benchmarks.reconcile --write`; the script says what is real in it.",
        "",
        f"* {when} (shared with other work), Python {sys.version.split()[0]}",
        f"* {rows:,} objects; of the photos {differ}; all of them were found, and nothing else",
        f"* Goals: at most {GOAL_TIMES} x the time of reading the list, and {GOAL_MB} MB",
        "",
        "| | seconds | CPU seconds of the worker | peak memory, MB |",
        "| --- | ---: | ---: | ---: |",
    ]
    for name, parts in results.items():
        for part in ("read", "reconcile"):
            run = parts[part]
            measured = f"{run['seconds']:.1f} | {run['cpu']:.1f} | {run['peak_mb']:.0f}"
            lines.append(f"| {name}: {part} | {measured} |")
    lines.append("")
    for name, parts in results.items():
        times = parts["reconcile"]["seconds"] / parts["read"]["seconds"]
        memory = parts["reconcile"]["peak_mb"]
        lines.append(
            f"* {name}: {times:.2f} x reading the list ({_met(times, GOAL_TIMES)}), "
            f"{memory:.0f} MB ({_met(memory, GOAL_MB)})"
        )
    return "\n".join([*lines, ""])


def _met(found: float, goal: float) -> str:
    return "met" if found <= goal else "**missed**"
