"""Emptying a bucket into which somebody still writes."""

from typing import Any

import pytest

from portal.s3 import objects
from storage_admin.jobs import kinds
from storage_admin.jobs.kinds.emptying import Empty
from storage_admin.models import Bucket, Job, JobState
from tests.storage_admin.jobs.conftest import Put, held

pytestmark = [pytest.mark.django_db, pytest.mark.servers]


def test_what_is_written_meanwhile_is_named_and_goes_too(
    yard: Bucket, put_in: Put, planned: Any, worked: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """54: the plan names it as a risk, and the job ends only when a whole pass finds nothing."""
    for name in ("a", "b", "c"):
        put_in(name)
    job: Job = planned("empty")
    assert any(
        "Objects that somebody writes meanwhile go, too" in str(one) for one in kinds.of(job).meaning(job)
    )
    whole, late = Empty.act, ["0-late", "1-late"]  # listed before a, b and c: the pass is past them

    def act(kind: Empty, *args: Any) -> Any:
        outcomes = whole(kind, *args)
        if late:
            put_in(late.pop())
        return outcomes

    monkeypatch.setattr(Empty, "act", act)

    ended = worked(job)

    assert (ended.state, ended.done, ended.passes) == (JobState.DONE, 5, 3)
    assert not any(held(yard).values())
    assert list(objects.versions(yard.name, "")) == []


def test_key_that_the_store_misspells_stays_and_is_told(
    yard: Bucket, put_in: Put, planned: Any, worked: Any
) -> None:
    """Its list says U+FFFD for what no XML holds: another key could be meant, so the job is not done."""
    put_in("a\x01b")
    put_in("plain")

    job = worked(planned("empty"))

    assert (job.state, job.done, job.failed) == (JobState.PARTIAL, 1, 1)
    assert job.items.get(outcome="failed").code == objects.KEY_NOT_CERTAIN
