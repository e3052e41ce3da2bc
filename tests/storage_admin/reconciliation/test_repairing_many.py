"""Repairs of all findings of a kind, as a job: what came of each, and on what it may not rest."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError
from django.test import Client
from django.urls import reverse

from photos.models import Photo
from portal.audit import AuditEvent
from portal.models import User
from portal.s3 import listing, objects, session
from portal.s3 import tags as object_tags
from portal.s3.errors import AccessRefused, StorageUnavailable
from storage_admin import quarantine, tasks
from storage_admin.jobs import outcomes, running, services
from storage_admin.jobs.kinds.repairing import Repair
from storage_admin.models import Bucket, Finding, Job, JobItem, JobState, Scan
from storage_admin.reconciliation import alarms
from tests.factories import PhotoFactory
from tests.storage_admin.conftest import in_role
from tests.storage_admin.reconciliation.conftest import a_day_later

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + b"picture" * 10
Kept = Callable[..., Photo]


@pytest.fixture(autouse=True)
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks.run_job, "delay", lambda _job_id: None)


@pytest.fixture
def orphans(house: Bucket, put_in: Any, scanned: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Twenty-five objects without a row, found a day ago; in a bucket so small that is no alarm."""
    monkeypatch.setattr(alarms, "ALARM_SHARE", 1.0)
    keys = sorted(f"photos/unassigned/{uuid4()}.jpg" for _number in range(25))
    for number, key in enumerate(keys):
        put_in(key, JPEG + bytes([number]))
    scanned()
    a_day_later()
    return keys


def planned(ada: User, bucket: Bucket, repair: str, kind: str = "orphan") -> Job:
    job = services.draft(
        actor=ada, kind="repair", bucket=bucket, parameters={"found": kind, "repair": repair}
    )
    return worked(job)


def started(ada: User, job: Job) -> Job:
    services.start(actor=ada, job=job)
    return worked(job)


def worked(job: Job) -> Job:
    while running.work(job.pk):
        pass
    job.refresh_from_db()
    return job


def test_each_finding_has_its_own_outcome_and_retry_takes_those_that_failed(
    ada: User, house: Bucket, put_in: Any, orphans: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = planned(ada, house, "attach")
    assert (job.state, job.total) == (JobState.PLANNED, 25)
    PhotoFactory(bucket=house.name, key=orphans[0], pending=True)
    put_in(orphans[1], b"written over")
    real, refused = objects.first_bytes, set(orphans[2:4])

    def first_bytes(bucket: str, key: str, *args: Any, **options: Any) -> bytes:
        if key in refused:
            raise AccessRefused("No.", code="AccessDenied")
        return real(bucket, key, *args, **options)

    monkeypatch.setattr(objects, "first_bytes", first_bytes)

    job = started(ada, job)

    assert (job.state, job.done, job.skipped, job.failed) == (JobState.PARTIAL, 21, 2, 2)
    failed = job.items.filter(outcome=JobItem.Outcome.FAILED)
    assert {(item.key, item.code) for item in failed} == {(key, "AccessDenied") for key in refused}
    assert Finding.objects.filter(state=Finding.State.REPAIRED).count() == 21
    assert Finding.objects.filter(state=Finding.State.GONE).count() == 2
    assert Photo.objects.filter(bucket=house.name).count() == 22
    assert AuditEvent.objects.filter(action="finding.repaired", outcome="done").count() == 23

    refused.clear()
    again = services.retry(actor=ada, job=job)
    again = started(ada, worked(again))

    assert (again.state, again.total, again.done) == (JobState.DONE, 2, 2)


def test_worker_that_dies_between_two_batches_counts_each_repair_once(
    ada: User, house: Bucket, orphans: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = planned(ada, house, "quarantine")
    services.start(actor=ada, job=job)
    commit = outcomes.commit
    died: list[bool] = []

    def dies_once(*args: Any) -> None:
        if not died:
            died.append(True)
            raise DatabaseError
        commit(*args)

    monkeypatch.setattr(outcomes, "commit", dies_once)
    with pytest.raises(DatabaseError):
        running.work(job.pk)
    Job.objects.update(claim=None)

    job = worked(job)

    assert (job.state, job.done, job.failed, job.skipped) == (JobState.DONE, 25, 0, 0)
    assert object_tags.of_object(house.name, orphans[0])[quarantine.TAG] == quarantine.VALUE
    assert AuditEvent.objects.filter(action="finding.repaired").count() == 25
    versions = session.client().list_object_versions(Bucket=house.name)
    assert len(versions["Versions"]) == 25
    assert "DeleteMarkers" not in versions


def test_outage_in_between_waits_and_repeats(
    ada: User, house: Bucket, orphans: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = planned(ada, house, "quarantine")
    services.start(actor=ada, job=job)
    real, calls = objects.head, []

    def head(*args: Any, **options: Any) -> Any:
        calls.append(args)
        if len(calls) == 5:
            raise StorageUnavailable("away", code="SlowDown")
        return real(*args, **options)

    monkeypatch.setattr(objects, "head", head)
    assert running.work(job.pk) is False
    job.refresh_from_db()
    assert "SlowDown" in job.stopped_because

    job = worked(job)

    assert (job.state, job.done) == (JobState.DONE, 25)


def test_job_stops_where_the_newest_scan_is_incomplete(
    ada: User, house: Bucket, orphans: list[str], scanned: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = planned(ada, house, "quarantine")

    def versions_page(*_args: Any, **_options: Any) -> Any:
        raise AccessRefused("No.", code="AccessDenied")

    with monkeypatch.context() as broken:
        broken.setattr(listing, "versions_page", versions_page)
        assert scanned().state == Scan.State.INCOMPLETE

    job = started(ada, job)

    assert (job.state, job.done) == (JobState.PAUSED, 0)
    assert "incomplete" in job.stopped_because
    assert object_tags.of_object(house.name, orphans[0]) == {}


def test_job_stops_at_an_alarm(
    ada: User, house: Bucket, orphans: list[str], scanned: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = planned(ada, house, "quarantine")
    monkeypatch.setattr(alarms, "ALARM_SHARE", 0.1)
    assert scanned().alarm

    job = started(ada, job)

    assert (job.state, job.done) == (JobState.PAUSED, 0)
    assert "100 % of all objects" in job.stopped_because


def test_plan_passes_over_what_was_found_today(
    ada: User, house: Bucket, put_in: Any, orphans: list[str], scanned: Any
) -> None:
    put_in("photos/unassigned/new.jpg", JPEG)
    scanned()

    job = planned(ada, house, "quarantine")

    assert (job.total, job.plan["skips"]["young"]["count"]) == (25, 1)


def test_button_drafts_the_job_and_shows_its_plan(
    page: Client, ada: User, house: Bucket, orphans: list[str]
) -> None:
    text = page.get(reverse("admin:storage_admin_bucket_reconciliation", args=[house.pk])).text
    assert "All 25: Put into quarantine" in text

    address = reverse("admin:storage_admin_bucket_reconciliation_repair_all", args=[house.pk])
    response = page.post(address, {"kind": "orphan", "repair": "quarantine"})

    job = Job.objects.get()
    assert response["Location"] == reverse("admin:storage_admin_job_change", args=[job.pk])
    worked(job)
    assert "<strong>25</strong> will be worked on" in page.get(response["Location"]).text


@pytest.mark.parametrize("chosen", [{"kind": "orphan", "repair": "find"}, {"kind": "x"}, {}])
def test_button_with_another_repair_drafts_nothing(
    page: Client, house: Bucket, chosen: dict[str, str]
) -> None:
    address = reverse("admin:storage_admin_bucket_reconciliation_repair_all", args=[house.pk])

    assert "no such repair" in page.post(address, chosen, follow=True).text
    assert not Job.objects.exists()


def test_repair_takes_the_right_of_what_it_does(house: Bucket) -> None:
    parameters = {"found": "wrong-acl", "repair": "make-private"}

    assert Repair().rights(house, parameters) == (
        "storage_admin.reconcile_bucket",
        "storage_admin.change_object_acl",
    )
    assert not in_role("Storage operator").has_perm("storage_admin.change_object_acl")


def test_command_repairs_all_of_a_kind(house: Bucket, orphans: list[str], capsys: Any) -> None:
    call_command("repair_findings", bucket=house.name, found="orphan", repair="quarantine", dry_run=True)
    assert "would work on 25" in capsys.readouterr().out
    assert object_tags.of_object(house.name, orphans[0]) == {}

    call_command("repair_findings", bucket=house.name, found="orphan", repair="quarantine")
    assert "25 done, 0 passed over, 0 failed" in capsys.readouterr().out

    with pytest.raises(CommandError) as refused:
        call_command("repair_findings", bucket=house.name, found="orphan", repair="find")
    assert refused.value.returncode == 2
