"""The object browser of a bucket, and looking for buckets."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.access import admin_page
from portal.errors import storage_unavailable
from portal.s3 import versioning
from portal.s3.errors import StorageUnavailable
from portal.s3.listing import Mark
from portal.s3.types import VersioningState
from storage_admin import addresses, browsing, looking, spelling
from storage_admin.addresses import Mode
from storage_admin.browsing import Listing
from storage_admin.models import Bucket
from storage_admin.store_pages import StorePages

SEE = "storage_admin.view_bucket"


class BrowserPages(StorePages):
    """Pages that list. A mixin for a `ModelAdmin`."""

    def browser_urls(self) -> list[URLPattern]:
        """Return the patterns that go before the admin's own."""
        return [
            path("look/", self.look_view, name="storage_admin_bucket_look"),
            path("<int:bucket_id>/browse/", self.browse_view, name="storage_admin_bucket_browse"),
        ]

    @admin_page(permission=SEE, post_only=True)
    def look_view(self, request: HttpRequest) -> HttpResponseBase:
        """Ask every connection which buckets it has."""
        found = looking.look()
        if found.errors and not found.total:
            away = next((one for one in found.errors.values() if isinstance(one, StorageUnavailable)), None)
            if away is not None:
                return storage_unavailable(request, self.admin_site.each_context(request), error=away)
        if found.total or not found.errors:
            words = ngettext("%(count)s bucket is there.", "%(count)s buckets are there.", found.total)
            messages.success(request, words % {"count": found.total})
        if found.new:
            messages.info(request, _("New: %(names)s") % {"names": ", ".join(found.new)})
        if found.gone:
            messages.warning(request, _("Gone: %(names)s") % {"names": ", ".join(found.gone)})
        for alias, error in found.errors.items():
            messages.error(request, f"{alias}: {error} ({error.code})")
        return redirect("admin:storage_admin_bucket_changelist")

    @admin_page(permission=SEE)
    def browse_view(self, request: HttpRequest, bucket_id: int) -> HttpResponseBase:
        """List a page of what lies below a prefix: what is there, all versions, or what is deleted."""
        query = request.GET
        prefix, mode = query.get("prefix", ""), query.get("mode", "")
        if mode not in Mode.values:
            mode = Mode.CURRENT
        token, key_mark = query.get("token", ""), query.get("key_mark", "")
        mark = Mark(key_mark, query.get("version_mark", "")) if key_mark else None

        def ask(bucket: Bucket) -> HttpResponseBase:
            if not (token or mark):  # once for a list, not again for each of its pages
                state = versioning.read(bucket.name, alias=bucket.connection).state
                looking.note_versioning(bucket, state)
            if mode == Mode.VERSIONS:
                listed = browsing.versions(bucket, prefix, mark, request.user)
            elif mode == Mode.DELETED:
                listed = browsing.deleted(bucket, prefix, mark, request.user)
            else:
                listed = browsing.current(bucket, prefix, token, request.user)
            context = {
                **self.admin_site.each_context(request),
                **_page(bucket, prefix, mode, listed),
                "is_first_page": not (token or mark),
                "can_undelete": request.user.has_perm("storage_admin.recover_object"),
            }
            return TemplateResponse(request, "storage_admin/browse.html", context)

        return self.asked(request, bucket_id, ask)


def _page(bucket: Bucket, prefix: str, mode: str, listed: Listing) -> dict[str, Any]:
    crumbs = browsing.crumbs(bucket, prefix, mode)
    rest = prefix[prefix.rfind("/") + 1 :]
    return {
        "title": bucket.name,
        "bucket": bucket,
        "prefix": prefix,
        "prefix_text": spelling.plain(prefix),
        "crumbs": crumbs,
        "top_url": addresses.folder(bucket, "", mode),
        "rest": spelling.html(rest) if rest else "",
        "mode": mode,
        "modes": [
            {"label": one.label, "url": addresses.folder(bucket, prefix, one.value), "is_on": one == mode}
            for one in Mode
        ],
        "listed": listed,
        "first_url": addresses.folder(bucket, prefix, mode),
        "is_current": mode == Mode.CURRENT,
        "is_versions": mode == Mode.VERSIONS,
        "is_deleted": mode == Mode.DELETED,
        "never_versioned": bucket.versioning == VersioningState.NEVER_SET,
    }
