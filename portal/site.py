"""The admin site: Today page, navigation, search, one's own settings."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal import navigation, search, today
from portal.access import admin_page
from portal.preferences import PreferencesForm

RECENT_CHANGES = 8


class PortalAdminSite(admin.AdminSite):
    """Django's admin with the portal's own way round it."""

    site_header = _("PetTracker")
    site_title = _("PetTracker")
    index_title = _("Today")
    index_template = "portal/today.html"
    site_url = None
    enable_nav_sidebar = True

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Put the pages that belong to no model before Django's, whose last pattern takes everything."""
        return [
            path("search/", self.search_view, name="search"),
            path("preferences/", self.preferences_view, name="preferences"),
            *super().get_urls(),
        ]

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Return the navigation's sections, or one app's models where Django asks for an app."""
        if app_label is not None:
            return super().get_app_list(request, app_label)
        apps = self._build_app_dict(request).values()
        return navigation.sections(request, (entry for app in apps for entry in app["models"]))

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """Show what needs a person."""
        changes = self.get_log_entries(request).filter(user__username=request.user.get_username())
        context = {
            "board": today.board(request),
            "changes": changes[:RECENT_CHANGES],
            **(extra_context or {}),
        }
        return super().index(request, context)

    @admin_page(permission=None)
    def search_view(self, request: HttpRequest) -> HttpResponseBase:
        """Open the only hit, or list all of them by kind; each provider shows only what its user may see."""
        results = search.find(request, request.GET.get("q", ""))
        only = results.only_hit
        if only is not None:
            return redirect(only.url)
        context = {**self.each_context(request), "title": gettext("Search"), "results": results}
        return TemplateResponse(request, "portal/search.html", context)

    @admin_page(permission=None)
    def preferences_view(self, request: HttpRequest) -> HttpResponseBase:
        """Let the signed-in user choose a time zone."""
        form = PreferencesForm(request.POST or None, instance=request.user)
        if request.method == "POST" and form.is_valid():
            form.save()
            messages.success(request, gettext("Saved."))
            return redirect("admin:preferences")
        context = {**self.each_context(request), "title": gettext("Your settings"), "form": form}
        return TemplateResponse(request, "portal/preferences.html", context)
