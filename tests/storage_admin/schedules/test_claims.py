"""Whose turn it is: one run for two beats, for six hours and for three days; the dead are told."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings as configured
from django.utils import timezone

from portal.s3.errors import AccessRefused, StorageUnavailable
from storage_admin.errors import NotPossible
from storage_admin.models import Schedule
from storage_admin.schedules import acts, claims, facts, running, sightings, tasks, timetable
from storage_admin.schedules.act import Outcome, Went
from storage_admin.schedules.acts.tidying import Sessions

IN_SETTINGS = configured.SCHEDULES
NIGHT = datetime(2026, 5, 4, 1, 0, tzinfo=UTC)
Lines = Callable[..., None]


@pytest.fixture(autouse=True)
def one_line(settings: Any) -> Lines:
    """A timetable of one line, at two o'clock."""

    def change(at: time | None = time(2), zone: str = "UTC") -> None:
        settings.SCHEDULES = {"sessions": {"daily_at": at}}
        settings.TIME_ZONE = zone

    change()
    return change


@pytest.fixture
def known(db: None) -> None:
    """The line has its row since the evening."""
    assert claims.due(NIGHT) == []


def row() -> Schedule:
    return Schedule.objects.get(name="sessions")


def hours(count: float) -> datetime:
    return NIGHT + timedelta(hours=count)


@pytest.mark.django_db
def test_new_line_waits_for_its_time() -> None:
    assert claims.due(NIGHT) == []
    assert row().next_due_at == hours(1)
    assert claims.due(hours(1)) == ["sessions"]


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("later", [1, 7, 73], ids=["in time", "six hours", "three days"])
def test_line_runs_once_however_late(later: int) -> None:
    now = hours(later)
    assert claims.due(now) == ["sessions"]

    claim = claims.take("sessions", now)
    assert claim is not None
    assert claims.take("sessions", now) is None
    assert claims.due(now) == []
    claims.end(claim, Went(Outcome.DONE, ""))

    assert claims.due(now) == []
    assert claims.take("sessions", now) is None
    due = row().next_due_at
    assert due is not None
    assert now < due <= now + timedelta(hours=24)


@pytest.mark.usefixtures("known")
def test_two_beats_and_two_workers_make_one_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both beats find the line due and send it; while one worker runs it, the other takes it up, too."""
    Schedule.objects.update(next_due_at=timezone.now() - timedelta(hours=6))
    sent: list[str] = []
    monkeypatch.setattr(tasks, "send", sent.append)
    ran: list[int] = []

    def run(*_given: Any) -> Went:
        ran.append(len(ran))
        tasks.run_schedule("sessions")
        return Went(Outcome.DONE, "")

    monkeypatch.setattr(Sessions, "run", run)
    tasks.run_due()
    tasks.run_due()

    for name in sent:
        tasks.run_schedule(name)

    assert sent == ["sessions"] * 2
    assert ran == [0]
    assert Schedule.objects.get().outcome == Outcome.DONE


@pytest.mark.usefixtures("known")
def test_two_that_saw_the_same_row_make_one_claim() -> None:
    """The condition is in the UPDATE: what either has read before does not count."""
    Schedule.objects.update(next_due_at=NIGHT)
    seen = [claims.due(hours(1)), claims.due(hours(1))]

    taken = [claims.take(name, hours(1)) for [name] in seen]

    assert [claim is not None for claim in taken] == [True, False]


@pytest.mark.usefixtures("known")
def test_worker_that_died_is_told_and_the_line_runs_at_its_next_time() -> None:
    claim = claims.take("sessions", hours(1))
    assert claim is not None
    late = hours(1) + timedelta(seconds=claims.STALE_SECONDS + 1)

    assert claims.due(late - timedelta(seconds=2)) == []
    assert row().claim == claim.token
    assert claims.due(late) == []

    assert (row().outcome, row().claim) == (Outcome.DIED, None)
    assert "2" in row().message
    assert claims.due(hours(25)) == ["sessions"]
    # Should it live after all: what it says comes too late, and changes nothing.
    assert claims.end(claim, Went(Outcome.DONE, "")) is False
    assert row().outcome == Outcome.DIED


@pytest.mark.usefixtures("known")
def test_another_time_in_the_settings_counts_at_once(one_line: Lines) -> None:
    one_line(time(5))
    assert claims.due(hours(1)) == []
    assert row().next_due_at == hours(4)

    one_line(time(5), zone="Asia/Tokyo")
    claims.refresh(hours(1))
    assert row().next_due_at == hours(19)

    one_line(None)
    assert claims.due(hours(99)) == []
    assert row().next_due_at is None


@pytest.mark.usefixtures("known")
def test_line_that_is_off_runs_when_asked_for_and_never_by_itself(one_line: Lines) -> None:
    one_line(None)
    claims.refresh(NIGHT)

    claim = claims.take("sessions", NIGHT, is_asked=True)
    assert claim is not None
    claims.end(claim, Went(Outcome.DONE, ""))

    assert row().next_due_at is None


@pytest.mark.usefixtures("known")
def test_line_that_is_left_out_of_the_settings_is_not_run(settings: Any) -> None:
    settings.SCHEDULES = {}

    assert claims.due(hours(99)) == []


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(
    ("error", "again"),
    [
        (StorageUnavailable("Away.", code="SlowDown"), True),
        (AccessRefused("No.", code="AccessDenied"), False),
        (NotPossible("Not here."), False),
    ],
    ids=["outage", "refusal", "not possible"],
)
def test_failure_is_kept_and_an_outage_tried_again_soon(
    error: Exception, again: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*_given: Any) -> Any:
        raise error

    monkeypatch.setattr(Sessions, "run", run)
    Schedule.objects.update(next_due_at=timezone.now())

    running.run("sessions")

    found = row()
    assert (found.outcome, found.claim) == (Outcome.FAILED, None)
    assert found.message
    assert found.next_due_at is not None
    following = timetable.following("sessions", timezone.now())
    assert following is not None
    soon = timezone.now() + timedelta(minutes=16)
    assert found.next_due_at < soon if again else found.next_due_at == following


@pytest.mark.usefixtures("known")
def test_what_nobody_foresaw_is_a_failure_and_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Sessions, "run", lambda *_given: 1 / 0)
    Schedule.objects.update(next_due_at=timezone.now())

    with pytest.raises(ZeroDivisionError):
        running.run("sessions")

    assert (row().outcome, row().claim) == (Outcome.FAILED, None)
    assert "ZeroDivisionError" in row().message


@pytest.mark.usefixtures("known")
def test_rest_of_a_long_run_is_due_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Sessions, "run", lambda *_given: Went(Outcome.BEGUN, "There are more.", 0))
    Schedule.objects.update(next_due_at=timezone.now())

    running.run("sessions")

    assert claims.due(timezone.now()) == ["sessions"]


@pytest.mark.usefixtures("known")
def test_line_that_is_not_due_is_not_run() -> None:
    Schedule.objects.update(next_due_at=timezone.now() + timedelta(hours=1))

    assert running.run("sessions") is None
    assert row().started_at is None


@pytest.mark.usefixtures("known")
def test_lost_queue_leaves_the_line_due() -> None:
    Schedule.objects.update(next_due_at=timezone.now())

    tasks.run_due()  # nobody listens at the tests' Redis

    assert claims.due() == ["sessions"]


@pytest.mark.django_db
def test_sweep_is_noted_once_a_minute_and_its_failure_at_once(settings: Any) -> None:
    settings.SCHEDULES = {"swept": {"every_seconds": 5, "task": "photos.tasks.sweep"}}
    named = {"sender": type("Task", (), {"name": "photos.tasks.sweep"})}

    tasks.note_sweep(**named, retval=None)
    first = Schedule.objects.get(name="swept")
    tasks.note_sweep(**named, retval=None)
    assert Schedule.objects.get(name="swept").ended_at == first.ended_at

    tasks.note_sweep(**named, retval=ValueError())
    failed = Schedule.objects.get(name="swept")
    assert failed.outcome == Outcome.FAILED
    assert failed.ended_at != first.ended_at
    old = timezone.now() - timedelta(seconds=sightings.NOTE_SECONDS + 1)
    Schedule.objects.update(ended_at=old)
    tasks.note_sweep(**named, retval="The store does not answer.")
    again = Schedule.objects.get(name="swept")
    assert (again.outcome, again.message) == (Outcome.DONE, "The store does not answer.")


@pytest.mark.django_db
def test_other_tasks_are_not_noted() -> None:
    tasks.note_sweep(sender=type("Task", (), {"name": f"other-{uuid4()}"}), retval=None)

    assert not Schedule.objects.exists()


def test_every_daily_line_of_the_settings_has_its_act_and_every_sweep_its_words() -> None:
    daily = {name for name, line in IN_SETTINGS.items() if "daily_at" in line}

    assert daily == set(acts.names())
    switched_on = {"mirror", "analytics-sweep", "glue-sweep", "events", "arrivals"}  # only by settings
    assert (set(IN_SETTINGS) - daily) | switched_on == set(facts.SWEEPS)
