"""How photos are drawn on pages: a tile, a status in words."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from pets.models import Pet
from photos import links, renditions
from photos.choices import PhotoStatus
from photos.models import Photo, Rendition

TILE_SIDE = 160
ALL = tuple(spec.name for spec in renditions.specs())


def with_tiles(photos: QuerySet[Photo], *names: str) -> QuerySet[Photo]:
    """Fetch the named renditions (default: the tile) of all the photos in one query, as `shown`."""
    # Without an order: the model's own would read the photos once more to sort by.
    wanted = Rendition.objects.filter(name__in=names or [renditions.TILE]).order_by()
    return photos.prefetch_related(Prefetch("renditions", wanted, to_attr="shown"))


def with_main_photos(pets: QuerySet[Pet]) -> QuerySet[Pet]:
    """Fetch the pets' main photos with their tiles in two queries, as `main_photos`."""
    mains = with_tiles(Photo.objects.live().filter(is_primary=True).order_by())
    return pets.prefetch_related(Prefetch("photos", mains, to_attr="main_photos"))


def main_tile(pet: Pet) -> SafeString:
    """Return the tile of the pet's main photo as `with_main_photos` brought it, or a paw."""
    mains: list[Photo] = getattr(pet, "main_photos", [])
    source = picture_url(mains[0], renditions.TILE) if mains else links.placeholder_url(PhotoStatus.PENDING)
    # The pet's name stands beside it: read out, the picture would only say it twice.
    return format_html(
        '<img class="photo-tile pet-tile" src="{}" alt="" width="48" height="48" loading="lazy">', source
    )


def picture_url(photo: Photo, name: str) -> str:
    """Return where this rendition is shown from, of those that `with_tiles` brought; else a placeholder."""
    if photo.status not in {PhotoStatus.READY, PhotoStatus.TRASHED}:
        return links.placeholder_url(photo.status)
    brought: Iterable[Rendition] = getattr(photo, "shown", [])
    found = next((one for one in brought if one.name == name), None)
    return links.rendition_url(photo, found) if found else links.placeholder_url(photo.status)


def tile(photo: Photo, *, link: bool = False) -> SafeString:
    """Return the photo's square tile, with words for those who cannot see it."""
    image = format_html(
        '<img class="photo-tile" src="{}" alt="{}" width="{}" height="{}" decoding="async" loading="lazy">',
        picture_url(photo, renditions.TILE),
        describe(photo),
        TILE_SIDE,
        TILE_SIDE,
    )
    if not link:
        return image
    return format_html('<a href="{}">{}</a>', reverse("admin:photos_photo_change", args=[photo.pk]), image)


def describe(photo: Photo) -> str:
    """Return what the photo shows, as far as anybody has said."""
    if photo.alt_text or photo.caption:
        return photo.alt_text or photo.caption
    return _("Photo of %(pet)s") % {"pet": photo.pet.name} if photo.pet else photo.file_name


def badge(photo: Photo) -> SafeString:
    """Return the status in words, with its reason as a title."""
    return format_html(
        '<span class="badge badge-{}" title="{}">{}</span>',
        photo.status,
        photo.reason,
        photo.get_status_display(),
    )


def as_json(photo: Photo) -> dict[str, Any]:
    """Return what the upload script shows of one photo."""
    return {
        "photo": str(photo.pk),
        "status": photo.status,
        "label": photo.get_status_display(),
        "reason": photo.reason,
        "tile": picture_url(photo, renditions.TILE),
        "url": reverse("admin:photos_photo_change", args=[photo.pk]),
        "duplicate": _twin_url(photo.duplicate_of_id),
        "settled": photo.status not in {PhotoStatus.PENDING, PhotoStatus.STORED, PhotoStatus.PROCESSING},
    }


def _twin_url(twin_id: Any) -> str:
    return reverse("admin:photos_photo_change", args=[twin_id]) if twin_id else ""
