"""What heals photos that got stuck: a lost message, a killed worker, a browser that went away.

Run by beat every SWEEP_SECONDS. Each sweep looks at a bounded number of rows, oldest
first, by index; what it leaves over is there for the next one.
"""

from datetime import timedelta

import structlog
from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from photos import arrival, states
from photos.choices import PhotoStatus
from photos.models import Photo
from portal.display import size
from portal.s3.errors import ObjectNotFound, S3Error, StorageUnavailable

logger = structlog.get_logger(__name__)

BATCH = 200  # rows of each kind a sweep; at the default 30 s that is 24,000 an hour
RECHECK_SECONDS = 3_600  # how often an upload that has not arrived is looked for again


def give_up_on_crashers() -> int:
    """Fail the photos that cost a worker its life each time; return how many.

    Where such a file replaced another, that one is shown again.
    """
    stale = timezone.now() - timedelta(seconds=settings.CLAIM_STALE_SECONDS)
    crashers = Photo.objects.filter(
        status=PhotoStatus.PROCESSING, claimed_at__lt=stale, attempts__gte=settings.PROCESSING_ATTEMPTS
    )
    reason = _(
        "The worker stopped %(count)s times while reading this file (limits: %(memory)s of memory, "
        "%(seconds)s seconds). The file may be damaged or made to do harm."
    ) % {
        "count": settings.PROCESSING_ATTEMPTS,
        "memory": size(settings.PROCESSING_MEMORY_BYTES),
        "seconds": settings.PROCESSING_SECONDS,
    }
    found = list(crashers.order_by("status_changed_at")[:BATCH])
    return sum(
        (states.go_back if photo.previous else states.fail)(photo, reason, Q(claimed_at__lt=stale))
        for photo in found
    )


def due_again() -> list[str]:
    """Mark the photos that wait too long as queued now, and return their ids to be queued."""
    now = timezone.now()
    found = list(
        Photo.objects.waiting(now).order_by("status_changed_at").values_list("pk", flat=True)[:BATCH]
    )
    Photo.objects.filter(pk__in=found).update(queued_at=now)
    return [str(pk) for pk in found]


def look_for_uploads() -> list[str]:
    """Complete the uploads whose browser went away, expire the abandoned; return ids to be queued.

    An upload is looked for when its signed URL has run out, then hourly: nothing can arrive
    any more, but a store that was away may have it.
    """
    now = timezone.now()
    closed = now - timedelta(seconds=settings.UPLOAD_URL_SECONDS + 60)
    unlooked = Q(queued_at__isnull=True) | Q(queued_at__lt=now - timedelta(seconds=RECHECK_SECONDS))
    pending = Photo.objects.filter(unlooked, status=PhotoStatus.PENDING, status_changed_at__lt=closed)
    arrived = []
    for photo in pending.order_by("status_changed_at")[:BATCH]:
        Photo.objects.filter(pk=photo.pk).update(queued_at=now)
        try:
            arrival.check(photo)
        except ObjectNotFound:
            _expire(photo)
        except StorageUnavailable:
            # It is away for all of them; they were not looked for, so the next sweep does.
            Photo.objects.filter(pk=photo.pk).update(queued_at=None)
            break
        except S3Error:
            logger.exception("upload_check_failed", photo=str(photo.pk))
        if photo.status == PhotoStatus.STORED:
            arrived.append(str(photo.pk))
    return arrived


def _expire(photo: Photo) -> None:
    hours = settings.UPLOAD_ABANDONED_HOURS
    if photo.status_changed_at > timezone.now() - timedelta(hours=hours):
        return
    reason = _("The upload was begun, but nothing arrived within %(hours)s hours. Upload the file again.")
    if states.reject(photo, reason % {"hours": hours}):
        logger.info("upload_expired", photo=str(photo.pk))
