"""The Celery application. Workers serve the queues `interactive` and `bulk` apart."""

import os

from celery import Celery
from celery.signals import setup_logging
from django_structlog.celery.steps import DjangoStructLogInitStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.steps["worker"].add(DjangoStructLogInitStep)
app.autodiscover_tasks()


@setup_logging.connect
def keep_logging(**_signal: object) -> None:
    """Leave logging as the settings have it.

    A receiver is all it takes: without one Celery raises the root logger to WARNING, and
    workers never tell what they did.
    """
