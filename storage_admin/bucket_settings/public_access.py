"""Block Public Access: four switches that outrank ACLs and policies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.s3 import capabilities, exposure, public_access_block
from portal.s3.differences import Capability
from portal.s3.errors import S3Error, Unsupported
from portal.s3.ownership import Ownership
from portal.s3.public_access_block import PublicAccessBlock
from storage_admin.bucket_settings.setting import (
    Facts,
    Level,
    Meaning,
    Place,
    Setting,
    SettingForm,
    yes_or_no,
)

_SWITCHES = {
    "block_public_acls": gettext_lazy("BlockPublicAcls: no new public ACL is stored"),
    "ignore_public_acls": gettext_lazy("IgnorePublicAcls: stored public ACLs do not count"),
    "block_public_policy": gettext_lazy("BlockPublicPolicy: no new public policy is stored"),
    "restrict_public_buckets": gettext_lazy(
        "RestrictPublicBuckets: a stored public policy lets in nobody from outside the account"
    ),
}


class PublicAccessForm(SettingForm):
    """The four switches of the bucket. The account's are changed for all its buckets, not here."""

    block_public_acls = forms.BooleanField(label=_SWITCHES["block_public_acls"], required=False)
    ignore_public_acls = forms.BooleanField(label=_SWITCHES["ignore_public_acls"], required=False)
    block_public_policy = forms.BooleanField(label=_SWITCHES["block_public_policy"], required=False)
    restrict_public_buckets = forms.BooleanField(label=_SWITCHES["restrict_public_buckets"], required=False)

    @classmethod
    def initial_of(cls, now: PublicAccessBlock, _part: str | None) -> dict[str, Any]:
        return asdict(now)

    def wanted(self) -> PublicAccessBlock:
        return PublicAccessBlock(**{name: self.cleaned_data[name] for name in _SWITCHES})


class PublicAccessSetting(Setting[PublicAccessBlock]):
    """The bucket's own switches; of these and the account's, the stricter count."""

    slug = "public-access"
    title = gettext_lazy("Block Public Access")
    about = gettext_lazy("Four switches that keep the world out, whatever ACLs and policies say.")
    term = "Block Public Access (PublicAccessBlockConfiguration)"
    needs = (Capability.PUBLIC_ACCESS_BLOCK,)
    form_class = PublicAccessForm

    def read(self, bucket: str, alias: str) -> PublicAccessBlock:
        return public_access_block.read(bucket, alias=alias)

    def write(self, bucket: str, alias: str, wanted: PublicAccessBlock) -> None:
        public_access_block.write(bucket, wanted, alias=alias)

    def as_data(self, value: PublicAccessBlock) -> dict[str, Any]:
        return asdict(value)

    def from_data(self, data: Mapping[str, Any]) -> PublicAccessBlock:
        return PublicAccessBlock(**data)

    def facts(self, value: PublicAccessBlock) -> Facts:
        return {str(words): yes_or_no(getattr(value, name)) for name, words in _SWITCHES.items()}

    def summary(self, value: PublicAccessBlock) -> str:
        if value.is_complete:
            return _("all four switches on")
        off = [_term(name) for name in _SWITCHES if not getattr(value, name)]
        return _("off: %(switches)s") % {"switches": ", ".join(off)}

    def beside(self, value: PublicAccessBlock, place: Place) -> Facts:
        label = _("The account's switches")
        try:
            account = public_access_block.read_account(alias=place.alias)
        except Unsupported as error:
            return {label: str(error)}
        except S3Error as error:
            words = _("could not be read: %(reason)s What is in force is at least what is on here.")
            return {label: words % {"reason": error}}
        return {
            label: self.summary(account),
            _("In force, the stricter of both"): self.summary(value | account),
        }

    def meaning(self, before: PublicAccessBlock, after: PublicAccessBlock, place: Place) -> list[Meaning]:
        off, on = _switched(before, after), _switched(after, before)
        found = _meaning_of_off(off, place) if off else []
        against = capabilities.known(capabilities.server(place.alias)).get(Capability.UPLOADS_UNDER_BLOCK)
        if against and "block_public_acls" in on:
            found.append(Meaning(against, Level.DANGER))
        if {"ignore_public_acls", "restrict_public_buckets"} & set(on):
            words = _(
                "Whoever comes in by a public ACL or policy is shut out at once. Signed links keep working."
            )
            found.append(Meaning(words, Level.WARNING))
        if {"block_public_acls", "block_public_policy"} & set(on):
            found.append(
                Meaning(_("Whoever stores a public ACL or policy from now on is refused; stored ones stay."))
            )
        return found

    def opens(self, before: PublicAccessBlock, after: PublicAccessBlock) -> bool:
        return bool(_switched(before, after))


def _switched(one: PublicAccessBlock, other: PublicAccessBlock) -> list[str]:
    """Return which switches are on in the one and off in the other."""
    return [name for name in _SWITCHES if getattr(one, name) and not getattr(other, name)]


def _term(name: str) -> str:
    return str(_SWITCHES[name]).partition(":")[0]


def _meaning_of_off(off: list[str], place: Place) -> list[Meaning]:
    """Tell what comes back to life: the switches alter no stored ACL or policy (UG: Block Public Access)."""
    found = []
    try:
        stored = exposure.read(place.bucket, alias=place.alias)
    except S3Error as error:
        words = _("What is stored and would count again could not be read: %(reason)s")
        return [Meaning(words % {"reason": error}, Level.DANGER)]
    if "ignore_public_acls" in off and stored.ownership is not Ownership.ENFORCED:
        found += _live_again(
            stored.public_acl,
            _("The bucket's own ACL grants the world something: it counts again."),
            _("Whether the bucket's own ACL is public could not be read; if it is, it counts again."),
        )
        words = _(
            "Public ACLs of single objects, if there are any, count again; they cannot be counted here."
        )
        found.append(Meaning(words, Level.DANGER))
    if "restrict_public_buckets" in off:
        found += _live_again(
            stored.public_policy,
            _("The bucket has a public policy: it lets the world in again."),
            _("Whether the bucket's policy is public could not be read; if so, it lets the world in."),
        )
    if "block_public_acls" in off:
        found.append(Meaning(_("Public ACLs can be stored from now on."), Level.WARNING))
    if "block_public_policy" in off:
        found.append(Meaning(_("Public policies can be stored from now on."), Level.WARNING))
    return found + _meaning_of_account(off, place)


def _live_again(is_public: bool | None, known: str, unknown: str) -> list[Meaning]:
    if is_public is False:
        return []
    return [Meaning(known if is_public else unknown, Level.DANGER)]


def _meaning_of_account(off: list[str], place: Place) -> list[Meaning]:
    try:
        account = public_access_block.read_account(alias=place.alias)
    except S3Error:
        return []  # shown on the page of the setting
    kept = [_term(name) for name in off if getattr(account, name)]
    if not kept:
        return []
    words = _("The account's own switches stay on, so nothing changes for: %(switches)s.")
    return [Meaning(words % {"switches": ", ".join(kept)})]
