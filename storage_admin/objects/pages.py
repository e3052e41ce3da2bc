"""The page of one object, and its buttons."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal import spelling
from portal.access import admin_page, staff
from portal.s3 import temporary
from portal.s3.listing import Mark
from portal.undo import offer_undo
from storage_admin import addresses
from storage_admin.buckets import looking
from storage_admin.errors import StorageError
from storage_admin.models import Bucket
from storage_admin.objects import acts as object_acts
from storage_admin.objects import downloads, gathering, previews, services
from storage_admin.objects import facts as object_facts
from storage_admin.store_pages import StorePages

# What a link may be asked to last, by the value in the form; S3 ends every signature after 7 days.
LINK_SECONDS = {"1": 3_600, "24": 86_400, "168": temporary.MAX_SECONDS}


class ObjectPages(StorePages):
    """Pages of one object. A mixin for a `ModelAdmin`."""

    def object_urls(self) -> list[URLPattern]:
        """Return the patterns that go before the admin's own."""
        below = "<int:bucket_id>/object/"
        return [
            path(below, self.object_view, name="storage_admin_bucket_object"),
            path(f"{below}download/", self.download_view, name="storage_admin_bucket_download"),
            path(f"{below}link/", self.link_view, name="storage_admin_bucket_link"),
            path(f"{below}hide/", self.hide_view, name="storage_admin_bucket_hide"),
            path(f"{below}undelete/", self.undelete_view, name="storage_admin_bucket_undelete"),
            path(f"{below}restore/", self.restore_view, name="storage_admin_bucket_restore"),
        ]

    @admin_page(permission="storage_admin.view_bucket")
    def object_view(self, request: HttpRequest, bucket_id: int) -> HttpResponseBase:
        """Show what the store says of the object now, and its versions."""
        return self.asked(request, bucket_id, lambda bucket: self._shown(request, bucket))

    @admin_page(permission="storage_admin.view_bucket")
    def download_view(self, request: HttpRequest, bucket_id: int) -> HttpResponseBase:
        """Download the version as an attachment; the service asks for the right that the bytes need."""
        key, version_id = _named(request)

        def ask(bucket: Bucket) -> HttpResponseBase:
            try:
                found = services.opened_for_download(
                    actor=staff(request), bucket=bucket, key=key, version_id=version_id
                )
            except StorageError as error:
                messages.error(request, str(error))
                return redirect(addresses.of_object(bucket, key, version_id))
            stored_type = found.headers.content_type
            return downloads.answer(
                downloads.as_attachment(bucket, key, found.version_id, stored_type),
                seconds=settings.ORIGINAL_URL_SECONDS,
            )

        return self.asked(request, bucket_id, ask)

    @admin_page(permission="storage_admin.share_object", post_only=True)
    def link_view(self, request: HttpRequest, bucket_id: int) -> HttpResponseBase:
        """Make a temporary link and show it once: it is kept nowhere."""
        key, version_id = _named(request)

        def ask(bucket: Bucket) -> HttpResponseBase:
            try:
                link = services.share(
                    actor=staff(request), bucket=bucket, key=key, version_id=version_id,
                    seconds=LINK_SECONDS.get(request.POST.get("hours", ""), LINK_SECONDS["1"]),
                    disposition=downloads.disposition(bucket, key),
                )  # fmt: skip
            except StorageError as error:
                messages.error(request, str(error))
                return redirect(addresses.of_object(bucket, key, version_id))
            return self._shown(request, bucket, link=link)

        return self.asked(request, bucket_id, ask)

    @admin_page(permission="storage_admin.hide_object", post_only=True)
    def hide_view(self, request: HttpRequest, bucket_id: int) -> HttpResponseBase:
        """Put a delete marker on the object and offer Undo."""
        key, version_id = _named(request, version_wanted=True)

        def act(bucket: Bucket) -> None:
            marker = services.hide(actor=staff(request), bucket=bucket, key=key, version_id=version_id)
            words = _("“%(key)s” is deleted; its versions are kept.") % {"key": spelling.plain(key)}
            offer_undo(request, words, addresses.of_bucket(bucket, "undelete", key=key, version=marker))

        return self.done(request, bucket_id, act, _object_page(bucket_id, key))

    @admin_page(permission="storage_admin.recover_object", post_only=True)
    def undelete_view(self, request: HttpRequest, bucket_id: int) -> HttpResponseBase:
        """Take the delete marker away by its version id."""
        key, version_id = _named(request, version_wanted=True)

        def act(bucket: Bucket) -> None:
            count = services.undelete(actor=staff(request), bucket=bucket, key=key, version_id=version_id)
            words = ngettext(
                "“%(key)s” is back; one delete marker was removed.",
                "“%(key)s” is back; %(count)s delete markers were removed.",
                count,
            )
            messages.success(request, words % {"key": spelling.plain(key), "count": count})

        return self.done(request, bucket_id, act, _object_page(bucket_id, key))

    @admin_page(permission="storage_admin.recover_object", post_only=True)
    def restore_view(self, request: HttpRequest, bucket_id: int) -> HttpResponseBase:
        """Copy an older version on top of the newest one that the form showed."""
        key, version_id = _named(request, version_wanted=True)
        newest_id = request.GET.get("newest", "")
        if not newest_id:
            raise Http404

        def act(bucket: Bucket) -> None:
            services.restore_version(
                actor=staff(request), bucket=bucket, key=key, version_id=version_id, newest_id=newest_id
            )
            messages.success(request, _("The older version is copied on top; the others are kept."))

        return self.done(request, bucket_id, act, _object_page(bucket_id, key))

    def _shown(self, request: HttpRequest, bucket: Bucket, **extra: Any) -> TemplateResponse:
        key, version_id = _named(request)
        mark = request.GET.get("version_mark", "")
        found = gathering.gather(
            bucket, key, version_id, mark=Mark(key, mark) if mark else None,
            newest_id=request.GET.get("newest", ""),
        )  # fmt: skip
        looking.note_versioning(bucket, found.versioning)
        shown = object_facts.context(found, staff(request))
        shows_picture = request.GET.get("show") == "picture" and bool(shown["picture_url"])
        context = {
            **self.admin_site.each_context(request),
            **shown,
            "acts": object_acts.acts(found, staff(request)),
            "title": bucket.name,
            "subtitle": spelling.plain(key),
            "link_choices": LINK_SECONDS,
            "shows_picture": shows_picture,
            "is_picture": shows_picture
            and found.facts is not None
            and previews.is_picture(bucket, found.facts, found.shown_id),
            **extra,
        }
        return TemplateResponse(request, "storage_admin/object.html", context)


def _named(request: HttpRequest, *, version_wanted: bool = False) -> tuple[str, str]:
    """Return key and version id of the address; 404 without a key, or a version where one is meant."""
    key, version_id = request.GET.get("key", ""), request.GET.get("version", "")
    if not key or (version_wanted and not version_id):
        raise Http404
    return key, version_id


def _object_page(bucket_id: int, key: str) -> str:
    return addresses.of_object(Bucket(pk=bucket_id), key)
