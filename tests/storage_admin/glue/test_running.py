"""A run is started once for each ask, whatever dies in between, and followed to its end."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ReadTimeoutError
from botocore.stub import Stubber
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from portal.audit import AuditEvent
from portal.aws import clients, glue
from portal.aws.clients import client
from portal.local import ports
from storage_admin.errors import ChangedMeanwhile, NotPossible
from storage_admin.glue import asking, running, services
from storage_admin.models import GlueRun, Schedule
from storage_admin.schedules import claims
from storage_admin.schedules import running as schedules
from tests.factories import GlueRunFactory, UserFactory
from tests.storage_admin.glue.conftest import at_glue

pytestmark = pytest.mark.django_db

State = GlueRun.State
RIGHT = "storage_admin.run_glue"
Followed = Callable[[GlueRun], GlueRun]


class Killed(BaseException):
    """The worker is gone."""


def asked(job: str, **arguments: str) -> GlueRun:
    told = {f"--{name}": value for name, value in arguments.items()}
    return asking.ask(job, told, trigger=GlueRun.Trigger.PERSON, ask=str(uuid4()))


def age(run: GlueRun, seconds: int = running.STALE_SECONDS + 1) -> None:
    """Let so much time go by since a worker was at it."""
    GlueRun.objects.filter(pk=run.pk, beat_at__isnull=False).update(
        beat_at=timezone.now() - timedelta(seconds=seconds)
    )
    GlueRun.objects.filter(pk=run.pk, tried_at__isnull=False).update(
        tried_at=timezone.now() - timedelta(seconds=seconds)
    )


@pytest.mark.servers
def test_run_is_started_with_its_arguments_and_followed(job: str, followed: Followed) -> None:
    run = followed(asked(job, wait="0.1", date="2026-12-01"))

    assert (run.state, run.error) == (State.SUCCEEDED, "")
    assert run.started_at is not None
    assert run.seconds is not None
    (there,) = at_glue(job)
    assert there.run_id == run.run_id
    assert there.arguments == {"--wait": "0.1", "--date": "2026-12-01", "--portal-run": str(run.marker)}
    assert AuditEvent.objects.get(action="glue.ended").outcome == AuditEvent.Outcome.DONE


@pytest.mark.servers
def test_failure_is_told_counted_and_noted(job: str, followed: Followed) -> None:
    run = followed(asked(job, fail="<b>broken</b>"))

    assert run.state == State.FAILED
    assert "<b>broken</b>" in run.error
    assert list(asking.unnoted()) == [run]
    ada = UserFactory(rights=[RIGHT])
    services.acknowledge(actor=ada, run=run)
    assert not asking.unnoted().exists()
    with pytest.raises(ChangedMeanwhile):
        services.acknowledge(actor=ada, run=run)


@pytest.mark.servers
@pytest.mark.parametrize("moment", ["before-send", "after-call"])
def test_worker_that_dies_around_the_start_leaves_one_run(job: str, followed: Followed, moment: str) -> None:
    """Before the call there is none at Glue, after it there is one that no row knows."""
    run = asked(job)

    def dies(**_event: Any) -> None:
        raise Killed

    events = client("glue", requests=1).meta.events
    events.register_first(f"{moment}.glue.StartJobRun", dies)
    with pytest.raises(Killed):
        running.work(run.pk)
    events.unregister(f"{moment}.glue.StartJobRun", dies)
    assert len(at_glue(job)) == (1 if moment == "after-call" else 0)
    assert running.sweep() == 0  # the claim is fresh: perhaps it lives
    age(run)

    assert followed(run).state == State.SUCCEEDED
    assert [one.run_id for one in at_glue(job)] == [run.run_id]


@pytest.mark.servers
def test_start_whose_answer_was_lost_is_looked_for_before_it_is_tried_again(
    job: str, followed: Followed
) -> None:
    run = asked(job)

    def answer_is_lost(**_event: Any) -> None:
        raise ReadTimeoutError(endpoint_url="http://glue.test")

    events = client("glue", requests=1).meta.events
    events.register_first("before-parse.glue.StartJobRun", answer_is_lost)
    running.work(run.pk)
    events.unregister("before-parse.glue.StartJobRun", answer_is_lost)
    run.refresh_from_db()
    assert (run.run_id, run.claim, len(at_glue(job))) == ("", None, 1)
    assert run.error

    running.work(run.pk)  # at once: Glue may not list it yet, so nothing is tried
    run.refresh_from_db()
    assert run.run_id == ""
    age(run, running.UNCLEAR_SECONDS + 1)

    assert followed(run).state == State.SUCCEEDED
    assert len(at_glue(job)) == 1


@pytest.mark.servers
def test_form_that_is_sent_twice_is_one_run(
    job: str, followed: Followed, django_capture_on_commit_callbacks: Any, no_queue: list[int]
) -> None:
    ada, form = UserFactory(rights=[RIGHT]), uuid4()

    with django_capture_on_commit_callbacks(execute=True):
        runs = [services.start(actor=ada, job=job, arguments={}, form=form) for _press in range(2)]

    assert runs[0] == runs[1]
    assert set(no_queue) == {runs[0].pk}
    followed(runs[0])
    assert len(at_glue(job)) == 1
    assert AuditEvent.objects.filter(action="glue.asked", actor=ada).count() == 1


@pytest.mark.servers
def test_run_is_stopped(job: str, followed: Followed) -> None:
    run = asked(job, wait="5")
    running.work(run.pk)

    services.stop(actor=UserFactory(rights=[RIGHT]), run=run)

    assert followed(run).state == State.STOPPED
    assert not asking.unnoted().exists()  # it was somebody's wish
    with pytest.raises(ChangedMeanwhile):
        services.stop(actor=None, run=run)


@pytest.mark.servers
def test_run_that_was_not_started_yet_never_is(job: str, followed: Followed) -> None:
    run = asked(job)
    services.stop(actor=None, run=run)

    assert followed(run).state == State.STOPPED
    assert at_glue(job) == []


@pytest.mark.servers
def test_run_that_ended_before_it_could_be_stopped_tells_its_end(job: str, followed: Followed) -> None:
    run = asked(job)
    running.work(run.pk)
    GlueRun.objects.filter(pk=run.pk).update(stop_asked_at=timezone.now())

    assert followed(run).state in {State.SUCCEEDED, State.STOPPED}


@pytest.mark.servers
def test_job_that_glue_has_not_is_refused_with_its_words(job: str, followed: Followed, settings: Any) -> None:
    settings.GLUE_JOBS = ["no-such-job"]

    run = followed(asked("no-such-job"))

    assert run.state == State.REFUSED
    assert "no-such-job" in run.error
    assert list(asking.unnoted()) == [run]


@pytest.mark.servers
def test_run_that_glue_forgot_is_ended(job: str) -> None:
    run = GlueRunFactory(job=job, run_id="jr_gone", state=State.RUNNING)

    running.work(run.pk)

    run.refresh_from_db()
    assert run.state == State.ERROR
    assert "history" in run.error


def test_service_that_is_away_is_waited_for(settings: Any) -> None:
    settings.SERVICES_ENDPOINT_URL = f"http://127.0.0.1:{ports.pick(['closed'])['closed']}"
    settings.GLUE_JOBS = ["report"]
    run = asked("report")

    running.work(run.pk)

    clients.forget()
    run.refresh_from_db()
    assert (run.state, run.ended_at, run.claim) == (State.ASKED, None, None)
    assert "does not answer" in run.error


@pytest.fixture
def stub(settings: Any) -> Any:
    """What Amazon answers, and the emulator never does."""
    settings.GLUE_JOBS = ["report"]
    with Stubber(client("glue", requests=1)) as starting, Stubber(client("glue")) as others:
        yield {"start": starting, "others": others}
        starting.assert_no_pending_responses()
        others.assert_no_pending_responses()
    clients.forget()


def test_job_that_runs_as_often_as_it_may_is_started_later(stub: Any) -> None:
    run = asked("report")
    stub["start"].add_client_error("start_job_run", "ConcurrentRunsExceededException", "busy", 400)
    running.work(run.pk)
    run.refresh_from_db()
    assert run.tried_at is None  # Glue said that it was not begun: nothing to look for
    assert "ConcurrentRuns" in run.error

    stub["start"].add_response("start_job_run", {"JobRunId": "jr_1"})
    stub["others"].add_response("get_job_run", {"JobRun": {"Id": "jr_1", "JobRunState": "WAITING"}})
    running.work(run.pk)

    run.refresh_from_db()
    assert (run.run_id, run.state, run.error) == ("jr_1", State.WAITING, "")


def test_throttled_search_does_not_forget_that_a_start_was_tried(stub: Any) -> None:
    run = asked("report")
    GlueRun.objects.filter(pk=run.pk).update(tried_at=timezone.now() - timedelta(hours=1))
    stub["others"].add_client_error("get_job_runs", "ThrottlingException", "busy", 400)
    running.work(run.pk)

    run.refresh_from_db()
    assert run.tried_at is not None
    assert (run.state, run.run_id) == (State.ASKED, "")


def test_search_that_is_refused_says_that_nobody_knows(stub: Any) -> None:
    run = asked("report")
    GlueRun.objects.filter(pk=run.pk).update(tried_at=timezone.now() - timedelta(hours=1))
    stub["others"].add_client_error("get_job_runs", "AccessDeniedException", "no", 400)

    running.work(run.pk)

    run.refresh_from_db()
    assert run.state == State.ERROR
    assert "not known" in run.error


def test_stop_that_is_refused_is_told_and_the_run_followed_on(stub: Any) -> None:
    run = GlueRunFactory(job="report", run_id="jr_1", state=State.RUNNING, stop_asked_at=timezone.now())
    stub["others"].add_client_error("batch_stop_job_run", "AccessDeniedException", "no", 400)
    stub["others"].add_response("get_job_run", {"JobRun": {"Id": "jr_1", "JobRunState": "RUNNING"}})

    running.work(run.pk)

    run.refresh_from_db()
    assert (run.state, run.stop_asked_at) == (State.RUNNING, None)  # the button is there again
    assert "BatchStopJobRun" in run.error


def test_run_that_is_stopping_does_not_run_again(stub: Any) -> None:
    run = GlueRunFactory(job="report", run_id="jr_1", state=State.STOPPING, stop_asked_at=timezone.now())
    stub["others"].add_response("get_job_run", {"JobRun": {"Id": "jr_1", "JobRunState": "RUNNING"}})

    running.work(run.pk)

    run.refresh_from_db()
    assert run.state == State.STOPPING


def test_followed_run_outlives_a_permission_that_is_lost(stub: Any) -> None:
    run = GlueRunFactory(job="report", run_id="jr_1", state=State.RUNNING)
    stub["others"].add_client_error("get_job_run", "AccessDeniedException", "no", 400)

    running.work(run.pk)

    run.refresh_from_db()
    assert (run.ended_at, "GetJobRun" in run.error) == (None, True)


def test_what_was_never_started_for_a_day_is_given_up(stub: Any) -> None:
    run = asked("report")
    GlueRun.objects.filter(pk=run.pk).update(asked_at=timezone.now() - timedelta(hours=25))
    stub["start"].add_client_error("start_job_run", "ConcurrentRunsExceededException", "busy", 400)

    running.work(run.pk)

    run.refresh_from_db()
    assert run.state == State.REFUSED


def test_only_jobs_of_the_settings_are_asked_for(settings: Any) -> None:
    settings.GLUE_JOBS = ["report"]

    with pytest.raises(NotPossible, match="GLUE_JOBS"):
        asked("another")
    assert not GlueRun.objects.exists()


def test_each_press_takes_the_right(settings: Any) -> None:
    settings.GLUE_JOBS = ["report"]
    run, nobody = GlueRunFactory(failed=True), UserFactory(rights=["storage_admin.view_gluerun"])

    with pytest.raises(PermissionDenied):
        services.start(actor=nobody, job="report", arguments={}, form=uuid4())
    with pytest.raises(PermissionDenied):
        services.stop(actor=nobody, run=run)
    with pytest.raises(PermissionDenied):
        services.acknowledge(actor=nobody, run=run)


def test_timetable_asks_once_for_each_job(settings: Any, no_queue: list[int]) -> None:
    settings.GLUE_JOBS = ["a", "b"]
    settings.GLUE_DAILY_JOBS = ["a", "b"]
    claims.refresh(timezone.now())

    went = schedules.run("glue", is_asked=True)

    assert went is not None
    assert went.outcome == Schedule.Outcome.BEGUN
    assert set(GlueRun.objects.values_list("job", "trigger")) == {("a", "schedule"), ("b", "schedule")}


@pytest.mark.servers
def test_dry_run_of_the_line_names_jobs_that_glue_has_not(job: str, settings: Any) -> None:
    settings.GLUE_DAILY_JOBS = [job, "no-such-job"]

    assert schedules.would("glue").endswith("Glue has not: no-such-job.")


def test_dry_run_of_the_line_without_an_answer_says_so(settings: Any) -> None:
    settings.SERVICES_ENDPOINT_URL = f"http://127.0.0.1:{ports.pick(['closed'])['closed']}"
    settings.GLUE_DAILY_JOBS = ["report"]

    told = schedules.would("glue")

    clients.forget()
    assert "report" in told
    assert "does not answer" in told


def test_sweep_looks_first_at_what_was_unseen_longest(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new, unseen = (GlueRunFactory(run_id=f"jr_{n}", state=State.RUNNING) for n in range(3))
    now = timezone.now()
    GlueRun.objects.filter(pk=old.pk).update(beat_at=now - timedelta(hours=1))
    GlueRun.objects.filter(pk=new.pk).update(beat_at=now - timedelta(minutes=5))
    GlueRun.objects.filter(pk=unseen.pk).update(beat_at=now - timedelta(hours=2))
    seen: list[str] = []

    def look(_job: str, run_id: str) -> glue.Run:
        seen.append(run_id)
        return glue.Run(run_id, "RUNNING")

    monkeypatch.setattr(glue, "run", look)

    assert running.sweep() == 3
    assert seen == ["jr_2", "jr_0", "jr_1"]
