"""Bulk work side by side with its peers: client CPU for 1,000 objects, and calls for a CPU second.

    python -m venv PEERS && PEERS/bin/pip install -r benchmarks/bulk/peers.txt
    python -m benchmarks.bulk --peers PEERS [--write]

All in one run, against the embedded SeaweedFS: for each kind of work the peers take turns, so that a
busy minute of the machine falls on all. CPU seconds are counted, not time. The peers have an
environment of their own, for AWS CLI wants its own botocore; what is not there is named in the table.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.bulk import programs, report
from benchmarks.bulk.filling import Store, fill
from portal.local import ports, seaweedfs
from portal.local.process import Child
from portal.local.seaweedfs import Keys, SeaweedFS
from portal.s3 import probe

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "benchmarks-bulk.md"
KEYS = Keys("BENCHMARK", "a-secret-of-nobody", "a-passphrase-of-nobody")
WORKS = ("list", "versions", "delete", "copy", "head")
LIBRARIES = ("seam", "boto3", "obstore")
PROGRAMS = {"s5cmd": programs.s5cmd, "AWS CLI": programs.aws}


def main() -> None:
    """Measure, print the page, and keep it under docs/ if asked to."""
    options = _parser().parse_args()
    paths = _peers(options.peers)
    with tempfile.TemporaryDirectory(prefix="bulk-") as folder, _running(Path(folder)) as endpoint:
        store = Store(endpoint, KEYS.access_key, KEYS.secret_key)
        fill(store, options.keys)
        found = {work: _measure(work, paths, store, options) for work in WORKS}
        memory = {
            work: [_library("seam", work, paths, store.task(work, part))["peak_mb"] for part in ("a/", "")]
            for work in ("list", "versions")
        }
    text = report.markdown(found, memory, paths, options)
    print(text)
    if options.write:
        PAGE.write_text(text, encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bulk", description=__doc__.splitlines()[0])
    parser.add_argument("--peers", type=Path, help="a virtual environment with awscli, obstore and s5cmd")
    parser.add_argument("--keys", type=int, default=6_000, help="keys to list")
    parser.add_argument(
        "--deletes", type=int, default=2_000, help="objects that each peer deletes in a round"
    )
    parser.add_argument("--copies", type=int, default=500, help="objects that each copies, and heads")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    return parser


def _peers(home: Path | None) -> dict[str, Path]:
    """Return the program of each peer that there is: an interpreter, or the peer itself."""
    wanted = {"seam": Path(sys.executable), "boto3": Path(sys.executable)}
    if home is not None:
        home = home.absolute()
        # Not bin/s5cmd, a Python script that starts the program.
        wanted["s5cmd"] = next(home.glob("lib/python*/site-packages/s5cmd/bin/s5cmd"), home / "bin" / "s5cmd")
        wanted["AWS CLI"] = home / "bin" / "aws"
        if any(home.glob("lib/python*/site-packages/obstore")):
            wanted["obstore"] = home / "bin" / "python"
    return {name: path for name, path in wanted.items() if path.exists()}


@contextmanager
def _running(folder: Path) -> Iterator[str]:
    server = SeaweedFS(folder, ports.pick(seaweedfs.PORT_NAMES), KEYS)
    server.prepare()
    child = Child("SeaweedFS", server.command(), log=folder / "server.log", environment=server.environment())
    child.start()
    try:
        s3_port = server.ports["seaweedfs_s3"]
        child.wait_until(lambda: ports.accepts(s3_port), limit_seconds=seaweedfs.START_SECONDS)
        probe.wait_for_writes(
            server.endpoint_url, KEYS.access_key, KEYS.secret_key, timeout_seconds=seaweedfs.START_SECONDS
        )
        yield server.endpoint_url
    finally:
        child.stop(seaweedfs.STOP_SECONDS)
        server.remove_sockets()


def _measure(
    work: str, paths: dict[str, Path], store: Store, options: argparse.Namespace
) -> dict[str, list[dict[str, Any]]]:
    """Return the runs of each peer that can do the work."""
    runs: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for number in range(options.rounds):
        for name, path in paths.items():
            print(f"{work}: {name}, round {number + 1}", file=sys.stderr, flush=True)
            count = {"delete": options.deletes, "copy": options.copies, "head": options.copies}.get(work, 0)
            task = store.task(work, "", count=count, copies_to=f"to/{name.replace(' ', '')}/{number}/")
            if name in LIBRARIES:
                found = _library(name, work, paths, task)
            elif name == "s5cmd" or work != "head":  # AWS CLI starts a process for each HEAD
                found = vars(PROGRAMS[name](path).run(work, task))
            else:
                continue
            if found:
                assert found["objects"] == task["objects"], (name, work, found, task["objects"])
                runs[name].append(found)
    return runs


def _library(name: str, work: str, paths: dict[str, Path], task: dict[str, Any]) -> dict[str, Any]:
    """Run a library in a process of its own; return nothing when it cannot do the work."""
    if (name, work) == ("obstore", "versions"):
        return {}
    script = Path(__file__).with_name("libraries.py")
    done = subprocess.run(
        [paths[name], script, name, work],
        input=json.dumps(task), stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT,
    )  # fmt: skip
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _prepare_environment(folder: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "S3_"))}
    os.environ.clear()
    os.environ.update(
        kept,
        SECRET_KEY="only-for-the-benchmark-" + "x" * 40,
        HTTPS_ONLY="false",
        LOG_LEVEL="ERROR",
        PORTAL_DATA_DIR=str(folder),
        AWS_ACCESS_KEY_ID=KEYS.access_key,
        AWS_SECRET_ACCESS_KEY=KEYS.secret_key,
        AWS_REGION="us-east-1",
        AWS_EC2_METADATA_DISABLED="true",
        AWS_CONFIG_FILE=str(folder / "none"),
        AWS_SHARED_CREDENTIALS_FILE=str(folder / "none"),
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="bulk-home-") as home:
        _prepare_environment(Path(home))
        main()
