"""A job that S3 Batch Operations work off: a stand-in for Amazon over a real store; see `amazon`."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from portal.audit import AuditEvent
from portal.models import User
from portal.s3 import batch_operations, parts, session, tags
from portal.s3.errors import S3Error
from storage_admin.errors import NotPossible
from storage_admin.handover import batch, manifest, reports, services
from storage_admin.jobs import running
from storage_admin.jobs import services as jobs
from storage_admin.models import HandoverStep, HandoverWay, Job, JobHandover, JobItem, JobState
from tests.storage_admin.conftest import in_role
from tests.storage_admin.handover.amazon import Amazon
from tests.storage_admin.handover.conftest import let_work
from tests.storage_admin.jobs.conftest import Put

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

WANTED = {"season": "autumn"}
PARAMETERS = {"add": "season=autumn", "remove": "", "replace": True}
KEYS = ("in/a b+c%20.jpg", "in/plain.jpg", 'in/é/日,"x".jpg', "in/gone.jpg")


class Killed(BaseException):
    """What ends a worker without asking it."""


@pytest.fixture
def tagging(amazon: Amazon, put_in: Put, planned: Callable[..., Job]) -> Job:
    """A planned job on four objects, of which one goes before Amazon comes to it."""
    for key in KEYS:
        put_in(key)
    return planned("edit-tags", "in/", parameters=PARAMETERS)


@pytest.fixture
def waiting(tagging: Job, handed: Callable[..., Job]) -> Job:
    """The job, counted by Amazon; one of its objects is gone by then."""
    job = let_work(handed(tagging))
    session.client().delete_object(Bucket=job.bucket.name, Key="in/gone.jpg")
    return job


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any, str, Job], None]:
    """Kill the worker of a job as soon as a function has done its work; then let another go on."""

    def kill(module: Any, name: str, job: Job) -> None:
        really = getattr(module, name)

        def die(*args: Any, **options: Any) -> Any:
            really(*args, **options)
            raise Killed

        with monkeypatch.context() as patch:
            patch.setattr(module, name, die)
            with pytest.raises(Killed):
                let_work(job)
        Job.objects.filter(pk=job.pk).update(claim=None)

    return kill


def outcomes(job: Job) -> dict[str, str]:
    return {item.key: item.outcome for item in JobItem.objects.filter(job=job)}


def test_journey_from_the_plan_to_the_retry(
    waiting: Job, ada: User, amazon: Amazon, planned: Callable[..., Job], worked: Callable[[Job], Job]
) -> None:
    job = waiting
    assert (job.state, job.handover.step) == (JobState.PAUSED, HandoverStep.CONFIRMING), job.stopped_because
    assert "counts 4 objects; the portal's list has 4" in job.stopped_because
    assert tags.of_object(job.bucket.name, "in/plain.jpg") == {}, "nothing happens before the confirmation"

    services.confirm(actor=ada, job=job)
    let_work(job)

    assert (job.state, job.done, job.failed) == (JobState.PARTIAL, 3, 1)
    assert outcomes(job) == {"in/gone.jpg": "failed"}
    assert JobItem.objects.get(job=job).code in {"NoSuchKey", "MethodNotAllowed"}
    assert all(tags.of_object(job.bucket.name, key) == WANTED for key in KEYS[:3])
    again = jobs.retry(actor=ada, job=job)
    running.work(again.pk)
    again.refresh_from_db()
    assert again.plan["looked_at"] == 1
    said = list(AuditEvent.objects.filter(target_id=job.pk).order_by("pk").values_list("action", flat=True))
    assert said == ["job.drafted", "job.handed_over", "job.handover_confirmed", "job.partial"]


def test_list_has_every_key_encoded_and_is_not_encrypted_with_kms(waiting: Job, desk: str) -> None:
    found = session.client().get_object(Bucket=desk, Key=manifest.key_of(waiting.handover))

    rows = found["Body"].read().decode().splitlines()
    assert f"{waiting.bucket.name},in/a%20b%2Bc%2520.jpg" in rows
    assert sorted(rows) == sorted(f"{waiting.bucket.name},{manifest.encoded(key)}" for key in KEYS)
    assert found["ServerSideEncryption"] == "AES256"


@pytest.mark.parametrize("are_encoded", [True, False])
def test_report_is_read_whether_its_keys_are_encoded_or_not(
    waiting: Job, ada: User, amazon: Amazon, are_encoded: bool
) -> None:
    """Nobody says which of both Amazon does."""
    amazon.report_keys_encoded = are_encoded
    session.client().delete_object(Bucket=waiting.bucket.name, Key=KEYS[0])
    session.client().delete_object(Bucket=waiting.bucket.name, Key=KEYS[2])

    services.confirm(actor=ada, job=waiting)
    let_work(waiting)

    assert outcomes(waiting) == dict.fromkeys([KEYS[0], KEYS[2], "in/gone.jpg"], "failed")


@pytest.mark.parametrize("are_encoded", [True, False])
@pytest.mark.parametrize("keys", [("in/a%20b",), ("in/a%20b", "in/a%2520b"), ("in/a b", "in/a%20b")], ids=str)
def test_keys_that_look_encoded_themselves_are_told_apart(
    amazon: Amazon, put_in: Put, planned: Callable[..., Job], handed: Callable[..., Job], ada: User,
    keys: tuple[str, ...], are_encoded: bool,
) -> None:  # fmt: skip
    amazon.report_keys_encoded = are_encoded
    for key in ("in/x", *keys):
        put_in(key)
    job = let_work(handed(planned("edit-tags", "in/", parameters=PARAMETERS)))
    for key in keys:
        session.client().delete_object(Bucket=job.bucket.name, Key=key)

    services.confirm(actor=ada, job=job)
    let_work(job)

    assert outcomes(job) == dict.fromkeys(keys, "failed")


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (parts, "find_or_begin"),
        (parts, "put"),
        (parts, "complete"),
        (batch_operations, "create"),
    ],
)
def test_worker_killed_on_the_way_to_amazon_leaves_one_job_there(
    tagging: Job, handed: Callable[..., Job], killed: Any, amazon: Amazon, module: Any, name: str
) -> None:
    handed(tagging)

    killed(module, name, tagging)
    let_work(tagging)

    assert amazon.only.total == 4
    assert tagging.handover.step == HandoverStep.CONFIRMING


def test_answer_of_create_job_that_is_lost_leaves_one_job(
    tagging: Job, handed: Callable[..., Job], amazon: Amazon
) -> None:
    amazon.loses_answer = True
    handed(tagging)

    let_work(tagging)

    assert tagging.state == JobState.PAUSED
    assert tagging.handover.aws_job == amazon.only.job_id


def test_worker_killed_after_the_confirmation_was_sent_goes_on(waiting: Job, killed: Any, ada: User) -> None:
    services.confirm(actor=ada, job=waiting)

    killed(batch_operations, "release", waiting)
    let_work(waiting)

    assert (waiting.state, waiting.done, waiting.failed) == (JobState.PARTIAL, 3, 1)


def test_worker_killed_while_it_reads_the_report_counts_nothing_twice(
    waiting: Job, killed: Any, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "BATCH", 1)
    services.confirm(actor=ada, job=waiting)

    for _n in range(3):
        killed(reports, "_commit", waiting)
    let_work(waiting)

    assert (waiting.state, waiting.done, waiting.failed) == (JobState.PARTIAL, 3, 1)
    assert JobItem.objects.get(job=waiting).attempts == 1


def test_report_is_read_in_slices(waiting: Job, ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "BATCH", 1)
    monkeypatch.setattr(running, "SLICE_SECONDS", 0)
    services.confirm(actor=ada, job=waiting)

    slices = 0
    while waiting.state != JobState.PARTIAL:
        slices += running.work(waiting.pk, seconds=0)
        waiting.refresh_from_db()

    assert slices >= 4
    assert (waiting.done, waiting.failed) == (3, 1)


def test_list_is_written_in_slices_that_end_before_a_part_is_full(
    tagging: Job, handed: Callable[..., Job], amazon: Amazon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manifest, "PAGE", 1)
    handed(tagging)

    assert running.work(tagging.pk, seconds=0)
    assert JobHandover.objects.get(job=tagging).tail
    while running.work(tagging.pk, seconds=0):
        pass
    let_work(tagging)

    assert amazon.only.total == 4


def test_cancelled_before_the_confirmation_changes_nothing(waiting: Job, ada: User, amazon: Amazon) -> None:
    jobs.cancel(actor=ada, job=waiting)
    let_work(waiting)

    assert waiting.state == JobState.CANCELLED
    assert amazon.only.status == "Cancelled"
    assert tags.of_object(waiting.bucket.name, "in/plain.jpg") == {}


def test_cancelled_while_the_list_is_written_leaves_no_upload(
    tagging: Job, handed: Callable[..., Job], killed: Any, ada: User, amazon: Amazon, desk: str
) -> None:
    handed(tagging)
    killed(parts, "put", tagging)

    jobs.cancel(actor=ada, job=tagging)
    let_work(tagging)

    assert tagging.state == JobState.CANCELLED
    assert not amazon.jobs
    assert not session.client().list_multipart_uploads(Bucket=desk).get("Uploads")


def test_cancellation_that_fails_is_tried_again(
    waiting: Job, ada: User, amazon: Amazon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job that is called cancelled while Amazon works on is the one thing that may not be."""

    def refuse(*_args: Any, **_options: Any) -> None:
        raise S3Error("no", code="AccessDenied")

    jobs.cancel(actor=ada, job=waiting)
    with monkeypatch.context() as patch:
        patch.setattr(batch_operations, "cancel", refuse)
        let_work(waiting, 2)
        assert waiting.state == JobState.CANCELLING
        assert "AccessDenied" in waiting.stopped_because
    let_work(waiting)

    assert (waiting.state, amazon.only.status) == (JobState.CANCELLED, "Cancelled")


def test_job_that_amazon_gives_up_says_why_and_has_its_outcomes(
    waiting: Job, ada: User, amazon: Amazon
) -> None:
    amazon.gives_up = True
    services.confirm(actor=ada, job=waiting)
    let_work(waiting)

    assert (waiting.state, waiting.failed) == (JobState.FAILED, 1)
    assert "failure rate is above 50%" in waiting.stopped_because


def test_report_that_never_comes_is_told(
    waiting: Job, ada: User, amazon: Amazon, monkeypatch: pytest.MonkeyPatch
) -> None:
    amazon.reports_at_once = False
    services.confirm(actor=ada, job=waiting)
    let_work(waiting)
    assert waiting.state == JobState.RUNNING, "it may still come"

    monkeypatch.setattr(batch, "REPORT_HOURS", -1)
    let_work(waiting)

    assert (waiting.state, waiting.done, waiting.failed) == (JobState.PARTIAL, 3, 0)
    assert "report did not come" in waiting.stopped_because


def test_job_that_amazon_has_forgotten_is_paused_with_the_reason(
    waiting: Job, ada: User, amazon: Amazon
) -> None:
    services.confirm(actor=ada, job=waiting)
    amazon.jobs.clear()
    let_work(waiting)

    assert waiting.state == JobState.PAUSED
    assert "NoSuchJob" in waiting.stopped_because or "does not know" in waiting.stopped_because


def test_priority_is_sent_and_kept(waiting: Job, ada: User, amazon: Amazon) -> None:
    services.set_priority(actor=ada, job=waiting, priority=77)

    assert amazon.only.priority == 77
    assert JobHandover.objects.get(job=waiting).priority == 77
    assert AuditEvent.objects.filter(action="job.priority_changed", target_id=waiting.pk).exists()


def test_few_objects_stay_with_the_portal(tagging: Job, ada: User, settings: Any, amazon: Amazon) -> None:
    settings.HANDOVER_OBJECTS = 4

    with pytest.raises(NotPossible, match="own workers"):
        services.hand_over(actor=ada, job=tagging, way=HandoverWay.BATCH)


def test_handing_over_takes_the_rights_of_the_kind(tagging: Job) -> None:
    auditor = in_role("Auditor")

    with pytest.raises(PermissionDenied):
        services.hand_over(actor=auditor, job=tagging, way=HandoverWay.BATCH)


def test_handed_over_job_is_not_paused_and_not_confirmed_twice(waiting: Job, ada: User) -> None:
    services.confirm(actor=ada, job=waiting)

    with pytest.raises(NotPossible):
        services.confirm(actor=ada, job=waiting)
    with pytest.raises(NotPossible, match="no pause"):
        jobs.pause(actor=ada, job=waiting)


def test_right_that_was_lost_meanwhile_stops_it_before_amazon_has_it(
    tagging: Job, handed: Callable[..., Job], ada: User, amazon: Amazon
) -> None:
    handed(tagging)
    ada.groups.clear()

    let_work(tagging)

    assert tagging.state == JobState.PAUSED
    assert not amazon.jobs
