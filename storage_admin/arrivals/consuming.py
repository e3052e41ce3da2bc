"""The worker's side of the queue: receives for a slice, handles each message, deletes it last.

A message is deleted after everything it led to is committed; whoever dies before leaves it to be received
again. While one is worked on, a thread keeps all that this worker holds invisible to others.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings

from photos.models import Photo
from portal.aws import queues
from portal.aws.errors import ServiceError
from portal.aws.queues import LONGEST_HIDDEN_SECONDS, Message, Queue
from portal.s3 import events
from portal.s3.errors import BadRequest, S3Error, StorageUnavailable
from portal.s3.events import ObjectEvent
from storage_admin.arrivals import notices, order, queue_state, sources, taking
from storage_admin.arrivals.order import Standing
from storage_admin.models import Arrival

logger = structlog.get_logger(__name__)

SLICE_SECONDS = 4.5  # beat sends the next every 5; a worker that is told to stop ends soon
SPARE_SECONDS = 20.0  # for the batch that was begun
WAIT_SECONDS = 4
# Also how long a dead worker's messages stay out of sight.
HIDDEN_SECONDS = 120
# Receptions before the service gives a message to the dead letters: an hour of a store's outage, for each
# next try waits twice as long.
MOST_TRIES = 8
_FIRST_PAUSE_SECONDS = 30
_LATE_PAUSE_SECONDS = 3_600
# What may be a file under the upload prefix: it was made, or can be read by now.
_ARRIVES = ("ObjectCreated:", "ObjectRestore:Completed")


class NoEvent(Exception):
    """The message is no event of S3's, and never will be."""


@dataclass
class Read:
    """What a slice did."""

    handled: int = 0
    put_off: int = 0
    oldest_left: datetime | None = None


def work(seconds: float = SLICE_SECONDS) -> Read:
    """Handle messages for so long. ServiceError when the queue does not answer, or is not there."""
    until, read = time.monotonic() + seconds, Read()
    queue, dead = queue_state.both()
    while (left := until - time.monotonic()) > 0:
        wait = max(0, min(WAIT_SECONDS, int(left)))
        batch = queues.receive(queue, wait_seconds=wait, hidden_seconds=HIDDEN_SECONDS)
        if not batch:
            if wait == 0:
                break
            continue
        if not _handle_all(queue, batch, read, until + SPARE_SECONDS):
            break
    queue_state.note(queue, dead, oldest=read.oldest_left, handled=read.handled > 0)
    if not read.handled:
        order.forget_old()
        queue_state.forget_old()
    return read


def _handle_all(queue: Queue, batch: Sequence[Message], read: Read, until: float) -> bool:
    """Handle the batch; False when the store is away, or time is up, and the rest is given back."""
    left = list(batch)
    with _hidden(queue, left):
        while left:
            if time.monotonic() >= until:
                read.oldest_left = min(read.oldest_left or left[0].sent_at, left[0].sent_at)
                queues.hide(queue, left, 0)
                return False
            message = left[0]
            try:
                _handle(message)
            except StorageUnavailable as error:
                # Given back at once, the others would use up their tries while the store is away.
                for one in left:
                    _put_off(queue, one, str(error), read)
                left.clear()
                return False
            except SoftTimeLimitExceeded:
                raise
            except NoEvent as error:
                # No second look makes sense of it: its tries are used up at once.
                _put_off(queue, message, str(error), read, pause_seconds=0)
            except Exception as error:
                # Whatever it is, one message must not hold up the others.
                logger.exception("event_not_handled", message=message.id, tries=message.tries)
                _put_off(queue, message, f"{type(error).__name__}: {error}", read)
            else:
                queues.delete(queue, message)
                read.handled += 1
                if message.tries > 1:
                    queue_state.no_trouble(message)
            left.remove(message)
    return True


def _handle(message: Message) -> None:
    try:
        found = events.decoded(message.body)
    except BadRequest as error:
        raise NoEvent(str(error)) from error
    for event in found:
        handle(event)


def handle(event: ObjectEvent) -> None:
    """Do what the event is a hint of; harmless if it comes again, or late. S3Error."""
    source = sources.of_event(event.bucket)
    if source is None or "\0" in event.key:
        logger.info("event_of_no_concern", bucket=event.bucket, event=event.name)
        return
    if source.holds_photos:
        photo = Photo.objects.filter(bucket=source.bucket, key=event.key).first()
        if photo is not None:
            notices.notice(source, photo, event)
            return
    if not (event.name.startswith(_ARRIVES) and event.key.startswith(settings.ARRIVALS_PREFIX)):
        return
    if source not in sources.of_arrivals() or order.standing(source, event) is Standing.OLDER:
        return
    is_restored = not event.name.startswith("ObjectCreated:")
    taking.take(source, event.key, found_by=Arrival.Way.EVENT, again=is_restored)
    order.keep(source, event)


def _put_off(
    queue: Queue, message: Message, reason: str, read: Read, *, pause_seconds: int | None = None
) -> None:
    queue_state.trouble(message, reason)
    read.put_off += 1
    read.oldest_left = min(read.oldest_left or message.sent_at, message.sent_at)
    if pause_seconds is None:
        pause_seconds = min(_LATE_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2 ** (message.tries - 1))
    queues.hide(queue, [message], min(pause_seconds, LONGEST_HIDDEN_SECONDS))
    logger.warning("event_put_off", message=message.id, tries=message.tries, reason=reason[:200])


@contextmanager
def _hidden(queue: Queue, held: list[Message]) -> Iterator[None]:
    """Keep what is in the list invisible to others for as long as the block takes."""
    done = threading.Event()

    def extend() -> None:
        while not done.wait(HIDDEN_SECONDS / 3):
            try:
                queues.hide(queue, list(held), HIDDEN_SECONDS)
            except (ServiceError, S3Error) as error:
                logger.warning("events_not_hidden", error=str(error))

    thread = threading.Thread(target=extend, name="events-hidden", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
