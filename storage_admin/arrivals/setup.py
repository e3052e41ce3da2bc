"""Queue, dead letters, policy and notifications: what is there, what is to be there, and making it so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from photos import keys
from portal.aws import queues
from portal.aws.errors import NotThere
from portal.aws.queues import Queue, Sender
from portal.s3 import notifications, session
from portal.s3.errors import Unsupported
from portal.s3.notifications import Notification, Notifications, Target
from storage_admin.arrivals import queue_state, sources
from storage_admin.arrivals.consuming import HIDDEN_SECONDS, MOST_TRIES
from storage_admin.arrivals.sources import Source
from storage_admin.errors import NotPossible
from storage_admin.models import EventQueue

ARRIVALS, ORIGINALS = "pettracker-arrivals", "pettracker-originals"
# Renditions are left out: the portal alone makes them, four a photo.
_HAPPENS = (
    "s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:ObjectRestore:*", "s3:LifecycleExpiration:*",
    "s3:LifecycleTransition", "s3:IntelligentTiering",
)  # fmt: skip


@dataclass(frozen=True)
class Step:
    """Something that is as it is to be, or not (yet)."""

    what: str
    is_done: bool


def plan() -> list[Step]:
    """Say what is there, and what is missing or different; nothing is changed. ServiceError, S3Error."""
    return list(_steps(change=False))


def make() -> list[Step]:
    """Make it so: safe to repeat, and other notifications stay. A step is done that had nothing to do.

    ServiceError; S3Error, where S3 does not take a notification; NotPossible without a bucket that sends.
    """
    done = list(_steps(change=True))
    EventQueue.objects.get_or_create(name=settings.EVENTS_QUEUE)  # from now on silence is noticed
    return done


def remove() -> list[Step]:
    """Take our notifications away again. The queues stay, with what is in them."""
    done = []
    for source in dict.fromkeys([sources.photos(), *sources.configured()]):
        if not source.sends_events:
            continue
        for name in (ARRIVALS, ORIGINALS):
            before = notifications.read(source.bucket, alias=source.connection)
            after = notifications.remove(source.bucket, Target.QUEUE, name, alias=source.connection)
            if before != after:
                done.append(Step(f"{source}: {name}", is_done=False))
    EventQueue.objects.filter(name=settings.EVENTS_QUEUE).delete()
    return done


def _steps(*, change: bool) -> Iterator[Step]:
    senders = _senders()
    name, dead_name = queue_state.names()
    kept = queues.as_wanted(visibility_seconds=HIDDEN_SECONDS)
    dead, is_done = _queue(dead_name, kept, change=change)
    yield Step(_("queue %(name)s for dead letters") % {"name": dead_name}, is_done)
    queue, is_done = _queue(name, kept, change=change)
    yield Step(_("queue %(name)s") % {"name": name}, is_done)
    if queue is None or dead is None:
        for source in senders:
            yield Step(_("notifications of %(bucket)s") % {"bucket": source}, is_done=False)
        return
    allowed = [_sender(source, queue) for source in senders]
    beside = queues.redriven_to(dead, most_tries=MOST_TRIES) | queues.open_to(queue, allowed)
    different = queues.differing(queue, beside)
    if change and different:
        queues.make(name, beside)
    words = _("dead letters after %(count)d tries; S3 may send from: %(buckets)s")
    named = ", ".join(str(one) for one in senders)
    yield Step(words % {"count": MOST_TRIES, "buckets": named}, not different)
    for source in senders:
        for entry in _entries(source, queue):
            yield Step(f"{source}: {entry.name}", _notify(source, entry, change=change))


def _senders() -> list[Source]:
    found = sources.with_events()
    if not found:
        raise NotPossible(
            _("No bucket sends events: neither the photos' nor any of ARRIVALS_SOURCES. A look finds files.")
        )
    return found


def _queue(name: str, attributes: dict[str, str], *, change: bool) -> tuple[Queue | None, bool]:
    try:
        queue = queues.find(name)
    except NotThere:
        return (queues.make(name, attributes)[0] if change else None), False
    is_done = not queues.differing(queue, attributes)
    if change and not is_done:
        queues.make(name, attributes)
    return queue, is_done


def _sender(source: Source, queue: Queue) -> Sender:
    try:
        account = session.account_id(source.connection)
    except Unsupported:
        account = queue.account  # a store of one's own, and a queue beside it
    return Sender(f"arn:aws:s3:::{source.bucket}", account)


def _entries(source: Source, queue: Queue) -> Iterator[Notification]:
    if source in sources.of_arrivals():
        yield _entry(ARRIVALS, queue, settings.ARRIVALS_PREFIX)
    if source.holds_photos:
        yield _entry(ORIGINALS, queue, keys.ORIGINALS)


def _entry(name: str, queue: Queue, prefix: str) -> Notification:
    said: dict[str, Any] = {"Id": name, "QueueArn": queue.arn, "Events": list(_HAPPENS)}
    return Notification(Target.QUEUE, said).only_for(prefix, "")


def _notify(source: Source, entry: Notification, *, change: bool) -> bool:
    found = notifications.read(source.bucket, alias=source.connection)
    same = [one for one in found.entries if (one.target, one.name) == (entry.target, entry.name)]
    if same and Notifications(tuple(same)) == Notifications((entry,)):
        return True
    if change:
        notifications.merge(source.bucket, entry, if_unchanged=found, alias=source.connection)
    return False
