"""What events tell of originals that the portal knows: overwritten, hidden, removed, moved, restored.

An event is a hint that comes late and more than once: what is wrong now is asked of the store, and judged
as the nightly comparison judges it, into the same findings. What happened, and who did it, is kept in the
audit: once, and never as a deed of staff.
"""

from __future__ import annotations

from datetime import timedelta

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from photos.models import Photo
from portal import audit
from portal.audit import AuditEvent
from portal.s3 import attributes, listing, objects
from portal.s3.attributes import Attributes
from portal.s3.errors import ObjectNotFound, VersionNotFound
from portal.s3.events import ObjectEvent
from portal.s3.listing import ListedVersion
from storage_admin.arrivals import order
from storage_admin.arrivals.order import Standing
from storage_admin.arrivals.sources import Source
from storage_admin.buckets import looking
from storage_admin.models import Bucket, Finding, StagedEntry
from storage_admin.reconciliation import comparing, findings
from storage_admin.reconciliation.comparing import WITH_ORIGINAL
from storage_admin.reconciliation.found import Found

logger = structlog.get_logger(__name__)

Kind = Finding.Kind
# What is judged here; the rest is left to the nightly comparison.
JUDGED = (Kind.DANGLING, Kind.HIDDEN, Kind.WRONG_SIZE, Kind.WRONG_ETAG, Kind.ARCHIVED, Kind.OVERWRITTEN)
# A deed of staff is in the audit already: their marker, their version.
OWN_DEED = timedelta(minutes=10)
_ACTIONS = (
    ("ObjectCreated:", "original.overwritten"),
    ("ObjectRemoved:DeleteMarkerCreated", "original.hidden"),
    ("ObjectRemoved:", "original.removed"),
    ("LifecycleExpiration:DeleteMarkerCreated", "original.hidden"),
    ("LifecycleExpiration:", "original.removed"),
    ("LifecycleTransition", "original.moved"),
    ("IntelligentTiering", "original.moved"),
    ("ObjectRestore:Completed", "original.restored"),
    ("ObjectRestore:Delete", "original.archived_again"),
)


def notice(source: Source, photo: Photo, event: ObjectEvent) -> None:
    """Keep what happened to the photo's original, and what is wrong with it now. S3Error."""
    action = next((word for begin, word in _ACTIONS if event.name.startswith(begin)), "")
    if not action or photo.status not in WITH_ORIGINAL or _is_own(photo, event):
        return
    if order.standing(source, event) is Standing.OLDER:
        return
    newest, named = _asked(source, photo)
    if action == "original.overwritten" and _is_written_by_portal(source, photo, event, newest):
        return
    entry = _entry(photo, newest, named)
    found = comparing.judge(photo, entry) or _overwriting(photo, newest)
    bucket = _row(source)
    with transaction.atomic():
        first = order.keep(source, event)
        if first and not _is_deed_of_staff(photo, event):
            _record(action, photo, event)
        _stand(bucket, photo, found)


def _is_own(photo: Photo, event: ObjectEvent) -> bool:
    """Whether it made a version that the row names, or named: the portal's own upload, or a repeat of old."""
    if not event.name.startswith("ObjectCreated:"):
        return False
    former = photo.previous or {}
    named = {photo.version_id, former.get("version_id", ""), *photo.refused_versions}
    return bool(event.version_id) and event.version_id in named


def _is_written_by_portal(
    source: Source, photo: Photo, event: ObjectEvent, newest: ListedVersion | None
) -> bool:
    """Whether the new version is ours although no row names it: a replacement on its way, or cut off.

    The portal writes the photo's number beside every version, others write what they like: whoever
    copies it hides his overwriting from this notice, not from the row, which pins its version.
    """
    if newest is not None and newest.etag == photo.etag:
        return True  # the same bytes: a change of class or metadata
    try:
        found = objects.head(source.bucket, photo.key, version_id=event.version_id, alias=source.connection)
    except (ObjectNotFound, VersionNotFound):
        return False
    return found.metadata.get("photo-id") == str(photo.pk)


def _asked(source: Source, photo: Photo) -> tuple[ListedVersion | None, Attributes | None]:
    """Return the newest entry under the key, and the version that the row names; None for what is gone."""
    listed = listing.key_versions(source.bucket, photo.key, size=1, alias=source.connection).versions
    newest = listed[0] if listed else None
    is_hidden = newest is not None and newest.is_delete_marker
    version_id = photo.version_id or ("null" if is_hidden else "")
    try:
        named = attributes.read(source.bucket, photo.key, version_id=version_id, alias=source.connection)
    except (ObjectNotFound, VersionNotFound):
        named = None
    return newest, named


def _entry(photo: Photo, newest: ListedVersion | None, named: Attributes | None) -> StagedEntry | None:
    """Return the named version as the nightly comparison would have listed it."""
    if named is None:
        return None
    return StagedEntry(
        key=photo.key, version_id=photo.version_id,
        is_latest=newest is not None and newest.version_id == (photo.version_id or "null"),
        is_hidden=newest is not None and newest.is_delete_marker,
        bytes=named.bytes, etag=named.etag, storage_class=named.storage_class,
        modified_at=named.last_modified,
    )  # fmt: skip


def _overwriting(photo: Photo, newest: ListedVersion | None) -> Found | None:
    """Say that another version is on top of the one that the row names, and shows."""
    former = photo.previous or {}
    known = {photo.version_id or "null", former.get("version_id", ""), *photo.refused_versions}
    if newest is None or newest.is_delete_marker or newest.version_id in known or newest.etag == photo.etag:
        return None
    facts = {"etag": [photo.etag, newest.etag], "bytes": [str(photo.bytes), str(newest.bytes)]}
    return Found(Kind.OVERWRITTEN, photo.key, photo.version_id, photo.pk, facts)


def _row(source: Source) -> Bucket:
    bucket = Bucket(connection=source.connection, name=source.bucket)
    found = Bucket.objects.filter(connection=source.connection, name=source.bucket).first()
    if found is not None:
        return found
    looking.note_made(bucket)  # the first look at buckets has not been yet
    return bucket


def _stand(bucket: Bucket, photo: Photo, found: Found | None) -> None:
    """Keep what is wrong as a finding of the bucket, and close what is not wrong any more."""
    others = bucket.findings.filter(kind__in=JUDGED, photo=photo.pk, state=Finding.State.OPEN)
    if found is None:
        others.update(state=Finding.State.GONE, closed_at=timezone.now())
        return
    others.exclude(kind=found.kind).update(state=Finding.State.GONE, closed_at=timezone.now())
    findings.keep_told(bucket, found)
    logger.warning("original_disagrees", photo=str(photo.pk), kind=found.kind.value)


def _is_deed_of_staff(photo: Photo, event: ObjectEvent) -> bool:
    """Whether the audit has it already as somebody's deed by this portal."""
    if event.is_by_the_store or not event.version_id:
        return False
    named = Q(version_id=event.version_id)
    for name in ("marker", "newest", "version_id"):
        named |= Q(**{f"after__{name}": event.version_id})
    since = event.at - OWN_DEED
    known = audit.of_object(photo.bucket, photo.key).filter(named, at__gte=since)
    return known.exclude(action__startswith="original.").exclude(outcome=AuditEvent.Outcome.REFUSED).exists()


def _record(action: str, photo: Photo, event: ObjectEvent) -> None:
    audit.record(
        action, target=photo, bucket=photo.bucket, key=photo.key, version_id=event.version_id,
        after={"event": event.name, "at": event.at.isoformat(timespec="seconds")},
        actor_name=_("the store") if event.is_by_the_store else event.who or _("another program"),
    )  # fmt: skip
