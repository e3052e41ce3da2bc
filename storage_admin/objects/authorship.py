"""Who made each version and marker by this portal, when and what for: the audit beside the store's list.

The store does not say who wrote what. A version without an entry here came another way: by another
program or console, or from a lifecycle rule, which no member of staff is blamed for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils.translation import gettext as _

from portal import audit
from portal.audit import AuditEvent
from portal.s3.listing import ListedVersion
from storage_admin.models import Bucket
from storage_admin.traces import as_kept

RIGHT = "portal.view_auditevent"
MOST_EVENTS = 500
# The version "null" is overwritten under its name: only what happened when it was written is its own.
NULL_WINDOW = timedelta(minutes=2)
_UNNAMED = {"", "null"}
_READS = (
    "object.downloaded",
    "object.shared",
    "object.previewed",
    "link.made",
    "link.opened",
    "link.revoked",
)
# What another program or a rule made, as an event of the store told it.
_TOLD = {"original.overwritten", "original.hidden"}
_MAKE_WHAT_THEY_NAME = {"object.uploaded", "photo.stored", *_TOLD}
_NEW_IDS = ("marker", "newest", "version_id")  # under which `after` names what was made


@dataclass(frozen=True)
class Deed:
    """One event, as the timeline shows it."""

    who: str
    at: datetime
    what: str
    why: str = ""  # what a person gave as a reason, or what went wrong
    is_failed: bool = False


@dataclass
class Authorship:
    """Who made an entry, and who changed it since; None: not by this portal."""

    made_by: Deed | None = None
    changed_by: list[Deed] = field(default_factory=list)


def of_versions(bucket: Bucket, key: str, entries: Sequence[ListedVersion]) -> dict[str, Authorship]:
    """Return the authorship of each entry by its version id; one query, along the audit's index."""
    found = {one.version_id: Authorship() for one in entries}
    for event in _events(bucket, key, entries):
        for one in entries:
            _put(event, one, found[one.version_id])
    return found


def _events(bucket: Bucket, key: str, entries: Sequence[ListedVersion]) -> list[AuditEvent]:
    """Return what was done, or half done, to these entries, oldest first."""
    ids = {one.version_id for one in entries}
    if ids & _UNNAMED:
        ids |= _UNNAMED
    named = Q(version_id__in=ids)
    for name in _NEW_IDS:
        named |= Q(**{f"after__{name}__in": sorted(ids)})
    # The same name may be a bucket of another connection, too.
    own = Q(target_type=Bucket._meta.label_lower, target_id=str(bucket.pk))
    if bucket.holds_photos:
        own |= Q(target_type="photos.photo")
    events = audit.of_object(bucket.name, as_kept(key)).filter(named, own)
    events = events.exclude(outcome=AuditEvent.Outcome.REFUSED).exclude(action__in=_READS)
    return list(reversed(events[:MOST_EVENTS]))


def _put(event: AuditEvent, one: ListedVersion, into: Authorship) -> None:
    if one.version_id in _UNNAMED and abs(event.at - one.last_modified) > NULL_WINDOW:
        return
    after = event.after or {}
    made = {str(after[name]) for name in _NEW_IDS if name in after}
    if after and event.action in _MAKE_WHAT_THEY_NAME:  # else it came to nothing
        made.add(event.version_id)
    if _is_among(one.version_id, made):
        # A photo's row follows the object: who changed that comes first.
        if into.made_by is None or event.action.startswith("object."):
            into.made_by = _deed(event)
    elif _is_among(one.version_id, {event.version_id}) and not made:
        into.changed_by.append(_deed(event))


def _is_among(version_id: str, ids: set[str]) -> bool:
    return version_id in ids or (version_id in _UNNAMED and bool(ids & _UNNAMED))


def _deed(event: AuditEvent) -> Deed:
    failed = event.outcome == AuditEvent.Outcome.FAILED
    return Deed(event.actor_name, event.at, _in_words(event.action), event.message, failed)


def _in_words(action: str) -> str:
    words = {
        "object.uploaded": _("uploaded"),
        "object.hidden": _("deleted (hidden)"),
        "object.deleted": _("deleted"),
        "object.restored": _("restored an older version"),
        "object.metadata_edited": _("edited the metadata"),
        "object.tags_edited": _("edited the tags"),
        "object.class_changed": _("changed the class"),
        "object.encrypted": _("encrypted otherwise"),
        "photo.stored": _("uploaded a photo"),
        "photo.arrived": _("taken in as a photo"),
        "original.overwritten": _("written over the original"),
        "original.hidden": _("hidden, not by this portal"),
        "original.removed": _("removed, not by this portal"),
        "original.moved": _("moved into another class"),
        "original.restored": _("restored for a while"),
        "original.archived_again": _("no longer restored"),
        "photo.replaced": _("replaced the photo's file"),
    }
    return words.get(action, action)
