"""Reading inventory reports in CSV and Parquet, beside reading the list: time and memory.

    python -m benchmarks.inventory [--rows N] [--write]

The reports lie in a SeaweedFS, and are read from there by the seam in a process of its own. The list
comes from the server of `benchmarks.reconcile`, which answers ListObjectVersions as S3 does and faster
than any store: filling a real one with as many objects would take an hour. So the list's time is that
of the client alone; Amazon takes some 100 ms more for each call.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import apart
from benchmarks.inventory import report
from benchmarks.inventory.parts import PARTS
from benchmarks.reconcile.bucket import listed
from portal.local import ports, seaweedfs
from portal.local.process import Child
from portal.local.seaweedfs import Keys, SeaweedFS
from portal.s3 import probe

PAGE = apart.ROOT / "docs" / "benchmarks-inventory.md"
KEYS = Keys("BENCHMARKKEY", "a-secret-of-nobody", "passphrase-of-nobody")


def main() -> None:
    """Measure, print the page, and keep it under docs/ if asked to."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.inventory", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(apart.ROOT)}")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pettracker-inventory-") as name:
        results, sizes = _measured(Path(name), options.rows)
    text = report.markdown(results, sizes, options.rows)
    print(text)
    if options.write:
        PAGE.write_text(text, encoding="utf-8")


def _measured(folder: Path, rows: int) -> tuple[dict[str, Any], dict[str, int]]:
    server = SeaweedFS(folder / "store", ports.pick(seaweedfs.PORT_NAMES), KEYS)
    server.prepare()
    child = Child("SeaweedFS", server.command(), log=folder / "log", environment=server.environment())
    child.start()
    try:
        s3_port = server.ports["seaweedfs_s3"]
        child.wait_until(lambda: ports.accepts(s3_port), limit_seconds=seaweedfs.START_SECONDS)
        probe.wait_for_writes(
            server.endpoint_url, KEYS.access_key, KEYS.secret_key, timeout_seconds=seaweedfs.START_SECONDS
        )
        writer = "benchmarks.inventory.writing"
        command = [sys.executable, "-m", writer, server.endpoint_url, KEYS.access_key, KEYS.secret_key]
        sizes = json.loads(subprocess.check_output([*command, str(rows)], text=True, cwd=apart.ROOT))
        with listed(rows) as lists:
            results = {}
            for name in PARTS:
                endpoint = lists if name == "list" else server.endpoint_url
                keys = {"AWS_ACCESS_KEY_ID": KEYS.access_key, "AWS_SECRET_ACCESS_KEY": KEYS.secret_key}
                environment = apart.environment(
                    folder, database_url="sqlite:///:memory:", endpoint=endpoint, **keys
                )
                results[name] = _run(name, rows, environment)
    finally:
        child.stop(seaweedfs.STOP_SECONDS)
        server.remove_sockets()
    return results, sizes


def _run(part: str, rows: int, environment: dict[str, str]) -> dict[str, Any]:
    found = apart.run("benchmarks.inventory", part, str(rows), environment=environment)
    assert found["told"] in {rows, rows - len(range(0, rows, 1_000))}, found
    return found


if __name__ == "__main__":
    main()
