"""Which photos are live, stuck, or due for removal: said here, once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from photos.choices import PhotoStatus

if TYPE_CHECKING:
    from photos.models import Photo  # noqa: F401 - named in a quoted base class below

OUT_OF_SIGHT = [PhotoStatus.REJECTED, PhotoStatus.TRASHED]

# Constraints, partial indexes and every query use these. `live` is a column that the database
# makes of the status: a condition with values in it reaches SQLite as parameters, and then its
# planner cannot tell that a partial index fits (700 ms instead of 1 for a page of a million).
LIVE = Q(live=True)
# Live and with bytes in the bucket: what was only announced may never come.
ARRIVED = ~Q(status__in=[PhotoStatus.PENDING, PhotoStatus.REJECTED, PhotoStatus.TRASHED])
TRASHED = Q(status=PhotoStatus.TRASHED)
UNFINISHED = Q(status__in=[PhotoStatus.PENDING, PhotoStatus.STORED, PhotoStatus.PROCESSING])
# Their originals are to be removed from the bucket by `storage_admin`.
TO_REMOVE = Q(status=PhotoStatus.REJECTED, original_removed_at__isnull=True)


class PhotoQuerySet(QuerySet["Photo"]):
    """Photos. The manager leaves nothing out, so that related lookups and the admin see the trash too."""

    def live(self) -> PhotoQuerySet:
        """Return the photos that are neither refused nor in the trash."""
        return self.filter(LIVE)

    def trashed(self) -> PhotoQuerySet:
        """Return the photos in the trash."""
        return self.filter(TRASHED)

    def waiting(self, now: datetime) -> PhotoQuerySet:
        """Return stored photos that nobody has taken up, and claims that a dead worker left behind."""
        overdue = now - timedelta(seconds=settings.REQUEUE_AFTER_SECONDS)
        stale = now - timedelta(seconds=settings.CLAIM_STALE_SECONDS)
        return self.filter(
            Q(status=PhotoStatus.STORED, queued_at__lt=overdue)
            | Q(status=PhotoStatus.PROCESSING, claimed_at__lt=stale)
        )

    def stuck(self) -> PhotoQuerySet:
        """Return photos that were under way for so long that a person should know."""
        since = timezone.now() - timedelta(seconds=10 * settings.REQUEUE_AFTER_SECONDS)
        return self.filter(
            status__in=[PhotoStatus.STORED, PhotoStatus.PROCESSING], status_changed_at__lt=since
        )

    def claim(self, pk: object, *, token: object, now: datetime) -> bool:
        """Take one photo for processing; False when another worker has it or it is done.

        A conditional update instead of a lock: of two workers one changes the row.
        """
        stale = now - timedelta(seconds=settings.CLAIM_STALE_SECONDS)
        free = Q(status=PhotoStatus.STORED) | Q(status=PhotoStatus.PROCESSING, claimed_at__lt=stale)
        taken = self.filter(free, pk=pk).update(
            status=PhotoStatus.PROCESSING,
            claim=token,
            claimed_at=now,
            attempts=F("attempts") + 1,
            status_changed_at=now,
        )
        return bool(taken)
