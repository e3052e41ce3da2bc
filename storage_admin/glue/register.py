"""Glue's runs in the admin: rows alone; buttons ask a worker."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal.access import admin_page, staff
from portal.aws import glue
from portal.display import ago, whole
from portal.model_admin import RecordAdmin
from portal.s3 import session
from storage_admin.errors import StorageError
from storage_admin.glue import asking, services
from storage_admin.glue.forms import StartForm
from storage_admin.models import GlueRun

SEE = "storage_admin.view_gluerun"
UNNOTED = "unnoted"
State = GlueRun.State
# As those of jobs.
TONES: dict[str, str] = {
    **dict.fromkeys(asking.BAD, "badge-failed"),
    State.STOPPED: "badge-older",
    State.STOPPING: "badge-older",
}


class EndFilter(admin.SimpleListFilter):
    """Runs that go on, and those that ended badly and were not noted yet."""

    title = _("state")
    parameter_name = "end"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("open", _("under way")), (UNNOTED, _("failed, not noted yet"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[GlueRun]) -> QuerySet[GlueRun]:
        if self.value() == "open":
            return queryset.filter(ended_at=None)
        return queryset.filter(pk__in=asking.unnoted().values("pk")) if self.value() == UNNOTED else queryset


class GlueRunAdmin(RecordAdmin):
    """All runs that were asked for, newest first. Hidden where GLUE_JOBS names none."""

    list_display = ("what", "state_shown", "made_by_name", "begun", "asked", "took", "words")
    list_filter = (EndFilter, "trigger")
    search_fields = ("job__startswith", "run_id__exact")
    search_help_text = _("The beginning of a job's name, or the number of a run.")
    ordering = ("-id",)
    fields = (
        "job", "state_shown", "error", "arguments_shown", "made_by_name", "begun", "asked", "started",
        "ended", "took", "run_id", "logs", "stop_asked_by_name", "acknowledged_by_name",
    )  # fmt: skip
    readonly_fields = fields
    change_list_template = "admin/storage_admin/gluerun/change_list.html"
    change_form_template = "admin/storage_admin/gluerun/change_form.html"
    empty_words = _("No Glue job was started from here yet.")

    def get_urls(self) -> list[URLPattern]:
        return [
            path("start/", self.start_view, name="storage_admin_gluerun_start"),
            path("<int:run_id>/stop/", self.stop_view, name="storage_admin_gluerun_stop"),
            path("<int:run_id>/noted/", self.noted_view, name="storage_admin_gluerun_noted"),
            *super().get_urls(),
        ]

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Silent where it is off."""
        return bool(settings.GLUE_JOBS) and super().has_module_permission(request)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Offer to start a job to those who may."""
        return super().changelist_view(request, {"may_start": _may(request), **(extra_context or {})})

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        """Offer what the run's state allows, to those who may."""
        run: GlueRun | None = kwargs.get("obj")
        offers: list[tuple[str, str, bool]] = []
        if run is not None and _may(request):
            offers = [
                ("stop", gettext("Stop"), run.ended_at is None and run.stop_asked_at is None),
                ("noted", gettext("Noted"), run.state in asking.BAD and run.acknowledged_at is None),
            ]
        buttons = [
            {"label": label, "url": reverse(f"admin:storage_admin_gluerun_{name}", args=[kwargs["obj"].pk])}
            for name, label, offered in offers
            if offered
        ]
        return super().render_change_form(request, {**context, "buttons": buttons}, *args, **kwargs)

    @admin_page(permission=services.RIGHT)
    def start_view(self, request: HttpRequest) -> HttpResponseBase:
        """Ask for a job and its arguments; a worker starts it."""
        form = StartForm(request.POST or None, label_suffix="")
        if request.method == "POST" and form.is_valid():
            told = form.cleaned_data
            try:
                run = services.start(
                    actor=staff(request), job=told["job"], arguments=told["arguments"], form=told["form"]
                )
            except StorageError as error:
                form.add_error(None, str(error))
            else:
                messages.success(
                    request, gettext("A worker starts it in a moment; this page tells how it goes.")
                )
                return redirect("admin:storage_admin_gluerun_change", run.pk)
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Start a Glue job"),
            "form": form,
            "has_jobs": bool(settings.GLUE_JOBS),
            "opts": self.model._meta,
        }
        return TemplateResponse(request, "storage_admin/glue_start.html", context)

    @admin_page(permission=services.RIGHT, post_only=True)
    def stop_view(self, request: HttpRequest, run_id: int) -> HttpResponseBase:
        """Stop a run."""
        return self._pressed(request, run_id, services.stop, gettext("A worker asks Glue to stop it."))

    @admin_page(permission=services.RIGHT, post_only=True)
    def noted_view(self, request: HttpRequest, run_id: int) -> HttpResponseBase:
        """Take note of a failure."""
        return self._pressed(request, run_id, services.acknowledge, gettext("Noted."))

    def _pressed(
        self, request: HttpRequest, run_id: int, press: Callable[..., None], words: str
    ) -> HttpResponseBase:
        run = get_object_or_404(GlueRun, pk=run_id)
        try:
            press(actor=staff(request), run=run)
        except StorageError as error:
            messages.warning(request, str(error))
        else:
            messages.success(request, words)
        return redirect("admin:storage_admin_gluerun_change", run.pk)

    @admin.display(description=_("run"), ordering="job")
    def what(self, run: GlueRun) -> str:
        return str(run)

    @admin.display(description=_("state"), ordering="state")
    def state_shown(self, run: GlueRun) -> SafeString:
        """The state, marked where it needs somebody."""
        tone = "" if run.acknowledged_at else TONES.get(run.state, "")
        return format_html('<span class="badge {}">{}</span>', tone, run.get_state_display())

    @admin.display(description=_("begun"))
    def begun(self, run: GlueRun) -> str:
        return run.get_trigger_display()

    @admin.display(description=_("asked"), ordering="id")
    def asked(self, run: GlueRun) -> str | SafeString:
        return ago(run.asked_at)

    @admin.display(description=_("started"))
    def started(self, run: GlueRun) -> str | SafeString:
        return ago(run.started_at)

    @admin.display(description=_("ended"))
    def ended(self, run: GlueRun) -> str | SafeString:
        return ago(run.ended_at)

    @admin.display(description=_("seconds at work"), ordering="seconds")
    def took(self, run: GlueRun) -> str:
        return "–" if run.seconds is None else whole(run.seconds)

    @admin.display(description=_("error"))
    def words(self, run: GlueRun) -> str:
        return run.error[:200]

    @admin.display(description=_("arguments"))
    def arguments_shown(self, run: GlueRun) -> SafeString | str:
        lines = [(name, value) for name, value in sorted(run.arguments.items())]
        return format_html_join("\n", "<code>{}={}</code><br>", lines) or "–"

    @admin.display(description=_("logs"))
    def logs(self, run: GlueRun) -> SafeString | str:
        """The way to CloudWatch; none where a simulator plays Amazon."""
        region = session.region(settings.SERVICES_CONNECTION)
        ways = [
            (url, words)
            for stream, words in (("output", gettext("output")), ("error", gettext("errors")))
            if (url := glue.log_url(run.run_id, run.log_group, region, stream))
        ]
        links = format_html_join(", ", '<a href="{}" rel="noreferrer">{}</a>', ways)
        return links or gettext("none that the portal knows")


def _may(request: HttpRequest) -> bool:
    return bool(settings.GLUE_JOBS) and staff(request).has_perm(services.RIGHT)
