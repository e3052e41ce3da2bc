"""What is done for those who analyse: the export, and the Glue jobs of each day."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.aws import glue as at_amazon
from portal.aws.errors import ServiceError
from portal.display import whole
from storage_admin import tasks
from storage_admin.analytics import asking, services
from storage_admin.errors import NotPossible
from storage_admin.glue import asking as glue
from storage_admin.glue import services as glue_services
from storage_admin.models import GlueRun
from storage_admin.schedules.act import Act, Outcome, Went


class Analytics(Act):
    """Begins an export; workers go on with it, part by part."""

    name = "analytics"
    title = gettext_lazy("Export for analysis")
    explanation = gettext_lazy("Writes pets, photos and usage as Parquet, a day at a time.")
    right = services.RIGHT

    def is_offered(self) -> bool:
        return bool(settings.ANALYTICS_BUCKET)

    def run(self, began: datetime, until: float) -> Went:
        export, is_new = services.export(actor=None)
        if not is_new:
            return Went(Outcome.WAITS, _("The export %(name)s is under way.") % {"name": export.name})
        return Went(Outcome.BEGUN, export.name)

    def would(self) -> str:
        try:
            where = asking.place()
        except NotPossible as error:
            return str(error)
        told = {name: whole(count) for name, count in asking.counts().items()}
        words = _(
            "Would write %(pets)s pets, %(photos)s photos and the usage of %(buckets)s buckets to %(where)s."
        )
        return words % {**told, "where": f"{where.connection}/{where.bucket}/{where.prefix}"}

    def under_way(self) -> str:
        export = asking.under_way()
        return _("The export %(name)s is under way.") % {"name": export.name} if export else ""

    def where(self) -> str:
        return reverse("admin:storage_admin_analyticsexport_changelist")


class GlueJobs(Act):
    """Asks for a run of each job of GLUE_DAILY_JOBS."""

    name = "glue"
    title = gettext_lazy("Glue jobs of each day")
    explanation = gettext_lazy("Starts the Glue jobs that are to run daily.")
    right = glue_services.RIGHT

    def is_offered(self) -> bool:
        return bool(settings.GLUE_DAILY_JOBS)

    def run(self, began: datetime, until: float) -> Went:
        if not settings.GLUE_DAILY_JOBS:
            return Went(Outcome.NOTHING, _("GLUE_DAILY_JOBS names no job."))
        for job in settings.GLUE_DAILY_JOBS:
            with transaction.atomic():
                # By the claim of this run of the line: done again after half of it, it is the same ask.
                run = glue.ask(
                    job, {}, trigger=GlueRun.Trigger.SCHEDULE, ask=f"schedule:{began.isoformat()}:{job}"
                )
                tasks.enqueue_glue(run.pk)
        return Went(Outcome.BEGUN, ", ".join(settings.GLUE_DAILY_JOBS))

    def would(self) -> str:
        told = _("Would start: %(names)s.") % {"names": ", ".join(settings.GLUE_DAILY_JOBS) or _("none")}
        try:
            lacking = [job for job in settings.GLUE_DAILY_JOBS if not at_amazon.exists(job)]
        except ServiceError as error:
            return f"{told} {error}"
        return f"{told} {_('Glue has not: %(names)s.') % {'names': ', '.join(lacking)}}" if lacking else told

    def where(self) -> str:
        return reverse("admin:storage_admin_gluerun_changelist")
