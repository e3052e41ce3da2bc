"""Why can the world see this? The page of an object, or of a bucket."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import spelling
from portal.access import admin_page
from portal.s3 import capabilities
from storage_admin import addresses, bucket_settings
from storage_admin.buckets import visibility, visibility_words
from storage_admin.buckets.visibility import Thing
from storage_admin.models import Bucket
from storage_admin.store_pages import StorePages


class VisibilityPages(StorePages):
    """A mixin for a `ModelAdmin`."""

    def visibility_urls(self) -> list[URLPattern]:
        """Return the patterns that go before the admin's own."""
        return [path("<int:bucket_id>/visible/", self.visible_view, name="storage_admin_bucket_visible")]

    @admin_page(permission="storage_admin.view_bucket")
    def visible_view(self, request: HttpRequest, bucket_id: int) -> HttpResponseBase:
        """Show what opens and what shuts it, and what a stranger got just now."""
        key, version_id = request.GET.get("key", ""), request.GET.get("version", "")

        def ask(bucket: Bucket) -> HttpResponseBase:
            seen = visibility.look(Thing(bucket, key, version_id if key else ""))
            lacks = capabilities.known(capabilities.server(bucket.connection))
            context = {
                **self.admin_site.each_context(request),
                "title": _("Who can see this?"),
                "bucket": bucket,
                "key_text": spelling.html(key) if key else "",
                "version_id": seen.thing.version_id,
                "object_url": addresses.of_object(bucket, key, version_id) if key else "",
                "steps": [
                    {"step": one, "url": _setting_url(seen.thing, one.setting)}
                    for one in visibility_words.steps(seen.doors)
                ],
                "verdict": seen.doors.verdict.value,
                "verdict_words": visibility_words.verdict(seen.doors),
                "switches": [
                    {"switch": one, "url": _setting_url(seen.thing, one.setting)}
                    for one in visibility_words.switches(seen.doors)
                ],
                "attempt": seen.attempt,
                "attempted": visibility_words.attempted(seen),
                "beside": visibility_words.beside(seen),
                "surprise": visibility_words.surprise(seen, lacks),
                "asked_at": timezone.localtime(),
                "reload_url": request.get_full_path(),
            }
            return TemplateResponse(request, "storage_admin/visible.html", context)

        return self.asked(request, bucket_id, ask)


def _setting_url(thing: Thing, slug: str) -> str:
    if slug == visibility_words.ACL and thing.key:
        return addresses.of_object(thing.bucket, thing.key, thing.version_id)
    if not slug or bucket_settings.find(slug) is None:
        return ""
    return addresses.of_setting(thing.bucket, slug)
