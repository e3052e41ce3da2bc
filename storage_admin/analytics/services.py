"""The request side of exports for analysis."""

from __future__ import annotations

from django.db import transaction

from portal.access import Actor, require
from storage_admin.analytics import asking, queue
from storage_admin.models import AnalyticsExport

RIGHT = "storage_admin.export_analytics"


def export(*, actor: Actor) -> tuple[AnalyticsExport, bool]:
    """Let a worker export pets, photos and usage; the export under way, and False, if there is one.

    PermissionDenied; NotPossible where the settings name no bucket.
    """
    require(actor, RIGHT)
    with transaction.atomic():
        found, is_new = asking.begin(actor)
        if is_new:
            queue.enqueue(found.pk)
    return found, is_new
