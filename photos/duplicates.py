"""The same picture twice: found by the digest of its bytes."""

from uuid import UUID

from django.db.models import Case, Value, When
from django.utils.translation import gettext as _

from photos.choices import PhotoStatus
from photos.models import Photo


def find_duplicate(sha256: str, pet_id: UUID | None, *, besides: UUID | None = None) -> Photo | None:
    """Return the pet's photo with these bytes, live or in the trash, or None.

    With `pet_id` None: the photo that waits for a pet. A live one is preferred, and one that
    is still on its way does not count as there: it may never arrive.
    """
    same = Photo.objects.filter(sha256=sha256)
    same = same.exclude(pk=besides) if besides else same
    same = same.filter(pet_id=pet_id) if pet_id else same.filter(pet__isnull=True)
    found = same.exclude(status__in=[PhotoStatus.REJECTED, PhotoStatus.PENDING])
    return found.order_by(_trash_last()).first() if sha256 else None


def describe_duplicate(twin: Photo) -> str:
    """Return the sentence that refuses a photo because of its twin."""
    if twin.status == PhotoStatus.TRASHED:
        return _("This very picture is in the trash as “%(name)s”; restore it instead.") % {"name": twin}
    return _("This very picture is there already as “%(name)s”.") % {"name": twin}


def _trash_last() -> Case:
    return Case(When(status=PhotoStatus.TRASHED, then=Value(1)), default=Value(0))
