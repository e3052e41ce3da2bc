"""What the Today page shows of buckets: what needs whoever looks after the storage."""

from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.counts import capped
from portal.s3 import session
from portal.today import Card, Tone
from storage_admin import addresses
from storage_admin.arrivals import queue_state
from storage_admin.buckets.filters import FAILED, FailedChecks, with_failed_checks
from storage_admin.jobs.filters import UNNOTED, WithFailures, with_failures
from storage_admin.models import Arrival, Bucket
from storage_admin.reconciliation import findings, repairing
from storage_admin.schedules.facts import failing

RECENT = timedelta(days=7)
SLOW = timedelta(minutes=10)


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
    if request.user.has_perm("storage_admin.view_arrival"):
        yield from _arrivals()
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


def _arrivals() -> Iterable[Card]:
    """Yield how the store's events and the files from outside stand, by rows: where they are on."""
    events = reverse("admin:storage_admin_arrival_events")
    if settings.S3_EVENTS:
        queue = queue_state.row()
        yield Card(
            label=_("Events of the store: minutes behind"),
            count=queue_state.minutes_behind,
            url=events,
            tone=Tone.ATTENTION,
            help=_("How long the oldest waits, or since when no worker has read any."),
        )
        yield Card(
            label=_("Events of the store that wait"),
            count=lambda: queue.waiting if queue else 0,
            url=events,
            tone=Tone.INFO,
        )
        yield Card(
            label=_("Events that nobody could handle"),
            count=lambda: queue.dead if queue else 0,
            url=events,
            tone=Tone.ATTENTION,
            help=_("Dead letters: each says what it died of, and is sent again by a press."),
        )
    if settings.ARRIVALS:
        waiting = Arrival.objects.filter(state=Arrival.State.PENDING, seen_at__lt=timezone.now() - SLOW)
        yield Card(
            label=_("Files from outside that wait"),
            count=lambda: capped(waiting),
            url=f"{reverse('admin:storage_admin_arrival_changelist')}?state__exact={Arrival.State.PENDING}",
            tone=Tone.ATTENTION,
            help=_("For more than ten minutes: the list says what is in the way. They are tried again."),
        )
        refused = Arrival.objects.filter(state=Arrival.State.REFUSED, tried_at__gte=timezone.now() - RECENT)
        yield Card(
            label=_("Files from outside that were refused lately"),
            count=lambda: capped(refused),
            url=f"{reverse('admin:storage_admin_arrival_changelist')}?state__exact={Arrival.State.REFUSED}",
            tone=Tone.INFO,
            help=_("In the last seven days. They lie where they were put; the list says why."),
        )
