"""What the Today page shows of buckets: what needs whoever looks after the storage."""

from collections.abc import Iterable

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from portal.counts import capped
from portal.s3 import session
from portal.today import Card, Tone
from storage_admin import addresses
from storage_admin.buckets.filters import FAILED, FailedChecks, with_failed_checks
from storage_admin.jobs.filters import (
    UNCONFIRMED,
    UNNOTED,
    HandedOver,
    WithFailures,
    unconfirmed,
    with_failures,
)
from storage_admin.models import Bucket
from storage_admin.reconciliation import findings, repairing
from storage_admin.schedules.facts import failing


def cards(request: HttpRequest) -> Iterable[Card]:
    """Yield the cards for those who may see buckets; each links to the list with just these."""
    if request.user.has_perm("storage_admin.view_job"):
        yield Card(
            label=_("Jobs that failed"),
            count=lambda: capped(with_failures()),
            url=f"{reverse('admin:storage_admin_job_changelist')}?{WithFailures.parameter_name}={UNNOTED}",
            tone=Tone.ATTENTION,
            help=_("Wholly or partly. The job says what; it is listed here until somebody has noted it."),
        )
        if settings.BATCH_BUCKET:
            yield Card(
                label=_("Jobs that Amazon waits with"),
                count=lambda: capped(unconfirmed()),
                url=f"{reverse('admin:storage_admin_job_changelist')}?{HandedOver.parameter_name}={UNCONFIRMED}",
                tone=Tone.ATTENTION,
                help=_("It has counted, and begins when somebody confirms; for 30 days at most."),
            )
        yield Card(
            label=_("Timetable: lines that failed"),
            count=lambda: capped(failing()),
            url=f"{reverse('admin:storage_admin_job_changelist')}#timetable",
            tone=Tone.ATTENTION,
            help=_("Their last run failed, or its worker died. Each says what; its next run clears it."),
        )
    if not request.user.has_perm("storage_admin.view_bucket"):
        return
    yield Card(
        label=_("Buckets with failed checks"),
        count=lambda: capped(with_failed_checks()),
        url=f"{reverse('admin:storage_admin_bucket_changelist')}?{FailedChecks.parameter_name}={FAILED}",
        tone=Tone.ATTENTION,
        help=_("Versioning, public access, permissions: their posture says what, and mends it."),
    )
    photos = Bucket.objects.filter(connection=session.DEFAULT, name=settings.AWS_STORAGE_BUCKET_NAME).first()
    if photos is not None:
        yield Card(
            label=_("Rows and objects disagree"),
            count=lambda: capped(findings.waiting(photos)),
            url=addresses.of_bucket(photos, "reconciliation"),
            tone=Tone.ATTENTION,
            help=_(
                "Originals that are missing, objects without a row: found at night, each with its repair."
            ),
        )
        yield Card(
            label=_("Comparisons with an alarm"),
            count=lambda: int(bool(repairing.distrust(last))) if (last := repairing.newest(photos)) else 0,
            url=addresses.of_bucket(photos, "reconciliation"),
            tone=Tone.URGENT,
            help=_(
                "The last one is incomplete, or so much differs that it has one cause. Nothing is repaired."
            ),
        )
