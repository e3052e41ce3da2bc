"""Slices, queries, the timetable, the command, the task: how an export is begun and carried to its end."""

import io
from datetime import timedelta
from io import StringIO
from typing import Any

import pyarrow.parquet as pq
import pytest
from celery import current_app
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.audit import AuditEvent
from portal.s3 import objects
from storage_admin.analytics import asking, parquet, queue, running, services, tables, tasks
from storage_admin.errors import NotPossible
from storage_admin.models import AnalyticsExport, GlueRun, Schedule
from storage_admin.schedules import acts, claims
from storage_admin.schedules import running as schedules
from tests.factories import PetFactory, PhotoFactory, UserFactory, WeightRecordFactory
from tests.storage_admin.analytics.conftest import exported, manifest, table

pytestmark = pytest.mark.django_db

RIGHT = "storage_admin.export_analytics"


@pytest.mark.servers
def test_slice_ends_after_a_part_and_the_next_goes_on(
    analytics: str, monkeypatch: pytest.MonkeyPatch, no_queue: list[int]
) -> None:
    monkeypatch.setattr(tables, "BATCH", 2)
    monkeypatch.setattr(parquet, "PART_ROWS", 2)
    monkeypatch.setattr(running, "SLICE_SECONDS", 0)
    for _number in range(5):
        PhotoFactory()
    export, _is_new = asking.begin(None)

    counts = []
    while running.work(export.pk, seconds=0):
        counts.append(AnalyticsExport.objects.get(pk=export.pk).rows)

    assert counts == [2, 4, 5, 7, 9, 10, 10, 10, 10]
    export.refresh_from_db()
    assert table(analytics, manifest(analytics, export), "photos").num_rows == 5


@pytest.mark.servers
def test_task_queues_the_rest(analytics: str, no_queue: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running.work, "__defaults__", (0.0,))
    export, _is_new = asking.begin(None)

    tasks.run_export(export.pk)

    assert no_queue == [export.pk]


@pytest.mark.servers
def test_row_groups_and_queries_grow_with_the_batches_alone(
    analytics: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "BATCH", 5)

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as caught:
            exported()
        return sum('FROM "pets_pet"' in one["sql"] for one in caught.captured_queries)

    for _number in range(9):
        WeightRecordFactory()
    assert queries() == 2  # five, and four
    for _number in range(10):
        PetFactory()
    assert queries() == 4
    newest = AnalyticsExport.objects.first()
    assert newest is not None
    (pets,) = (one for one in newest.files if one["table"] == "pets")
    found = pq.ParquetFile(io.BytesIO(objects.read(analytics, pets["key"])))
    assert [found.metadata.row_group(n).num_rows for n in range(found.num_row_groups)] == [5, 5, 5, 4]


@pytest.mark.servers
def test_end_is_in_the_audit_and_asks_glue_once(analytics: str, settings: Any) -> None:
    settings.GLUE_JOBS = ["report"]
    settings.GLUE_AFTER_EXPORT = "report"

    export = exported()

    told = set(AuditEvent.objects.values_list("action", flat=True))
    assert told == {"analytics.begun", "analytics.exported", "glue.asked"}
    run = GlueRun.objects.get()
    assert (run.job, run.trigger, run.ask) == ("report", "export", f"export:{export.name}")
    key = f"analytics/_manifests/date={export.day}/_manifest.json"
    assert run.arguments == {"--date": str(export.day), "--manifest": f"s3://{analytics}/{key}"}


@pytest.mark.servers
def test_glue_job_that_is_not_allowed_costs_no_export(analytics: str, settings: Any) -> None:
    settings.GLUE_AFTER_EXPORT = "report"

    export = exported()

    assert export.state == AnalyticsExport.State.DONE
    assert "GLUE_JOBS" in export.error


def test_one_export_at_a_time(
    settings: Any, django_capture_on_commit_callbacks: Any, no_queue: list[int]
) -> None:
    settings.ANALYTICS_BUCKET = "analytics"
    ada = UserFactory(rights=[RIGHT])

    with django_capture_on_commit_callbacks(execute=True):
        first, is_new = services.export(actor=ada)
        again, is_newer = services.export(actor=ada)

    assert (is_new, is_newer, again.pk) == (True, False, first.pk)
    assert no_queue == [first.pk]
    assert first.made_by_name == ada.username


def test_export_takes_its_right(settings: Any) -> None:
    settings.ANALYTICS_BUCKET = "analytics"

    with pytest.raises(PermissionDenied):
        services.export(actor=UserFactory())
    assert not AnalyticsExport.objects.exists()


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "names no bucket"),
        ("nowhere/analytics", "nowhere"),
        ("pettracker-tests", "the bucket of the photos"),
    ],
)
def test_place_that_is_not_fit_is_refused_in_words(settings: Any, name: str, why: str) -> None:
    settings.ANALYTICS_BUCKET = name

    with pytest.raises(NotPossible, match=why):
        asking.place()


def test_place_is_read_with_its_connection(settings: Any) -> None:
    settings.ANALYTICS_BUCKET = "default/analytics"
    settings.ANALYTICS_PREFIX = "/lake/pets"

    assert asking.place() == asking.Place("default", "analytics", "lake/pets/")


def test_sweep_queues_what_nobody_works_on(settings: Any, no_queue: list[int]) -> None:
    settings.ANALYTICS_BUCKET = "analytics"
    export, _is_new = asking.begin(None)
    tasks.sweep_exports()
    assert no_queue == []  # its message is on its way

    row = AnalyticsExport.objects.filter(pk=export.pk)
    long_ago = timezone.now() - timedelta(seconds=asking.STALE_SECONDS + 5)
    row.update(begun_at=long_ago)
    tasks.sweep_exports()
    row.update(claim="6f6f2a7e-0000-4000-8000-000000000000", beat_at=timezone.now())
    tasks.sweep_exports()
    assert no_queue == [export.pk]  # lost; and now somebody is at it

    row.update(beat_at=long_ago)
    tasks.sweep_exports()
    assert no_queue == [export.pk, export.pk]  # and is dead


def test_line_of_the_timetable_begins_one_and_waits_for_the_last(settings: Any, no_queue: list[int]) -> None:
    settings.ANALYTICS_BUCKET = "analytics"
    claims.refresh(timezone.now())
    PetFactory()
    assert "1 pets, 0 photos" in schedules.would("analytics")

    went = schedules.run("analytics", is_asked=True)

    assert went is not None
    assert went.outcome == Schedule.Outcome.BEGUN
    assert AnalyticsExport.objects.get().name == went.words
    assert went.words in acts.named("analytics").under_way()
    again = schedules.run("analytics", is_asked=True)
    assert again is not None
    assert again.outcome == Schedule.Outcome.WAITS


def test_line_without_a_bucket_says_so_and_is_not_shown(settings: Any) -> None:
    settings.ANALYTICS_BUCKET = ""
    claims.refresh(timezone.now())

    went = schedules.run("analytics", is_asked=True)

    assert went is not None
    assert "names no bucket" in went.words
    assert not acts.named("analytics").is_offered()


@pytest.mark.servers
def test_command_exports_here_and_now(analytics: str) -> None:
    PetFactory()
    out = StringIO()

    call_command("export_analytics", dry_run=True, stdout=out)
    assert "Would write 1 pets" in out.getvalue()
    assert not AnalyticsExport.objects.exists()
    call_command("export_analytics", stdout=out)

    export = AnalyticsExport.objects.get()
    assert export.state == AnalyticsExport.State.DONE
    assert "1 rows" in out.getvalue()
    assert f"s3://{analytics}/analytics/_manifests/" in out.getvalue()


def test_command_says_why_it_cannot(settings: Any) -> None:
    settings.ANALYTICS_BUCKET = ""

    with pytest.raises(CommandError, match="names no bucket"):
        call_command("export_analytics")


@pytest.mark.servers
def test_command_ends_badly_where_the_bucket_is_not_there(photo_bucket: str, settings: Any) -> None:
    settings.ANALYTICS_BUCKET = "there-is-no-such-bucket"

    with pytest.raises(CommandError):
        call_command("export_analytics")
    assert AnalyticsExport.objects.get().state == AnalyticsExport.State.FAILED


def test_task_is_sent_by_a_name_that_workers_know() -> None:
    current_app.loader.import_default_modules()

    assert queue._RUN in current_app.tasks
