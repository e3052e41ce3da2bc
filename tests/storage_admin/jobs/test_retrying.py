"""Retry handles exactly what failed, whatever a target of the kind is: a version, an upload, a change."""

from collections.abc import Callable
from typing import Any

import pytest

from portal.models import User
from portal.s3 import objects, session
from portal.s3.types import DeleteOutcome
from storage_admin.jobs import running, services
from storage_admin.models import Bucket, Job, JobState
from tests.storage_admin.jobs.conftest import Put, held
from tests.storage_admin.jobs.test_time_machine import delete, moment, selection, state
from tests.store import answering, refusal

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

Planned = Callable[..., Job]
Worked = Callable[[Job], Job]
REFUSED = refusal(403, "AccessDenied")


@pytest.fixture
def planned_retry(ada: User) -> Worked:
    """Let the retry of a job be planned to the end."""

    def make(job: Job) -> Job:
        again = services.retry(actor=ada, job=job)
        while running.work(again.pk):
            pass
        again.refresh_from_db()
        return again

    return make


@pytest.fixture
def deletes_are_refused(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let the store refuse each version and marker, as long as the block lasts."""

    def refuse(_bucket: str, targets: Any, **_options: Any) -> list[DeleteOutcome]:
        return [DeleteOutcome(key, version, "AccessDenied", "no") for key, version in targets]

    with monkeypatch.context() as patch:
        patch.setattr(objects, "delete_versions", refuse)
        yield patch


@pytest.mark.parametrize("which", ["old", "lone-markers", "everything"])
def test_retried_destruction_knows_again_what_is_old_and_what_is_alone(
    yard: Bucket, put_in: Put, planned: Planned, worked: Worked, planned_retry: Worked,
    deletes_are_refused: pytest.MonkeyPatch, which: str,
) -> None:  # fmt: skip
    for body in (b"1", b"2", b"3"):
        put_in("many.jpg", body)
    delete(yard, "alone.jpg")  # a marker below which nothing ever was
    job = worked(planned("destroy", parameters={"which": which, "days": 0, "keep": 1}))
    assert job.failed == job.total == {"old": 1, "lone-markers": 1, "everything": 4}[which]

    deletes_are_refused.undo()
    again = worked(planned_retry(job))

    assert (again.state, again.total, again.done) == (JobState.DONE, job.failed, job.failed)
    entries = held(yard)
    assert entries["versions"] + entries["markers"] == 4 - job.failed


@pytest.mark.parametrize("kind", ["abort-uploads", "empty"])
def test_retry_of_an_upload_aborts_it_and_touches_no_object(
    yard: Bucket, put_in: Put, planned: Planned, worked: Worked, planned_retry: Worked, kind: str
) -> None:
    session.client().create_multipart_upload(Bucket=yard.name, Key="same.jpg")
    with answering("AbortMultipartUpload", REFUSED):
        job = worked(planned(kind, parameters={"days": 0} if kind == "abort-uploads" else {}))
    assert (job.state, job.failed) == (JobState.PARTIAL, 1)
    put_in("same.jpg")

    again = worked(planned_retry(job))

    assert (again.state, again.done) == (JobState.DONE, 1)
    assert held(yard) == {"versions": 1, "markers": 0, "uploads": 0}


def test_retried_roll_back_brings_back_what_the_first_could_not(
    yard: Bucket, put_in: Put, planned: Planned, worked: Worked, planned_retry: Worked
) -> None:
    for name in ("changed", "deleted", "kept"):
        put_in(f"in/{name}.jpg", name.encode())
    when, before = moment(), state(yard)
    put_in("in/changed.jpg", b"worse")
    delete(yard, "in/deleted.jpg")
    put_in("in/added.jpg")
    with answering("CopyObject", REFUSED):
        job = worked(planned("roll-back", "in/", selection=selection(when)))
    assert (job.state, job.done, job.failed) == (JobState.PARTIAL, 2, 1)

    again = planned_retry(job)

    assert (again.total, [one["key"] for one in again.plan["samples"]]) == (1, ["in/changed.jpg"])
    again = worked(again)
    assert (again.state, again.done) == (JobState.DONE, 1)
    assert state(yard) == before


def test_retried_undo_takes_back_only_what_the_first_could_not(
    yard: Bucket, put_in: Put, planned: Planned, worked: Worked, planned_retry: Worked, ada: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    for name in "abc":
        put_in(f"in/{name}.jpg")
    before = state(yard)
    hidden = worked(planned("hide", "in/"))
    undo = services.undo(actor=ada, job=hidden)
    while running.work(undo.pk):
        pass
    undo.refresh_from_db()
    whole = objects.delete_versions

    def refuse_one(bucket: str, targets: Any, **options: Any) -> list[DeleteOutcome]:
        if targets[0][0] == "in/b.jpg":
            [(key, version)] = targets
            return [DeleteOutcome(key, version, "AccessDenied", "no")]
        return whole(bucket, targets, **options)

    with monkeypatch.context() as patch:
        patch.setattr(objects, "delete_versions", refuse_one)
        undo = worked(undo)
    assert (undo.done, undo.failed) == (2, 1)

    again = worked(planned_retry(undo))

    assert (again.state, again.total, again.done) == (JobState.DONE, 1, 1)
    assert state(yard) == before


def test_retried_move_carries_the_rest(
    yard: Bucket, put_in: Put, planned: Planned, worked: Worked, planned_retry: Worked
) -> None:
    put_in("in/a.jpg", b"1")
    with answering("CopyObject", REFUSED):
        parameters = {"to": f"default/{yard.name}", "to_prefix": "out/", "overwrite": False}
        job = worked(planned("move", "in/", parameters=parameters))
    assert job.failed == 1

    again = worked(planned_retry(job))

    assert (again.state, again.done) == (JobState.DONE, 1)
    assert state(yard) == {"out/a.jpg": b"1"}
