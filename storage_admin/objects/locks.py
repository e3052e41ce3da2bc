"""Retention and legal hold of one version. To weaken governance is a choice with a right of its own."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from portal.access import Actor, require
from portal.s3 import attributes, object_lock
from portal.s3.attributes import Attributes
from portal.s3.object_lock import Retention
from portal.s3.types import RetentionMode
from storage_admin.errors import NotKept, NotPossible
from storage_admin.models import Bucket
from storage_admin.objects.seen import Seen, changed_meanwhile, unchanged_version
from storage_admin.traces import traced

RIGHT = "storage_admin.lock_object"
BYPASS = "storage_admin.bypass_governance"
_LEAST_SECONDS = 1  # stores keep the end of a lock with more or fewer digits than they were given


def lock_of(facts: Attributes) -> dict[str, Any]:
    """Return a version's lock as data, for forms and the audit."""
    retention = facts.retention
    return {
        "mode": retention.mode.value if retention else "",
        "until": retention.until.isoformat() if retention else "",
        "legal_hold": facts.legal_hold,
    }


def weakens(now: Retention | None, wanted: Retention | None) -> bool:
    """Whether the change takes away from a lock that is in force: its mode, or days of it."""
    if now is None or now.until <= timezone.now():
        return False
    if wanted is None or wanted.until < now.until:
        return True
    return now.mode is RetentionMode.COMPLIANCE and wanted.mode is RetentionMode.GOVERNANCE


def retain(
    *,
    actor: Actor,
    bucket: Bucket,
    key: str,
    seen: Seen,
    seen_lock: dict[str, Any],
    wanted: Retention | None,
    bypass_governance: bool = False,
) -> None:
    """Lock the version until a date, or with None unlock it.

    Weakening governance needs the right to bypass it and the choice to; compliance is weakened by nobody.
    """
    with traced(
        "object.retention_changed", actor, bucket, RIGHT, key=key, version_id=seen.version_id
    ) as trace:
        now = _unchanged(bucket, key, seen, seen_lock)
        trace.before = lock_of(now)
        weaker = weakens(now.retention, wanted)
        if wanted is not None and wanted.until <= timezone.now():
            raise NotPossible(_("A lock ends in the future."))
        if weaker and now.retention is not None and now.retention.mode is RetentionMode.COMPLIANCE:
            raise NotPossible(_("Nobody can shorten or lift compliance, not even the account's root user."))
        if weaker and not bypass_governance:
            raise NotPossible(_("Shortening or lifting governance means bypassing it: say so by its box."))
        if weaker:
            require(actor, BYPASS)
            trace.before["bypassed"] = True
        object_lock.retain(
            bucket.name, key, wanted, version_id=seen.version_id, bypass_governance=weaker,
            alias=bucket.connection,
        )  # fmt: skip
        after = attributes.read(bucket.name, key, version_id=seen.version_id, alias=bucket.connection)
        trace.after = lock_of(after)
        if not _same(after.retention, wanted):
            raise _not_kept()


def hold(*, actor: Actor, bucket: Bucket, key: str, seen: Seen, seen_lock: dict[str, Any], on: bool) -> None:
    """Put a legal hold on the version, or take it off."""
    with traced(
        "object.legal_hold_changed", actor, bucket, RIGHT, key=key, version_id=seen.version_id
    ) as trace:
        trace.before = lock_of(_unchanged(bucket, key, seen, seen_lock))
        object_lock.hold(bucket.name, key, on=on, version_id=seen.version_id, alias=bucket.connection)
        after = attributes.read(bucket.name, key, version_id=seen.version_id, alias=bucket.connection)
        trace.after = lock_of(after)
        if after.legal_hold is not on:
            raise _not_kept()


def _unchanged(bucket: Bucket, key: str, seen: Seen, seen_lock: dict[str, Any]) -> Attributes:
    found = unchanged_version(bucket, key, seen)
    if lock_of(found) != seen_lock:
        raise changed_meanwhile()
    return found


def _same(now: Retention | None, wanted: Retention | None) -> bool:
    if now is None or wanted is None:
        return now is wanted or (wanted is None and now is not None and _is_over(now.until))
    apart = abs((now.until - wanted.until).total_seconds())
    return now.mode is wanted.mode and apart <= _LEAST_SECONDS


def _is_over(moment: datetime) -> bool:
    return moment <= timezone.now()


def _not_kept() -> NotKept:
    return NotKept(_("The store took the lock without an error, but tells another one now. Look at it."))
