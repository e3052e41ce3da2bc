"""Begins an export, and tells what one would write."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from pets.models import Pet
from photos.models import Photo
from portal import audit
from portal.access import Actor
from portal.s3 import session
from storage_admin.errors import NotPossible
from storage_admin.models import AnalyticsExport, UsageSnapshot

STALE_SECONDS = 200  # longer than a slice's hard limit: whoever gave no sign for so long is dead
REST_SECONDS = 60  # after the store did not answer

State = AnalyticsExport.State


@dataclass(frozen=True)
class Place:
    """Where exports go, by the settings; `prefix` is empty or ends with a slash."""

    connection: str
    bucket: str
    prefix: str


def place() -> Place:
    """Return where exports go. NotPossible where the settings name no bucket, or none that is fit."""
    alias, _slash, bucket = settings.ANALYTICS_BUCKET.rpartition("/")
    alias = alias or session.DEFAULT
    if not bucket:
        raise NotPossible(_("ANALYTICS_BUCKET names no bucket: nothing is exported."))
    if alias not in settings.S3_CONNECTIONS:
        raise NotPossible(
            _("ANALYTICS_BUCKET names a connection that there is not: %(name)s.") % {"name": alias}
        )
    if (alias, bucket) == (session.DEFAULT, settings.AWS_STORAGE_BUCKET_NAME):
        # Its objects are compared with photos each night; and other people read an export than originals.
        raise NotPossible(_("ANALYTICS_BUCKET is the bucket of the photos. Name one of its own."))
    prefix = settings.ANALYTICS_PREFIX.strip("/")
    return Place(alias, bucket, f"{prefix}/" if prefix else "")


def begin(actor: Actor) -> tuple[AnalyticsExport, bool]:
    """Begin an export of today, or return the one that is under way; True if it was begun. NotPossible."""
    where, now = place(), timezone.now()
    who = actor.get_username() if actor else "portal"
    try:
        with transaction.atomic():
            export = AnalyticsExport.objects.create(
                name=f"{now.astimezone(UTC):%Y%m%dT%H%M%S%fZ}",
                day=now.astimezone(UTC).date(), connection=where.connection, bucket=where.bucket,
                prefix=where.prefix, made_by_name=who, begun_at=now,
            )  # fmt: skip
            audit.record(
                "analytics.begun", actor=actor, target=export, bucket=where.bucket,
                after={"export": export.name, "prefix": where.prefix},
            )  # fmt: skip
    except IntegrityError:
        found = under_way()
        if found is None:  # it ended in between
            return begin(actor)
        return found, False
    return export, True


def under_way() -> AnalyticsExport | None:
    """Return the export that has not ended, if there is one."""
    return AnalyticsExport.objects.filter(state=State.RUNNING).first()


def left_alone() -> list[int]:
    """Return the export that nobody works on: a message was lost, a worker died, the store was away."""
    now = timezone.now()
    free = Q(claim=None) & (Q(beat_at=None) | Q(beat_at__lt=now - timedelta(seconds=REST_SECONDS)))
    dead = Q(claim__isnull=False, beat_at__lt=now - timedelta(seconds=STALE_SECONDS))
    lately = Q(beat_at=None, begun_at__gt=now - timedelta(seconds=REST_SECONDS))  # its message is on its way
    found = AnalyticsExport.objects.filter(free | dead, state=State.RUNNING).exclude(lately)
    return list(found.values_list("pk", flat=True))


def counts() -> dict[str, int]:
    """Return how many rows an export would read now, by what they are."""
    newest = UsageSnapshot.objects.filter(ended_at__isnull=False, error="").values("bucket").distinct()
    return {"pets": Pet.objects.count(), "photos": Photo.objects.count(), "buckets": newest.count()}


def last_failed() -> bool:
    """Whether the newest export that ended has failed."""
    newest = AnalyticsExport.objects.exclude(state=State.RUNNING).first()
    return newest is not None and newest.state == State.FAILED
