"""Rolling back to a moment: exactly what changed, nothing of the neighbours, and all of it undone again."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.contrib.auth.models import Permission
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from portal.models import User
from portal.s3 import objects, session
from portal.s3.errors import DeleteMarkerFound, ObjectNotFound
from storage_admin.jobs import history, running, services
from storage_admin.jobs.history import Change, Life, LivesPage
from storage_admin.models import Bucket, Job, JobState
from tests.factories import UserFactory
from tests.storage_admin.jobs.conftest import Put, held

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

Planned = Callable[..., Job]
Worked = Callable[[Job], Job]


def state(bucket: Bucket) -> dict[str, bytes]:
    """Return what plain reads give: key and bytes."""
    found = session.client().list_objects_v2(Bucket=bucket.name).get("Contents", [])
    return {one["Key"]: objects.read(bucket.name, one["Key"]) for one in found}


def delete(bucket: Bucket, key: str) -> None:
    session.client().delete_object(Bucket=bucket.name, Key=key)


def moment() -> datetime:
    """Return a moment between what was and what comes, also where a store cuts its times to seconds."""
    begins = int(time.time()) + 1
    time.sleep(begins - time.time() + 0.02)
    return datetime.fromtimestamp(begins, tz=UTC) - timedelta(milliseconds=1)


def selection(when: datetime, *changes: Change, prefix: str = "in/") -> dict[str, object]:
    wanted = [one.value for one in changes] or [one.value for one in Change]
    return {"what": "history", "prefix": prefix, "moment": when.isoformat(), "changes": wanted}


@pytest.fixture
def mishap(yard: Bucket, put_in: Put) -> tuple[datetime, dict[str, bytes]]:
    """A folder, and what somebody did to it after a moment; returns the moment and what was there."""
    for name in ("kept", "deleted", "changed", "deleted.bak", "changed-and-deleted"):
        put_in(f"in/{name}.jpg", name.encode())
    put_in("in/hidden-before.jpg")
    delete(yard, "in/hidden-before.jpg")
    put_in("out/deleted.jpg", b"out")
    when, before = moment(), state(yard)
    delete(yard, "in/deleted.jpg")
    delete(yard, "in/deleted.jpg")  # a second marker
    put_in("in/changed.jpg", b"worse")
    put_in("in/changed-and-deleted.jpg", b"worse")
    delete(yard, "in/changed-and-deleted.jpg")
    put_in("in/added.jpg")
    delete(yard, "out/deleted.jpg")
    return when, before


@pytest.fixture
def planned_undo(ada: User) -> Worked:
    """Let the undo of a job be planned to the end."""

    def make(job: Job) -> Job:
        undo = services.undo(actor=ada, job=job)
        while running.work(undo.pk):
            pass
        undo.refresh_from_db()
        return undo

    return make


def test_hiding_many_is_undone(
    yard: Bucket, put_in: Put, planned: Planned, worked: Worked, planned_undo: Worked
) -> None:
    for name in "abc":
        put_in(f"in/{name}.jpg")
    before = state(yard)
    job = worked(planned("hide", "in/"))
    assert state(yard) == {}

    undone = worked(planned_undo(job))

    assert (undone.done, state(yard)) == (3, before)


def test_everything_becomes_what_it_was(
    yard: Bucket, mishap: tuple[datetime, dict[str, bytes]], planned: Planned, worked: Worked
) -> None:
    when, before = mishap

    job = worked(planned("roll-back", "in/", selection=selection(when)))

    assert (job.state, job.done, job.failed) == (JobState.DONE, 4, 0)
    assert state(yard) == {key: body for key, body in before.items() if key.startswith("in/")}


def test_deletions_alone_come_back(
    yard: Bucket, mishap: tuple[datetime, dict[str, bytes]], planned: Planned, worked: Worked
) -> None:
    when, _before = mishap

    job = worked(planned("roll-back", "in/", selection=selection(when, Change.DELETED)))

    now = state(yard)
    assert job.done == 2
    assert now["in/deleted.jpg"] == b"deleted"
    assert now["in/changed-and-deleted.jpg"] == b"changed-and-deleted"
    assert now["in/changed.jpg"] == b"worse"
    assert "in/added.jpg" in now
    assert "out/deleted.jpg" not in now


def test_single_keys_are_chosen_exactly(
    yard: Bucket, mishap: tuple[datetime, dict[str, bytes]], planned: Planned, worked: Worked
) -> None:
    """A prefix would find `deleted.bak.jpg` for `deleted`; keys are compared whole."""
    when, _before = mishap
    chosen = {**selection(when), "keys": ["in/deleted.jpg"]}

    job = worked(planned("roll-back", "in/", selection=chosen))

    assert job.done == 1
    assert state(yard)["in/deleted.jpg"] == b"deleted"
    assert state(yard)["in/changed.jpg"] == b"worse"


def test_roll_back_is_undone_as_a_whole(
    yard: Bucket,
    mishap: tuple[datetime, dict[str, bytes]],
    planned: Planned,
    worked: Worked,
    planned_undo: Worked,
) -> None:
    when, _before = mishap
    after_mishap = state(yard)
    job = worked(planned("roll-back", "in/", selection=selection(when)))

    undone = worked(planned_undo(job))

    assert (undone.state, undone.done, undone.failed) == (JobState.DONE, 4, 0)
    assert state(yard) == after_mishap
    with pytest.raises((DeleteMarkerFound, ObjectNotFound)):
        objects.head(yard.name, "in/deleted.jpg")


def test_work_of_others_meanwhile_stays_on_top(
    yard: Bucket,
    mishap: tuple[datetime, dict[str, bytes]],
    planned: Planned,
    worked: Worked,
    planned_undo: Worked,
    put_in: Put,
) -> None:
    when, _before = mishap
    job = worked(planned("roll-back", "in/", selection=selection(when)))
    put_in("in/deleted.jpg", b"newer")

    undone = worked(planned_undo(job))

    assert (undone.state, undone.done, undone.failed) == (JobState.PARTIAL, 3, 1)
    assert undone.items.get(outcome="failed").code == "ChangedMeanwhile"
    assert state(yard)["in/deleted.jpg"] == b"newer"


def test_nothing_is_destroyed(
    yard: Bucket, mishap: tuple[datetime, dict[str, bytes]], planned: Planned, worked: Worked, ada: User
) -> None:
    when, _before = mishap
    versions = {one.version_id for one in objects.versions(yard.name, "") if not one.is_delete_marker}

    worked(planned("roll-back", "in/", selection=selection(when)))

    left = {one.version_id for one in objects.versions(yard.name, "") if not one.is_delete_marker}
    assert versions <= left


# Names that begin so, without being it or lying in it.
NEIGHBOURS = ("a", "a.jpg", "a.jpg.bak", "ab/c.jpg", "a-b")


@pytest.fixture
def neighbours(yard: Bucket, put_in: Put) -> None:
    """A folder `a/` and what begins like it, all deleted; what lies in the folder, after a moment."""
    for name in (*NEIGHBOURS, "a/x.jpg", "a/y.jpg", "a/deep/z.jpg"):
        put_in(name, name.encode())
        delete(yard, name)


def test_undelete_of_a_folder_touches_none_that_begin_like_it(
    yard: Bucket, neighbours: None, planned: Planned, worked: Worked
) -> None:
    job = worked(planned("undelete", "a/"))

    assert (job.state, job.done, job.skipped, job.failed) == (JobState.DONE, 3, 0, 0)
    assert sorted(state(yard)) == ["a/deep/z.jpg", "a/x.jpg", "a/y.jpg"]
    assert held(yard) == {"versions": 8, "markers": len(NEIGHBOURS), "uploads": 0}


def test_rolling_a_folder_back_touches_none_that_begin_like_it(
    yard: Bucket, put_in: Put, planned: Planned, worked: Worked
) -> None:
    for name in (*NEIGHBOURS, "a/x.jpg"):
        put_in(name)
    when = moment()
    for name in (*NEIGHBOURS, "a/x.jpg"):
        delete(yard, name)

    worked(planned("roll-back", "a/", selection=selection(when, prefix="a/")))

    assert sorted(state(yard)) == ["a/x.jpg"]


def test_undelete_brings_back_what_was_deleted_in_the_window_alone(
    yard: Bucket, put_in: Put, planned: Planned, worked: Worked
) -> None:
    for name in ("early", "within", "twice", "late", "early-and-within"):
        put_in(f"in/{name}.jpg", name.encode())
    put_in("in/live.jpg")
    delete(yard, "in/early.jpg")
    delete(yard, "in/early-and-within.jpg")
    begin = moment()
    delete(yard, "in/within.jpg")
    delete(yard, "in/early-and-within.jpg")  # it was hidden before: it stays
    put_in("in/passing.jpg", b"made and deleted in the window")
    delete(yard, "in/passing.jpg")
    delete(yard, "in/twice.jpg")
    delete(yard, "in/twice.jpg")
    end = moment()
    delete(yard, "in/late.jpg")
    before = {one.version_id for one in objects.versions(yard.name, "") if not one.is_delete_marker}

    job = worked(planned("undelete", "in/", parameters={"begin": begin, "end": end}))

    assert (job.state, job.done, job.failed) == (JobState.DONE, 3, 0)
    assert sorted(state(yard)) == ["in/live.jpg", "in/passing.jpg", "in/twice.jpg", "in/within.jpg"]
    after = {one.version_id for one in objects.versions(yard.name, "") if not one.is_delete_marker}
    assert after == before  # nothing copied, nothing destroyed


def test_undelete_is_undone(
    yard: Bucket, neighbours: None, planned: Planned, worked: Worked, planned_undo: Worked
) -> None:
    job = worked(planned("undelete", "a/"))

    undone = worked(planned_undo(job))

    assert (undone.done, undone.failed) == (3, 0)
    assert state(yard) == {}


def test_marker_below_which_nothing_is_left_is_passed_over(
    yard: Bucket, put_in: Put, planned: Planned
) -> None:
    version = put_in("in/gone.jpg")
    delete(yard, "in/gone.jpg")
    session.client().delete_object(Bucket=yard.name, Key="in/gone.jpg", VersionId=version)

    job = planned("undelete", "in/")

    assert (job.total, job.plan["skips"]["hollow"]["count"]) == (0, 1)


def test_key_that_a_page_shows_in_part_is_judged_by_all_its_entries(
    yard: Bucket, mishap: tuple[datetime, dict[str, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """SeaweedFS loses entries where its pages end: without its old ones a changed key looks added."""
    when, _before = mishap
    whole = history.page(yard.name, prefix="in/", after="", size=1_000, alias="default")
    cut = [Life(one.key, one.entries[:1]) for one in whole.lives]
    monkeypatch.setattr(history, "page", lambda *_args, **_options: LivesPage(cut))

    monkeypatch.setitem(settings.S3_CONNECTIONS["default"], "server", "amazon")
    believed = history.read(yard, selection(when), {}, 100)
    monkeypatch.setitem(settings.S3_CONNECTIONS["default"], "server", "seaweedfs")
    asked = history.read(yard, selection(when), {}, 100)

    assert {since.change for _life, since in believed.chosen} == {Change.ADDED}
    told = {life.key: since.change for life, since in asked.chosen}
    assert (told["in/changed.jpg"], told["in/added.jpg"]) == (Change.CHANGED, Change.ADDED)


def test_rolling_additions_back_wants_the_right_to_hide(yard: Bucket) -> None:
    user = UserFactory()
    user.user_permissions.add(Permission.objects.get(codename="recover_object"))

    def draft(*changes: Change) -> Job:
        return services.draft(
            actor=user, kind="roll-back", bucket=yard, selection=selection(timezone.now(), *changes),
            parameters={"changes": [one.value for one in changes]},
        )  # fmt: skip

    assert draft(Change.DELETED).state == JobState.DRAFT
    with pytest.raises(PermissionDenied):
        draft(Change.ADDED)


def test_folder_comes_back_on_a_store_like_amazons(amazon_like: Callable[..., Bucket], ada: User) -> None:
    """MiniStack's version ids and times, to the millisecond, are others than SeaweedFS's."""
    bucket = amazon_like()
    names = (*NEIGHBOURS, "a/x.jpg", "a/y.jpg")
    for name in names:
        session.client().put_object(Bucket=bucket.name, Key=name, Body=name.encode())
    when = moment()
    for name in names:
        delete(bucket, name)
    session.client().put_object(Bucket=bucket.name, Key="a/y.jpg", Body=b"worse")
    delete(bucket, "a/y.jpg")

    for kind, brings, of_y in (("undelete", 2, b"worse"), ("roll-back", 1, b"a/y.jpg")):
        job = services.draft(
            actor=ada, kind=kind, bucket=bucket, prefix="a/",
            selection=selection(when, prefix="a/") if kind == "roll-back" else None,
        )  # fmt: skip
        while running.work(job.pk):
            pass
        job.refresh_from_db()
        services.start(actor=ada, job=job)
        while running.work(job.pk):
            pass
        job.refresh_from_db()

        assert (job.state, job.done) == (JobState.DONE, brings)
        assert state(bucket) == {"a/x.jpg": b"a/x.jpg", "a/y.jpg": of_y}
