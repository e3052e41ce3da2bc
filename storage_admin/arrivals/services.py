"""What people ask, once what was in the way is mended: dead letters and refused files, tried again."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from portal import audit
from portal.access import Actor, require
from portal.aws import queues
from storage_admin.arrivals import queue_state, taking
from storage_admin.models import Arrival

RIGHT = "storage_admin.redrive_event"
# A page's time; what is left over is sent by the next press.
SECONDS = 6.0


def try_again(*, actor: Actor) -> int:
    """Let the next look take in what was refused, should the reason be gone; return how many files."""
    require(actor, RIGHT)
    with transaction.atomic():
        refused = Arrival.objects.filter(state=Arrival.State.REFUSED)
        count = refused.update(
            state=Arrival.State.PENDING, reason="", tried_at=timezone.now() - taking.RETRY_AFTER
        )
        audit.record("arrival.tried_again", actor=actor, after={"files": count})
    return count


def redrive(*, actor: Actor, message_id: str = "") -> int:
    """Send one dead letter, or all for which there is time, to the queue again; return how many.

    Handled once more they do no harm, whatever became of their first tries. ServiceError.
    """
    require(actor, RIGHT)
    queue, dead = queue_state.both()
    moved = queues.move(
        dead, queue, wanted=lambda one: not message_id or one.id == message_id, seconds=SECONDS
    )
    if moved:
        audit.record("event.redriven", actor=actor, after={"messages": moved, "message": message_id})
    return moved
