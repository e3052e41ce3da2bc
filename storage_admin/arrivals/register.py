"""Files from outside in the admin: the list, by rows alone, and one page of how both ways to know stand."""

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from portal import spelling
from portal.access import admin_page, staff
from portal.aws.errors import NotThere, ServiceError
from portal.counts import capped
from portal.display import ago, size
from portal.model_admin import RecordAdmin
from portal.s3.errors import S3Error
from storage_admin.arrivals import queue_state, services, sources
from storage_admin.models import Arrival, Look

SEE = "storage_admin.view_arrival"
BODY_SHOWN = 20_000
PENDING, REFUSED = Arrival.State.PENDING, Arrival.State.REFUSED
_TONES: dict[str, str] = {REFUSED: "badge-failed", PENDING: "badge-older"}


class ArrivalAdmin(RecordAdmin):
    """Rows are only read. Hidden where nothing comes from outside."""

    list_display = ("file", "place", "state_shown", "photo_link", "size_shown", "found_by", "seen", "reason")
    list_filter = ("state",)
    search_fields = ("key__startswith",)
    search_help_text = _("How the key begins.")
    ordering = ("-id",)
    fields = (
        "connection", "bucket", "key_shown", "version_id", "etag", "size_shown", "photo_link", "found_by",
        "state_shown", "reason", "seen", "tried", "tries",
    )  # fmt: skip
    readonly_fields = fields
    change_list_template = "admin/storage_admin/arrival/change_list.html"
    empty_words = _("Nothing has come yet. What other programs put under the upload prefix is listed here.")

    def get_urls(self) -> list[URLPattern]:
        return [
            path("events/", self.events_view, name="storage_admin_arrival_events"),
            path("events/again/", self.again_view, name="storage_admin_arrival_again"),
            path("events/redrive/", self.redrive_view, name="storage_admin_arrival_redrive"),
            *super().get_urls(),
        ]

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Silent where it is off."""
        is_on = settings.ARRIVALS or settings.S3_EVENTS
        return is_on and super().has_module_permission(request)

    @admin.display(description=_("file"), ordering="key")
    def file(self, arrival: Arrival) -> SafeString:
        return spelling.html(arrival.key)

    @admin.display(description=_("key"))
    def key_shown(self, arrival: Arrival) -> SafeString:
        return spelling.html(arrival.key)

    @admin.display(description=_("bucket"), ordering="bucket")
    def place(self, arrival: Arrival) -> str:
        return f"{arrival.connection}/{arrival.bucket}"

    @admin.display(description=_("state"), ordering="state")
    def state_shown(self, arrival: Arrival) -> SafeString:
        tone = _TONES.get(arrival.state, "")
        return format_html('<span class="badge {}">{}</span>', tone, arrival.get_state_display())

    @admin.display(description=_("photo"))
    def photo_link(self, arrival: Arrival) -> SafeString | str:
        """The way to the photo; it may be gone by now."""
        if arrival.state != Arrival.State.TAKEN:
            return "–"
        address = reverse("admin:photos_photo_change", args=[arrival.photo])
        return format_html('<a href="{}">{}</a>', address, gettext("Photo"))

    @admin.display(description=_("size"), ordering="bytes")
    def size_shown(self, arrival: Arrival) -> str:
        return size(arrival.bytes)

    @admin.display(description=_("first seen"), ordering="id")
    def seen(self, arrival: Arrival) -> str | SafeString:
        return ago(arrival.seen_at)

    @admin.display(description=_("last tried"))
    def tried(self, arrival: Arrival) -> str | SafeString:
        return ago(arrival.tried_at)

    @admin_page(permission=SEE)
    def events_view(self, request: HttpRequest) -> HttpResponseBase:
        """The queue and the looks as workers left them, and the dead letters as the queue has them now."""
        context = {
            **self.admin_site.each_context(request),
            "title": _("Events of the store"),
            "events_on": settings.S3_EVENTS,
            "arrivals_on": settings.ARRIVALS,
            "queue_name": settings.EVENTS_QUEUE,
            "queue": queue_state.row(),
            "behind": queue_state.minutes_behind(),
            "senders": sources.with_events() if settings.S3_EVENTS else [],
            "refused": capped(Arrival.objects.filter(state=REFUSED)),
            "looks": Look.objects.order_by("connection", "bucket") if settings.ARRIVALS else [],
            "prefix": settings.ARRIVALS_PREFIX,
            "may_redrive": staff(request).has_perm(services.RIGHT),
            "opts": self.model._meta,
            **(_dead_letters() if settings.S3_EVENTS else {}),
        }
        return TemplateResponse(request, "storage_admin/events.html", context)

    @admin_page(permission=services.RIGHT, post_only=True)
    def again_view(self, request: HttpRequest) -> HttpResponseBase:
        """Let the next look try the refused files again."""
        count = services.try_again(actor=staff(request))
        words = ngettext(
            "The next look tries %(count)d file again.", "The next look tries %(count)d files again.", count
        )
        messages.success(request, words % {"count": count})
        return redirect("admin:storage_admin_arrival_events")

    @admin_page(permission=services.RIGHT, post_only=True)
    def redrive_view(self, request: HttpRequest) -> HttpResponseBase:
        """Send one dead letter again, or all."""
        try:
            count = services.redrive(actor=staff(request), message_id=request.POST.get("message", ""))
        except (ServiceError, S3Error) as error:
            messages.error(request, f"{error} ({error.code})")
            return redirect("admin:storage_admin_arrival_events")
        if count:
            words = ngettext("%(count)d message is sent again.", "%(count)d messages are sent again.", count)
            messages.success(request, words % {"count": count})
        else:
            messages.warning(request, _("It is not among the dead letters any more."))
        return redirect("admin:storage_admin_arrival_events")


def _dead_letters() -> dict[str, Any]:
    """Return the dead letters as they are shown, or why they are not."""
    try:
        found = queue_state.dead_letters()
    except NotThere:
        return {"problem": gettext("The queue is not there: run `manage.py setup_events`.")}
    except (ServiceError, S3Error) as error:
        return {"problem": f"{error} ({error.code})"}
    shown = [
        {
            "id": one.message.id,
            "sent_at": one.message.sent_at,
            "tries": one.message.tries,
            "reason": one.reason,
            "body": spelling.plain(one.message.body[:BODY_SHOWN]),
            "is_cut": len(one.message.body) > BODY_SHOWN,
        }
        for one in found
    ]
    return {"letters": shown, "most_shown": len(found) >= queue_state.MOST_SHOWN}
