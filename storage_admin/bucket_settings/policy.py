"""The bucket policy: who may do what, in Amazon's own language, as JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal import spelling
from portal.s3 import policy, public_access_block
from portal.s3.differences import Capability
from portal.s3.errors import BadRequest, S3Error, Unsupported
from portal.s3.sameness import key_of
from storage_admin.bucket_settings import json_text
from storage_admin.bucket_settings.json_text import quoted
from storage_admin.bucket_settings.policy_statements import (
    BucketPolicy,
    Statement,
    in_words,
    named,
    opening,
    shutting_out,
)
from storage_admin.bucket_settings.setting import Facts, Level, Meaning, Place, Setting, SettingForm

_EITHER = (("Principal", "NotPrincipal"), ("Action", "NotAction"), ("Resource", "NotResource"))
_RESOURCE = re.compile(r"arn:[a-z-]+:s3:::([^/]+)(/.*)?", re.DOTALL)


class PolicyForm(SettingForm):
    """The text as it is; an empty one removes the policy."""

    text = forms.CharField(
        label=gettext_lazy("Policy"),
        required=False,
        widget=json_text.TEXTAREA,
        help_text=gettext_lazy("JSON, at most %(most)d bytes. Empty: no policy.")
        % {"most": policy.MAX_BYTES},
    )

    @classmethod
    def initial_of(cls, now: BucketPolicy, _part: str | None) -> dict[str, Any]:
        try:
            return {"text": json_text.pretty(policy.parsed(now.text))}
        except (BadRequest, RecursionError, ValueError):
            return {"text": now.text}  # none, or more than the portal understands

    def clean_text(self) -> str:
        """Name what S3 would refuse, with its place."""
        text: str = self.cleaned_data["text"]
        if not text:
            return ""
        try:
            found = policy.parsed(text)
        except BadRequest as error:
            raise forms.ValidationError(str(error)) from error
        except (RecursionError, ValueError) as error:
            raise forms.ValidationError(_("This JSON cannot be read.")) from error
        statements = found["Statement"] if isinstance(found["Statement"], list) else [found["Statement"]]
        wrong = [
            fault
            for number, one in enumerate(statements, start=1)
            for fault in _faults(number, one, self.place.bucket)
        ]
        if wrong:
            raise forms.ValidationError(wrong)
        return text

    def wanted(self) -> BucketPolicy:
        return BucketPolicy(self.cleaned_data["text"])


class PolicySetting(Setting[BucketPolicy]):
    """One text for the whole bucket; what lets strangers in needs a right of its own."""

    slug = "policy"
    title = gettext_lazy("Bucket policy")
    about = gettext_lazy(
        "Who may do what with the bucket and its objects, beside the rights of the accounts."
    )
    term = "Bucket policy"
    needs = (Capability.POLICY,)
    form_class = PolicyForm

    def read(self, bucket: str, alias: str) -> BucketPolicy:
        return BucketPolicy(policy.read(bucket, alias=alias))

    def write(self, bucket: str, alias: str, wanted: BucketPolicy) -> None:
        if wanted.text.strip():
            policy.write(bucket, wanted.text, alias=alias)
        else:
            policy.delete(bucket, alias=alias)

    def as_data(self, value: BucketPolicy) -> dict[str, Any]:
        return {"text": value.text}

    def from_data(self, data: Mapping[str, Any]) -> BucketPolicy:
        return BucketPolicy(data["text"])

    def facts(self, value: BucketPolicy) -> Facts:
        said = value.said
        if said is None:
            return {_("Text"): quoted(value.text.strip())}
        found: Facts = {
            spelling.plain(name): spelling.plain(json_text.pretty(inner))
            for name, inner in said.items()
            if name != "Statement"
        }
        for number, one in enumerate(said.get("Statement", []), start=1):
            if not isinstance(one, dict):
                found[_("Statement %(number)d") % {"number": number}] = spelling.plain(key_of(one))
                continue
            label = _("Statement %(name)s") % {"name": named(one)}
            if label in found or "Sid" not in one:
                label = f"{label} ({number})"
            found[label] = in_words(one)
        return found

    def summary(self, value: BucketPolicy) -> str:
        if not value.text.strip():
            return _("none")
        return ", ".join(f"{one.get('Effect')}: {named(one)}" for one in value.statements) or _("unknown")

    def beside(self, value: BucketPolicy, place: Place) -> Facts:
        found = {_("Size"): _("%(size)d bytes") % {"size": len(value.text.encode())}}
        words = {True: _("yes"), False: _("no"), None: _("the store does not say")}
        try:
            found[_("Public, as the store judges it")] = words[
                policy.is_public(place.bucket, alias=place.alias)
            ]
        except Unsupported:
            found[_("Public, as the store judges it")] = words[None]
        except S3Error as error:
            found[_("Public, as the store judges it")] = str(error)
        return found

    def opens(self, before: BucketPolicy, after: BucketPolicy) -> bool:
        return bool(opening(before, after))

    def asks_for_name(self, before: BucketPolicy, after: BucketPolicy, place: Place) -> bool:
        return super().asks_for_name(before, after, place) or bool(shutting_out(before, after))

    def refusals(self, before: BucketPolicy, after: BucketPolicy, place: Place) -> list[str]:
        if not (place.holds_photos and shutting_out(before, after)):
            return []
        return [
            _("It would shut the portal out of its own photos; only the account's root user could undo it.")
        ]

    def meaning(self, before: BucketPolicy, after: BucketPolicy, place: Place) -> list[Meaning]:
        found = []
        for one in opening(before, after):
            words = _("The statement %(name)s lets everybody in, also people without any account: %(what)s.")
            text = words % {"name": named(one), "what": "; ".join(in_words(one).splitlines())}
            found.append(Meaning(text, Level.DANGER))
        if found:
            found += _of_the_block(place)
        for one in shutting_out(before, after):
            words = _("The statement %(name)s denies it to everybody, the portal and you among them.")
            found.append(Meaning(words % {"name": named(one)}, Level.DANGER))
        if any(one.get("Effect") == "Deny" for one in after.statements):
            found.append(Meaning(_("A Deny counts before every Allow, whoever gave that."), Level.WARNING))
        if not after.text.strip():
            found.append(Meaning(_("Whoever came in by the policy alone stays out from now on.")))
        return found


def _of_the_block(place: Place) -> list[Meaning]:
    try:
        block = public_access_block.in_force(place.bucket, alias=place.alias)
    except S3Error as error:
        words = _("Whether Block Public Access stops it could not be read: %(reason)s")
        return [Meaning(words % {"reason": error}, Level.WARNING)]
    if block.block_public_policy:
        return [Meaning(_("Block Public Access forbids public policies here: the store will refuse it."))]
    return []


def _faults(number: int, statement: Any, bucket: str) -> list[str]:
    """Return what S3 would refuse in one statement."""
    place = {"number": number}
    if not isinstance(statement, dict):
        return [_("Statement %(number)d is no JSON object.") % place]
    found = []
    if statement.get("Effect") not in {"Allow", "Deny"}:
        found.append(_("Statement %(number)d: “Effect” is either Allow or Deny.") % place)
    found += [
        _("Statement %(number)d needs “%(one)s”, or “%(other)s”.") % {**place, "one": one, "other": other}
        for one, other in _EITHER
        if (one in statement) is (other in statement)
    ]
    return found + [
        _("Statement %(number)d: the resource %(what)s is not of this bucket.")
        % {**place, "what": quoted(one)}
        for one in _resources(statement)
        if not _is_of(one, bucket)
    ]


def _resources(statement: Statement) -> list[str]:
    said = statement.get("Resource", statement.get("NotResource", []))
    return [str(one) for one in (said if isinstance(said, list) else [said])]


def _is_of(resource: str, bucket: str) -> bool:
    found = _RESOURCE.fullmatch(resource)
    return bool(found and found[1] == bucket)
