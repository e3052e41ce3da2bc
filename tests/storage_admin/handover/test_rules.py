"""A job that a lifecycle rule works off, in a real store. What the store does by the rule, the tests do."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from portal.models import User
from portal.roles import STORAGE_OPERATOR
from portal.s3 import buckets, lifecycle, session, versioning
from portal.s3.errors import S3Error
from portal.s3.lifecycle import Lifecycle
from portal.s3.types import VersioningState
from storage_admin.buckets import changes
from storage_admin.errors import NotPossible
from storage_admin.handover import services, watching
from storage_admin.jobs import running
from storage_admin.jobs import services as jobs
from storage_admin.models import BucketChange, HandoverStep, HandoverWay, Job, JobHandover, JobState
from tests.storage_admin.conftest import in_role
from tests.storage_admin.handover.conftest import let_work
from tests.storage_admin.jobs.conftest import Put

pytestmark = [pytest.mark.django_db, pytest.mark.servers, pytest.mark.usefixtures("few")]

FOREIGN = {
    "ID": "of-others", "Status": "Enabled", "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 3},
}  # fmt: skip
OLD = {"which": "old", "days": 0, "keep": 0, "bypass": False}
RULE = HandoverWay.RULE


@pytest.fixture
def hiding(put_in: Put, planned: Callable[..., Job]) -> Job:
    """A planned job that hides three objects, in a bucket with a rule of somebody else."""
    for key in ("in/a", "in/b", "in/c", "out/d"):
        put_in(key)
    job = planned("hide", "in/")
    lifecycle.merge_rule(job.bucket.name, FOREIGN)
    return job


@pytest.fixture
def watched(hiding: Job, handed: Callable[..., Job]) -> Job:
    """The same, with its rule in the bucket."""
    return let_work(handed(hiding, RULE))


def rules_of(job: Job) -> dict[str, Any]:
    return {rule["ID"]: rule for rule in lifecycle.read(job.bucket.name).rules}


def look(job: Job) -> Job:
    """Let the time of the next look come."""
    JobHandover.objects.filter(job=job).update(look_at=timezone.now())
    return let_work(job)


def hide(job: Job, *keys: str) -> None:
    for key in keys:
        session.client().delete_object(Bucket=job.bucket.name, Key=key)


def test_rule_is_put_watched_and_taken_away_and_others_stay(watched: Job) -> None:
    own = [name for name in rules_of(watched) if name.startswith(f"portal-job-{watched.pk}-")]
    assert watched.state == JobState.RUNNING
    assert rules_of(watched)[own[0]]["Filter"] == {"Prefix": "in/"}
    assert rules_of(watched)[own[0]]["Expiration"] == {"Days": 1}

    look(watched)
    assert (watched.state, watched.done, watched.handover.told["left"]) == (JobState.RUNNING, 0, 3)
    hide(watched, "in/a", "in/b")
    look(watched)
    assert (watched.done, watched.handover.told["left"]) == (2, 1)
    hide(watched, "in/c")
    look(watched)

    assert (watched.state, watched.done, watched.failed) == (JobState.DONE, 3, 0)
    assert list(rules_of(watched)) == ["of-others"]
    assert not watched.items.exists(), "no object has an outcome of its own"


def test_putting_and_removing_stand_in_the_history_of_the_bucket(watched: Job) -> None:
    hide(watched, "in/a", "in/b", "in/c")
    look(watched)

    made = BucketChange.objects.filter(bucket=watched.bucket, setting="lifecycle").order_by("pk")
    assert [(row.made_by_name, row.state) for row in made] == [("portal", "done")] * 2


def test_what_is_not_due_is_not_looked_at(watched: Job, store_calls: list[str]) -> None:
    let_work(watched, 2)

    assert not [name for name in store_calls if name.startswith("List")]


def test_cancelling_takes_the_rule_away(watched: Job, ada: User) -> None:
    jobs.cancel(actor=ada, job=watched)
    let_work(watched)

    assert watched.state == JobState.CANCELLED
    assert list(rules_of(watched)) == ["of-others"]


def test_cancellation_waits_until_the_rule_is_gone(
    watched: Job, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job that is called cancelled while its rule goes on removing is the one thing that may not be."""

    def refuse(*_args: Any, **_options: Any) -> None:
        raise S3Error("no", code="AccessDenied")

    jobs.cancel(actor=ada, job=watched)
    with monkeypatch.context() as patch:
        patch.setattr(lifecycle, "write", refuse)
        let_work(watched, 2)
        assert watched.state == JobState.CANCELLING
    BucketChange.objects.filter(ended_at=None).update(ended_at=timezone.now())
    let_work(watched)

    assert watched.state == JobState.CANCELLED
    assert list(rules_of(watched)) == ["of-others"]


def test_worker_killed_after_the_rule_was_put_puts_no_second_one(
    hiding: Job, handed: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    really = changes.change

    def die(**options: Any) -> None:
        really(**options)
        raise Killed

    handed(hiding, RULE)
    with monkeypatch.context() as patch:
        patch.setattr(changes, "change", die)
        with pytest.raises(Killed):
            running.work(hiding.pk)
    Job.objects.filter(pk=hiding.pk).update(claim=None)
    let_work(hiding)

    assert hiding.handover.step == HandoverStep.WATCHING
    assert len(rules_of(hiding)) == 2


def test_rule_that_somebody_took_away_pauses_the_job_and_resuming_puts_it_again(
    watched: Job, ada: User
) -> None:
    lifecycle.write(watched.bucket.name, Lifecycle((FOREIGN,)))
    look(watched)
    assert watched.state == JobState.PAUSED
    assert "took it away" in watched.stopped_because

    jobs.resume(actor=ada, job=watched)
    let_work(watched)

    assert (watched.state, len(rules_of(watched))) == (JobState.RUNNING, 2)


def test_rule_does_not_stay_for_ever(watched: Job) -> None:
    """Where something is written again and again, a pass never finds nothing."""
    long_ago = timezone.now() - timedelta(days=watching.PATIENCE_DAYS + 2)
    JobHandover.objects.filter(job=watched).update(made_at=long_ago)

    look(watched)

    assert watched.state == JobState.PARTIAL
    assert "3 are left" in watched.stopped_because
    assert list(rules_of(watched)) == ["of-others"]


def test_old_versions_go_by_a_rule(
    put_in: Put, planned: Callable[..., Job], handed: Callable[..., Job], ada: User
) -> None:
    old = [put_in("in/a"), put_in("in/a")]
    put_in("in/a")
    job = let_work(handed(planned("destroy", "in/", parameters=OLD), RULE))
    (rule,) = rules_of(job).values()
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}

    for version in old:
        session.client().delete_object(Bucket=job.bucket.name, Key="in/a", VersionId=version)
    look(job)

    assert (job.state, job.done) == (JobState.DONE, 2)
    assert not rules_of(job)


def test_rule_that_keeps_the_newest_is_kept_so_or_taken_away_at_once(
    put_in: Put, planned: Callable[..., Job], handed: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that forgets the number would destroy what is to stay."""
    for _n in range(4):
        put_in("in/a")
    job = planned("destroy", "in/", parameters=OLD | {"keep": 1})
    really = lifecycle.write

    def forget(bucket: str, wanted: Lifecycle, **options: Any) -> None:
        rules = [dict(rule, NoncurrentVersionExpiration={"NoncurrentDays": 1}) for rule in wanted.rules]
        really(bucket, Lifecycle(tuple(rules)), **options)

    monkeypatch.setattr(lifecycle, "write", forget)
    monkeypatch.setattr(changes, "READ_BACK_PAUSES_SECONDS", (0.0,))
    let_work(handed(job, RULE))

    assert job.state == JobState.PAUSED
    assert "has something else" in job.stopped_because
    assert not rules_of(job)


def test_rule_keeps_as_many_of_the_newest_as_the_plan(
    put_in: Put, planned: Callable[..., Job], handed: Callable[..., Job]
) -> None:
    for _n in range(4):
        put_in("in/a")

    job = let_work(handed(planned("destroy", "in/", parameters=OLD | {"keep": 1, "days": 0}), RULE))

    assert job.state == JobState.RUNNING, job.stopped_because
    (rule,) = rules_of(job).values()
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1, "NewerNoncurrentVersions": 1}


def test_emptied_bucket_is_deleted_afterwards_where_that_was_asked(
    put_in: Put, planned: Callable[..., Job], handed: Callable[..., Job]
) -> None:
    versions = {key: put_in(key) for key in ("a", "b")}
    job = let_work(handed(planned("empty", parameters={"bypass": False, "delete_bucket": True}), RULE))

    for key, version in versions.items():
        session.client().delete_object(Bucket=job.bucket.name, Key=key, VersionId=version)
    look(job)

    assert job.state == JobState.DONE
    assert not buckets.exists(job.bucket.name)


def test_look_goes_on_where_the_last_slice_ended(watched: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "PAGE", 1)
    JobHandover.objects.filter(job=watched).update(look_at=timezone.now())

    slices = 0
    while running.work(watched.pk, seconds=0):
        slices += 1
    watched.refresh_from_db()

    assert slices == 2
    assert watched.handover.told["left"] == 3


def test_nothing_of_it_is_undone_or_retried(watched: Job, ada: User) -> None:
    hide(watched, "in/a", "in/b", "in/c")
    look(watched)

    with pytest.raises(NotPossible):
        jobs.undo(actor=ada, job=watched)
    with pytest.raises(NotPossible):
        jobs.retry(actor=ada, job=watched)


def test_rule_takes_the_right_to_bucket_settings_and_the_typed_name(hiding: Job, ada: User) -> None:
    with pytest.raises(PermissionDenied):
        services.hand_over(actor=in_role(STORAGE_OPERATOR), job=hiding, way=RULE, typed=hiding.bucket.name)
    with pytest.raises(NotPossible, match="Type the bucket"):
        services.hand_over(actor=ada, job=hiding, way=RULE)


def test_second_person_is_asked_as_for_the_portals_own_workers(
    put_in: Put, planned: Callable[..., Job], ada: User, settings: Any
) -> None:
    settings.JOB_APPROVAL = True
    for _n in range(3):
        put_in("in/a")
    job = planned("destroy", "in/", parameters=OLD)

    with pytest.raises(NotPossible, match="second person"):
        services.hand_over(actor=ada, job=job, way=RULE, typed=job.bucket.name)


def test_where_versioning_went_off_meanwhile_no_rule_hides(hiding: Job, ada: User) -> None:
    versioning.suspend(hiding.bucket.name)

    with pytest.raises(NotPossible, match="destroy objects"):
        services.hand_over(actor=ada, job=hiding, way=RULE, typed=hiding.bucket.name)


def test_bucket_with_mfa_delete_takes_no_rule(
    hiding: Job, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    guarded = versioning.Versioning(VersioningState.ENABLED, mfa_delete=True)
    monkeypatch.setattr(versioning, "read", lambda *_args, **_options: guarded)

    with pytest.raises(NotPossible, match="MFA delete"):
        services.hand_over(actor=ada, job=hiding, way=RULE, typed=hiding.bucket.name)


def test_class_is_changed_by_a_rule_in_a_simulator_that_keeps_transitions(
    amazon_like: Any, ada: User, handed: Callable[..., Job]
) -> None:
    bucket = amazon_like(buckets.Birth())
    for key in ("in/a", "in/b"):
        session.client().put_object(Bucket=bucket.name, Key=key, Body=b"bytes")
    job = jobs.draft(
        actor=ada, kind="change-class", bucket=bucket, prefix="in/",
        parameters={"storage_class": "GLACIER_IR"},
    )  # fmt: skip
    let_work(job, 3)
    let_work(handed(job, RULE))
    (rule,) = rules_of(job).values()
    assert rule["Transitions"] == [{"Days": 1, "StorageClass": "GLACIER_IR"}]

    for key in ("in/a", "in/b"):
        session.client().put_object(Bucket=bucket.name, Key=key, Body=b"bytes", StorageClass="GLACIER_IR")
    look(job)

    assert (job.state, job.done) == (JobState.DONE, 2)
    assert not rules_of(job)
