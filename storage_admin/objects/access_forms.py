"""The forms for who may read one version."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from photos import keys
from portal.s3 import acl, public_access_block
from portal.s3.acl import ANY_ACCOUNT, EVERYBODY, LOG_DELIVERY, Acl, Canned, Grant, Permission
from portal.s3.differences import Capability
from portal.s3.errors import S3Error, StorageUnavailable
from portal.s3.public_access_block import PublicAccessBlock
from storage_admin.grants import grantee
from storage_admin.objects import access as object_access
from storage_admin.objects.forms import Consequence, Level, ObjectForm, Saved

GRANTS = "grants"  # in place of a canned ACL: the list below it
_GROUPS = {"everybody": EVERYBODY, "any-account": ANY_ACCOUNT, "log-delivery": LOG_DELIVERY}
_FOR_OBJECTS = [one for one in Permission if one is not Permission.WRITE]
_CANNED = {
    Canned.PRIVATE: gettext_lazy("private: the owner alone"),
    Canned.PUBLIC_READ: gettext_lazy("public-read: everybody in the world may read"),
    Canned.AUTHENTICATED_READ: gettext_lazy("authenticated-read: anybody with an Amazon account may read"),
    Canned.BUCKET_OWNER_READ: gettext_lazy("bucket-owner-read: the bucket's owner may read, too"),
    Canned.BUCKET_OWNER_FULL_CONTROL: gettext_lazy("bucket-owner-full-control: the bucket's owner may all"),
}


class _AccessForm(ObjectForm):
    """Shows the grants as they are, and what shuts them again."""

    version_stays = True

    @property
    def acl(self) -> Acl:
        """The ACL; the table of acts lets nobody here who could not read it."""
        return self.found.acl or Acl("", ())

    def state(self) -> dict[str, str]:
        said = [f"{one.permission.value}: {grantee(one, self.acl)}" for one in self.acl.grants]
        return {
            _("Owner"): self.acl.owner_name or self.acl.owner,
            _("Grants"): "; ".join(sorted(said)) or "–",
        }

    def exact(self) -> Any:
        return object_access.grants_of(self.acl)

    @cached_property
    def block(self) -> PublicAccessBlock | None:
        """Return the switches in force, None where they could not be read."""
        try:
            return public_access_block.in_force(self.found.bucket.name, alias=self.found.bucket.connection)
        except StorageUnavailable:
            raise
        except S3Error:
            return None

    def consequences(self) -> list[Consequence]:
        words = _("The ACL of this one version changes; other versions keep theirs.")
        return [Consequence(words), *self.lacking(Capability.ACLS_ENFORCED, Capability.ACLS_BY_VERSION)]

    def about_the_world(self) -> list[Consequence]:
        """Return what opening means, and what stands against it."""
        said = []
        originals = (keys.ORIGINALS, settings.ARRIVALS_PREFIX)
        if self.found.bucket.holds_photos and self.found.key.startswith(originals):
            words = _("It is an original: with all that the camera wrote into it, such as the place.")
            said.append(Consequence(words, Level.DANGER))
        if self.block is None:
            words = _("Whether Block Public Access stands against it could not be read.")
            said.append(Consequence(words, Level.WARNING))
        elif self.block.block_public_acls:
            words = _("The switch BlockPublicAcls, of the bucket or its account, forbids public ACLs.")
            said.append(Consequence(words, Level.WARNING))
        elif self.block.ignore_public_acls:
            words = _("The switch IgnorePublicAcls is on: a public ACL is kept and has no effect.")
            said.append(Consequence(words, Level.WARNING))
        return said


class PublicForm(_AccessForm):
    """Everybody may read the version."""

    page = "public"
    button = gettext_lazy("Make public")

    def consequences(self) -> list[Consequence]:
        words = _("Everybody in the world can then read this version, its headers and its metadata.")
        how = (
            _("By the key alone, without any signature: the key is then an address.")
            if self.found.is_newest
            else _("It is an older version: only who knows its version id finds it.")
        )
        named = ", ".join(sorted(self.facts.metadata))
        said = [Consequence(words, Level.DANGER), Consequence(how)]
        if named:
            said.append(Consequence(_("The metadata: %(names)s.") % {"names": named}))
        return [*said, *self.about_the_world(), *super().consequences()]

    def save(self) -> Saved:
        object_access.make_public(
            actor=self.user, bucket=self.found.bucket, key=self.found.key, seen=self.seen_version,
            seen_grants=self.seen_exact,
        )  # fmt: skip
        return Saved(_("The ACL lets everybody read this version."))


class PrivateForm(_AccessForm):
    """The world may not, by the ACL; single accounts keep what they have."""

    page = "private"
    button = gettext_lazy("Make private")

    def consequences(self) -> list[Consequence]:
        kept = [one for one in self.acl.grants if not one.is_public and one.grantee != self.acl.owner]
        said = [
            Consequence(_("The grants to everybody go. A bucket policy may still let the world read.")),
            Consequence(_("What somebody has read or kept meanwhile, nothing takes back.")),
        ]
        if kept:
            names = ", ".join(sorted(grantee(one, self.acl) for one in kept))
            said.append(Consequence(_("These keep what they have: %(names)s.") % {"names": names}))
        return [*said, *super().consequences()]

    def save(self) -> Saved:
        object_access.make_private(
            actor=self.user, bucket=self.found.bucket, key=self.found.key, seen=self.seen_version,
            seen_grants=self.seen_exact,
        )  # fmt: skip
        return Saved(_("The ACL lets the world read this version no more."))


class AclForm(_AccessForm):
    """A canned ACL, or a list of grants."""

    page = "acl"
    button = gettext_lazy("Change the ACL")

    canned = forms.ChoiceField(label=gettext_lazy("ACL"), widget=forms.RadioSelect)
    grants = forms.CharField(
        label=gettext_lazy("Grants"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
        help_text=gettext_lazy(
            "One a line: READ, READ_ACP, WRITE_ACP or FULL_CONTROL, a blank, and a canonical account id,"
            " or everybody, any-account, log-delivery. At most 100; no e-mail addresses."
        ),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["canned"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - it is declared so above; mypy asks
        may_open = self.user.has_perm(object_access.MAKE_PUBLIC)
        field.choices = [
            (GRANTS, _("the grants below")),
            *((one.value, label) for one, label in _CANNED.items() if may_open or not one.is_public),
        ]

    def initial_values(self) -> dict[str, Any]:
        words = {address: word for word, address in _GROUPS.items()}
        lines = [f"{one.permission.value} {words.get(one.grantee, one.grantee)}" for one in self.acl.grants]
        return {"canned": GRANTS, "grants": "\n".join(sorted(lines))}

    def consequences(self) -> list[Consequence]:
        return [*super().consequences(), *self.about_the_world()]

    def clean_grants(self) -> tuple[Grant, ...]:
        """Read the lines."""
        found, faults = [], []
        for line in self.cleaned_data["grants"].splitlines():
            permission, _blank, to = line.strip().partition(" ")
            to = _GROUPS.get(to.strip(), to.strip())
            if not line.strip():
                continue
            if permission not in {one.value for one in _FOR_OBJECTS} or not to:
                faults.append(_("“%(line)s” is no permission with a grantee.") % {"line": line})
                continue
            found.append(Grant(to, Permission(permission)))
        faults += acl.faults(found)
        if faults:
            raise forms.ValidationError(faults)
        return tuple(dict.fromkeys(found))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.errors or cleaned.get("canned") != GRANTS:
            return cleaned
        if object_access.grants_of(Acl("", cleaned["grants"])) == self.exact():
            raise forms.ValidationError(_("These are the grants that it has already."))
        return cleaned

    def save(self) -> Saved:
        canned = self.cleaned_data["canned"]
        chosen: dict[str, Any] = (
            {"grants": self.cleaned_data["grants"]} if canned == GRANTS else {"canned": Canned(canned)}
        )
        object_access.change(
            actor=self.user, bucket=self.found.bucket, key=self.found.key, seen=self.seen_version,
            seen_grants=self.seen_exact, **chosen,
        )  # fmt: skip
        return Saved(_("The ACL of this version is changed."))
