"""Which event of a key is the newest: S3 sends them at least once, and in no order."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from enum import Enum

from django.utils import timezone

from portal.s3.events import ObjectEvent
from storage_admin.arrivals.sources import Source
from storage_admin.models import SeenEvent

# A queue keeps its messages for 14 days: nothing older can come any more.
KEPT_DAYS = 15
BATCH = 1_000


class Standing(Enum):
    """How an event stands to what was seen of its key."""

    NEW = "new"
    SAME = "same"  # the very one came before, or its worker died half way
    OLDER = "older"


def standing(source: Source, event: ObjectEvent) -> Standing:
    """Compare the event with what was seen; nothing is kept."""
    seen = SeenEvent.objects.filter(target=_target(source, event)).first()
    if seen is None:
        return Standing.NEW
    if not event.order:
        return Standing.SAME if seen.unordered == _named(event) else Standing.NEW
    if event.order == seen.order:
        return Standing.SAME
    return Standing.OLDER if event.order < seen.order else Standing.NEW


def keep(source: Source, event: ObjectEvent) -> bool:
    """Keep the event as its key's newest; False when it, or a newer one, was there before.

    In the transaction of what the event is kept for: of two workers, one gets True.
    """
    now = timezone.now()
    news = {"order": event.order} if event.order else {"unordered": _named(event)}
    target = _target(source, event)
    _seen, created = SeenEvent.objects.get_or_create(target=target, defaults={**news, "at": now})
    if created:
        return True
    others = SeenEvent.objects.filter(target=target)
    if event.order:
        older = others.filter(order__lt=event.order)
    else:
        older = others.exclude(unordered=news["unordered"])
    return bool(older.update(**news, at=now))


def forget_old() -> None:
    """Delete some of what no message can be compared with any more."""
    long_ago = timezone.now() - timedelta(days=KEPT_DAYS)
    old = SeenEvent.objects.filter(at__lt=long_ago).order_by("at").values("pk")[:BATCH]
    SeenEvent.objects.filter(pk__in=list(old.values_list("pk", flat=True))).delete()


def _target(source: Source, event: ObjectEvent) -> str:
    text = f"{source.connection}\0{source.bucket}\0{event.key}"
    return hashlib.sha256(text.encode()).hexdigest()


def _named(event: ObjectEvent) -> str:
    return f"{event.name} {event.version_id} {event.at.isoformat()}"
