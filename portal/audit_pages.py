"""The audit trail in the admin: to read, to filter, to take along; never to change."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import PAGE_VAR
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal import audit_export, audit_filters, audit_links, counts, differences, spelling
from portal.access import admin_page, staff
from portal.audit import AuditEvent, record
from portal.display import ago, count_text
from portal.model_admin import RecordAdmin


class AuditEventAdmin(RecordAdmin):
    """Rows come from `portal.audit.record` alone."""

    list_display = ("when", "who", "action", "target", "outcome_badge", "told")
    list_display_links = ("when", "action")
    list_filter = (
        audit_filters.WhenFilter, audit_filters.OutcomeFilter, audit_filters.ActionFilter,
        audit_filters.ActorFilter, audit_filters.BucketFilter,
    )  # fmt: skip
    # Whole values and beginnings only: a search inside the text would read millions of rows.
    search_fields = (
        "actor_name__startswith",
        "action__startswith",
        "target_id__exact",
        "request_id__exact",
        "key__startswith",
    )
    search_help_text = _("The beginning of a name, an action or an object key; or a whole id.")
    sortable_by = ("when",)
    list_per_page = 50
    fields = (
        "exactly", "who", "action", "outcome_badge", "told", "target", "version_id", "ways",
        "difference", "request_id",
    )  # fmt: skip
    readonly_fields = fields
    change_list_template = "admin/portal/auditevent/change_list.html"
    empty_words = _("Nothing has been recorded yet. Every change to photos, storage and accounts will be.")

    def get_urls(self) -> list[URLPattern]:
        return [path("export/", self.export_view, name="portal_auditevent_export"), *super().get_urls()]

    def get_object(self, request: HttpRequest, *args: Any, **kwargs: Any) -> AuditEvent | None:
        """Remember who looks: which ways lead on depends on it."""
        event: AuditEvent | None = super().get_object(request, *args, **kwargs)
        if event is not None:
            event.onward = audit_links.ways(request, event)  # type: ignore[attr-defined]  # read by `ways`
        return event

    @admin_page(permission="portal.view_auditevent")
    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """Send all that the list's filters and search leave, as CSV; that it was taken along is kept."""
        query = request.GET.copy()
        query.pop(PAGE_VAR, None)
        request.GET = query  # type: ignore[assignment]  # a copy is mutable
        try:
            events = self.get_changelist_instance(request).queryset
        except IncorrectLookupParameters:
            return redirect("admin:portal_auditevent_changelist")
        taken = count_text(counts.capped(events))
        export = record(
            "audit.exported", actor=staff(request), after={"filter": query.dict(), "events": taken}
        )
        name = f"audit-{timezone.localtime():%Y-%m-%d-%H%M}.csv"
        return StreamingHttpResponse(
            # Without what comes meanwhile: the file is what the list showed.
            audit_export.pieces(events.filter(pk__lt=export.pk)),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    @admin.display(description=_("when"), ordering="id")
    def when(self, event: AuditEvent) -> str | SafeString:
        """When it happened, relative."""
        return ago(event.at)

    @admin.display(description=_("when"))
    def exactly(self, event: AuditEvent) -> SafeString:
        """When it happened, to the second and with its zone."""
        local = timezone.localtime(event.at)
        return format_html("{} ({})", f"{local:%Y-%m-%d %H:%M:%S} {local.tzname()}", ago(event.at))

    @admin.display(description=_("who"))
    def who(self, event: AuditEvent) -> str:
        """The name as it was then: the account may have another one, or be gone."""
        return event.actor_name

    @admin.display(description=_("outcome"), ordering="outcome")
    def outcome_badge(self, event: AuditEvent) -> SafeString:
        """Done, refused or failed."""
        return format_html(
            '<span class="badge badge-outcome-{}">{}</span>', event.outcome, event.get_outcome_display()
        )

    @admin.display(description=_("to what"))
    def target(self, event: AuditEvent) -> str | SafeString:
        """The row or the object."""
        if event.key:
            return format_html("{}/{}", event.bucket, spelling.html(event.key))
        return f"{event.target_type} {event.target_id}".strip()

    @admin.display(description=_("message"))
    def told(self, event: AuditEvent) -> str:
        """The sentence; it may repeat what others chose."""
        return spelling.plain(event.message) or "–"

    @admin.display(description=_("as it is now"))
    def ways(self, event: AuditEvent) -> SafeString | str:
        """The pages of what it was done to."""
        onward: list[audit_links.Way] = getattr(event, "onward", [])
        links = ((way.url, way.label) for way in onward)
        items = format_html_join("", '<li><a href="{}">{}</a></li>', links)
        return format_html('<ul class="ways">{}</ul>', items) if items else "–"

    @admin.display(description=_("before and after"))
    def difference(self, event: AuditEvent) -> SafeString | str:
        """Each field that was written down, with its old and its new value; hostile text stays text."""
        found = differences.between(event.before, event.after)
        if not found:
            return "–"
        lines = (
            ("changed" if one.is_changed else "", spelling.html(one.field), _shown(one.old), _shown(one.new))
            for one in found
        )
        row = '<tr class="{}"><th scope="row">{}</th><td>{}</td><td>{}</td></tr>'
        return format_html(
            '<table class="difference"><thead><tr><th scope="col">{}</th><th scope="col">{}</th>'
            '<th scope="col">{}</th></tr></thead><tbody>{}</tbody></table>',
            gettext("Field"), gettext("Before"), gettext("After"), format_html_join("", row, lines),
        )  # fmt: skip


def _shown(value: str | None) -> SafeString | str:
    if value is None:
        return "–"
    return spelling.html(value) if value else gettext("empty")
