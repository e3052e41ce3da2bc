"""Celery tasks: thin, arguments are ids. The row is the truth, a message only a hint."""

from functools import partial

import structlog
from celery import shared_task
from celery.signals import worker_process_init
from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError

from photos import imaging, processing, sweeps

logger = structlog.get_logger(__name__)

# The parent kills the child at the hard limit, whatever a decoder is doing.
SOFT_LIMIT_SECONDS = max(1, settings.PROCESSING_SECONDS - 5)


@worker_process_init.connect
def limit_memory(**_signal: object) -> None:
    """Cap what a hostile file can make this worker child allocate; the worker itself has no cap."""
    imaging.limit_memory(settings.PROCESSING_MEMORY_BYTES)


@shared_task(soft_time_limit=SOFT_LIMIT_SECONDS, time_limit=settings.PROCESSING_SECONDS)
def process(photo_id: str) -> None:
    """Make one photo ready."""
    processing.process(photo_id)


@shared_task(soft_time_limit=250, time_limit=300)
def sweep() -> None:
    """Heal what got stuck."""
    given_up = sweeps.give_up_on_crashers()
    again = [*sweeps.due_again(), *sweeps.look_for_uploads()]
    for photo_id in again:
        send(photo_id)
    if given_up or again:
        logger.info("photos_swept", queued=len(again), given_up=given_up)


def enqueue(photo_id: object) -> None:
    """Queue the photo once the current transaction is committed."""
    transaction.on_commit(partial(send, str(photo_id)))


def send(photo_id: str) -> None:
    """Queue the photo now. Without a broker it stays `stored`, and the sweep finds it."""
    try:
        process.delay(photo_id)
    except OperationalError as error:
        logger.warning("photo_not_queued", photo=photo_id, error=str(error))
