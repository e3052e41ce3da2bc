"""The form of one lifecycle rule: the usual deeds. What it has no field for, the rule keeps."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.s3 import capabilities, lifecycle_rules
from portal.s3.differences import Capability
from portal.s3.lifecycle import Lifecycle
from portal.s3.lifecycle_rules import WATERFALL
from storage_admin.bucket_settings import json_text
from storage_admin.bucket_settings.json_text import quoted
from storage_admin.bucket_settings.lifecycle_words import are_plain_steps
from storage_admin.bucket_settings.setting import SettingForm

MAX_KEPT = 100  # NewerNoncurrentVersions (API:NoncurrentVersionExpiration)
_STEP = re.compile(r"(\d{1,5})\s+([A-Z_]+)")
_SIMPLE_FILTERS: tuple[set[str], ...] = (set(), {"Prefix"})


def _days(label: Any, help_text: Any = "") -> forms.IntegerField:
    return forms.IntegerField(label=label, help_text=help_text, required=False, min_value=1, max_value=36_500)


def _steps_field(label: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=False,
        max_length=200,
        help_text=gettext_lazy(
            "Days and class, several with commas: 30 STANDARD_IA, 90 GLACIER. Classes: %(classes)s."
        )
        % {"classes": ", ".join(WATERFALL[1:])},
    )


class RuleForm(SettingForm):
    """One rule, new or there already: then it keeps its name."""

    rule = forms.CharField(
        label=gettext_lazy("Name of the rule"), max_length=lifecycle_rules.MAX_ID_LETTERS, strip=False
    )
    is_on = forms.BooleanField(label=gettext_lazy("The rule is on"), required=False, initial=True)
    begins = forms.CharField(
        label=gettext_lazy("For keys that begin with"),
        required=False,
        max_length=1024,
        strip=False,
        help_text=gettext_lazy("Empty: for all keys. A folder ends in “/”."),
    )
    abort = _days(
        gettext_lazy("Abort incomplete uploads after so many days"),
        gettext_lazy("Their parts are billed, and no list shows them."),
    )
    older = _days(
        gettext_lazy("Remove older versions after so many days"),
        gettext_lazy("Counted from when a newer version, or a delete marker, took their place. For good."),
    )
    keep = forms.IntegerField(
        label=gettext_lazy("… but keep the newest so many of them"),
        required=False,
        min_value=1,
        max_value=MAX_KEPT,
    )
    markers = forms.BooleanField(
        label=gettext_lazy("Remove delete markers that hide nothing any more"), required=False
    )
    expire = _days(
        gettext_lazy("Expire current versions after so many days"),
        gettext_lazy("With versioning they get a delete marker; without it they are destroyed."),
    )
    steps = _steps_field(gettext_lazy("Move current versions to another class"))
    older_steps = _steps_field(gettext_lazy("Move older versions to another class"))
    gone = forms.BooleanField(label=gettext_lazy("Remove this rule"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.former = _rule(self.now, self.part) if self.part is not None else {}
        if self.part is None:
            del self.fields["gone"]
        else:
            self.fields["rule"].disabled = True
        if set(_filter(self.former)) not in _SIMPLE_FILTERS:
            self._keep("begins", _("This rule chooses keys in a way that the portal keeps, but cannot edit."))
        for field, deed, days in (
            ("steps", "Transitions", "Days"),
            ("older_steps", "NoncurrentVersionTransitions", "NoncurrentDays"),
        ):
            if not are_plain_steps(self.former.get(deed, []), days):
                self._keep(field, _("These moves are kept as they are; the portal cannot edit them."))
        lacking = capabilities.known(capabilities.server(self.place.alias))
        if Capability.LIFECYCLE_EVERY_FIELD in lacking and not (
            {"Transitions", "NoncurrentVersionTransitions"} & set(self.former)
        ):
            for name in ("steps", "older_steps"):
                self._keep(name, lacking[Capability.LIFECYCLE_EVERY_FIELD])

    @classmethod
    def initial_of(cls, now: Lifecycle, part: str | None) -> dict[str, Any]:
        if part is None:
            return {"is_on": True}
        rule = _rule(now, part)
        older = rule.get("NoncurrentVersionExpiration", {})
        expiration = rule.get("Expiration", {})
        return {
            "rule": part,
            "is_on": rule.get("Status") == "Enabled",
            "begins": lifecycle_rules.prefix_of(rule),
            "abort": rule.get("AbortIncompleteMultipartUpload", {}).get("DaysAfterInitiation"),
            "older": older.get("NoncurrentDays"),
            "keep": older.get("NewerNoncurrentVersions"),
            "markers": bool(expiration.get("ExpiredObjectDeleteMarker")),
            "expire": expiration.get("Days"),
            "steps": _in_a_line(rule.get("Transitions", []), "Days"),
            "older_steps": _in_a_line(rule.get("NoncurrentVersionTransitions", []), "NoncurrentDays"),
        }

    def clean_rule(self) -> str:
        """Refuse a name that another rule has."""
        name: str = self.cleaned_data["rule"]
        if self.part is None and self.now.rule(name) is not None:
            raise forms.ValidationError(
                _("There is a rule %(name)s already: change that one.") % {"name": quoted(name)}
            )
        return name

    def clean_steps(self) -> list[dict[str, Any]]:
        """Read days and classes."""
        return self._steps("steps", "Days")

    def clean_older_steps(self) -> list[dict[str, Any]]:
        """Read days and classes."""
        return self._steps("older_steps", "NoncurrentDays")

    def clean(self) -> dict[str, Any]:
        """Name everything that S3 would refuse, before it is asked."""
        given = self.cleaned_data
        if not json_text.can_be_sent(given.get("rule", "") + given.get("begins", "")):
            self.add_error(None, _("XML holds no control characters: S3 cannot take them here."))
        if given.get("keep") and not given.get("older"):
            self.add_error("keep", _("Say after how many days older versions are removed."))
        if given.get("markers") and given.get("expire"):
            self.add_error("markers", _("It goes with no days for current versions: use a rule of its own."))
        if self.errors or given.get("gone"):
            return given
        wanted = self.wanted()
        found = [*lifecycle_rules.faults(wanted.rule(given["rule"]) or {})]
        for fault in found + lifecycle_rules.set_faults(wanted.rules):
            self.add_error(None, fault)
        return given

    def wanted(self) -> Lifecycle:
        """Return all rules, with this one as the form has it."""
        found: Lifecycle = self.now
        if self.cleaned_data.get("gone"):
            return found.without(self.cleaned_data["rule"])
        return found.merged(self._changes())

    def _changes(self) -> dict[str, Any]:
        given = self.cleaned_data
        changes: dict[str, Any] = {
            "ID": given["rule"],
            "Status": "Enabled" if given["is_on"] else "Disabled",
            "AbortIncompleteMultipartUpload": self._merged(
                "AbortIncompleteMultipartUpload", {"DaysAfterInitiation": given["abort"]}
            ),
            "NoncurrentVersionExpiration": self._merged(
                "NoncurrentVersionExpiration",
                {"NoncurrentDays": given["older"], "NewerNoncurrentVersions": given["keep"]},
            ),
            "Expiration": self._expiration(),
        }
        if not self.fields["steps"].disabled:
            changes["Transitions"] = given["steps"] or None
        if not self.fields["older_steps"].disabled:
            changes["NoncurrentVersionTransitions"] = given["older_steps"] or None
        if not self.fields["begins"].disabled and (
            not self.former or given["begins"] != lifecycle_rules.prefix_of(self.former)
        ):
            changes["Filter"] = {"Prefix": given["begins"]} if given["begins"] else {}
        return changes

    def _expiration(self) -> dict[str, Any] | None:
        """A date stays where neither days nor markers take its place."""
        given = self.cleaned_data
        fields: dict[str, Any] = {
            "Days": given["expire"],
            "ExpiredObjectDeleteMarker": given["markers"] or None,
        }
        if given["expire"] or given["markers"]:
            fields["Date"] = None
        return self._merged("Expiration", fields)

    def _merged(self, deed: str, fields: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the deed with these fields, keeping what else it says; None where nothing is left."""
        both = {**self.former.get(deed, {}), **fields}
        return {name: value for name, value in both.items() if value is not None} or None

    def _steps(self, field: str, days: str) -> list[dict[str, Any]]:
        text: str = self.cleaned_data[field]
        if self.fields[field].disabled:
            return []
        steps = []
        for piece in filter(None, (piece.strip() for piece in text.split(","))):
            found = _STEP.fullmatch(piece)
            if found is None:
                raise forms.ValidationError(
                    _("%(piece)s is not days and a class, such as 30 STANDARD_IA.") % {"piece": quoted(piece)}
                )
            steps.append({days: int(found[1]), "StorageClass": found[2]})
        return steps

    def _keep(self, field: str, reason: str) -> None:
        self.fields[field].disabled = True
        self.fields[field].help_text = reason


def _rule(now: Lifecycle, name: str) -> Mapping[str, Any]:
    rule = now.rule(name)
    if rule is None:
        raise KeyError(name)
    return rule


def _filter(rule: Mapping[str, Any]) -> Mapping[str, Any]:
    chosen: Mapping[str, Any] = lifecycle_rules.canonical(rule)["Filter"]
    return chosen


def _in_a_line(steps: Any, days: str) -> str:
    if not are_plain_steps(steps, days):
        return ""
    return ", ".join(f"{step[days]} {step['StorageClass']}" for step in steps)
