"""Removes what nobody will read: days that are over, exports that were never ended or that another replaced.

What lies in the bucket decides, not the rows: a database that was restored from last week knows nothing of
this week's exports, and must not remove them. Only keys that an export makes are ever touched
(`layout.read`), below the export's own prefix.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import structlog
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.s3 import objects
from portal.s3.errors import ObjectNotFound, S3Error
from storage_admin.analytics import asking, layout
from storage_admin.models import AnalyticsExport

logger = structlog.get_logger(__name__)

READERS_HOURS = 24  # whoever reads by the manifest of before may go on for so long


@dataclass
class _Day:
    """What lies there of one day: the exports by name, and since when its manifest is the one it is."""

    exports: set[str] = field(default_factory=set)
    switched_at: datetime | None = None


def tidy(export: AnalyticsExport) -> int:
    """Remove from the export's place what is over; return how many versions went. S3Error."""
    days = _days(export)
    count = 0
    for day in sorted(days):
        if _is_over(day):
            count += _remove(export, _of_day(export, day, days[day]))
        else:
            for name in sorted(_unread(export, day, days[day])):
                prefixes = [layout.folder(export.prefix, table, day, name) for table in layout.TABLES]
                count += _remove(export, prefixes)
    if count:
        logger.info("exports_tidied", versions=count)
    return count


def _days(export: AnalyticsExport) -> dict[date, _Day]:
    """Return what there is, a few names for each day; the listing itself is read page by page."""
    days: dict[date, _Day] = defaultdict(_Day)
    for version in objects.versions(export.bucket, export.prefix, alias=export.connection):
        ours = layout.read(export.prefix, version.key)
        if ours is None:
            continue
        found = days[ours.day]
        if ours.run:
            found.exports.add(ours.run)
        elif ours.is_manifest and version.is_latest and not version.is_delete_marker:
            found.switched_at = version.last_modified
    return days


def _is_over(day: date) -> bool:
    kept = settings.ANALYTICS_KEEP_DAYS
    return bool(kept) and day <= timezone.now().astimezone(UTC).date() - timedelta(days=kept)


def _of_day(export: AnalyticsExport, day: date, found: _Day) -> list[str]:
    """Return where a day's files lie, the manifest first: none names a file that is gone."""
    lists = [layout.symlink(export.prefix, table, day) for table in layout.TABLES]
    parts = [
        layout.folder(export.prefix, table, day, name) for table in layout.TABLES for name in found.exports
    ]
    return [layout.manifest(export.prefix, day), *lists, *parts]


def _unread(export: AnalyticsExport, day: date, found: _Day) -> set[str]:
    """Return the exports of the day that no manifest names, long enough ago; most days cost no call."""
    if len(found.exports) == 1 and found.switched_at is not None:
        return set()
    long_ago = timezone.now() - timedelta(hours=READERS_HOURS)
    named = ""
    if found.switched_at is not None:
        if found.switched_at > long_ago:
            return set()
        named = _named(export, day)
    at_work = asking.under_way()
    kept = {named, at_work.name if at_work else ""}
    return {name for name in found.exports - kept if _begun(name) < long_ago}


def _named(export: AnalyticsExport, day: date) -> str:
    """Return the export that the day's manifest names."""
    key = layout.manifest(export.prefix, day)
    try:
        said = objects.head(export.bucket, key, alias=export.connection).metadata.get(layout.EXPORT, "")
    except ObjectNotFound:
        said = ""
    if not said:  # somebody copied it, without what it says of itself
        raise S3Error(_("%(key)s does not say which export it is of.") % {"key": key})
    return said


def _begun(name: str) -> datetime:
    return datetime.strptime(name, "%Y%m%dT%H%M%S%fZ").replace(tzinfo=UTC)


def _remove(export: AnalyticsExport, prefixes: list[str]) -> int:
    """Destroy every version of our own keys below these; S3Error where the store keeps some."""
    count = 0
    for prefix in prefixes:
        for batch in _batches(export, prefix):
            outcomes = objects.delete_versions(export.bucket, batch, alias=export.connection)
            if kept := [one for one in outcomes if one.code]:
                words = _("%(count)s files would not go, the first: %(key)s")
                told = {"count": len(kept), "key": kept[0].key}
                raise S3Error(words % told, operation="DeleteObjects", code=kept[0].code)
            count += len(batch)
    return count


def _batches(export: AnalyticsExport, prefix: str) -> Iterator[list[tuple[str, str]]]:
    batch: list[tuple[str, str]] = []
    for version in objects.versions(export.bucket, prefix, alias=export.connection):
        if layout.read(export.prefix, version.key) is not None:
            batch.append((version.key, version.version_id))
        if len(batch) == objects.DELETE_BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
