"""The pages that make a share link: from an object, and from a photo."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _

from photos.models import Photo
from portal import spelling
from portal.access import admin_page, staff
from portal.s3 import session
from portal.s3.errors import S3Error, StorageUnavailable
from storage_admin import addresses
from storage_admin.errors import StorageError
from storage_admin.models import Bucket, ShareLink
from storage_admin.objects import browsing, services
from storage_admin.sharing import links as share_links
from storage_admin.sharing.forms import ShareForm
from storage_admin.store_pages import StorePages


class SharePages(StorePages):
    """A mixin for a `ModelAdmin`; the register of the links is `share_register`."""

    def share_urls(self) -> list[URLPattern]:
        """Return the patterns that go before the admin's own."""
        return [
            path("bucket/<int:bucket_id>/share/", self.share_view, name="storage_admin_bucket_share"),
            path(
                "photo/<uuid:photo_id>/share/", self.share_photo_view, name="storage_admin_bucket_share_photo"
            ),
        ]

    @admin_page(permission=share_links.SHARE)
    def share_photo_view(self, request: HttpRequest, photo_id: UUID) -> HttpResponseBase:
        """Lead from a photo to the form for its original's bucket, key and version."""
        photo = get_object_or_404(Photo, pk=photo_id)
        bucket = Bucket.objects.filter(connection=session.DEFAULT, name=photo.bucket).first()
        if bucket is None:
            messages.error(request, _("The portal has not found this photo's bucket yet. Try again soon."))
            return redirect(photo.get_absolute_url())
        return redirect(addresses.of_bucket(bucket, "share", key=photo.key, version=photo.version_id))

    @admin_page(permission=share_links.SHARE)
    def share_view(self, request: HttpRequest, bucket_id: int) -> HttpResponseBase:
        """Show the form; on POST make the link and show it, this once."""
        key, version_id = request.GET.get("key", ""), request.GET.get("version", "")
        if not key:
            raise Http404

        def ask(bucket: Bucket) -> HttpResponseBase:
            sizes = share_links.sizes(staff(request), bucket, key)
            if not sizes:
                raise PermissionDenied(
                    _("Your account lacks the right “%(permission)s”.")
                    % {"permission": services.download_right(bucket, key)}
                )
            form = ShareForm(request.POST if request.method == "POST" else None, sizes=sizes)
            if not form.is_valid():
                return self._share_page(request, bucket, form=form)
            try:
                made = share_links.make(
                    actor=staff(request), bucket=bucket, key=key, version_id=version_id,
                    size=ShareLink.Size(form.cleaned_data["size"]), ends_at=form.cleaned_data["ends_at"],
                    recipient=form.cleaned_data["recipient"], reason=form.cleaned_data["reason"],
                )  # fmt: skip
            except StorageUnavailable:
                raise
            except (StorageError, S3Error) as error:
                form.add_error(None, str(error))
                return self._share_page(request, bucket, form=form, status=409)
            url = request.build_absolute_uri(reverse("share-link", args=[made.token]))
            return self._share_page(request, bucket, link=made.link, link_url=url)

        return self.asked(request, bucket_id, ask)

    def _share_page(
        self, request: HttpRequest, bucket: Bucket, *, status: int = 200, **shown: Any
    ) -> TemplateResponse:
        key, version_id = request.GET["key"], request.GET.get("version", "")
        photo = services.photo_of(bucket, key)
        see_bucket = request.user.has_perm("storage_admin.view_bucket")
        context = {
            **self.admin_site.each_context(request),
            "title": _("Share"),
            "subtitle": spelling.plain(key),
            "bucket": bucket,
            "key_text": spelling.html(key),
            "crumbs": browsing.crumbs(bucket, key, addresses.Mode.CURRENT) if see_bucket else [],
            "top_url": addresses.folder(bucket, ""),
            "photo": photo,
            "back_url": addresses.of_object(bucket, key, version_id)
            if see_bucket
            else (photo.get_absolute_url() if photo else reverse("admin:index")),
            **shown,
        }
        return TemplateResponse(request, "storage_admin/share.html", context, status=status)
