"""Exports for analysis in the admin: rows alone."""

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal.display import ago, size, whole
from portal.model_admin import RecordAdmin
from storage_admin import addresses
from storage_admin.analytics import layout
from storage_admin.models import AnalyticsExport, Bucket

State = AnalyticsExport.State


class AnalyticsExportAdmin(RecordAdmin):
    """All exports, newest first; begun by the timetable. Hidden where ANALYTICS_BUCKET names no bucket."""

    list_display = (
        "name",
        "day",
        "state_shown",
        "rows_shown",
        "size_shown",
        "begun",
        "made_by_name",
        "error",
    )
    list_filter = ("state",)
    ordering = ("-id",)
    fields = (
        "name", "day", "state_shown", "error", "place", "tables", "rows_shown", "size_shown", "begun",
        "ended", "made_by_name",
    )  # fmt: skip
    readonly_fields = fields
    change_list_template = "admin/storage_admin/analyticsexport/change_list.html"
    change_form_template = "admin/storage_admin/analyticsexport/change_form.html"
    empty_words = _("Nothing was exported yet. The timetable, on the page of jobs, has the button.")

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Silent where it is off."""
        return bool(settings.ANALYTICS_BUCKET) and super().has_module_permission(request)

    @admin.display(description=_("state"), ordering="state")
    def state_shown(self, export: AnalyticsExport) -> SafeString:
        tone = "badge-failed" if export.state == State.FAILED else ""
        return format_html('<span class="badge {}">{}</span>', tone, export.get_state_display())

    @admin.display(description=_("rows"))
    def rows_shown(self, export: AnalyticsExport) -> str:
        return whole(export.rows)

    @admin.display(description=_("size"))
    def size_shown(self, export: AnalyticsExport) -> str:
        return size(export.bytes)

    @admin.display(description=_("begun"), ordering="id")
    def begun(self, export: AnalyticsExport) -> str | SafeString:
        return ago(export.begun_at)

    @admin.display(description=_("ended"))
    def ended(self, export: AnalyticsExport) -> str | SafeString:
        return ago(export.ended_at)

    @admin.display(description=_("where"))
    def place(self, export: AnalyticsExport) -> SafeString | str:
        """The manifest's address, with the way to it where the bucket is in the list."""
        key = layout.manifest(export.prefix, export.day)
        text = f"s3://{export.bucket}/{key}"
        bucket = Bucket.objects.filter(connection=export.connection, name=export.bucket).first()
        if bucket is None or export.state != State.DONE:
            return text
        return format_html('<a href="{}">{}</a>', addresses.of_object(bucket, key), text)

    @admin.display(description=_("tables"))
    def tables(self, export: AnalyticsExport) -> SafeString | str:
        """Each table with its rows and files."""
        lines = []
        for table in layout.TABLES:
            files = [one for one in export.files if one["table"] == table]
            rows, held = sum(one["rows"] for one in files), sum(one["bytes"] for one in files)
            words = gettext("%(rows)s rows, %(files)s files, %(size)s")
            lines.append((table, words % {"rows": whole(rows), "files": len(files), "size": size(held)}))
        return format_html_join("\n", "<code>{}</code> {}<br>", lines)
