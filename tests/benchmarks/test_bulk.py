"""`python -m benchmarks.bulk` measures what it says: each library does each work on all that there is."""

from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks.bulk import filling, libraries, report
from benchmarks.bulk.filling import Store, fill
from portal.s3 import session
from tests.servers import Store as Server

WORKS = ("list", "versions", "copy", "head", "delete")


@pytest.fixture
def store(seaweedfs: Server, photo_bucket: str, monkeypatch: pytest.MonkeyPatch) -> Store:
    # Clients of its own, for the benchmark leaves a hook on them.
    monkeypatch.setattr(session, "_sessions", {})
    monkeypatch.setattr(session, "_clients", {})
    for name in ("LISTED", "WORKED"):
        monkeypatch.setattr(filling, name, f"{photo_bucket}-{name.lower()}")
    return Store(seaweedfs.endpoint_url, seaweedfs.access_key, seaweedfs.secret_key)


@pytest.mark.servers
def test_libraries_meet_every_object(store, settings) -> None:
    settings.S3_CONNECTIONS = settings.S3_CONNECTIONS  # the seam's peer sets its own: put back afterwards
    fill(store, 16)

    for library in (libraries.seam, libraries.boto3):
        for work in WORKS:
            for part in ("", "a/") if work in store.counts else ("",):
                calls: list[str] = []
                task = store.task(work, part, count=3, copies_to=f"{library.__name__}/")

                met = library(task, calls)[work]()

                assert (library.__name__, work, met) == (library.__name__, work, task["objects"])
                assert calls


def test_report_tells_which_goals_are_missed() -> None:
    def runs(cpu: float, calls: int) -> list[dict[str, Any]]:
        return [{"cpu": cpu, "objects": 1_000, "calls": calls}]

    found = {
        "list": {"seam": runs(0.019, 1)},
        "versions": {"seam": runs(0.031, 1)},
        "delete": {"seam": runs(0.014, 1), "s5cmd": runs(0.010, 1)},
        "copy": {"seam": runs(1.6, 1_000), "s5cmd": runs(1.0, 1_000)},
    }
    options: Any = SimpleNamespace(rounds=1)

    page = report.markdown(found, {}, {}, options)

    assert "Goal of 20 ms: met, with 19.0 ms" in page
    assert "Goal of 30 ms: **missed**, with 31.0 ms" in page
    assert "Goal of 1.5 x s5cmd's calls for a CPU second: met, with 1.40 x" in page
    assert "Goal of 1.5 x s5cmd's calls for a CPU second: **missed**, with 1.60 x" in page
    assert "Not installed here, so not in the tables: seam, boto3, AWS CLI, s5cmd, obstore" in page
