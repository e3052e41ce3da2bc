"""CORS rules: which web pages' scripts may reach the bucket from a browser."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal import spelling
from portal.s3 import cors
from portal.s3.cors import PORTAL_RULE, Rule
from portal.s3.sameness import key_of, without_empty
from storage_admin.bucket_settings import json_text
from storage_admin.bucket_settings.json_text import quoted
from storage_admin.bucket_settings.setting import Facts, Level, Meaning, Place, Setting, SettingForm

MAX_RULES = 100  # API:PutBucketCors
MAX_LETTERS = 64 * 1024
METHODS = ("GET", "PUT", "POST", "DELETE", "HEAD")
_LISTS = ("AllowedOrigins", "AllowedMethods", "AllowedHeaders", "ExposeHeaders")
_FIELDS = {*_LISTS, "ID", "MaxAgeSeconds"}


@dataclass(frozen=True, eq=False)
class CorsRules:
    """All rules in their order: the first that fits is used. Equal without what says nothing, such as 0 s."""

    rules: tuple[Rule, ...] = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CorsRules) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    @property
    def _key(self) -> str:
        return key_of(without_empty(self.rules))


class CorsForm(SettingForm):
    """All rules as JSON, as Amazon's own console takes them."""

    text = forms.CharField(
        label=gettext_lazy("Rules"),
        required=False,
        max_length=MAX_LETTERS,
        widget=json_text.TEXTAREA,
        help_text=gettext_lazy("A JSON list of rules; empty: none. The first rule that fits is used."),
    )

    @classmethod
    def initial_of(cls, now: CorsRules, _part: str | None) -> dict[str, Any]:
        return {"text": json_text.pretty(list(now.rules)) if now.rules else ""}

    def clean_text(self) -> tuple[Rule, ...]:
        """Name what S3 would refuse, rule by rule."""
        text: str = self.cleaned_data["text"]
        said = json_text.parsed(text) if text else []
        if isinstance(said, dict) and set(said) == {"CORSRules"}:  # as the command line takes it
            said = said["CORSRules"]
        if not isinstance(said, list):
            raise forms.ValidationError(_("The rules are a JSON list: [ {…}, {…} ]."))
        wrong = [fault for number, rule in enumerate(said, start=1) for fault in _faults(number, rule)]
        if len(said) > MAX_RULES:
            wrong.append(
                _("There are %(count)d rules; S3 allows %(most)d.") % {"count": len(said), "most": MAX_RULES}
            )
        if wrong:
            raise forms.ValidationError(wrong)
        return tuple(said)

    def wanted(self) -> CorsRules:
        return CorsRules(self.cleaned_data["text"])


class CorsSetting(Setting[CorsRules]):
    """All rules at once: they are read together, in their order."""

    slug = "cors"
    title = gettext_lazy("CORS")
    about = gettext_lazy("Which web pages' scripts may reach the bucket from a browser.")
    term = "Cross-origin resource sharing (CORSConfiguration)"
    form_class = CorsForm

    def read(self, bucket: str, alias: str) -> CorsRules:
        return CorsRules(cors.read(bucket, alias=alias))

    def write(self, bucket: str, alias: str, wanted: CorsRules) -> None:
        cors.write(bucket, wanted.rules, alias=alias)

    def as_data(self, value: CorsRules) -> dict[str, Any]:
        return {"rules": list(value.rules)}

    def from_data(self, data: Mapping[str, Any]) -> CorsRules:
        return CorsRules(tuple(data["rules"]))

    def facts(self, value: CorsRules) -> Facts:
        return {_label(number, rule): _in_words(rule) for number, rule in enumerate(value.rules, start=1)}

    def summary(self, value: CorsRules) -> str:
        if not value.rules:
            return _("no rules: scripts of other sites' pages stay out")
        found = _("%(count)d rules") % {"count": len(value.rules)}
        return f"{found}, {_('the portal’s among them')}" if _has_portals(value) else found

    def meaning(self, before: CorsRules, after: CorsRules, place: Place) -> list[Meaning]:
        found = [
            Meaning(
                _(
                    "CORS opens nothing by itself: who may read or write stays as it is. Browsers remember "
                    "the former answer for a while."
                )
            )
        ]
        if any("*" in rule.get("AllowedOrigins", []) for rule in after.rules if rule not in before.rules):
            words = _("With the origin “*”, scripts of every web page may use a signed address that leaks.")
            found.append(Meaning(words, Level.WARNING))
        if place.holds_photos and _portals(before) != _portals(after):
            words = _(
                "The portal's own rule changes: without a fitting one, browsers cannot upload to the store."
            )
            found.append(Meaning(words, Level.WARNING))
        return found


def _label(number: int, rule: Rule) -> str:
    label = _("Rule %(number)d") % {"number": number}
    if rule.get("ID"):
        label += f" {quoted(str(rule['ID']))}"
    return f"{label} · {_('the portal’s own')}" if rule.get("ID") == PORTAL_RULE else label


def _in_words(rule: Rule) -> str:
    said = without_empty(rule)
    said.pop("ID", None)
    lines = []
    for name, words in (
        ("AllowedOrigins", _("from pages of: %(what)s")),
        ("AllowedMethods", _("methods: %(what)s")),
        ("AllowedHeaders", _("headers that may be sent: %(what)s")),
        ("ExposeHeaders", _("headers that may be read: %(what)s")),
        ("MaxAgeSeconds", _("remembered for (seconds): %(what)s")),
    ):
        if name in said:
            lines.append(words % {"what": spelling.plain(key_of(said.pop(name)))})
    if said:
        lines.append(_("further: %(what)s") % {"what": spelling.plain(key_of(said))})
    return "\n".join(lines)


def _faults(number: int, rule: Any) -> list[str]:
    """Return what S3 would refuse in one rule (API:CORSRule)."""
    place = {"number": number}
    if not isinstance(rule, dict):
        return [_("Rule %(number)d is no JSON object.") % place]
    found = [
        _("Rule %(number)d: there is no field %(name)s.") % {**place, "name": quoted(name)}
        for name in sorted(set(rule) - _FIELDS)
    ]
    for name in _LISTS:
        said = rule.get(name, [])
        if not isinstance(said, list) or not all(_is_text(one) and one for one in said):
            found.append(_("Rule %(number)d: “%(name)s” is a list of texts.") % {**place, "name": name})
            rule = {**rule, name: []}
        elif name in {"AllowedOrigins", "AllowedMethods"} and not said:
            found.append(_("Rule %(number)d needs “%(name)s”.") % {**place, "name": name})
    found += [
        _("Rule %(number)d: S3 allows no method %(name)s, only %(all)s.")
        % {**place, "name": quoted(one), "all": ", ".join(METHODS)}
        for one in rule.get("AllowedMethods", [])
        if one not in METHODS
    ]
    found += [
        _("Rule %(number)d: %(what)s has more than one “*”.") % {**place, "what": quoted(one)}
        for one in [*rule.get("AllowedOrigins", []), *rule.get("AllowedHeaders", [])]
        if one.count("*") > 1
    ]
    age = rule.get("MaxAgeSeconds", 0)
    if not isinstance(age, int) or isinstance(age, bool) or age < 0:
        found.append(_("Rule %(number)d: “MaxAgeSeconds” is a number of seconds.") % place)
    if not _is_text(rule.get("ID", "")):
        found.append(_("Rule %(number)d: “ID” is a text.") % place)
    return found


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and json_text.can_be_sent(value)


def _portals(value: CorsRules) -> list[Any]:
    return [without_empty(rule) for rule in value.rules if rule.get("ID") == PORTAL_RULE]


def _has_portals(value: CorsRules) -> bool:
    return bool(_portals(value))
