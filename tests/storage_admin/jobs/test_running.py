"""A job from its plan to its end, on a real store: counts, crashes, outages, changed minds."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import OperationalError
from django.utils import timezone

from portal.audit import AuditEvent
from portal.models import User
from portal.s3 import objects, session, versioning
from portal.s3.types import DeleteOutcome
from storage_admin.errors import NotPossible
from storage_admin.jobs import claims, outcomes, running, services
from storage_admin.jobs.kinds.deleting import Destroy, Hide
from storage_admin.models import Bucket, Job, JobItem, JobState
from tests.storage_admin.jobs.conftest import Put, held
from tests.store import answering, keep_clients, refusal

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

Planned = Callable[..., Job]
Worked = Callable[[Job], Job]
EVERYTHING = {"which": "everything"}


@pytest.fixture
def filled(yard: Bucket, put_in: Put) -> Bucket:
    """Six keys; two have an older version, one is hidden, one upload is open."""
    for name in "abcdef":
        put_in(f"in/{name}.jpg", b"12345")
    for name in "ab":
        put_in(f"in/{name}.jpg", b"123")
    put_in("out/kept.jpg")
    session.client().delete_object(Bucket=yard.name, Key="in/c.jpg")
    session.client().create_multipart_upload(Bucket=yard.name, Key="in/open.jpg")
    return yard


def test_plan_counts_what_would_go_and_changes_nothing(filled: Bucket, planned: Planned) -> None:
    before = held(filled)

    job = planned("destroy", "in/", parameters=EVERYTHING)

    assert (job.total, job.total_bytes) == (9, 6 * 5 + 2 * 3)
    assert job.plan["requests"] == {"DeleteObjects": 1}
    assert held(filled) == before


def test_plan_says_what_is_passed_over_and_why(filled: Bucket, planned: Planned) -> None:
    job = planned("destroy", "in/", parameters={"which": "old", "days": 0, "keep": 0})

    assert job.total == 3  # a and b have an older version each, and c lies below its marker
    assert {code: said["count"] for code, said in job.plan["skips"].items()} == {"current": 5, "marker": 1}


def test_job_destroys_what_its_prefix_names_and_nothing_else(
    filled: Bucket, planned: Planned, worked: Worked
) -> None:
    job = worked(planned("destroy", "in/", parameters=EVERYTHING))

    assert (job.state, job.done, job.failed) == (JobState.DONE, 9, 0)
    assert held(filled) == {"versions": 1, "markers": 0, "uploads": 1}
    assert job.items.filter(outcome=JobItem.Outcome.DONE).count() == 9
    assert AuditEvent.objects.filter(action="job.done", after__done=9).exists()


def test_keeping_the_newest_old_versions(yard: Bucket, put_in: Put, planned: Planned, worked: Worked) -> None:
    names = [put_in("a.jpg", str(n).encode()) for n in range(5)]

    job = worked(planned("destroy", parameters={"which": "old", "days": 0, "keep": 2}))

    left = [found.version_id for found in objects.versions(yard.name, "a.jpg")]
    assert job.done == 2
    assert set(left) == set(names[2:])


def test_age_counts_from_when_a_version_was_replaced(put_in: Put, planned: Planned) -> None:
    put_in("a.jpg", b"1")
    put_in("a.jpg", b"2")

    job = planned("destroy", parameters={"which": "old", "days": 1, "keep": 0})

    assert job.total == 0
    assert job.plan["skips"]["newer"]["count"] == 1


def test_lone_markers_go_and_others_stay(yard: Bucket, put_in: Put, planned: Planned, worked: Worked) -> None:
    version = put_in("lone.jpg")
    session.client().delete_object(Bucket=yard.name, Key="lone.jpg")
    session.client().delete_object(Bucket=yard.name, Key="lone.jpg", VersionId=version)
    put_in("hidden.jpg")
    session.client().delete_object(Bucket=yard.name, Key="hidden.jpg")

    job = worked(planned("destroy", parameters={"which": "lone-markers"}))

    assert job.done == 1
    assert {found.key for found in objects.versions(yard.name, "")} == {"hidden.jpg"}


def test_emptying_leaves_nothing_and_counts_exactly(filled: Bucket, planned: Planned, worked: Worked) -> None:
    job = worked(planned("empty", parameters={"delete_bucket": True}))

    assert (job.state, job.done, job.failed) == (JobState.DONE, 11, 0)
    assert job.passes == 1  # the second pass found nothing
    filled.refresh_from_db()
    assert filled.gone_since is not None


def test_batch_of_a_dead_worker_is_done_again_and_counted_once(
    filled: Bucket, planned: Planned, ada: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = planned("destroy", "in/", parameters=EVERYTHING)
    services.start(actor=ada, job=job, typed=filled.name)
    whole = Destroy.act

    def die(self: Destroy, *args: Any) -> Any:
        whole(self, *args)
        raise SystemExit  # the store did it all, and nobody wrote it down

    with monkeypatch.context() as patch:
        patch.setattr(Destroy, "act", die)
        with pytest.raises(SystemExit):
            running.work(job.pk)
    assert not running.work(job.pk)  # the dead worker's claim still stands
    long_ago = timezone.now() - timedelta(seconds=settings.JOB_STALE_SECONDS + 1)
    Job.objects.filter(pk=job.pk).update(beat_at=long_ago)
    assert claims.forgotten() == [job.pk]

    running.work(job.pk)

    job.refresh_from_db()
    assert (job.state, job.done, job.failed) == (JobState.DONE, 9, 0)
    assert held(filled)["versions"] == 1


def test_database_that_fails_for_a_moment_fails_no_job(
    filled: Bucket, planned: Planned, ada: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = planned("destroy", "in/", parameters=EVERYTHING)
    services.start(actor=ada, job=job, typed=filled.name)

    def locked(*_args: Any) -> Any:
        raise OperationalError("database is locked")

    with monkeypatch.context() as patch:
        patch.setattr(outcomes, "keep", locked)
        with pytest.raises(OperationalError):
            running.work(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.RUNNING
    long_ago = timezone.now() - timedelta(seconds=settings.JOB_STALE_SECONDS + 1)
    Job.objects.filter(pk=job.pk).update(beat_at=long_ago)

    running.work(job.pk)

    job.refresh_from_db()
    assert (job.state, job.done, job.failed) == (JobState.DONE, 9, 0)


def test_worker_that_was_taken_for_dead_writes_nothing(
    filled: Bucket, planned: Planned, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = planned("destroy", "in/", parameters=EVERYTHING)
    services.start(actor=ada, job=job, typed=filled.name)
    whole = Destroy.act

    def overtaken(self: Destroy, *args: Any) -> Any:
        Job.objects.filter(pk=job.pk).update(claim="0" * 32)
        return whole(self, *args)

    monkeypatch.setattr(Destroy, "act", overtaken)

    assert not running.work(job.pk)
    job.refresh_from_db()
    assert (job.done, job.state) == (0, JobState.RUNNING)


def test_refused_versions_are_named_and_retry_takes_exactly_those(
    filled: Bucket, planned: Planned, worked: Worked, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = objects.delete_versions

    def refuse_two(bucket: str, targets: Any, **options: Any) -> list[DeleteOutcome]:
        fits = [one for one in targets if one[0] not in {"in/e.jpg", "in/f.jpg"}]
        refused = [
            DeleteOutcome(key, version, "AccessDenied", "no")
            for key, version in targets
            if (key, version) not in fits
        ]
        return whole(bucket, fits, **options) + refused

    with monkeypatch.context() as patch:
        patch.setattr(objects, "delete_versions", refuse_two)
        job = worked(planned("destroy", "in/", parameters=EVERYTHING))
    assert (job.state, job.done, job.failed) == (JobState.PARTIAL, 7, 2)

    again = services.retry(actor=ada, job=job)
    while running.work(again.pk):
        pass
    again.refresh_from_db()
    assert again.total == 2
    again = worked(again)

    assert (again.state, again.done) == (JobState.DONE, 2)
    assert held(filled)["versions"] == 1


def test_outage_stops_nothing_for_good(filled: Bucket, planned: Planned, ada: User) -> None:
    job = planned("destroy", "in/", parameters=EVERYTHING)
    services.start(actor=ada, job=job, typed=filled.name)

    with answering("DeleteObjects", refusal(503, "SlowDown")):
        assert not running.work(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.RUNNING
    assert "SlowDown" in job.stopped_because

    running.work(job.pk)
    job.refresh_from_db()
    assert (job.state, job.done, job.stopped_because) == (JobState.DONE, 9, "")


def test_keys_that_ended_pause_the_job_and_it_is_resumed(filled: Bucket, planned: Planned, ada: User) -> None:
    job = planned("destroy", "in/", parameters=EVERYTHING)
    services.start(actor=ada, job=job, typed=filled.name)

    with answering("DeleteObjects", refusal(400, "ExpiredToken")):
        running.work(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.PAUSED
    assert "ExpiredToken" in job.stopped_because

    services.resume(actor=ada, job=job)
    running.work(job.pk)
    job.refresh_from_db()
    assert (job.state, job.done) == (JobState.DONE, 9)


def test_pause_ends_the_batch_and_resume_goes_on(
    filled: Bucket, planned: Planned, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Destroy, "batch_size", 4)
    job = planned("destroy", "in/", parameters=EVERYTHING)
    services.start(actor=ada, job=job, typed=filled.name)
    whole = Destroy.act

    def pressed_meanwhile(self: Destroy, *args: Any) -> Any:
        services.pause(actor=ada, job=Job.objects.get(pk=job.pk))
        return whole(self, *args)

    with monkeypatch.context() as patch:
        patch.setattr(Destroy, "act", pressed_meanwhile)
        running.work(job.pk)
    job.refresh_from_db()
    assert (job.state, job.done) == (JobState.PAUSED, 4)

    services.resume(actor=ada, job=job)
    running.work(job.pk)
    job.refresh_from_db()
    assert (job.state, job.done) == (JobState.DONE, 9)


def test_hiding_stops_where_it_would_destroy(
    yard: Bucket, put_in: Put, planned: Planned, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """30: in a suspended bucket a plain delete destroys the version null."""
    for name in "abc":
        put_in(f"in/{name}.jpg")
    monkeypatch.setattr(Hide, "batch_size", 1)
    job = planned("hide", "in/")
    services.start(actor=ada, job=job)
    whole = Hide.act

    def suspended_meanwhile(self: Hide, *args: Any) -> Any:
        outcomes = whole(self, *args)
        versioning.suspend(yard.name)
        return outcomes

    monkeypatch.setattr(Hide, "act", suspended_meanwhile)
    running.work(job.pk)

    job.refresh_from_db()
    assert (job.state, job.done) == (JobState.PAUSED, 1)
    assert "would destroy" in job.stopped_because
    assert held(yard) == {"versions": 3, "markers": 1, "uploads": 0}


def test_hiding_is_not_even_planned_where_it_would_destroy(yard: Bucket, put_in: Put, ada: User) -> None:
    put_in("a.jpg")
    versioning.suspend(yard.name)
    job = services.draft(actor=ada, kind="hide", bucket=yard)

    running.work(job.pk)

    job.refresh_from_db()
    assert job.state == JobState.PAUSED
    assert "would destroy" in job.stopped_because


def test_job_that_stopped_while_planned_is_not_begun_by_resuming(filled: Bucket, ada: User) -> None:
    job = services.draft(actor=ada, kind="destroy", bucket=filled, parameters=EVERYTHING)
    with answering("ListObjectVersions", refusal(403, "InvalidAccessKeyId")):
        running.work(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.PAUSED

    services.resume(actor=ada, job=job)
    running.work(job.pk)

    job.refresh_from_db()
    assert (job.state, job.total, job.done) == (JobState.PLANNED, 10, 0)


def test_cancel_keeps_what_is_done_and_stops(filled: Bucket, planned: Planned, ada: User) -> None:
    job = planned("destroy", "in/", parameters=EVERYTHING)
    services.start(actor=ada, job=job, typed=filled.name)
    services.cancel(actor=ada, job=job)
    assert job.state == JobState.CANCELLING

    running.work(job.pk)

    job.refresh_from_db()
    assert (job.state, job.done) == (JobState.CANCELLED, 0)
    assert held(filled)["versions"] == 9


@pytest.mark.parametrize("answer", [refusal(503, "SlowDown"), refusal(400, "ExpiredToken")])
def test_job_is_cancelled_also_when_the_store_does_not_let_it_go_on(
    filled: Bucket, planned: Planned, ada: User, answer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_clients(monkeypatch)
    job = planned("destroy", "in/", parameters=EVERYTHING)
    services.start(actor=ada, job=job, typed=filled.name)
    with answering("DeleteObjects", answer):
        running.work(job.pk)
        services.cancel(actor=ada, job=Job.objects.get(pk=job.pk))
        running.work(job.pk)

    job.refresh_from_db()
    assert job.state == JobState.CANCELLED
    assert "last 9 is not known" in job.stopped_because


def test_right_that_was_taken_away_pauses_the_job(filled: Bucket, planned: Planned, ada: User) -> None:
    job = planned("destroy", "in/", parameters=EVERYTHING)
    services.start(actor=ada, job=job, typed=filled.name)
    ada.groups.remove(Group.objects.get(name="Storage admin"))

    running.work(job.pk)

    job.refresh_from_db()
    assert (job.state, job.done) == (JobState.PAUSED, 0)
    assert "destroy_version" in job.stopped_because


def test_second_job_of_the_kind_on_the_same_place_has_to_wait(
    filled: Bucket, planned: Planned, ada: User
) -> None:
    first, second = (planned("destroy", "in/", parameters=EVERYTHING) for _n in range(2))
    services.start(actor=ada, job=first, typed=filled.name)

    with pytest.raises(NotPossible, match="Another job"):
        services.start(actor=ada, job=second, typed=filled.name)

    second.refresh_from_db()
    assert second.state == JobState.PLANNED


def test_destroying_wants_the_buckets_name(filled: Bucket, planned: Planned, ada: User) -> None:
    job = planned("destroy", "in/", parameters=EVERYTHING)

    with pytest.raises(NotPossible, match="Type"):
        services.start(actor=ada, job=job, typed="in/")


def test_much_destruction_wants_a_second_person(
    filled: Bucket, planned: Planned, ada: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.JOB_APPROVAL = True
    monkeypatch.setattr(services, "APPROVAL_OBJECTS", 5)
    job = planned("destroy", "in/", parameters=EVERYTHING)

    with pytest.raises(NotPossible, match="second person"):
        services.start(actor=ada, job=job, typed=filled.name)
    with pytest.raises(NotPossible, match="Somebody else"):
        services.approve(actor=ada, job=job)
    other = User.objects.create_superuser("bob")
    services.approve(actor=other, job=job)
    services.start(actor=ada, job=job, typed=filled.name)

    assert job.state == JobState.QUEUED
