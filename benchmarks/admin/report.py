"""The results as Markdown."""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.admin import GOAL_MS, GOAL_QUERIES

Results = dict[str, Any]

METHOD = """\
Each page is asked for by Django's test client, with the production settings, static files by manifest and
signed picture addresses: once to warm up, then seven times, ours and the stock one in turn. Stock is a plain
`ModelAdmin` of the same columns with `list_filter`, `search_fields`, `date_hierarchy` and Django's own
paginator, in the same skin; its slow pages are asked for less often, and cut off after 60 s. Milliseconds:
median (least to most). CPU is what the portal and the database took of a processor on average: the
median of a machine that has nothing else to do."""


def markdown(databases: list[Results], *, photos: int, pets: int) -> str:
    """Return the whole page: what was measured where, then a table for each database."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("Django", "psycopg"))
    misses = sum(_misses(page) for found in databases for page in found["pages"])
    verdict = f"{misses} pages miss it, in bold." if misses else "Every page meets it."
    lines = [
        "# The admin at a million photos",
        "",
        "Made by `python -m benchmarks.admin --write`.",
        "",
        f"* {datetime.now(UTC):%Y-%m-%d}, {photos:,} photos, {pets:,} pets",
        f"* {_processor()}, {os.cpu_count()} cores, load {os.getloadavg()[2]:.1f} (shared with other work)",
        f"* Python {platform.python_version()}, {packages}",
        f"* Goal for each page of ours: at most {GOAL_MS} ms (median), {GOAL_QUERIES} queries. {verdict}",
        f"* Calls to the store: {sum(found['store_calls'] for found in databases)}",
        "",
        METHOD,
    ]
    for found in databases:
        lines += _table(found)
    return "\n".join([*lines, ""])


def _table(found: Results) -> list[str]:
    return [
        "",
        f"## {found['database']}, {found['size'] / 2**30:.1f} GiB",
        "",
        "| Page | as | ours, ms | CPU, ms | queries | stock, ms | queries |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *(_row(page) for page in found["pages"]),
    ]


def _row(page: Results) -> str:
    ours, stock = page["ours"], page["stock"]
    mark = "**" if _misses(page) else ""
    beside = "– | –" if stock is None else f"{_times(stock)} | {stock['queries']}"
    shown = [page["name"], page["user"], f"{mark}{_times(ours)}{mark}", f"{ours['cpu']:.0f}", ours["queries"]]
    return f"| {' | '.join(map(str, shown))} | {beside} |"


def _times(timing: Results) -> str:
    if timing["timed_out"]:
        return "> 60,000"
    times = sorted(timing["times"] or [timing["first"]])
    middle = times[len(times) // 2]
    return f"{middle:,.0f}" if len(times) == 1 else f"{middle:,.0f} ({times[0]:,.0f} to {times[-1]:,.0f})"


def _misses(page: Results) -> bool:
    ours = page["ours"]
    times = sorted(ours["times"] or [ours["first"]])
    too_slow = ours["timed_out"] or times[len(times) // 2] > GOAL_MS
    return bool(too_slow or ours["queries"] > GOAL_QUERIES)


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
