"""Putting renditions into the store and into rows: for photos on their way, and again for ready ones."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from photos import imaging, renditions
from photos.choices import PhotoStatus
from photos.errors import NotPossible
from photos.models import Photo, Rendition
from photos.refusals import SENTENCES
from portal.s3 import objects
from portal.s3.errors import Conflict

# A rendition's key names its content, so whoever has it never needs to ask again: one year.
CACHE_CONTROL = "private, max-age=31536000, immutable"


def explain(error: imaging.RefusedImage) -> str:
    """Return the refusal in the words of the current language."""
    return _(SENTENCES[error.code]) % error.words


def inspect(data: bytes) -> imaging.ImageFacts:
    """Return what the file's header says, within the limits of the settings. RefusedImage."""
    return imaging.inspect(data, max_pixels=settings.MAX_PHOTO_PIXELS, max_frames=settings.MAX_PHOTO_FRAMES)


def put(photo: Photo, sha256: str, picture: imaging.Rendered, *, anew: bool = False) -> Rendition:
    """Store a rendition and return its row, not saved yet.

    What is there already stays, with its size; with `anew` it is written over unless it is the same.
    """
    spec = picture.spec
    key = renditions.key(photo, sha256, spec)
    options: Any = {"content_type": f"image/{spec.format}", "cache_control": CACHE_CONTROL}
    size = len(picture.data)
    try:
        objects.put(photo.bucket, key, picture.data, **options)
    except Conflict:
        # An earlier run got this far. Its bytes may come from another encoder version.
        there = objects.head(photo.bucket, key)
        if not anew:
            size = there.bytes
        elif there.etag != hashlib.md5(picture.data, usedforsecurity=False).hexdigest():
            objects.put(photo.bucket, key, picture.data, **options, overwrite=True)
    return Rendition(
        photo=photo,
        name=spec.name,
        format=spec.format,
        key=key,
        width=picture.width,
        height=picture.height,
        bytes=size,
        digest=renditions.digest(photo, sha256, spec),
    )


def store(made: Sequence[Rendition]) -> None:
    """Write the rows of what was put, over those of the same name and format. Inside a transaction."""
    Rendition.objects.bulk_create(
        made,
        update_conflicts=True,
        unique_fields=["photo", "name", "format"],
        update_fields=["key", "width", "height", "bytes", "digest", "created_at"],
    )
    for one in made:
        # The settings may want a name in another format than before: one of each name is shown.
        Rendition.objects.filter(photo=one.photo, name=one.name).exclude(format=one.format).delete()


def remake(photo: Photo, *, anew: bool) -> int:
    """Make what a ready photo lacks, or with `anew` all of its renditions; return how many.

    The photo stays ready whatever happens, and pages show the former renditions until the rows of
    the new ones are written, all at once. NotPossible says in words why nothing was made: the photo
    is not ready (any more), or its original is not what the row says. Errors of the store as they are.
    """
    if photo.status != PhotoStatus.READY:
        raise _changed_meanwhile()
    wanted = list(renditions.specs()) if anew else renditions.missing(photo, photo.sha256)
    if not wanted:
        return 0
    data = objects.read(photo.bucket, photo.key, version_id=photo.version_id)
    if hashlib.sha256(data).hexdigest() != photo.sha256:
        raise NotPossible(_("The bytes of the original are others than the row's digest says."))
    try:
        rendered = imaging.render(data, inspect(data), wanted, rotation=photo.rotation)
    except imaging.RefusedImage as error:
        raise NotPossible(explain(error)) from error
    made = [put(photo, photo.sha256, picture, anew=anew) for picture in rendered]
    same = Q(rotation=photo.rotation, sha256=photo.sha256, status=PhotoStatus.READY)
    with transaction.atomic():
        now = timezone.now()
        # Either way something is left over in the bucket: the former ones, or these.
        Photo.objects.filter(pk=photo.pk).update(leftovers_since=now)
        is_same = Photo.objects.filter(same, pk=photo.pk).update(updated_at=now)
        if is_same:
            store(made)
    if not is_same:  # turned, replaced or trashed meanwhile: what was made is not what is wanted
        raise _changed_meanwhile()
    return len(made)


def _changed_meanwhile() -> NotPossible:
    return NotPossible(_("The photo is not ready any more: its own processing makes its renditions."))
