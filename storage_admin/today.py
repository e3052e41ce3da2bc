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
from storage_admin.analytics import asking as exports
from storage_admin.buckets.filters import FAILED, FailedChecks, with_failed_checks
from storage_admin.glue import asking as glue
from storage_admin.glue.register import UNNOTED as UNNOTED_RUNS
from storage_admin.glue.register import EndFilter
from storage_admin.jobs.filters import UNNOTED, WithFailures, with_failures
from storage_admin.mirror import writing
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
        yield Card(
            label=_("Timetable: lines that failed"),
            count=lambda: capped(failing()),
            url=f"{reverse('admin:storage_admin_job_changelist')}#timetable",
            tone=Tone.ATTENTION,
            help=_("Their last run failed, or its worker died. Each says what; its next run clears it."),
        )
    yield from _mirror(request)
    yield from _analysis(request)
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


def _mirror(request: HttpRequest) -> Iterable[Card]:
    """Yield how far the mobile app's tables lag behind, where they are kept."""
    if not settings.DYNAMODB_MIRROR or not request.user.has_perm("storage_admin.view_mirroritem"):
        return
    listed = reverse("admin:storage_admin_mirroritem_changelist")
    yield Card(
        label=_("Refused by DynamoDB"),
        count=lambda: capped(writing.due().exclude(error="")),
        url=f"{listed}?state=refused",
        tone=Tone.ATTENTION,
        help=_("The mobile app does not have the newest of these: each says why."),
    )
    yield Card(
        label=_("The mobile app lags behind"),
        count=lambda: capped(writing.late()),
        url=f"{listed}?state=due",
        tone=Tone.ATTENTION,
        help=_("Changes that have waited for over ten minutes to be sent to DynamoDB."),
    )


def _analysis(request: HttpRequest) -> Iterable[Card]:
    """Yield what failed of the exports for analysis and of Glue's runs, where these are switched on."""
    if settings.ANALYTICS_BUCKET and request.user.has_perm("storage_admin.view_analyticsexport"):
        yield Card(
            label=_("Export for analysis that failed"),
            count=lambda: int(exports.last_failed()),
            url=reverse("admin:storage_admin_analyticsexport_changelist"),
            tone=Tone.ATTENTION,
            help=_("The last one. It says why; the next one that is done clears it."),
        )
    if settings.GLUE_JOBS and request.user.has_perm("storage_admin.view_gluerun"):
        yield Card(
            label=_("Glue runs that failed"),
            count=lambda: capped(glue.unnoted()),
            url=f"{reverse('admin:storage_admin_gluerun_changelist')}?{EndFilter.parameter_name}={UNNOTED_RUNS}",
            tone=Tone.ATTENTION,
            help=_("Or were never started. Each says why; it is listed here until somebody has noted it."),
        )
