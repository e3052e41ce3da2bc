"""The bucket's access control list: who may list it, write into it, and read or change the list itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal import spelling
from portal.s3 import acl, capabilities, ownership, public_access_block
from portal.s3.acl import LOG_DELIVERY, Acl, Grant, Permission
from portal.s3.differences import Capability
from portal.s3.errors import S3Error, Unsupported
from storage_admin import grants
from storage_admin.bucket_settings.bucket_acl_form import PERMISSIONS, BucketAclForm
from storage_admin.bucket_settings.canned import CANNED_WORDS, canned_of, ordered
from storage_admin.bucket_settings.setting import (
    Difference,
    Facts,
    Level,
    Meaning,
    Place,
    Setting,
)


class BucketAclSetting(Setting[Acl]):
    """Canned or by grants. Its values are `ordered`: a store may give grants back in another order."""

    slug = "acl"
    title = gettext_lazy("Access control list")
    about = gettext_lazy("The older way to let others into the bucket; a policy is the better one.")
    term = "Bucket ACL"
    needs = (Capability.ACLS,)
    form_class = BucketAclForm

    def read(self, bucket: str, alias: str) -> Acl:
        return ordered(acl.of_bucket(bucket, alias=alias))

    def write(self, bucket: str, alias: str, wanted: Acl) -> None:
        if canned := canned_of(wanted):  # shorter, and some stores keep these alone
            acl.write_bucket(bucket, canned=canned, alias=alias)
        else:
            acl.write_bucket(bucket, acl=wanted, alias=alias)

    def as_data(self, value: Acl) -> dict[str, Any]:
        return {
            "owner": value.owner,
            "owner_name": value.owner_name,
            "grants": [[grant.grantee, grant.permission.value, grant.name] for grant in value.grants],
        }

    def from_data(self, data: Mapping[str, Any]) -> Acl:
        held = tuple(Grant(grantee, Permission(one), name) for grantee, one, name in data["grants"])
        return Acl(data["owner"], held, data["owner_name"])

    def facts(self, value: Acl) -> Facts:
        found: Facts = {}
        for grant in value.grants:
            # By the id as well: two accounts may have one name.
            words = spelling.plain(grants.grantee(grant, value))
            label = words if grant.to_group or grant.grantee == value.owner else f"{words} [{grant.grantee}]"
            label = spelling.plain(label)
            found[label] = f"{found[label]}, {grant.permission}" if label in found else grant.permission.value
        found[_("Owner")] = spelling.plain(f"{value.owner_name} {value.owner}".strip())
        return found

    def difference(self, before: Acl, after: Acl) -> list[Difference]:
        """Tell grantees apart by their ids: a name is told by some answers, and not by others."""
        names = {grant.grantee: grant.name for one in (before, after) for grant in one.grants if grant.name}
        return super().difference(_named(before, names), _named(after, names))

    def summary(self, value: Acl) -> str:
        if public := value.public_grants:
            named = dict.fromkeys(grants.grantee(grant, value) for grant in public)
            return _("grants to %(whom)s") % {"whom": ", ".join(named)}
        if canned := canned_of(value):
            return str(CANNED_WORDS[canned])
        return (
            _("grants to others than the owner") if not value.is_private else _("grants to the owner alone")
        )

    def beside(self, _value: Acl, place: Place) -> Facts:
        lacking = capabilities.known(capabilities.server(place.alias)).get(Capability.ACLS_ENFORCED)
        return {_("What this store makes of ACLs"): lacking} if lacking else {}

    def fixed(self, _value: Acl, place: Place) -> str:
        try:
            enforced = not ownership.read(place.bucket, alias=place.alias).has_acls
        except S3Error:
            enforced = False  # not readable, or no such thing: the store then refuses, or not
        if not enforced:
            return ""
        return _(
            "Object ownership is “Bucket owner enforced”: ACLs do not count here and cannot be changed. Let "
            "others in by the policy, or change object ownership first."
        )

    def refusals(self, before: Acl, after: Acl, place: Place) -> list[str]:
        found = acl.faults(after.grants)
        if not self.opens(before, after):
            return found
        switches = (
            (public_access_block.read, (place.bucket,), _("The bucket's switch BlockPublicAcls")),
            (public_access_block.read_account, (), _("The account's switch BlockPublicAcls")),
        )
        for ask, where, words in switches:
            try:
                is_on = ask(*where, alias=place.alias).block_public_acls
            except S3Error:
                continue  # not readable, or no such thing: the store then refuses, or not
            if is_on:
                found.append(_("%(switch)s forbids public grants.") % {"switch": words})
        return found

    def meaning(self, before: Acl, after: Acl, place: Place) -> list[Meaning]:
        found = _meaning_of_new(before, after)
        if any(grant.is_public for grant in new_grants(before, after)):
            found += _meaning_for_switches(place)
        gone = [grant for grant in before.grants if grant not in after.grants]
        if any(grant.grantee == before.owner for grant in gone):
            words = _(
                "The owner gives up a right of its own. It can always take it back: the list is its own."
            )
            found.append(Meaning(words, Level.WARNING))
        if any(grant.grantee == LOG_DELIVERY for grant in gone):
            found.append(Meaning(_("Amazon then delivers no more access logs here."), Level.WARNING))
        return found or [Meaning(_("Who is taken off the list is shut out, unless a policy lets them in."))]

    def opens(self, before: Acl, after: Acl) -> bool:
        return any(grant.is_public for grant in new_grants(before, after))


def new_grants(before: Acl, after: Acl) -> list[Grant]:
    """Return the grants that were not there before."""
    return [grant for grant in after.grants if grant not in before.grants]


def _named(found: Acl, names: dict[str, str]) -> Acl:
    held = tuple(replace(grant, name=names.get(grant.grantee, "")) for grant in found.grants)
    return replace(found, grants=held)


def _meaning_of_new(before: Acl, after: Acl) -> list[Meaning]:
    found = []
    for grant in new_grants(before, after):
        if grant.grantee == after.owner:
            continue
        whom = spelling.plain(grants.grantee(grant, after))
        words = _("New: %(whom)s, %(permission)s") % {
            "whom": whom, "permission": PERMISSIONS[grant.permission],
        }  # fmt: skip
        reads = grant.permission in {Permission.READ, Permission.READ_ACP}
        found.append(Meaning(words, Level.WARNING if reads and not grant.is_public else Level.DANGER))
    return found


def _meaning_for_switches(place: Place) -> list[Meaning]:
    try:
        ignored = public_access_block.in_force(place.bucket, alias=place.alias).ignore_public_acls
    except Unsupported:
        ignored = False
    except S3Error as error:
        words = _("Whether Block Public Access ignores public grants could not be read: %(reason)s")
        return [Meaning(words % {"reason": error}, Level.WARNING)]
    if not ignored:
        return []
    return [Meaning(_("Block Public Access ignores public grants now: it has no effect until that is off."))]
