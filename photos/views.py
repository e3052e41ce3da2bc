"""Pictures, and the buttons of one photo; the upload page is in `upload_views`."""

from typing import Any
from uuid import UUID

import structlog
from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.cache import add_never_cache_headers, patch_cache_control
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from photos import links, replacement, services
from photos.choices import Rotation
from photos.errors import PhotoError, UploadRefused
from photos.forms import ReplaceForm, sentences
from photos.models import Photo, Rendition
from portal import audit
from portal.access import admin_page, staff
from portal.errors import storage_unavailable
from portal.s3 import objects
from portal.s3.errors import ObjectNotFound, S3Error, StorageUnavailable
from portal.undo import offer_undo

logger = structlog.get_logger(__name__)

CHANGE, DELETE = "photos.change_photo", "photos.delete_photo"


class PhotoPages:
    """Pages of one photo that are no stock admin pages. A mixin for a `ModelAdmin`."""

    admin_site: Any

    def photo_urls(self) -> list[URLPattern]:
        """Return the patterns that go before the admin's own."""
        return [
            path("<uuid:photo_id>/picture/<slug:name>/", self.picture_view, name="photos_photo_picture"),
            path("<uuid:photo_id>/original/", self.original_view, name="photos_photo_original"),
            path("<uuid:photo_id>/trash/", self.trash_view, name="photos_photo_trash"),
            path("<uuid:photo_id>/restore/", self.restore_view, name="photos_photo_restore"),
            path("<uuid:photo_id>/turn/", self.turn_view, name="photos_photo_turn"),
            path("<uuid:photo_id>/main/", self.main_view, name="photos_photo_main"),
            path("<uuid:photo_id>/retry/", self.retry_view, name="photos_photo_retry"),
            path("<uuid:photo_id>/replace/", self.replace_view, name="photos_photo_replace"),
        ]

    @admin_page(permission="photos.view_photo", cacheable=True)
    def picture_view(self, request: HttpRequest, photo_id: UUID, name: str) -> HttpResponseBase:
        """Pass a rendition on, where browsers cannot reach the store themselves."""
        rendition = get_object_or_404(Rendition.objects.select_related("photo"), photo=photo_id, name=name)
        try:
            pieces = objects.stream(rendition.photo.bucket, rendition.key)
        except ObjectNotFound as error:
            raise Http404(str(error)) from error
        except S3Error as error:
            logger.warning("picture_unavailable", photo=str(photo_id), code=error.code)
            return HttpResponse(str(error), status=503, content_type="text/plain; charset=utf-8")
        response = FileResponse(pieces, content_type=f"image/{rendition.format}")
        if request.GET.get("digest") == rendition.digest:
            patch_cache_control(response, private=True, max_age=31_536_000, immutable=True)
        else:
            add_never_cache_headers(response)
        return response

    @admin_page(permission="photos.download_original")
    def original_view(self, request: HttpRequest, photo_id: UUID) -> HttpResponseBase:
        """Download the original as it was sent; who did is kept."""
        photo = get_object_or_404(Photo.objects.exclude(etag=""), pk=photo_id)
        audit.record(
            "photo.downloaded", actor=staff(request), target=photo, bucket=photo.bucket, key=photo.key,
            version_id=photo.version_id,
        )  # fmt: skip
        if links.browsers_reach_the_store():
            return redirect(links.original_url(photo))
        try:
            pieces = objects.stream(photo.bucket, photo.key, version_id=photo.version_id)
        except S3Error as error:
            return storage_unavailable(request, self.admin_site.each_context(request), error=error)
        headers = {"Content-Disposition": links.disposition(photo), "X-Content-Type-Options": "nosniff"}
        return FileResponse(pieces, content_type=photo.content_type, headers=headers)

    @admin_page(permission=DELETE, post_only=True)
    def trash_view(self, request: HttpRequest, photo_id: UUID) -> HttpResponseBase:
        """Move to the trash and offer Undo."""

        def act(photo: Photo) -> None:
            services.trash(actor=staff(request), photo=photo)
            undo = reverse("admin:photos_photo_restore", args=[photo.pk])
            offer_undo(request, _("“%(photo)s” is in the trash.") % {"photo": photo}, undo)

        return self._button(request, photo_id, act)

    @admin_page(permission=DELETE, post_only=True)
    def restore_view(self, request: HttpRequest, photo_id: UUID) -> HttpResponseBase:
        """Take out of the trash."""

        def act(photo: Photo) -> None:
            services.restore(actor=staff(request), photo=photo)
            messages.success(request, _("“%(photo)s” is back.") % {"photo": photo})

        return self._button(request, photo_id, act)

    @admin_page(permission=CHANGE, post_only=True)
    def turn_view(self, request: HttpRequest, photo_id: UUID) -> HttpResponseBase:
        """Turn by a quarter or a half."""

        def act(photo: Photo) -> None:
            # By name and not by int(): that takes digits of every script, and as many as one sends.
            known = {str(degrees): degrees for degrees in Rotation.values}
            degrees = known.get(request.POST.get("degrees", ""), 0)
            services.turn(actor=staff(request), photo=photo, by_degrees=degrees)
            messages.success(request, _("Turned; the pictures are being made anew."))

        return self._button(request, photo_id, act)

    @admin_page(permission=CHANGE, post_only=True)
    def main_view(self, request: HttpRequest, photo_id: UUID) -> HttpResponseBase:
        """Make it the pet's main photo."""

        def act(photo: Photo) -> None:
            services.make_main(actor=staff(request), photo=photo)
            messages.success(request, _("This is now the main photo of %(pet)s.") % {"pet": photo.pet})

        return self._button(request, photo_id, act)

    @admin_page(permission=CHANGE, post_only=True)
    def retry_view(self, request: HttpRequest, photo_id: UUID) -> HttpResponseBase:
        """Process a failed photo once more."""

        def act(photo: Photo) -> None:
            services.retry(actor=staff(request), photo=photo)
            messages.success(request, _("“%(photo)s” is tried again.") % {"photo": photo})

        return self._button(request, photo_id, act)

    @admin_page(permission=CHANGE, post_only=True)
    def replace_view(self, request: HttpRequest, photo_id: UUID) -> HttpResponseBase:
        """Store a better file as the photo's newest version."""

        def act(photo: Photo) -> None:
            form = ReplaceForm(request.POST, request.FILES)
            if not form.is_valid():
                raise UploadRefused(" ".join(sentences(form)), code="form")
            file = form.cleaned_data["file"]
            replacement.replace(actor=staff(request), photo=photo, file=file, file_name=file.name)
            messages.success(request, _("The new file is stored; the former one stays as an older version."))

        return self._button(request, photo_id, act)

    def _button(self, request: HttpRequest, photo_id: UUID, act: Any) -> HttpResponseBase:
        """Do it, tell how it went, and go back to where the button was."""
        photo = get_object_or_404(Photo.objects.select_related("pet"), pk=photo_id)
        try:
            act(photo)
        except PhotoError as error:
            messages.error(request, str(error))
        except StorageUnavailable as error:
            return storage_unavailable(request, self.admin_site.each_context(request), error=error)
        except S3Error as error:
            messages.error(request, f"{error} ({error.code})")
        return redirect(_back(request) or photo.get_absolute_url())


def _back(request: HttpRequest) -> str:
    """Return the address to go back to, if the form named one of ours."""
    address = request.POST.get("next", "")
    own = url_has_allowed_host_and_scheme(address, allowed_hosts=None)
    return address if own else ""
