"""Access control lists, of buckets and of versions of objects.

They count only where ownership is not enforced (portal.s3.ownership), and what they open may be
shut again by Block Public Access.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext as _

from portal.s3 import public_access_block, session
from portal.s3.errors import AccessRefused, BadRequest, PublicAccessBlocked, S3Error, Unsupported, translated
from portal.s3.version_param import version_param

MAX_GRANTS = 100  # UG:acl-overview
EVERYBODY = "http://acs.amazonaws.com/groups/global/AllUsers"
ANY_ACCOUNT = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
LOG_DELIVERY = "http://acs.amazonaws.com/groups/s3/LogDelivery"
PUBLIC_GROUPS = {EVERYBODY, ANY_ACCOUNT}


class Canned(StrEnum):
    """ACLs with a name. The last two are for objects alone."""

    PRIVATE = "private"
    PUBLIC_READ = "public-read"
    PUBLIC_READ_WRITE = "public-read-write"
    AUTHENTICATED_READ = "authenticated-read"
    BUCKET_OWNER_READ = "bucket-owner-read"
    BUCKET_OWNER_FULL_CONTROL = "bucket-owner-full-control"

    @property
    def is_public(self) -> bool:
        return self in {Canned.PUBLIC_READ, Canned.PUBLIC_READ_WRITE, Canned.AUTHENTICATED_READ}


class Permission(StrEnum):
    """What a grant gives. WRITE is for buckets alone."""

    FULL_CONTROL = "FULL_CONTROL"
    READ = "READ"
    WRITE = "WRITE"
    READ_ACP = "READ_ACP"
    WRITE_ACP = "WRITE_ACP"


@dataclass(frozen=True)
class Grant:
    """One grant: to an account by its canonical id, or to one of Amazon's groups by its URI.

    There are none to e-mail addresses: S3 refuses those since October 2025 (API:PutObjectAcl).
    """

    grantee: str
    permission: Permission
    name: str = field(default="", compare=False)  # for people; not every store tells it

    @property
    def to_group(self) -> bool:
        return self.grantee.startswith(("http://", "https://"))

    @property
    def is_public(self) -> bool:
        return self.grantee in PUBLIC_GROUPS


@dataclass(frozen=True)
class Acl:
    """An owner and the grants; the owner's own right to change the ACL is not one of them."""

    owner: str
    grants: tuple[Grant, ...]
    owner_name: str = ""

    @property
    def public_grants(self) -> tuple[Grant, ...]:
        return tuple(grant for grant in self.grants if grant.is_public)

    @property
    def is_private(self) -> bool:
        """Whether it is what every new object gets: all to the owner, nothing to others."""
        return all(grant.grantee == self.owner for grant in self.grants)


def of_bucket(bucket: str, *, alias: str = session.DEFAULT) -> Acl:
    """Return the bucket's ACL."""
    with translated("GetBucketAcl"):
        return _parsed(session.client(alias).get_bucket_acl(Bucket=bucket))


def of_object(bucket: str, key: str, *, version_id: str = "", alias: str = session.DEFAULT) -> Acl:
    """Return the ACL of one version, by default the current one. DeleteMarkerFound: markers have none."""
    with translated("GetObjectAcl"):
        return _parsed(
            session.client(alias).get_object_acl(Bucket=bucket, Key=key, **version_param(version_id))
        )


def write_bucket(
    bucket: str,
    *,
    canned: Canned | None = None,
    acl: Acl | None = None,
    alias: str = session.DEFAULT,
) -> None:
    """Replace the bucket's ACL by a canned one or by grants. Errors as `write_object`."""
    wanted = _wanted(canned, acl)
    try:
        with translated("PutBucketAcl"):
            session.client(alias).put_bucket_acl(Bucket=bucket, **wanted)
    except AccessRefused as error:
        raise _explained(error, bucket, canned, acl, alias) from error


def write_object(
    bucket: str,
    key: str,
    *,
    version_id: str = "",
    canned: Canned | None = None,
    acl: Acl | None = None,
    alias: str = session.DEFAULT,
) -> None:
    """Replace the ACL of one version, by default the current one; others keep theirs.

    AclsDisabled, PublicAccessBlocked (names the switch), BadRequest.
    """
    wanted = _wanted(canned, acl)
    try:
        with translated("PutObjectAcl"):
            session.client(alias).put_object_acl(
                Bucket=bucket, Key=key, **version_param(version_id), **wanted
            )
    except AccessRefused as error:
        raise _explained(error, bucket, canned, acl, alias) from error


def faults(grants: Sequence[Grant]) -> list[str]:
    """Return what S3 would refuse in the grants, as sentences."""
    found = []
    if len(grants) > MAX_GRANTS:
        found.append(
            _("There are %(count)d grants; an ACL holds %(most)d.")
            % {"count": len(grants), "most": MAX_GRANTS}
        )
    found += [
        _("“%(grantee)s” is an e-mail address; S3 takes canonical ids and groups only.")
        % {"grantee": grant.grantee}
        for grant in grants
        if "@" in grant.grantee
    ]
    return found


def _wanted(canned: Canned | None, acl: Acl | None) -> dict[str, Any]:
    if (canned is None) == (acl is None):
        raise BadRequest(_("An ACL is either a canned one or a list of grants, never both."))
    if canned is not None:
        return {"ACL": canned.value}
    assert acl is not None  # noqa: S101 - said by the condition above, which mypy cannot follow
    if found := faults(acl.grants):
        raise BadRequest(" ".join(found))
    owner = {"ID": acl.owner} | ({"DisplayName": acl.owner_name} if acl.owner_name else {})
    grants = [{"Grantee": _grantee(grant), "Permission": grant.permission.value} for grant in acl.grants]
    return {"AccessControlPolicy": {"Owner": owner, "Grants": grants}}


def _grantee(grant: Grant) -> dict[str, str]:
    if grant.to_group:
        return {"Type": "Group", "URI": grant.grantee}
    return {"Type": "CanonicalUser", "ID": grant.grantee}


def _explained(
    error: AccessRefused, bucket: str, canned: Canned | None, acl: Acl | None, alias: str
) -> AccessRefused:
    """Return the error that says which switch refused a public ACL; S3 itself says only AccessDenied."""
    is_public = canned.is_public if canned else bool(acl and acl.public_grants)
    if not is_public:
        return error
    by_bucket, by_account = _blocks(bucket, alias)
    if not (by_bucket or by_account):
        return error
    return PublicAccessBlocked(
        _("The bucket's switch BlockPublicAcls forbids public ACLs.")
        if by_bucket
        else _("The account's switch BlockPublicAcls forbids public ACLs in all its buckets."),
        operation=error.operation,
        code=error.code,
        request_id=error.request_id,
    )


def _blocks(bucket: str, alias: str) -> tuple[bool, bool]:
    found = []
    for ask in (
        lambda: public_access_block.read(bucket, alias=alias),
        lambda: public_access_block.read_account(alias=alias),
    ):
        try:
            found.append(ask().block_public_acls)
        except S3Error:
            found.append(False)  # not readable: the refusal stays as S3 said it
    return found[0], found[1]


def _parsed(answer: Any) -> Acl:
    owner = answer.get("Owner", {})
    return Acl(
        owner=owner.get("ID", ""),
        owner_name=owner.get("DisplayName", ""),
        grants=tuple(_grant(said) for said in answer.get("Grants", [])),
    )


def _grant(said: Any) -> Grant:
    """Return the grant as the store says it. Unsupported when it does not say who may do what."""
    grantee = said.get("Grantee", {})
    if said.get("Permission") not in set(Permission):
        raise Unsupported(_("The store's ACLs do not say who may do what."), code="IncompleteAcl")
    return Grant(
        grantee=grantee.get("URI") or grantee.get("ID") or grantee.get("EmailAddress", ""),
        permission=Permission(said["Permission"]),
        name=grantee.get("DisplayName", ""),
    )
