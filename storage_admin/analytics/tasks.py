"""Celery tasks of exports; workers find them by CELERY_IMPORTS."""

from celery import shared_task

from portal.s3 import pace
from storage_admin.analytics import asking, queue, running


@shared_task(soft_time_limit=140, time_limit=150)
def run_export(export_id: int) -> None:
    """Work on an export for a slice, and queue the next one."""
    with pace.bulk():
        more = running.work(export_id)
    if more:
        queue.send(export_id)


@shared_task(soft_time_limit=50, time_limit=60)
def sweep_exports() -> None:
    """Queue the export again that nobody works on."""
    for export_id in asking.left_alone():
        queue.send(export_id)
