"""Celery tasks end, and what the timetable names exists."""

from typing import Any

import pytest
from celery import current_app
from django.conf import settings

from tests.house.source import APPS

VISIBILITY_SECONDS = settings.CELERY_BROKER_TRANSPORT_OPTIONS["visibility_timeout"]


def project_tasks() -> dict[str, Any]:
    current_app.loader.import_default_modules()
    return {name: task for name, task in current_app.tasks.items() if name.partition(".")[0] in APPS}


def test_every_task_has_a_soft_and_a_later_hard_limit() -> None:
    unlimited = [
        f"{name}: soft {task.soft_time_limit}, hard {task.time_limit}"
        for name, task in project_tasks().items()
        if not task.soft_time_limit or not task.time_limit or task.soft_time_limit >= task.time_limit
    ]

    assert not unlimited, "\n".join(unlimited)


def test_no_task_outlives_the_time_after_which_redis_hands_it_out_again() -> None:
    assert all(task.time_limit < VISIBILITY_SECONDS for task in project_tasks().values())


def test_tasks_are_acknowledged_when_done_and_keep_no_result() -> None:
    assert all(task.acks_late and task.ignore_result for task in project_tasks().values())


@pytest.mark.parametrize("name", settings.CELERY_BEAT_SCHEDULE)
def test_timetable_names_a_task_that_exists(name: str) -> None:
    assert settings.CELERY_BEAT_SCHEDULE[name]["task"] in project_tasks()


def test_what_nobody_calls_is_on_the_timetable() -> None:
    """A sweep or a purge that beat does not know never runs."""
    called = {
        "storage_admin.schedules.tasks.run_schedule",
        "photos.tasks.process",
        "storage_admin.tasks.count_slice",
        "storage_admin.tasks.mirror_changes",  # where settings switch it on
        "storage_admin.arrivals.tasks.look",  # the same
        "storage_admin.arrivals.tasks.read_events",  # the same
        "storage_admin.tasks.run_check",
        "storage_admin.analytics.tasks.run_export",
        "storage_admin.analytics.tasks.sweep_exports",  # where settings switch it on
        "storage_admin.tasks.follow_glue",  # likewise
        "storage_admin.tasks.run_glue",
        "storage_admin.tasks.run_job",
        "storage_admin.tasks.run_scan",
    }
    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}

    assert set(project_tasks()) == called | scheduled
