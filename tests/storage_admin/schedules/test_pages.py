"""The timetable on the page of jobs, Run now by its rights, and the command."""

from datetime import time, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.audit import AuditEvent
from portal.s3.errors import StorageUnavailable
from storage_admin.models import Job, Schedule, ShareLink, UsageSnapshot
from storage_admin.schedules import acts, claims, facts
from storage_admin.schedules.act import Outcome
from storage_admin.schedules.acts.tidying import ShareLinks
from tests.factories import BucketFactory, JobFactory, ShareLinkFactory
from tests.storage_admin.conftest import in_role

pytestmark = pytest.mark.django_db

LIST = "admin:storage_admin_job_changelist"


def press(client: Client, name: str) -> Any:
    return client.post(reverse("admin:storage_admin_job_run_schedule", args=[name]), follow=True)


def row(name: str) -> Schedule:
    return Schedule.objects.get(name=name)


def test_page_shows_each_line_with_its_last_and_next_run(
    page: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    claims.refresh(timezone.now())
    now = timezone.now()
    monkeypatch.setattr(facts, "_SINCE", now - timedelta(hours=1))
    Schedule.objects.filter(name="trash").update(
        outcome=Outcome.FAILED, message="<b>3 stay</b>", ended_at=now - timedelta(hours=5)
    )
    Schedule.objects.filter(name="verify").update(claim=uuid4(), started_at=now)

    shown = page.get(reverse(LIST)).content.decode()

    for act in acts.EVERY:
        assert str(act.title) in shown
    assert "&lt;b&gt;3 stay" in shown
    assert "5\xa0hours ago" in shown
    assert "runs since" in shown
    assert shown.count("Run now<span") == len(acts.EVERY) - 1
    assert "not running" in shown  # no sweep has ever run, and the portal is up for an hour


def test_sweep_that_never_ran_is_not_late_before_it_could_have_run(
    page: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facts, "_SINCE", timezone.now())

    assert "not running" not in page.get(reverse(LIST)).content.decode()


def test_line_is_shown_before_beat_has_ever_run_and_when_it_is_off(page: Client, settings: Any) -> None:
    settings.SCHEDULES = {**settings.SCHEDULES, "trash": {"daily_at": None}}

    shown = page.get(reverse(LIST)).content.decode()

    assert "never by itself" in shown
    assert not Schedule.objects.exists()


def test_line_that_nobody_runs_is_told_as_overdue(page: Client) -> None:
    claims.refresh(timezone.now())
    Schedule.objects.filter(name="trash").update(next_due_at=timezone.now() - timedelta(hours=6))

    assert "overdue" in page.get(reverse(LIST)).content.decode()


def test_timetable_is_left_out_where_jobs_are_searched_for(page: Client) -> None:
    assert "timetable-title" not in page.get(reverse(LIST), {"q": "a"}).content.decode()


def test_job_of_the_timetable_is_linked(page: Client) -> None:
    job = JobFactory(kind="verify", trigger=Job.Trigger.SCHEDULE, selection={"what": "photos", "prefix": ""})

    shown = page.get(reverse(LIST)).content.decode()

    assert f'href="{reverse("admin:storage_admin_job_change", args=[job.pk])}">Verify a slice' in shown


def test_run_now_makes_the_line_due_once_and_leaves_a_trace(page: Client, no_queue: list[Any]) -> None:
    claims.refresh(timezone.now())
    ended = ShareLinkFactory(ended=True)

    first = press(page, "share-links").content.decode()
    second = press(page, "share-links").content.decode()

    assert "runs as soon as a worker is free" in first
    assert "It runs already, or will in a moment." in second
    assert claims.due() == ["share-links"]
    event = AuditEvent.objects.get(action="schedule.asked")
    assert (event.actor_name, event.target_type) == (
        row("share-links").asked_by_name,
        "storage_admin.schedule",
    )
    assert not ShareLink.objects.filter(closed_at__isnull=False).exists()
    call_command("run_schedule", "share-links")
    ended.refresh_from_db()
    assert ended.closed_at is not None
    assert row("share-links").asked_by_name == ""
    assert claims.due() == []


@pytest.mark.django_db(transaction=True)
def test_run_now_is_sent_when_it_is_committed(no_queue: list[Any]) -> None:
    client = Client()
    client.force_login(in_role("Storage admin"))

    press(client, "trash")

    assert ("run_schedule", ("trash",)) in no_queue


def test_what_is_under_way_is_not_begun_again(page: Client) -> None:
    bucket = BucketFactory()
    UsageSnapshot.objects.create(bucket=bucket)

    answer = press(page, "usage").content.decode()

    assert "is left" in answer
    assert claims.due() == []


@pytest.mark.parametrize(
    ("role", "may"),
    [
        ("Storage admin", {act.name for act in acts.EVERY}),
        ("Storage operator", {"reconcile", "verify", "usage", "posture"}),
        ("Auditor", {"posture"}),
    ],
)
def test_each_role_may_run_what_it_may_do_by_hand(client: Client, role: str, may: set[str]) -> None:
    client.force_login(in_role(role))
    shown = client.get(reverse(LIST)).content.decode()

    for name in acts.names():
        address = reverse("admin:storage_admin_job_run_schedule", args=[name])
        assert (address in shown) is (name in may)
        assert client.post(address).status_code == (302 if name in may else 403)
    assert set(claims.due()) == may


@pytest.mark.parametrize("role", ["Viewer", "Photographer", "Curator"])
def test_who_sees_no_jobs_runs_nothing(client: Client, role: str) -> None:
    client.force_login(in_role(role))

    assert press(client, "verify").status_code == 403
    assert not Schedule.objects.exists()


def test_unknown_line_is_not_found_and_a_link_runs_nothing(page: Client) -> None:
    assert press(page, "no-such-line").status_code == 404
    assert page.get(reverse("admin:storage_admin_job_run_schedule", args=["trash"])).status_code == 405


def test_command_lists_tells_and_runs(capsys: Any) -> None:
    ShareLinkFactory(ended=True)

    call_command("run_schedule", "--list")
    call_command("run_schedule", "share-links", "--dry-run")
    listed = capsys.readouterr().out
    assert ShareLink.objects.unclosed().exists()
    call_command("run_schedule", "share-links")

    for name in acts.names():
        assert name in listed
    assert "Would close 1 link." in listed
    assert "1 link closed." in capsys.readouterr().out
    assert row("share-links").outcome == Outcome.DONE


def test_command_says_by_its_exit_code_what_went_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_given: Any) -> Any:
        raise StorageUnavailable("away", code="SlowDown")

    with pytest.raises(CommandError) as unknown:
        call_command("run_schedule", "no-such-line")
    assert unknown.value.returncode == 2
    UsageSnapshot.objects.create(bucket=BucketFactory())
    with pytest.raises(CommandError) as under_way:
        call_command("run_schedule", "usage")
    assert under_way.value.returncode == 2
    monkeypatch.setattr(ShareLinks, "run", away)
    with pytest.raises(CommandError, match="SlowDown") as failed:
        call_command("run_schedule", "share-links")
    assert failed.value.returncode == 1
    assert claims.take("share-links", is_asked=True) is not None
    with pytest.raises(CommandError, match="runs already") as running:
        call_command("run_schedule", "share-links")
    assert running.value.returncode == 2


def test_times_are_those_of_the_settings(page: Client, settings: Any) -> None:
    settings.TIME_ZONE = "Asia/Tokyo"
    settings.SCHEDULES = {**settings.SCHEDULES, "trash": {"daily_at": time(23, 45)}}

    assert "daily 23:45 Asia/Tokyo" in page.get(reverse(LIST)).content.decode()


def test_today_counts_lines_that_failed_until_their_next_run(page: Client) -> None:
    claims.refresh(timezone.now())
    Schedule.objects.filter(name="trash").update(outcome=Outcome.DIED)
    Schedule.objects.create(name="of-former-days", outcome=Outcome.FAILED)

    assert facts.failing().count() == 1
    assert "Timetable: lines that failed" in page.get(reverse("admin:index")).content.decode()
    Schedule.objects.filter(name="trash").update(outcome=Outcome.DONE)
    assert not facts.failing().exists()


def test_line_that_was_asked_for_says_so_until_it_runs(page: Client) -> None:
    press(page, "trash")
    assert "as soon as a worker is free" in page.get(reverse(LIST)).content.decode()

    assert claims.take("trash") is not None

    shown = page.get(reverse(LIST)).content.decode()
    assert "as soon as a worker is free" not in shown
    assert "runs since" in shown
