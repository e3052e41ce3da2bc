"""Lifecycle rules: what the store removes and moves by itself, for years, without asking anybody again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from photos import keys
from portal.s3 import lifecycle, lifecycle_rules, versioning
from portal.s3.differences import Capability
from portal.s3.errors import S3Error
from portal.s3.lifecycle import USUAL_SMALLEST_MOVED, Lifecycle
from portal.s3.lifecycle_rules import Rule
from portal.s3.sameness import key_of
from portal.s3.types import VersioningState
from storage_admin import quarantine
from storage_admin.bucket_settings.json_text import quoted
from storage_admin.bucket_settings.lifecycle_form import RuleForm
from storage_admin.bucket_settings.lifecycle_meaning import meaning_of, removes_anything
from storage_admin.bucket_settings.lifecycle_words import in_words
from storage_admin.bucket_settings.setting import Facts, Meaning, Part, Place, Setting

_MOMENT = "$moment"  # JSON has no times; no field of S3 is called so


class LifecycleSetting(Setting[Lifecycle]):
    """All rules, one of them edited at a time; the others, and what the form does not know, stay."""

    slug = "lifecycle"
    title = gettext_lazy("Lifecycle rules")
    about = gettext_lazy("What the store removes, or moves to a cheaper class, by itself after a time.")
    term = "Lifecycle configuration"
    needs = (Capability.LIFECYCLE,)
    form_class = RuleForm

    def read(self, bucket: str, alias: str) -> Lifecycle:
        return lifecycle.read(bucket, alias=alias)

    def write(self, bucket: str, alias: str, wanted: Lifecycle) -> None:
        lifecycle.write(bucket, wanted, alias=alias)

    def as_data(self, value: Lifecycle) -> dict[str, Any]:
        rules: list[Rule] = json.loads(json.dumps(value.rules, default=_as_data))
        return {"rules": rules, "smallest_moved": value.smallest_moved}

    def from_data(self, data: Mapping[str, Any]) -> Lifecycle:
        rules = json.loads(json.dumps(data["rules"]), object_hook=_from_data)
        return Lifecycle(tuple(rules), data["smallest_moved"])

    def facts(self, value: Lifecycle) -> Facts:
        found: Facts = {}
        nameless = sorted((rule for rule in value.rules if not rule.get("ID")), key=key_of)
        for rule in value.rules:
            name = rule.get("ID")
            if name:
                found[_("Rule %(name)s") % {"name": quoted(str(name))}] = in_words(rule)
        for number, rule in enumerate(nameless, start=1):
            found[_("Rule without a name, no. %(number)d") % {"number": number}] = in_words(rule)
        if value.rules and value.smallest_moved not in {"", USUAL_SMALLEST_MOVED}:
            found[_("Smallest size that moves")] = quoted(value.smallest_moved)
        return found

    def summary(self, value: Lifecycle) -> str:
        if not value.rules:
            return _("no rules: nothing is removed by itself")
        on = sum(rule.get("Status") == "Enabled" for rule in value.rules)
        words = ngettext("%(count)d rule, %(on)d on", "%(count)d rules, %(on)d of them on", len(value.rules))
        return words % {"count": len(value.rules), "on": on}

    def parts(self, value: Lifecycle) -> list[Part] | None:
        return [
            Part(str(rule["ID"]), quoted(str(rule["ID"])), "; ".join(in_words(rule).splitlines()))
            for rule in value.rules
            if rule.get("ID")
        ]

    def fixed(self, _value: Lifecycle, place: Place) -> str:
        try:
            guarded = versioning.read(place.bucket, alias=place.alias).mfa_delete
        except S3Error:
            return ""  # not readable: S3 itself then refuses
        if not guarded:
            return ""
        return _("This bucket has MFA delete: S3 takes no lifecycle rules there.")

    def refusals(self, before: Lifecycle, after: Lifecycle, place: Place) -> list[str]:
        if not place.holds_photos:
            return []
        wrong = [
            quoted(str(rule.get("ID", "")))
            for rule in _changed(before, after)
            if rule.get("Status") == "Enabled" and _expires_photos(rule) and not _only_hides(rule, place)
        ]
        if not wrong:
            return []
        words = _(
            "The portal's photos lie below %(folder)s. A rule that expires them would take photos from pets "
            "behind everybody's back: %(rules)s. Photos go by their trash."
        )
        return [words % {"folder": quoted(keys.ORIGINALS), "rules": ", ".join(wrong)}]

    def meaning(self, before: Lifecycle, after: Lifecycle, place: Place) -> list[Meaning]:
        return meaning_of(before, after, _changed(before, after), place, timezone.now())

    def asks_for_name(self, before: Lifecycle, after: Lifecycle, place: Place) -> bool:
        """What rules remove is gone for good, and no Undo of the rule brings it back."""
        return any(
            rule.get("Status") == "Enabled" and removes_anything(rule) for rule in _changed(before, after)
        )


def _changed(before: Lifecycle, after: Lifecycle) -> list[Rule]:
    """Return the rules of `after` that `before` does not have like that."""
    former = [key_of(lifecycle_rules.canonical(rule)) for rule in before.rules]
    return [rule for rule in after.rules if key_of(lifecycle_rules.canonical(rule)) not in former]


def _expires_photos(rule: Rule) -> bool:
    expiration = rule.get("Expiration", {})
    if not (expiration.get("Days") or expiration.get("Date")):
        return False
    prefix = lifecycle_rules.prefix_of(rule)
    return prefix.startswith(keys.ORIGINALS) or keys.ORIGINALS.startswith(prefix)


def _as_data(value: Any) -> Any:
    if isinstance(value, datetime):
        return {_MOMENT: value.isoformat()}
    raise TypeError(f"{type(value).__name__} is in no lifecycle rule")


def _from_data(said: dict[str, Any]) -> Any:
    return datetime.fromisoformat(said[_MOMENT]) if set(said) == {_MOMENT} else said


def _only_hides(rule: Rule, place: Place) -> bool:
    """Whether the rule puts delete markers on what is in quarantine, and does nothing else.

    Reconciliation puts there what no row names. Without versioning the rule would destroy it.
    """
    if not quarantine.is_for_quarantine(rule) or rule.get("NoncurrentVersionExpiration"):
        return False
    try:
        return versioning.read(place.bucket, alias=place.alias).state is VersioningState.ENABLED
    except S3Error:
        return False  # not known: then the rule is refused
