"""Celery tasks of arrivals: thin, on the queue `events`, whose workers wait for most of their time."""

import structlog
from celery import shared_task
from django.conf import settings

from portal.aws.errors import ServiceError
from portal.s3 import pace
from storage_admin.arrivals import consuming, looking, queue_state

logger = structlog.get_logger(__name__)


@shared_task(soft_time_limit=110, time_limit=120)
def read_events() -> None:
    """Read the store's events for a slice; the next beat goes on."""
    if not settings.S3_EVENTS:
        return
    try:
        read = consuming.work()
    except ServiceError as error:
        logger.warning("events_wait", operation=error.operation, code=error.code)
        queue_state.note_error(str(error))
        return
    if read.handled or read.put_off:
        logger.info("events_read", handled=read.handled, put_off=read.put_off)


@shared_task(soft_time_limit=110, time_limit=120)
def look() -> None:
    """Look for files under the upload prefix; what a slice does not reach, the next one does."""
    if not settings.ARRIVALS:
        return
    with pace.bulk():
        new = looking.work()
    if new:
        logger.info("arrivals_looked_for", new=new)
