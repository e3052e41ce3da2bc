"""What people ask of the event queue: to send dead letters again, once what they died of is mended."""

from __future__ import annotations

from portal import audit
from portal.access import Actor, require
from portal.aws import queues
from storage_admin.arrivals import queue_state

RIGHT = "storage_admin.redrive_event"
# A page's time; what is left over is sent by the next press.
SECONDS = 6.0


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
