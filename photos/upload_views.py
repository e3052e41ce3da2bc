"""The upload page, and the addresses that its script talks to."""

import base64
import json
from typing import Any
from uuid import UUID

from django.contrib.admin.widgets import AutocompleteSelect
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _

from pets.models import Pet
from photos import display, links, upload
from photos.errors import UploadRefused
from photos.forms import UploadForm, sentences
from photos.models import Photo
from portal.access import admin_page, staff
from portal.s3.errors import S3Error

ADD = "photos.add_photo"
MAX_STATUS_IDS = 200
# What reading a stranger's JSON raises: no JSON, a name that is missing, another type, an infinite size.
UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, OverflowError)


class UploadPages:
    """Many files, one answer each, with and without script. A mixin for a `ModelAdmin`."""

    admin_site: Any

    def upload_urls(self) -> list[URLPattern]:
        """Return the patterns that go before the admin's own."""
        return [
            path("upload/", self.upload_view, name="photos_photo_upload"),
            path("upload/sign/", self.sign_view, name="photos_photo_sign"),
            path("upload/complete/", self.complete_view, name="photos_photo_complete"),
            path("upload/status/", self.status_view, name="photos_photo_status"),
        ]

    @admin_page(permission=ADD)
    def upload_view(self, request: HttpRequest) -> HttpResponseBase:
        """Take files through the portal, one answer per file; the page that the script makes better."""
        wants_json = not request.accepts("text/html")
        data, files = (request.POST, request.FILES) if request.method == "POST" else (None, None)
        form = UploadForm(data, files, initial={"pet": request.GET.get("pet")})
        # Asks for names as they are typed: a stock select would hold every pet there is.
        pet_widget = AutocompleteSelect(Photo._meta.get_field("pet"), self.admin_site)
        form.fields["pet"].widget = pet_widget
        pet_widget.choices = form.fields["pet"].choices  # type: ignore[attr-defined]  # it is a ModelChoiceField
        answers: list[dict[str, Any]] = []
        if request.method == "POST":
            if form.is_valid():
                pet = form.cleaned_data["pet"]
                answers = [_receive(request, pet, file) for file in form.cleaned_data["files"]]
            elif wants_json:
                return JsonResponse({"answers": [{"error": " ".join(sentences(form))}]}, status=400)
        if wants_json:
            return JsonResponse({"answers": answers})
        context = {
            **self.admin_site.each_context(request),
            **upload_context(),
            "title": _("Upload photos"),
            "form": form,
            "pet": _chosen_pet(form),
            "answers": answers,
            "opts": Photo._meta,
        }
        return TemplateResponse(request, "admin/photos/photo/upload.html", context)

    @admin_page(permission=ADD, post_only=True)
    def sign_view(self, request: HttpRequest) -> HttpResponseBase:
        """Announce one file and return where to PUT it; no address when it is to come through the portal."""
        try:
            asked = json.loads(request.body)
            announcement = upload.Announcement(
                file_name=str(asked["name"]),
                size=int(asked["size"]),
                head=base64.b64decode(asked["head"], validate=True),
                sha256=str(asked.get("sha256", "")),
            )
            pet_id = UUID(str(asked["pet"])) if asked.get("pet") else None
        except UNREADABLE:
            return JsonResponse({"error": _("The announcement of this file cannot be read.")}, status=400)
        if not links.browsers_reach_the_store():
            return JsonResponse({"url": ""})
        try:
            pet = get_object_or_404(Pet, pk=pet_id) if pet_id else None
            photo = upload.announce(actor=staff(request), pet=pet, announcement=announcement)
            signed = upload.sign(photo)
        except UploadRefused as error:
            return JsonResponse(_refusal(error), status=422)
        except S3Error as error:
            return JsonResponse(_trouble(error), status=503)
        return JsonResponse({"photo": str(photo.pk), "url": signed.url, "headers": signed.headers})

    @admin_page(permission=ADD, post_only=True)
    def complete_view(self, request: HttpRequest) -> HttpResponseBase:
        """Ask the store whether the file has arrived, and is what was announced."""
        try:
            asked = json.loads(request.body)
            photo_id, etag = UUID(str(asked["photo"])), str(asked.get("etag", ""))
        except UNREADABLE:
            return JsonResponse({"error": _("Which photo is complete cannot be read.")}, status=400)
        get_object_or_404(Photo, pk=photo_id)
        try:
            upload.complete(actor=staff(request), photo_id=photo_id, etag=etag)
        except UploadRefused as error:
            return JsonResponse(_refusal(error), status=422)
        except S3Error as error:
            return JsonResponse(_trouble(error), status=503)
        # Said twice, it may be ready by now: then with its tile.
        return JsonResponse(display.as_json(display.with_tiles(Photo.objects.filter(pk=photo_id)).get()))

    @admin_page(permission="photos.view_photo")
    def status_view(self, request: HttpRequest) -> HttpResponseBase:
        """Return how far the asked photos are: rows only, no call to the store."""
        try:
            ids = [UUID(one) for one in request.GET.get("ids", "").split(",")[:MAX_STATUS_IDS] if one]
        except ValueError:
            return JsonResponse({"error": _("Which photos are asked for cannot be read.")}, status=400)
        found = display.with_tiles(Photo.objects.filter(pk__in=ids).select_related("pet"))
        return JsonResponse({"photos": [display.as_json(photo) for photo in found]})


def upload_context() -> dict[str, Any]:
    """Return what the upload form's template needs besides the form: addresses, and the script's words."""
    return {
        "upload_words": {
            "waiting": _("waiting"),
            "checking": _("checking"),
            "sending": _("sending"),
            "arrived": _("arrived, being processed"),
            "retry": _("Try again"),
            "open": _("Open"),
            "existing": _("Open the other one"),
            "offline": _("The connection broke. Nothing is lost; try again."),
            "summary": _("{ready} ready, {refused} refused, {waiting} under way"),
        },
    }


def _receive(request: HttpRequest, pet: Pet | None, file: Any) -> dict[str, Any]:
    """Take one file; whatever happens to it stops no other."""
    answer: dict[str, Any] = {"name": upload.clean_file_name(file.name)}
    try:
        photo = upload.receive(actor=staff(request), pet=pet, upload=file, file_name=file.name)
    except UploadRefused as error:
        return answer | _refusal(error)
    except S3Error as error:
        return answer | _trouble(error)
    return answer | display.as_json(photo)


def _refusal(error: UploadRefused) -> dict[str, Any]:
    twin = error.duplicate_of
    return {
        "error": str(error),
        "code": error.code,
        "duplicate": twin.get_absolute_url() if twin else "",
        "retry": error.code == "not_arrived",
    }


def _trouble(error: S3Error) -> dict[str, Any]:
    return {"error": str(error), "code": error.code, "retry": True}


def _chosen_pet(form: UploadForm) -> Pet | None:
    chosen = form["pet"].value()
    try:
        return Pet.objects.live().filter(pk=UUID(str(chosen))).first()
    except ValueError:
        return None
