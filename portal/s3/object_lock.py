"""Object lock: a bucket's default, and retention and legal hold of a version (UG:object-lock-overview)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from portal.s3 import session
from portal.s3.errors import BadRequest, NotConfigured, translated
from portal.s3.types import RetentionMode
from portal.s3.version_param import version_param


@dataclass(frozen=True)
class LockDefault:
    """A bucket's lock. `mode` None: new objects are locked only when asked; days or years, not both."""

    is_enabled: bool = False
    mode: RetentionMode | None = None
    days: int = 0
    years: int = 0


@dataclass(frozen=True)
class Retention:
    """Until when a version cannot be destroyed; `until` has a time zone."""

    mode: RetentionMode
    until: datetime


def of_bucket(bucket: str, *, alias: str = session.DEFAULT) -> LockDefault:
    """Return the bucket's lock."""
    try:
        with translated("GetObjectLockConfiguration"):
            answer = session.client(alias).get_object_lock_configuration(Bucket=bucket)
    except NotConfigured:
        return LockDefault()
    said = answer["ObjectLockConfiguration"]
    default: Any = said.get("Rule", {}).get("DefaultRetention", {})
    return LockDefault(
        is_enabled=said.get("ObjectLockEnabled") == "Enabled",
        mode=RetentionMode.told(default["Mode"]) if default.get("Mode") else None,
        days=default.get("Days") or 0,
        years=default.get("Years") or 0,
    )


def write_bucket(bucket: str, wanted: LockDefault, *, alias: str = session.DEFAULT) -> None:
    """Set the default for new objects. Lock itself can be added to a versioned bucket, never taken away."""
    if not wanted.is_enabled:
        raise BadRequest(_("Object lock cannot be switched off again."))
    if wanted.mode is not None and (wanted.days > 0) == (wanted.years > 0):
        raise BadRequest(_("A default retention has either days or years."))
    said: Any = {"ObjectLockEnabled": "Enabled"}
    if wanted.mode is not None:
        span = {"Days": wanted.days} if wanted.days else {"Years": wanted.years}
        said["Rule"] = {"DefaultRetention": {"Mode": wanted.mode.value, **span}}
    with translated("PutObjectLockConfiguration"):
        session.client(alias).put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration=said)


def retain(
    bucket: str,
    key: str,
    retention: Retention | None,
    *,
    version_id: str = "",
    bypass_governance: bool = False,
    alias: str = session.DEFAULT,
) -> None:
    """Lock one version until a date; None takes governance away.

    Longer is always allowed; shorter or none only with `bypass_governance`, which is a permission
    of its own, and never from compliance: ObjectLocked or AccessRefused.
    """
    if retention is not None and retention.until.tzinfo is None:
        raise BadRequest(_("A lock ends at a moment: give its time zone."))
    wanted: Any = (
        {"Mode": retention.mode.value, "RetainUntilDate": retention.until} if retention is not None else {}
    )
    extra = version_param(version_id)
    if bypass_governance:
        extra["BypassGovernanceRetention"] = True
    with translated("PutObjectRetention"):
        session.client(alias).put_object_retention(Bucket=bucket, Key=key, Retention=wanted, **extra)


def hold(bucket: str, key: str, *, on: bool, version_id: str = "", alias: str = session.DEFAULT) -> None:
    """Put a legal hold on one version, or take it off: it has no end and knows no bypass."""
    extra = version_param(version_id)
    with translated("PutObjectLegalHold"):
        session.client(alias).put_object_legal_hold(
            Bucket=bucket, Key=key, LegalHold={"Status": "ON" if on else "OFF"}, **extra
        )
