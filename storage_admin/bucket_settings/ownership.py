"""Object ownership: whose the objects are, and so whether ACLs count at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal import spelling
from portal.s3 import acl, ownership
from portal.s3.differences import Capability
from portal.s3.errors import S3Error, Unsupported
from portal.s3.ownership import Ownership
from storage_admin import grants
from storage_admin.bucket_settings.setting import Facts, Level, Meaning, Place, Setting, SettingForm

_WORDS = {
    Ownership.ENFORCED: gettext_lazy(
        "Bucket owner enforced: ACLs are off, and the bucket's owner owns every object"
    ),
    Ownership.PREFERRED: gettext_lazy(
        "Bucket owner preferred: ACLs count; what is uploaded with the ACL bucket-owner-full-control is the "
        "bucket owner's"
    ),
    Ownership.OBJECT_WRITER: gettext_lazy("Object writer: ACLs count, and each object is its uploader's"),
}


class OwnershipForm(SettingForm):
    """One of three."""

    ownership = forms.ChoiceField(
        label=gettext_lazy("Object ownership"),
        widget=forms.RadioSelect,
        choices=[(one.value, words) for one, words in _WORDS.items()],
    )

    @classmethod
    def initial_of(cls, now: Ownership, _part: str | None) -> dict[str, Any]:
        return {"ownership": now.value}

    def wanted(self) -> Ownership:
        return Ownership(self.cleaned_data["ownership"])


class OwnershipSetting(Setting[Ownership]):
    """Whether ACLs count. A bucket without the setting behaves as "Object writer"."""

    slug = "ownership"
    title = gettext_lazy("Object ownership")
    about = gettext_lazy("Who owns what others upload, and whether ACLs count here at all.")
    term = "Object Ownership (OwnershipControls)"
    needs = (Capability.OWNERSHIP,)
    form_class = OwnershipForm

    def read(self, bucket: str, alias: str) -> Ownership:
        return ownership.read(bucket, alias=alias)

    def write(self, bucket: str, alias: str, wanted: Ownership) -> None:
        ownership.write(bucket, wanted, alias=alias)

    def as_data(self, value: Ownership) -> dict[str, Any]:
        return {"ownership": value.value}

    def from_data(self, data: Mapping[str, Any]) -> Ownership:
        return Ownership.told(data["ownership"])

    def facts(self, value: Ownership) -> Facts:
        return {_("Object ownership"): str(_WORDS.get(value, value))}

    def beside(self, value: Ownership, place: Place) -> Facts:
        if not value.has_acls:
            return {}
        try:
            found = _given_away(place)
        except S3Error as error:
            return {_("The bucket's ACL"): _("could not be read: %(reason)s") % {"reason": error}}
        words = "\n".join(found) or _("nothing to anybody but the owner")
        return {_("The bucket's ACL grants"): words}

    def refusals(self, _before: Ownership, after: Ownership, place: Place) -> list[str]:
        if after.has_acls:
            return []
        try:
            found = _given_away(place)
        except S3Error:
            return []  # not readable: the store itself then refuses, or not
        if not found:
            return []
        words = _(
            "The bucket's ACL still grants others something: %(grants)s. S3 refuses to enforce ownership "
            "over that. Remove these grants first, on the page “Access control list”."
        )
        return [words % {"grants": "; ".join(found)}]

    def meaning(self, before: Ownership, after: Ownership, _place: Place) -> list[Meaning]:
        if not after.has_acls:
            return [
                Meaning(_("All ACLs stop counting. Only policies let anybody in.")),
                Meaning(_("Who was let in by the ACL of an object is shut out."), Level.WARNING),
                Meaning(
                    _("Uploads that send an ACL fail, unless it is bucket-owner-full-control."), Level.WARNING
                ),
                Meaning(_("ACLs stay stored: they count again when this is taken back.")),
            ]
        found = []
        if not before.has_acls:
            words = _(
                "ACLs count again, also those stored with objects long ago. A public one opens its object to "
                "the world, unless Block Public Access ignores it."
            )
            found.append(Meaning(words, Level.DANGER))
        if after is Ownership.OBJECT_WRITER:
            words = _("What other accounts upload is theirs: this account may be unable to read it.")
            found.append(Meaning(words, Level.WARNING))
        return found

    def opens(self, before: Ownership, after: Ownership) -> bool:
        """ACLs that count again may be public ones; nobody can tell without asking for each object."""
        return after.has_acls and not before.has_acls


def _given_away(place: Place) -> list[str]:
    """Return what the bucket's ACL grants others, in words; nothing where the store has no ACLs."""
    try:
        found = acl.of_bucket(place.bucket, alias=place.alias)
    except Unsupported:
        return []
    return [
        f"{spelling.plain(grants.grantee(grant, found))}: {grant.permission}"
        for grant in found.grants
        if grant.grantee != found.owner
    ]
