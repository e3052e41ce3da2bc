"""What lifecycle rules will do to an object, and when: counted as S3 counts (UG:intro-lifecycle-rules).

Pure. A forecast, not a promise: the store works through its rules about once a day, some of them later.
Other stores than Amazon's count alike where they know the rule at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from heapq import heapify, heappop, heappush
from typing import Any

from portal.s3.lifecycle_rules import WATERFALL
from portal.s3.types import StorageClass, VersioningState

Rule = Mapping[str, Any]

# Smaller objects are not moved, unless the rule's own filter speaks of sizes, or the bucket says
# "varies_by_storage_class": then only the archives take them (API:PutBucketLifecycleConfiguration).
SMALLEST_MOVED_BYTES = 128 * 1024
VARIES = "varies_by_storage_class"
_ARCHIVES = {StorageClass.GLACIER, StorageClass.DEEP_ARCHIVE}
_SIZES = {"ObjectSizeGreaterThan", "ObjectSizeLessThan"}


class Fate(IntEnum):
    """What happens to a version; of two on one day the one with the smaller number does.

    Deletion beats transition beats marker (UG:lifecycle-transition-general-considerations).
    """

    DELETED = 1
    MOVED = 2
    HIDDEN = 3  # by a delete marker: the version stays, and stays billed


@dataclass(frozen=True)
class Subject:
    """One version as the rules look at it.

    `since` is when it was made; of an older version, when its successor was. `newer_older` counts
    the older versions that are newer than it.
    """

    key: str
    since: datetime
    bytes: int
    tags: Mapping[str, str] = field(default_factory=dict)
    storage_class: str = "STANDARD"
    is_older: bool = False
    newer_older: int = 0


@dataclass(frozen=True)
class Foreseen:
    """One thing that a rule will do, from `at` on (midnight UTC)."""

    at: datetime
    fate: Fate
    rule_id: str
    storage_class: str = ""  # where MOVED leads


def due(since: datetime, days: int) -> datetime:
    """Return the moment so many days later, rounded up to the next midnight UTC."""
    exact = since.astimezone(UTC) + timedelta(days=days)
    midnight = exact.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight if exact == midnight else midnight + timedelta(days=1)


def forecast(
    rules: Iterable[Rule], subject: Subject, versioning: VersioningState, *, smallest_moved: str = ""
) -> list[Foreseen]:
    """Return what will happen to the version, in order, until it is deleted or hidden.

    Of several things on one day the strongest, and an end that is beaten comes a day later; of several
    moves on one day the deepest alone. Moves that would lead up, or to where it is already, do not
    happen, nor those of the smallest objects: `smallest_moved` is what the bucket's `Lifecycle` says.
    """
    waiting = [
        (event.at, event.fate, -_depth(event.storage_class), number, event)
        for number, event in enumerate(_wanted(rules, subject, versioning, smallest_moved))
    ]
    heapify(waiting)
    found: list[Foreseen] = []
    depth = _depth(subject.storage_class)
    while waiting:
        at, fate, _rank, number, event = heappop(waiting)
        if fate is Fate.MOVED:
            if _depth(event.storage_class) > depth and not (found and found[-1].at == at):
                found.append(event)
                depth = _depth(event.storage_class)
        elif found and found[-1].at == at:  # beaten today; it is due still when the rules run again
            later = replace(event, at=at + timedelta(days=1))
            heappush(waiting, (later.at, fate, 0, number, later))
        else:
            return [*found, event]
    return found


def _wanted(
    rules: Iterable[Rule], subject: Subject, versioning: VersioningState, smallest_moved: str
) -> Iterator[Foreseen]:
    for rule in rules:
        if rule.get("Status") != "Enabled" or not matches(rule, subject):
            continue
        for event in _events(rule, subject, versioning):
            if event.fate is not Fate.MOVED or _is_moved(rule, subject, event.storage_class, smallest_moved):
                yield event


def matches(rule: Rule, subject: Subject) -> bool:
    """Whether the rule's filter, or its older `Prefix`, takes the object; all conditions of an And must."""
    asked = _conditions(rule)
    tags = list(asked.get("Tags", ()))
    if "Tag" in asked:
        tags.append(asked["Tag"])
    return (
        subject.key.startswith(asked.get("Prefix") or rule.get("Prefix") or "")
        and all(subject.tags.get(tag["Key"]) == tag["Value"] for tag in tags)
        and subject.bytes > asked.get("ObjectSizeGreaterThan", -1)
        and subject.bytes < asked.get("ObjectSizeLessThan", subject.bytes + 1)
    )


def _conditions(rule: Rule) -> dict[str, Any]:
    asked: dict[str, Any] = dict(rule.get("Filter") or {})
    return {**asked, **asked.pop("And", {})}


def _is_moved(rule: Rule, subject: Subject, storage_class: str, smallest_moved: str) -> bool:
    if subject.bytes >= SMALLEST_MOVED_BYTES or _SIZES & _conditions(rule).keys():
        return True
    return smallest_moved == VARIES and storage_class in _ARCHIVES


def _events(rule: Rule, subject: Subject, versioning: VersioningState) -> Iterator[Foreseen]:
    rule_id = str(rule.get("ID", ""))
    at: datetime | None
    if subject.is_older:
        ends = rule.get("NoncurrentVersionExpiration", {})
        if "NoncurrentDays" in ends and subject.newer_older >= ends.get("NewerNoncurrentVersions", 0):
            yield Foreseen(due(subject.since, ends["NoncurrentDays"]), Fate.DELETED, rule_id)
        for move in rule.get("NoncurrentVersionTransitions", ()):
            if "NoncurrentDays" in move and subject.newer_older >= move.get("NewerNoncurrentVersions", 0):
                at = due(subject.since, move["NoncurrentDays"])
                yield Foreseen(at, Fate.MOVED, rule_id, move["StorageClass"])
        return
    ends = rule.get("Expiration", {})
    if (at := _when(ends, subject)) is not None:
        yield Foreseen(at, expiration(versioning), rule_id)
    for move in rule.get("Transitions", ()):
        if (at := _when(move, subject)) is not None:
            yield Foreseen(at, Fate.MOVED, rule_id, move["StorageClass"])


def expiration(versioning: VersioningState) -> Fate:
    """Return what expiring does to a current version: only without versions does it delete.

    A suspended bucket gets a marker, too, which takes the place of the version null.
    """
    return Fate.DELETED if versioning is VersioningState.NEVER_SET else Fate.HIDDEN


def _when(action: Mapping[str, Any], subject: Subject) -> datetime | None:
    """Return when the action is due: after days, or from a date on; None where it names neither."""
    if "Days" in action:
        return due(subject.since, action["Days"])
    if isinstance(action.get("Date"), datetime):
        return max(action["Date"].astimezone(UTC), due(subject.since, 0))
    return None


def _depth(storage_class: str) -> int:
    return WATERFALL.index(storage_class) if storage_class in WATERFALL else -1
