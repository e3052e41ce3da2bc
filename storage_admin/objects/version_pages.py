"""Pages about versions of an object: its picture, and two of them side by side."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import spelling
from portal.access import admin_page, staff
from portal.display import ago
from portal.s3.attributes import Attributes
from storage_admin import addresses
from storage_admin.errors import NotPossible
from storage_admin.models import Bucket
from storage_admin.objects import browsing, comparing, previews, services
from storage_admin.store_pages import StorePages

SEE = "storage_admin.view_bucket"


class VersionPages(StorePages):
    """A mixin for a `ModelAdmin`."""

    def version_urls(self) -> list[URLPattern]:
        """Return the patterns that go before the admin's own."""
        below = "<int:bucket_id>/object/"
        return [
            path(f"{below}picture/", self.picture_view, name="storage_admin_bucket_picture"),
            path(f"{below}compare/", self.compare_view, name="storage_admin_bucket_compare"),
        ]

    @admin_page(permission=SEE)
    def picture_view(self, request: HttpRequest, bucket_id: int) -> HttpResponseBase:
        """Pass a picture on, for a page that shows it; the service asks for the right to the bytes."""
        key, version_id = request.GET.get("key", ""), request.GET.get("version", "")
        if not key:
            raise Http404

        def ask(bucket: Bucket) -> HttpResponseBase:
            try:
                return previews.answer(actor=staff(request), bucket=bucket, key=key, version_id=version_id)
            except NotPossible as error:
                return previews.refusal(str(error))

        return self.asked(request, bucket_id, ask)

    @admin_page(permission=SEE)
    def compare_view(self, request: HttpRequest, bucket_id: int) -> HttpResponseBase:
        """Show two versions side by side."""
        key, one, other = (request.GET.get(name, "") for name in ("key", "version", "other"))
        if not (key and one and other):
            raise Http404

        def ask(bucket: Bucket) -> HttpResponseBase:
            found = comparing.compare(bucket, key, one, other)
            may_take = request.user.has_perm(services.download_right(bucket, key))
            pair = [(_("The one"), one, found.one), (_("The other"), other, found.other)]
            context: dict[str, Any] = {
                **self.admin_site.each_context(request),
                "title": _("Compare two versions"),
                "subtitle": spelling.plain(key),
                "bucket": bucket,
                "key_text": spelling.html(key),
                "crumbs": browsing.crumbs(bucket, key, addresses.Mode.CURRENT),
                "top_url": addresses.folder(bucket, ""),
                "object_url": addresses.of_object(bucket, key),
                "as_of": ago(timezone.now()),
                "found": found,
                "sides": [_side(bucket, *each, may_take=may_take) for each in pair],
                "swap_url": addresses.of_bucket(bucket, "compare", key=key, version=other, other=one),
            }
            return TemplateResponse(request, "storage_admin/compare.html", context)

        return self.asked(request, bucket_id, ask)


def _side(
    bucket: Bucket, label: str, version_id: str, facts: Attributes, *, may_take: bool
) -> dict[str, Any]:
    shown = may_take and previews.is_picture(bucket, facts, version_id)
    return {
        "label": label,
        "version_id": version_id,
        "url": addresses.of_object(bucket, facts.key, version_id),
        "written": ago(facts.last_modified),
        "picture_url": addresses.of_bucket(bucket, "picture", key=facts.key, version=version_id)
        if shown
        else "",
    }
