"""Closed lists of words for photos; the value is stored, the label is shown."""

from django.db.models import IntegerChoices, TextChoices
from django.utils.translation import gettext_lazy as _

from photos.formats import ImageFormat


class PhotoStatus(TextChoices):
    """Where a photo is on its way. The row says it; the queue is only a hint.

    pending ─complete─▶ stored ─claim─▶ processing ─▶ ready
       └ abandoned ▶ rejected ◀ bad input ┘   └ unexpected ▶ failed ─retry─▶ stored
    """

    PENDING = "pending", _("waiting for the upload")
    STORED = "stored", _("stored, waiting for a worker")
    PROCESSING = "processing", _("being processed")
    READY = "ready", _("ready")
    REJECTED = "rejected", _("refused")
    FAILED = "failed", _("failed")
    TRASHED = "trashed", _("in the trash")


class Rotation(IntegerChoices):
    """Clockwise degrees, applied on top of the camera's own orientation."""

    NONE = 0, _("as taken")
    RIGHT = 90, _("a quarter to the right")
    HALF = 180, _("upside down")
    LEFT = 270, _("a quarter to the left")


CONTENT_TYPES = [(kind.content_type, kind.value) for kind in ImageFormat]
