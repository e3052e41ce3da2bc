"""What a text finds among photos: an id, a digest, a key, a file name; else photos of the pets it finds."""

import re
from collections.abc import Iterable
from uuid import UUID

from django.db import connection
from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pets import search as pet_search
from pets.models import Pet
from photos import formats
from photos.models import Photo
from photos.querysets import PhotoQuerySet
from portal.search import MAX_HITS_PER_PROVIDER, Hit


def find(text: str, *, photos: PhotoQuerySet, see_contact: bool) -> PhotoQuerySet:
    """Return which of `photos` a text stands for.

    Pets are resolved first: an OR across the join would read every photo.
    """
    own = _own(text.strip())
    if own is not None:
        return photos.filter(own)
    pets = pet_search.find(text, pets=Pet.objects.all(), see_contact=see_contact).pets
    return photos.filter(pet_id__in=pets.order_by().values("pk"))


def hits(request: HttpRequest, text: str) -> Iterable[Hit]:
    """Answer the search field of every page; pets answer for themselves."""
    own = _own(text.strip())
    if own is None or not request.user.has_perm("photos.view_photo"):
        return []
    found = Photo.objects.filter(own).select_related("pet").order_by("-created_at")
    return [
        Hit(
            title=str(photo),
            url=reverse("admin:photos_photo_change", args=[photo.pk]),
            kind=gettext_lazy("Photos"),
            subtitle=f"{photo.pet or _('no pet')} · {photo.get_status_display()}",
        )
        for photo in found[: MAX_HITS_PER_PROVIDER + 1]
    ]


def _own(text: str) -> Q | None:
    """Return the condition for what only a photo has; None when the text may be a pet's."""
    if re.fullmatch(r"[0-9a-f]{64}", text.lower()):
        return Q(sha256=text.lower())
    identifier = _uuid(text)
    if identifier is not None:
        return Q(pk=identifier) | Q(pet_id=identifier)
    if text.startswith(("photos/", "renditions/")):
        named = re.search(r"^renditions/([0-9a-f-]{36})/", text)
        return Q(pk=named.group(1)) if named else Q(key=text)
    if text.rpartition(".")[2].lower() in formats.EXTENSIONS and "." in text:
        return Q(file_name=text)
    return _begins_with_file_name(text) if re.match(r"(?i)(img|dsc|dcim|pxl|photo)[_-]?\d", text) else None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _begins_with_file_name(text: str) -> Q:
    """Return the condition that uses the index: SQLite's LIKE cannot, PostgreSQL's can."""
    if connection.vendor == "sqlite":
        return Q(file_name__gte=text, file_name__lt=text + "\U0010ffff")
    return Q(file_name__startswith=text)
