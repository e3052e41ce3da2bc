"""Which renditions a photo should have: the closed list of the settings.

Wanted minus present is the work to do, so that doing it twice does nothing.
"""

from functools import lru_cache
from typing import Any

from django.conf import settings

from photos import keys
from photos.formats import ImageFormat
from photos.imaging import RenditionSpec
from photos.models import Photo

TILE, CARD, FULL, SHARE = "tile", "card", "full", "share"


@lru_cache(maxsize=1)
def specs() -> tuple[RenditionSpec, ...]:
    """Return what is derived from each photo, largest first."""
    entries: list[dict[str, Any]] = settings.RENDITIONS
    return tuple(RenditionSpec(**entry) for entry in entries)


def digest(photo: Photo, sha256: str, spec: RenditionSpec) -> str:
    """Return the digest of what this rendition of the photo is made from."""
    return keys.source_digest(sha256, photo.rotation, repr(spec))


def missing(photo: Photo, sha256: str) -> list[RenditionSpec]:
    """Return the renditions that the photo lacks, or has of other bytes or of another turn."""
    present = {(made.name, made.digest) for made in photo.renditions.all()}
    return [spec for spec in specs() if (spec.name, digest(photo, sha256, spec)) not in present]


def key(photo: Photo, sha256: str, spec: RenditionSpec) -> str:
    """Return the object key of this rendition."""
    extension = ImageFormat(spec.format).extension
    return keys.rendition_key(photo.pk, spec.name, digest(photo, sha256, spec), extension)
