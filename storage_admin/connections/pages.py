"""The page of the connections. A mixin for the admin of buckets."""

from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _

from portal.access import admin_page
from storage_admin.connections import facts


class ConnectionPages:
    """Shows what the settings and STS say; changes nothing, for settings are the environment's."""

    admin_site: Any

    def connection_urls(self) -> list[URLPattern]:
        """Return the patterns that go before the admin's own."""
        return [path("connections/", self.connections_view, name="storage_admin_bucket_connections")]

    @admin_page(permission="storage_admin.view_bucket")
    def connections_view(self, request: HttpRequest) -> HttpResponseBase:
        """Ask every connection whose keys it has; one that does not answer says so in its own line."""
        context = {
            **self.admin_site.each_context(request),
            "title": _("Connections"),
            "lines": facts.lines(),
        }
        return TemplateResponse(request, "storage_admin/connections.html", context)
