"""How the queue of events stands, as a row that pages read; and its dead letters, with what they died of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from portal.aws import queues
from portal.aws.queues import Message, Queue
from storage_admin.models import EventQueue, EventTrouble

DEAD_LETTERS = "-dead"
MOST_SHOWN = 50
# A worker asks every five seconds: after so long there is none.
SILENT_AFTER = timedelta(minutes=2)
TROUBLES_KEPT = timedelta(days=30)
REASON_LENGTH = 2_000
BATCH = 1_000


@dataclass(frozen=True)
class DeadLetter:
    """A message that nobody could handle, and why, if that was here."""

    message: Message
    reason: str


def names() -> tuple[str, str]:
    """Return what the queue and that of its dead letters are called."""
    return settings.EVENTS_QUEUE, settings.EVENTS_QUEUE + DEAD_LETTERS


def both() -> tuple[Queue, Queue]:
    """Return the queue and that of its dead letters. NotThere before `manage.py setup_events`."""
    name, dead = names()
    return queues.find(name), queues.find(dead)


def note(queue: Queue, dead: Queue, *, oldest: datetime | None, handled: bool) -> None:
    """Ask how many messages there are, and keep it.

    `oldest`: when the oldest was sent that a worker has just met and not ended.
    """
    now = timezone.now()
    waiting = queues.depth(queue).total
    former = row()
    behind = (oldest or (former.behind_since if former else None) or now) if waiting else None
    found = {
        "waiting": waiting, "dead": queues.depth(dead).total, "behind_since": behind, "asked_at": now,
        "error": "",
    }  # fmt: skip
    EventQueue.objects.update_or_create(
        name=settings.EVENTS_QUEUE, defaults=found | ({"handled_at": now} if handled else {})
    )


def note_error(reason: str) -> None:
    """Keep why the service was not asked; `asked_at` stays, for that is how old the numbers are."""
    EventQueue.objects.get_or_create(name=settings.EVENTS_QUEUE)
    EventQueue.objects.filter(name=settings.EVENTS_QUEUE).update(error=reason)


def row() -> EventQueue | None:
    """Return what is kept of the queue; None before a worker has asked."""
    return EventQueue.objects.filter(name=settings.EVENTS_QUEUE).first()


def minutes_behind() -> int:
    """Return for how many minutes the oldest event waits, or nobody has read any."""
    found = row()
    if found is None:
        return 0
    now = timezone.now()
    since = found.asked_at if now - found.asked_at > SILENT_AFTER else found.behind_since
    return int((now - since).total_seconds() // 60) if since else 0


def trouble(message: Message, reason: str) -> None:
    """Keep why the message could not be handled: the service will not say it."""
    text = reason.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode()[:REASON_LENGTH]
    EventTrouble.objects.update_or_create(
        digest=EventTrouble.digest_of(message.body), defaults={"reason": text, "last_at": timezone.now()}
    )


def no_trouble(message: Message) -> None:
    """Forget what stood in the way of a message that is handled now."""
    EventTrouble.objects.filter(digest=EventTrouble.digest_of(message.body)).delete()


def forget_old() -> None:
    """Delete some of the reasons whose letters are long gone: a queue keeps them for 14 days."""
    old = EventTrouble.objects.filter(last_at__lt=timezone.now() - TROUBLES_KEPT).order_by("last_at")
    EventTrouble.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:BATCH])).delete()


def dead_letters() -> list[DeadLetter]:
    """Return the first dead letters, the oldest first. ServiceError."""
    _queue, dead = both()
    found = sorted(queues.peek(dead, most=MOST_SHOWN), key=lambda one: one.sent_at)
    digests = {EventTrouble.digest_of(one.body) for one in found}
    reasons = dict(EventTrouble.objects.filter(digest__in=digests).values_list("digest", "reason"))
    return [DeadLetter(one, reasons.get(EventTrouble.digest_of(one.body), "")) for one in found]
