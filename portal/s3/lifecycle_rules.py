"""What S3 demands of lifecycle rules (API:LifecycleRule, UG:lifecycle-transition-general-considerations).

Pure: for forms before they ask, and for stores that would take anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from django.utils.translation import gettext as _

from portal.s3 import sameness
from portal.s3.types import StorageClass

Rule = dict[str, Any]  # as S3 says it

MAX_RULES = 1_000
MAX_ID_LETTERS = 255
LEAST_DAYS_TO_IA = 30
# Transitions go down only (UG: the waterfall); ONEZONE_IA cannot go to GLACIER_IR.
WATERFALL = (
    StorageClass.STANDARD,
    StorageClass.STANDARD_IA,
    StorageClass.INTELLIGENT_TIERING,
    StorageClass.ONEZONE_IA,
    StorageClass.GLACIER_IR,
    StorageClass.GLACIER,
    StorageClass.DEEP_ARCHIVE,
)
_INFREQUENT = {StorageClass.STANDARD_IA, StorageClass.ONEZONE_IA}
_CONDITIONS = ("Prefix", "Tag", "ObjectSizeGreaterThan", "ObjectSizeLessThan", "And")
_DEEDS = (
    "Transitions",
    "Expiration",
    "NoncurrentVersionTransitions",
    "NoncurrentVersionExpiration",
    "AbortIncompleteMultipartUpload",
)


def canonical(rule: Mapping[str, Any]) -> Rule:
    """Return the rule in one of the ways that mean the same: a filter for the older `Prefix`, sorted tags."""
    said = sameness.without_empty(rule)
    chosen = said.pop("Filter", {})
    if prefix := said.pop("Prefix", ""):
        chosen = {"Prefix": prefix}
    if both := chosen.get("And"):
        tags = sorted(both.get("Tags", []), key=sameness.key_of)
        chosen = {"And": {**both, "Tags": tags} if tags else both}
    return {**said, "Filter": chosen}


def prefix_of(rule: Mapping[str, Any]) -> str:
    """Return how the keys begin that the rule is for; empty: all."""
    chosen = canonical(rule)["Filter"]
    return str(chosen.get("Prefix") or chosen.get("And", {}).get("Prefix", ""))


def due(since: datetime, days: int) -> datetime:
    """Return when a rule of so many days acts: the midnight (UTC) after them (UG:intro-lifecycle-rules).

    `since` is when the object was made, for older versions when their successor was. The store acts
    some hours later; it bills as if it had not waited.
    """
    at = since.astimezone(UTC) + timedelta(days=days)
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight if midnight == at else midnight + timedelta(days=1)


def faults(rule: Mapping[str, Any]) -> list[str]:
    """Return what S3 would refuse in the rule, as sentences."""
    found = []
    if len(rule.get("ID", "")) > MAX_ID_LETTERS:
        found.append(_("A rule's name has at most %(most)d characters.") % {"most": MAX_ID_LETTERS})
    if rule.get("Status") not in {"Enabled", "Disabled"}:
        found.append(_("A rule is either enabled or disabled."))
    if not any(rule.get(deed) for deed in _DEEDS):
        found.append(_("A rule must do something: move, expire or abort."))
    return [*found, *_filter_faults(rule), *_expiration_faults(rule), *_transition_faults(rule)]


def set_faults(rules: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what S3 would refuse in the rules together."""
    found = []
    if len(rules) > MAX_RULES:
        found.append(
            _("There are %(count)d rules; a bucket has at most %(most)d.")
            % {"count": len(rules), "most": MAX_RULES}
        )
    names = [rule["ID"] for rule in rules if rule.get("ID")]
    found += [
        _("Two rules are called “%(name)s”.") % {"name": name}
        for name in sorted({name for name in names if names.count(name) > 1})
    ]
    return found


def _filter_faults(rule: Mapping[str, Any]) -> list[str]:
    if "Filter" not in rule:
        return [] if "Prefix" in rule else [_("A rule needs a filter; an empty one means all objects.")]
    chosen = rule["Filter"]
    found = []
    if len([name for name in _CONDITIONS if name in chosen]) > 1:
        found.append(_("A filter has one condition; several go together into “And”."))
    both = chosen.get("And")
    if both is not None and _conditions_in(both) < 2:
        found.append(_("“And” joins at least two conditions."))
    return found


def _conditions_in(both: Mapping[str, Any]) -> int:
    others = [name for name in ("Prefix", "ObjectSizeGreaterThan", "ObjectSizeLessThan") if name in both]
    return len(others) + len(both.get("Tags", []))


def _has_tags(rule: Mapping[str, Any]) -> bool:
    chosen = rule.get("Filter", {})
    return "Tag" in chosen or bool(chosen.get("And", {}).get("Tags"))


def _expiration_faults(rule: Mapping[str, Any]) -> list[str]:
    expiration = rule.get("Expiration", {})
    found = []
    if expiration.get("ExpiredObjectDeleteMarker") is not None:
        if expiration.get("Days") or expiration.get("Date"):
            found.append(_("Removing lone delete markers goes with neither days nor a date."))
        if _has_tags(rule):
            found.append(_("Removing lone delete markers goes with no tags: markers have none."))
    if expiration.get("Days") and expiration.get("Date"):
        found.append(_("Objects expire after days or at a date, not both."))
    if rule.get("AbortIncompleteMultipartUpload") and _has_tags(rule):
        found.append(_("Aborting uploads goes with no tags: uploads have none."))
    return found


def _transition_faults(rule: Mapping[str, Any]) -> list[str]:
    current = [(step.get("StorageClass"), step.get("Days")) for step in rule.get("Transitions", [])]
    older = [
        (step.get("StorageClass"), step.get("NoncurrentDays"))
        for step in rule.get("NoncurrentVersionTransitions", [])
    ]
    found = [fault for steps in (current, older) for fault in _steps_faults(steps)]
    expires = rule.get("Expiration", {}).get("Days")
    if expires and any(days is not None and days >= expires for _name, days in current):
        found.append(_("Objects must move before they expire."))
    return found


def _steps_faults(steps: list[tuple[str | None, int | None]]) -> list[str]:
    found = []
    for name, days in steps:
        if name not in WATERFALL[1:]:
            found.append(_("Nothing can move to “%(name)s”.") % {"name": name})
        elif name in _INFREQUENT and days is not None and days < LEAST_DAYS_TO_IA:
            found.append(
                _("Objects move to %(name)s after %(least)d days at the earliest, not after %(days)d.")
                % {"name": name, "least": LEAST_DAYS_TO_IA, "days": days}
            )
    timed = sorted((days, name) for name, days in steps if days is not None and name in WATERFALL)
    for (_sooner, upper), (_later, lower) in pairwise(timed):
        climbs = WATERFALL.index(StorageClass(lower)) <= WATERFALL.index(StorageClass(upper))
        if climbs or (upper, lower) == (StorageClass.ONEZONE_IA, StorageClass.GLACIER_IR):
            found.append(
                _("Objects cannot move from %(upper)s to %(lower)s: classes only go down.")
                % {"upper": upper, "lower": lower}
            )
    return found
