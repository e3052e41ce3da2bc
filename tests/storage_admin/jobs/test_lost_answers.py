"""What the store did and could not say: its answer was lost, or the worker that waited for it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from photos.models import Photo
from portal.models import User
from portal.s3 import objects, session
from storage_admin.jobs import one_by_one, running, services
from storage_admin.jobs.kinds.deleting import Destroy
from storage_admin.models import Bucket, Job, JobItem, JobState
from tests.factories import PhotoFactory
from tests.storage_admin.jobs.conftest import Put, held
from tests.storage_admin.lockstep.fates import Fate, How, fated

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

Planned = Callable[..., Job]
CALLS = 9  # more than a job of one object makes


@pytest.fixture
def at_each_call(ada: User, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Job]], list[Job]]:
    """Run a job once for each of its calls, whose answer is lost; the jobs stand ready to be compared."""
    monkeypatch.setattr(one_by_one, "PAUSE_SECONDS", 0)

    def run(make: Callable[[], Job]) -> list[Job]:
        ended = []
        for number in range(1, CALLS):
            job = make()
            services.start(actor=ada, job=job)
            with fated(Fate(number, How.LOST)):
                running.work(job.pk)
            job.refresh_from_db()
            ended.append(job)
        return ended

    return run


def test_hiding_whose_answer_is_lost_is_told_as_done(
    yard: Bucket, put_in: Put, planned: Planned, at_each_call: Callable[..., list[Job]]
) -> None:
    """botocore sends the delete again, and the store refuses it: there is a marker on top by now."""

    def make() -> Job:
        put_in("a.jpg")
        return planned("hide")

    for job in at_each_call(make):
        assert (job.state, job.done, job.failed) == (JobState.DONE, 1, 0)
    assert held(yard) == {"versions": CALLS - 1, "markers": CALLS - 1, "uploads": 0}


def test_object_that_is_gone_before_it_is_hidden_is_passed_over_and_not_undone(
    yard: Bucket, put_in: Put, planned: Planned, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = put_in("a.jpg")
    put_in("b.jpg")
    job = planned("hide")
    services.start(actor=ada, job=job)
    whole = one_by_one.in_threads

    def destroyed_meanwhile(*args: Any) -> Any:
        session.client().delete_object(Bucket=yard.name, Key="a.jpg", VersionId=version)
        return whole(*args)

    monkeypatch.setattr(one_by_one, "in_threads", destroyed_meanwhile)
    running.work(job.pk)
    job.refresh_from_db()

    assert (job.state, job.done, job.skipped) == (JobState.DONE, 1, 1)
    assert job.result["skips"] == {"gone": 1}


def test_undo_puts_no_marker_where_the_job_had_put_none(yard: Bucket, put_in: Put, ada: User) -> None:
    """A delete without a version id would hide what is there now."""
    put_in("a.jpg")
    former = Job.objects.create(
        kind="hide", bucket=yard, selection={"what": "objects", "prefix": ""}, state=JobState.DONE, done=1,
        made_by_name="ada", ended_at=timezone.now(),
    )  # fmt: skip
    JobItem.objects.create(job=former, target="0" * 64, key="a.jpg", outcome="done", made="hidden:")

    undone = services.undo(actor=ada, job=former)
    while running.work(undone.pk):
        pass
    services.start(actor=ada, job=Job.objects.get(pk=undone.pk))
    running.work(undone.pk)

    undone.refresh_from_db()
    assert (undone.state, undone.done, undone.skipped) == (JobState.DONE, 0, 1)
    assert held(yard) == {"versions": 1, "markers": 0, "uploads": 0}


def test_version_that_a_photo_came_to_name_is_not_destroyed_by_the_next_worker(
    yard: Bucket, put_in: Put, planned: Planned, ada: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The batch was judged before its worker died; a row may have followed a copy since."""
    settings.AWS_STORAGE_BUCKET_NAME = yard.name
    first, second = put_in("photo.jpg", b"1"), put_in("photo.jpg", b"1")
    photo = PhotoFactory(pet=None, bucket=yard.name, key="photo.jpg", version_id=first)
    job = planned("destroy", parameters={"which": "everything"})
    assert job.total == 1
    services.start(actor=ada, job=job, typed=yard.name)

    def die(*_args: Any) -> Any:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(Destroy, "act", die)
        with pytest.raises(SystemExit):
            running.work(job.pk)
    Photo.objects.filter(pk=photo.pk).update(version_id=second)
    Job.objects.filter(pk=job.pk).update(beat_at=timezone.now() - timedelta(days=1))

    running.work(job.pk)

    job.refresh_from_db()
    assert (job.state, job.done, job.skipped) == (JobState.DONE, 0, 2)
    assert {one.version_id for one in objects.versions(yard.name, "photo.jpg")} == {first, second}
