"""What a change of lifecycle rules will do, and when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from portal.s3 import lifecycle_rules, versioning
from portal.s3.errors import S3Error
from portal.s3.lifecycle import Lifecycle
from portal.s3.lifecycle_rules import Rule
from portal.s3.types import StorageClass, VersioningState
from storage_admin.bucket_settings.json_text import quoted
from storage_admin.bucket_settings.setting import Level, Meaning, Place

# Days that are billed at least, also for what goes earlier (UG:storage-class-intro).
LEAST_BILLED_DAYS: dict[str, int] = {
    StorageClass.STANDARD_IA: 30,
    StorageClass.ONEZONE_IA: 30,
    StorageClass.GLACIER_IR: 90,
    StorageClass.GLACIER: 90,
    StorageClass.DEEP_ARCHIVE: 180,
}
_PADDED = {StorageClass.STANDARD_IA, StorageClass.ONEZONE_IA, StorageClass.GLACIER_IR}
_ARCHIVES = {StorageClass.GLACIER, StorageClass.DEEP_ARCHIVE}


def removes_anything(rule: Mapping[str, Any]) -> bool:
    """Whether the rule takes away objects or versions; markers and parts of uploads are none."""
    expiration = rule.get("Expiration", {})
    return bool(expiration.get("Days") or expiration.get("Date") or rule.get("NoncurrentVersionExpiration"))


def meaning_of(
    before: Lifecycle, after: Lifecycle, changed: list[Rule], place: Place, now: datetime
) -> list[Meaning]:
    """Return what the changed rules do, what no longer happens, and how the store goes about it."""
    active = [rule for rule in changed if rule.get("Status") == "Enabled"]
    found = [one for rule in active for one in _of_rule(rule, place, now)]
    on_before = {str(rule.get("ID")) for rule in before.rules if rule.get("Status") == "Enabled"}
    on_after = {str(rule.get("ID")) for rule in after.rules if rule.get("Status") == "Enabled"}
    if stopped := on_before - on_after:
        names = ", ".join(quoted(name) for name in sorted(stopped))
        words = _("What %(rules)s did stops. What was moved or removed already stays so.")
        found.append(Meaning(words % {"rules": names}))
    if active:
        found.append(
            Meaning(
                _(
                    "The rules count for what is there already, too. The store works through them about once "
                    "a day, so it may act hours late, and billing ends on time. The portal's audit does not "
                    "show what rules did: the store does it, and blames nobody."
                )
            )
        )
    if any(removes_anything(rule) for rule in active):
        words = _("Undo takes the rule away again. It brings nothing back that the rule has removed.")
        found.append(Meaning(words, Level.WARNING))
    if active and len(on_after) > 1:
        found.append(
            Meaning(
                _(
                    "Where several rules fit an object on the same day, removing beats moving, and moving "
                    "beats a delete marker."
                )
            )
        )
    return found


def _of_rule(rule: Rule, place: Place, now: datetime) -> list[Meaning]:
    expiration = rule.get("Expiration", {})
    found = []
    if days := expiration.get("Days"):
        found += _of_expiry(place, _("An object stored now expires on %(date)s.") % {"date": _on(now, days)})
    elif at := expiration.get("Date"):
        found += _of_expiry(place, _("Objects expire on %(date)s.") % {"date": _written(at)})
    for step in rule.get("Transitions", []):
        if days := step.get("Days"):
            words = _("An object stored now moves to %(name)s on %(date)s.")
            found.append(Meaning(words % {"name": step.get("StorageClass"), "date": _on(now, days)}))
    if days := rule.get("AbortIncompleteMultipartUpload", {}).get("DaysAfterInitiation"):
        words = _("An upload begun now, and not completed, is aborted on %(date)s.")
        found.append(Meaning(words % {"date": _on(now, days)}))
    if older := rule.get("NoncurrentVersionExpiration"):
        found.append(_of_older(older, now))
    if place.holds_photos and _archives(rule):
        words = _("Archived photos cannot be shown or processed until somebody restores them.")
        found.append(Meaning(words, Level.DANGER))
    return found + _of_moves(rule)


def _of_expiry(place: Place, when: str) -> list[Meaning]:
    try:
        state = versioning.read(place.bucket, alias=place.alias).state
    except S3Error as error:
        words = _("Whether versions are kept here could not be read: %(reason)s")
        return [Meaning(when), Meaning(words % {"reason": error}, Level.DANGER)]
    if state is VersioningState.ENABLED:
        words = _(
            "Expiring adds delete markers here: the objects vanish from lists, their bytes stay as older "
            "versions and are billed, until a rule removes older versions."
        )
        return [Meaning(when), Meaning(words, Level.WARNING)]
    if state is VersioningState.SUSPENDED:
        words = _(
            "Versioning is suspended: expiring destroys the version “null” for good, and hides the others "
            "behind a delete marker."
        )
        return [Meaning(when), Meaning(words, Level.DANGER)]
    return [
        Meaning(when),
        Meaning(_("No versions are kept here: expired objects are gone for good."), Level.DANGER),
    ]


def _of_older(older: Mapping[str, Any], now: datetime) -> Meaning:
    words = _("Older versions are destroyed for good. One that is replaced now goes on %(date)s")
    text = words % {"date": _on(now, older.get("NoncurrentDays") or 1)}
    if kept := older.get("NewerNoncurrentVersions"):
        text += " " + _("at the earliest: the newest %(count)s of each key stay") % {"count": kept}
    return Meaning(f"{text}.", Level.DANGER)


def _of_moves(rule: Rule) -> list[Meaning]:
    steps = [*rule.get("Transitions", []), *rule.get("NoncurrentVersionTransitions", [])]
    found = []
    for name in dict.fromkeys(str(step.get("StorageClass")) for step in steps):
        if days := LEAST_BILLED_DAYS.get(name):
            words = _("%(name)s is billed for %(days)d days at least, also for what is removed earlier.")
            found.append(Meaning(words % {"name": name, "days": days}))
        if name in _PADDED:
            words = _("Objects below 128 KB are billed as 128 KB in %(name)s, if they move at all.")
            found.append(Meaning(words % {"name": name}))
        if name in _ARCHIVES:
            words = _(
                "In %(name)s objects cannot be read until they are restored, and have 40 KB more to bill."
            )
            found.append(Meaning(words % {"name": name}, Level.WARNING))
    if found:
        found.append(Meaning(_("Each object that moves costs one request at the price of its new class.")))
    return found


def _archives(rule: Rule) -> bool:
    return any(step.get("StorageClass") in _ARCHIVES for step in rule.get("Transitions", []))


def _on(now: datetime, days: int) -> str:
    return _written(lifecycle_rules.due(now, days))


def _written(at: datetime) -> str:
    """Write the day of a midnight, which S3 keeps in UTC."""
    return _("%(date)s, 00:00 UTC") % {"date": date_format(at.astimezone(UTC), "DATE_FORMAT")}
