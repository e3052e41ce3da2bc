"""Sends the tasks of exports by their names: who asks for an export stands below what does it."""

from __future__ import annotations

from functools import partial

import structlog
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

logger = structlog.get_logger(__name__)

_RUN = "storage_admin.analytics.tasks.run_export"


def enqueue(export_id: int) -> None:
    """Queue the export once the current transaction is committed."""
    transaction.on_commit(partial(send, export_id))


def send(export_id: int) -> None:
    """Queue the export now. Without a broker it stays as it is, and the sweep finds it."""
    try:
        current_app.send_task(_RUN, (export_id,))
    except OperationalError as error:
        logger.warning("export_not_queued", export=export_id, error=str(error))
