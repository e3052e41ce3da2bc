"""Addresses of pictures: signed by the store where browsers reach it, else passed on by the portal."""

from django.conf import settings
from django.templatetags.static import static
from django.urls import reverse
from django.utils.http import content_disposition_header

from photos.choices import PhotoStatus
from photos.models import Photo, Rendition
from portal.s3 import links, session


def browsers_reach_the_store() -> bool:
    """Whether signed URLs open in a browser; otherwise bytes go through the portal, both ways."""
    return session.connection().reachable_by_browsers


def rendition_url(photo: Photo, rendition: Rendition) -> str:
    """Return where the rendition is shown from. Local: no call to the store.

    Signed URLs are rounded, so that the same one is met again by the browser's cache. The
    portal's own address holds the digest and may be kept for good.
    """
    if browsers_reach_the_store():
        return links.read_url(
            photo.bucket, rendition.key, seconds=settings.RENDITION_URL_SECONDS, rounded=True
        )
    address = reverse("admin:photos_photo_picture", args=[photo.pk, rendition.name])
    return f"{address}?digest={rendition.digest}"


def original_url(photo: Photo) -> str:
    """Return a signed URL that downloads exactly this version, for a short time."""
    return links.read_url(
        photo.bucket,
        photo.key,
        seconds=settings.ORIGINAL_URL_SECONDS,
        version_id=photo.version_id,
        content_type=photo.content_type,
        disposition=disposition(photo),
    )


def disposition(photo: Photo) -> str:
    """Return the header that makes a browser save the original under the name it was sent with."""
    stem = photo.file_name.rpartition(".")[0] or photo.file_name
    extension = photo.key.rpartition(".")[2]
    return content_disposition_header(as_attachment=True, filename=f"{stem}.{extension}") or "attachment"


def placeholder_url(status: str) -> str:
    """Return the picture that stands where there is none to show yet, or never will be."""
    waiting = {PhotoStatus.PENDING, PhotoStatus.STORED, PhotoStatus.PROCESSING}
    return static("photos/waiting.svg" if status in waiting else "photos/missing.svg")
