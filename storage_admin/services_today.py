"""What the Today page shows of Amazon's other services: those that settings have switched on."""

from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.counts import capped
from portal.today import Card, Tone
from storage_admin.analytics import asking as exports
from storage_admin.arrivals import queue_state
from storage_admin.glue import asking as glue
from storage_admin.glue.register import UNNOTED as UNNOTED_RUNS
from storage_admin.glue.register import EndFilter
from storage_admin.mirror import writing
from storage_admin.models import Arrival

RECENT = timedelta(days=7)
SLOW = timedelta(minutes=10)


def cards(request: HttpRequest) -> Iterable[Card]:
    """Yield the cards for those who may see what they lead to; they ask rows alone."""
    yield from _mirror(request)
    yield from _analysis(request)
    if request.user.has_perm("storage_admin.view_arrival"):
        yield from _arrivals()


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
