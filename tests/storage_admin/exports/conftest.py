"""What the tests of exports share: the yard of the jobs' tests, and ZIPs of what lies in it."""

from collections.abc import Callable
from typing import Any

import pytest

from storage_admin.jobs.kinds import zipping
from storage_admin.models import Job
from tests.storage_admin.exports.zips import PARAMETERS, Planned
from tests.storage_admin.jobs.conftest import Put, planned, put_in, worked, yard

__all__ = ["planned", "put_in", "worked", "yard"]


@pytest.fixture
def zipped(planned: Planned, worked: Callable[[Job], Job]) -> Callable[..., Job]:
    """Make a ZIP of what lies below a prefix."""

    def run(prefix: str = "in/", **options: Any) -> Job:
        return worked(planned("zip", prefix, parameters=PARAMETERS | options))

    return run


@pytest.fixture
def export(put_in: Put, zipped: Callable[..., Job]) -> Job:
    """A job that made a ZIP of one object."""
    put_in("in/a.jpg", b"bytes of a")
    return zipped()


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two objects make a batch, so that a few make many."""
    monkeypatch.setattr(zipping.Zip, "batch_size", 2)
