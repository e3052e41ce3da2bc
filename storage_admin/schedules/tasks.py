"""Celery tasks of the timetable. Apart from the app's other tasks: acts stand above those."""

from __future__ import annotations

from functools import partial
from typing import Any

import structlog
from celery import shared_task
from celery.signals import task_postrun
from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError

from storage_admin.schedules import claims, running, sightings

logger = structlog.get_logger(__name__)


@shared_task(soft_time_limit=50, time_limit=60)
def run_due() -> None:
    """Send what is due, each as a task of its own. Beat calls this each minute."""
    for name in claims.due():
        send(name)


@shared_task(soft_time_limit=260, time_limit=300)
def run_schedule(name: str) -> None:
    """Run one line, unless somebody else has, or it is not due any more."""
    running.run(name)


def enqueue(name: str) -> None:
    """Queue the line once the current transaction is committed."""
    transaction.on_commit(partial(send, name))


def send(name: str) -> None:
    """Queue the line now. Without a broker it stays due, and the next minute finds it."""
    try:
        run_schedule.apply_async((name,), expires=settings.CHECK_SECONDS)
    except OperationalError as error:
        logger.warning("schedule_not_queued", schedule=name, error=str(error))


@task_postrun.connect
def note_sweep(sender: Any = None, retval: Any = None, **_signal: Any) -> None:
    """Note each sweep that ends, in whichever app it is."""
    error = retval if isinstance(retval, BaseException) else None
    sightings.note(getattr(sender, "name", ""), error=error, said=retval)
