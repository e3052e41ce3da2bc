"""What people ask of the mirror: to compare it with the rows, to send again what was refused."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from portal import audit
from portal.access import Actor, require
from storage_admin import tasks
from storage_admin.mirror import verifying, writing
from storage_admin.models import MirrorCheck

RIGHT = "storage_admin.check_mirror"


def compare(*, actor: Actor) -> MirrorCheck:
    """Let a worker compare both sides and send what differs; the one under way, if there is one."""
    require(actor, RIGHT)
    with transaction.atomic():
        check = verifying.begin(actor.get_username() if actor else "portal")
        audit.record("mirror.compared", actor=actor, target=check)
        tasks.enqueue_check(check.pk)
    return check


def send_refused(*, actor: Actor) -> int:
    """Send again at once what DynamoDB refused for its values; return how many items."""
    require(actor, RIGHT)
    with transaction.atomic():
        count = writing.due().exclude(error="").update(since=timezone.now(), attempts=0)
        audit.record("mirror.sent_again", actor=actor, after={"items": count})
    return count
