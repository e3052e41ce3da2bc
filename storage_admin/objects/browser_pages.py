"""The object browser of a bucket, and looking for buckets."""

from typing import Any
from urllib.parse import unquote

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal import spelling
from portal.access import admin_page
from portal.display import ago
from portal.errors import storage_unavailable
from portal.s3 import capabilities, versioning
from portal.s3.differences import Capability
from portal.s3.errors import StorageUnavailable
from portal.s3.listing import Mark
from portal.s3.types import VersioningState
from storage_admin import addresses
from storage_admin.addresses import Mode
from storage_admin.buckets import looking
from storage_admin.jobs.choosing import Choice
from storage_admin.jobs.kinds.time_machine import Undelete
from storage_admin.jobs.pages import SEE as SEE_JOBS
from storage_admin.jobs.pages import offered
from storage_admin.models import Bucket
from storage_admin.objects import browsing, uploading
from storage_admin.objects.browsing import Listing
from storage_admin.store_pages import StorePages

SEE = "storage_admin.view_bucket"
ENCRYPTION = "encryption"  # what `show` may ask for besides


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
        shows = ENCRYPTION if query.get("show") == ENCRYPTION and mode == Mode.CURRENT else ""
        if "begins" in query:  # how names in the folder begin: one address for it, whoever asks
            prefix = unquote(query.get("folder", "")) + query["begins"]
            bucket = get_object_or_404(Bucket, pk=bucket_id)
            return redirect(addresses.folder(bucket, prefix, mode, show=shows))
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
                listed = browsing.current(bucket, prefix, token, request.user, show=shows)
                if shows:
                    listed = browsing.with_encryption(bucket, listed)
            context = {
                **self.admin_site.each_context(request),
                **_page(bucket, prefix, mode, listed),
                **_encryption(bucket, prefix, token, shows),
                "may_lack_keys": _may_lack(bucket, mode, listed, is_whole=not (token or mark)),
                "as_of": ago(timezone.now()),
                "reload_url": request.get_full_path(),
                "is_first_page": not (token or mark),
                "upload_url": _upload_url(bucket, prefix, request.user),
                **_jobs(bucket, prefix, mode, listed, request.user),
                "time_machine_url": addresses.time_machine(bucket, prefix),
                "can_undelete": (can_undelete := request.user.has_perm(Undelete.right)),
                "undelete_all_url": addresses.of_bucket(bucket, "new_job", Undelete.slug, prefix=prefix)
                if can_undelete and mode == Mode.DELETED and (listed.rows or listed.next_url)
                else "",
            }
            return TemplateResponse(request, "storage_admin/browse.html", context)

        return self.asked(request, bucket_id, ask)


def _may_lack(bucket: Bucket, mode: str, listed: Listing, *, is_whole: bool) -> str:
    """Return why the store may have left keys out: some do where a page ends, also at the end of the last."""
    if is_whole and not listed.next_url and listed.scanned < browsing.PAGE_SIZE:
        return ""
    lacks = capabilities.known(capabilities.server(bucket.connection))
    by_version = Capability.BESIDE_FOLDERS_BY_VERSION
    return lacks.get(Capability.BESIDE_FOLDERS if mode == Mode.CURRENT else by_version, "")


def _encryption(bucket: Bucket, prefix: str, token: str, shows: str) -> dict[str, Any]:
    """Return whether encryption is shown, and the way to the page with it or without."""
    other = "" if shows else ENCRYPTION
    return {
        "shows": shows,
        "shows_encryption": bool(shows),
        "encryption_url": addresses.folder(bucket, prefix, token=token, show=other),
        "most_heads": browsing.PAGE_SIZE,
    }


def _jobs(bucket: Bucket, prefix: str, mode: str, listed: Listing, user: Any) -> dict[str, Any]:
    """Return the way to jobs below the path, and whether objects can be chosen for one."""
    if not user.has_perm(SEE_JOBS) or not offered(user):
        return {}
    chooses = mode == Mode.CURRENT and bool(offered(user, Choice(keys=("any",))))
    return {
        "jobs_url": addresses.of_bucket(bucket, "jobs", prefix=prefix),
        "can_choose": chooses and any(row.entry for row in listed.rows),
    }


def _upload_url(bucket: Bucket, prefix: str, user: Any) -> str:
    if uploading.place_against(bucket, addresses.folder_of(prefix)) or not user.has_perm(uploading.UPLOAD):
        return ""
    return addresses.of_bucket(bucket, "upload_here", prefix=prefix)


def _page(bucket: Bucket, prefix: str, mode: str, listed: Listing) -> dict[str, Any]:
    crumbs = browsing.crumbs(bucket, prefix, mode)
    folder = addresses.folder_of(prefix)
    rest = prefix.removeprefix(folder)
    return {
        "title": bucket.name,
        "bucket": bucket,
        "prefix": prefix,
        "prefix_text": spelling.plain(prefix),
        "crumbs": crumbs,
        "top_url": addresses.folder(bucket, "", mode),
        "rest": rest,
        "folder": folder,
        "folder_text": spelling.html(folder),
        "folder_url": addresses.folder(bucket, folder, mode),
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
