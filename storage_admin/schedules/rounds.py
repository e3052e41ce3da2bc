"""When the last round of what is done bucket by bucket began: the sweeps that go on with it ask here."""

from datetime import UTC, datetime

from storage_admin.models import Schedule

NEVER = datetime.min.replace(tzinfo=UTC)
SCANS = "reconcile"
COUNTS = "usage"
CHECKS = "posture"


def begun_at(name: str) -> datetime:
    """Return when the schedule ran last; NEVER if it has not: then only what is new is done."""
    row = Schedule.objects.filter(name=name, started_at__isnull=False).first()
    return row.started_at or NEVER if row else NEVER
