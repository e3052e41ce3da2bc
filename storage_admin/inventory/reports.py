"""Where a bucket's inventory reports are, by the settings, and which is the newest."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from portal.s3 import inventory, inventory_reports, versioning
from portal.s3.errors import BucketNotFound
from portal.s3.inventory_reports import Report
from portal.s3.types import VersioningState
from storage_admin.errors import NotPossible
from storage_admin.models import Bucket


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
