"""Housekeeping of the project itself."""

from celery import shared_task
from django.core.management import call_command


@shared_task
def clear_sessions() -> None:
    """Delete sessions that have expired; the database keeps them for ever otherwise."""
    call_command("clearsessions")
