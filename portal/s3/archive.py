"""Bringing archived objects back for a while (API:RestoreObject)."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from django.utils.translation import gettext as _

from portal.s3 import attributes, session
from portal.s3.attributes import Attributes
from portal.s3.errors import BadRequest, translated
from portal.s3.types import StorageClass
from portal.s3.version_param import version_param


class Tier(StrEnum):
    """How fast, and so how dear: minutes, hours, or up to two days."""

    EXPEDITED = "Expedited"
    STANDARD = "Standard"
    BULK = "Bulk"


class Requested(StrEnum):
    """What a request did."""

    STARTED = "started"
    EXTENDED = "extended"  # it was restored already, and now stays for the days asked for


def tiers(found: Attributes) -> tuple[Tier, ...]:
    """Return the tiers that the object can be restored with; none when it needs no restore."""
    if not found.is_archived:
        return ()
    if found.storage_class == StorageClass.DEEP_ARCHIVE or found.archive_tier == "DEEP_ARCHIVE_ACCESS":
        return (Tier.STANDARD, Tier.BULK)
    return (Tier.EXPEDITED, Tier.STANDARD, Tier.BULK)


def takes_days(found: Attributes) -> bool:
    """Whether the restored copy goes again after days; INTELLIGENT_TIERING moves back for good."""
    return found.storage_class != StorageClass.INTELLIGENT_TIERING


def restore(
    bucket: str,
    key: str,
    *,
    tier: Tier,
    days: int = 0,
    version_id: str = "",
    alias: str = session.DEFAULT,
) -> Requested:
    """Ask for one version to be brought back; asked again, for longer, or faster.

    BadRequest for a tier or days that its class does not know; RestoreInProgress when it is on its
    way and the tier is no faster.
    """
    found = attributes.read(bucket, key, version_id=version_id, alias=alias)
    if faults := _faults(found, tier, days):
        raise BadRequest(" ".join(faults), operation="RestoreObject")
    wanted: dict[str, Any] = {"GlacierJobParameters": {"Tier": tier.value}}
    if takes_days(found):
        wanted["Days"] = days
    extra = version_param(version_id)
    request: Any = wanted
    with translated("RestoreObject"):
        answer = session.client(alias).restore_object(Bucket=bucket, Key=key, RestoreRequest=request, **extra)
    # 202: accepted; 200: it was restored already (API:RestoreObject).
    is_there = answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    return Requested.EXTENDED if is_there else Requested.STARTED


def _faults(found: Attributes, tier: Tier, days: int) -> list[str]:
    if not found.is_archived:
        return [_("The object is not archived: its class is %(name)s.") % {"name": found.storage_class}]
    faults = []
    if tier not in tiers(found):
        faults.append(_("%(name)s has no tier %(tier)s.") % {"name": found.storage_class, "tier": tier.value})
    if takes_days(found) and days < 1:
        faults.append(_("Say for how many days the object is needed, at least 1."))
    if not takes_days(found) and days:
        faults.append(_("INTELLIGENT_TIERING brings objects back for good: no days."))
    return faults
