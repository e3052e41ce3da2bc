"""The photos on a pet's page: its tiles, and the upload."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from pets.models import Pet
from photos import display
from photos.forms import UploadForm
from photos.models import Photo
from photos.upload_views import upload_context

SHOWN = 24


def context(request: HttpRequest, pet: Pet) -> dict[str, Any]:
    """Return what `photos/panel.html` shows; empty for those who may not see photos."""
    if not request.user.has_perm("photos.view_photo"):
        return {}
    photos = display.with_tiles(Photo.objects.live().filter(pet=pet)).order_by(
        "-is_primary", "position", "id"
    )
    found = list(photos[: SHOWN + 1])
    for photo in found:
        photo.pet = pet  # one pet, no query for each photo
    linked = display.with_tiles(Photo.objects.live().filter(also_shows=pet)).select_related("pet")
    may_upload = pet.is_live and request.user.has_perm("photos.add_photo")
    return {
        "photos": [_shown(photo) for photo in found[:SHOWN]],
        "linked_photos": [_shown(photo) for photo in linked.order_by("-created_at")[:SHOWN]],
        "more_photos_url": _all_of(pet) if len(found) > SHOWN else "",
        "upload_form": UploadForm(initial={"pet": pet.pk}) if may_upload else None,
        "upload_pet": pet,
        **upload_context(),
    }


def _shown(photo: Photo) -> dict[str, Any]:
    return {"photo": photo, "tile": display.tile(photo, link=True), "badge": display.badge(photo)}


def _all_of(pet: Pet) -> str:
    return f"{reverse('admin:photos_photo_changelist')}?q={pet.pk}"
