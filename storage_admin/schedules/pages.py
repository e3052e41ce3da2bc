"""The timetable on the page of jobs, and its button. A mixin for the admin of jobs."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _

from portal.access import admin_page, staff
from storage_admin.errors import StorageError
from storage_admin.schedules import acts, facts, services

SEE = "storage_admin.view_job"


class SchedulePages:
    """Shows rows; the store is asked by workers alone."""

    def schedule_urls(self) -> list[URLPattern]:
        """Return the patterns that go before the admin's own."""
        below, name = "timetable/<slug:schedule>/run/", "storage_admin_job_run_schedule"
        return [path(below, self.run_schedule_view, name=name)]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """The list of jobs, with the timetable above it where nothing was searched for."""
        shown = {} if request.GET else facts.shown(staff(request))
        shown |= facts.beside(staff(request))
        return super().changelist_view(request, shown | (extra_context or {}))  # type: ignore[misc]  # a mixin

    @admin_page(permission=SEE, post_only=True)
    def run_schedule_view(self, request: HttpRequest, schedule: str) -> HttpResponseBase:
        """Let a worker run a line of the timetable now; the service asks for the right to what it does."""
        if schedule not in acts.names():
            raise Http404
        try:
            services.ask(actor=staff(request), name=schedule)
        except StorageError as error:
            messages.warning(request, str(error))
        else:
            words = _("“%(title)s” runs as soon as a worker is free; reload this page in a while.")
            messages.success(request, words % {"title": acts.named(schedule).title})
        return redirect(f"{reverse('admin:storage_admin_job_changelist')}#timetable")
