"""Where a bucket's inventory reports are, by the settings, which is the newest, and which the rounds read."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import structlog
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.s3 import inventory, inventory_reports, versioning
from portal.s3.errors import BucketNotFound, S3Error
from portal.s3.inventory_reports import Report
from portal.s3.types import VersioningState
from storage_admin.errors import NotPossible
from storage_admin.models import Bucket, UsageSnapshot

logger = structlog.get_logger(__name__)

# A daily report is begun once a day and may take some hours to come: one that is older was missed.
FRESH_HOURS = 48


def are_expected() -> bool:
    """Whether the settings name a bucket where reports are delivered."""
    return bool(settings.INVENTORY_BUCKET)


def newest(bucket: Bucket) -> Report:
    """Return the bucket's newest complete report; NotPossible, with what to do, where there is none.

    S3Error for one that is broken, and for a store that is away.
    """
    if not are_expected():
        raise NotPossible(_("No reports are looked for: INVENTORY_BUCKET is not set."))
    try:
        found = inventory_reports.newest(
            settings.INVENTORY_BUCKET, settings.INVENTORY_PREFIX, bucket.name, settings.INVENTORY_ID,
            alias=bucket.connection,
        )  # fmt: skip
    except BucketNotFound as error:
        words = _("The bucket for reports, %(name)s, is not there.")
        raise NotPossible(words % {"name": settings.INVENTORY_BUCKET}) from error
    if found is None:
        words = _("There is no complete report below %(place)s yet. The first may take 48 hours.")
        raise NotPossible(words % {"place": place(bucket)})
    return found


def newest_of_versions(bucket: Bucket) -> Report:
    """Return the newest report if it tells all that the bucket may hold; NotPossible if not."""
    report = newest(bucket)
    if not report.has_versions:
        state = versioning.read(bucket.name, alias=bucket.connection).state
        if state is not VersioningState.NEVER_SET:
            raise NotPossible(
                _("The report names current versions alone; this bucket needs one of all versions.")
            )
    return report


def in_place_of_list(bucket: Bucket) -> Report | None:
    """Return the report that the daily rounds read of a big bucket; None where they read its list.

    Big is what held more than INVENTORY_OBJECTS versions and markers when it was counted last. Whatever
    keeps a fresh report from being found only costs the time of the list, and is in the log.
    """
    if not are_expected() or _entries(bucket) <= settings.INVENTORY_OBJECTS:
        return None
    try:
        report = newest_of_versions(bucket)
    except (NotPossible, S3Error) as error:
        logger.warning("list_in_place_of_report", bucket=bucket.pk, error=str(error))
        return None
    if report.at < timezone.now() - timedelta(hours=FRESH_HOURS):
        logger.warning("list_in_place_of_report", bucket=bucket.pk, report_at=report.at.isoformat())
        return None
    return report


def _entries(bucket: Bucket) -> int:
    """Return how many versions and markers the last count found."""
    counted = UsageSnapshot.objects.filter(bucket=bucket, ended_at__isnull=False, error="")
    last = counted.only("counts", "markers").first()
    if last is None:
        return 0
    return last.markers + sum(one["objects"] + one["older"] for one in last.counts.values())


def place(bucket: Bucket) -> str:
    """Return the bucket and the prefix below which its reports are delivered."""
    folder = inventory.folder_of(settings.INVENTORY_PREFIX, bucket.name, settings.INVENTORY_ID)
    return f"{settings.INVENTORY_BUCKET}/{folder}"


def as_data(report: Report) -> dict[str, Any]:
    """Return what a row keeps of a report, so that any worker can go on reading it."""
    return {"bucket": report.bucket, "manifest": report.manifest, "md5": report.md5}


def opened(bucket: Bucket, data: dict[str, Any]) -> Report:
    """Return the report that a row keeps; Conflict when another lies there by now."""
    return inventory_reports.opened(
        data["bucket"], data["manifest"], bucket.name, md5=data["md5"], alias=bucket.connection
    )
