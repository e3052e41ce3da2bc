"""Bringing an archived version back for a while."""

from __future__ import annotations

from portal.access import Actor
from portal.s3 import archive, attributes
from portal.s3.archive import Requested, Tier
from storage_admin.models import Bucket
from storage_admin.objects.seen import Seen, unchanged_version
from storage_admin.traces import traced


def restore(*, actor: Actor, bucket: Bucket, key: str, seen: Seen, tier: Tier, days: int) -> Requested:
    """Ask for the version; asked again, for more days, or by a faster tier. `days` 0 where none are taken.

    RestoreInProgress when it is on its way already, and the tier is no faster.
    """
    with traced(
        "object.restore_requested", actor, bucket, "storage_admin.change_object_class",
        key=key, version_id=seen.version_id,
    ) as trace:  # fmt: skip
        before = unchanged_version(bucket, key, seen)
        trace.before = {"storage_class": str(before.storage_class), "restore": _told(before.restore)}
        done = archive.restore(
            bucket.name, key, tier=tier, days=days, version_id=seen.version_id, alias=bucket.connection
        )
        now = attributes.read(bucket.name, key, version_id=seen.version_id, alias=bucket.connection)
        trace.after = {
            "tier": tier.value, "days": days, "request": done.value, "restore": _told(now.restore)
        }  # fmt: skip
        return done


def _told(restore: attributes.Restore | None) -> str:
    if restore is None:
        return ""
    return "in progress" if restore.in_progress or restore.until is None else restore.until.isoformat()
