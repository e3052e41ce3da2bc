"""Canned ACLs of buckets, grant by grant: what each makes of a list, and which a list is."""

from __future__ import annotations

from dataclasses import replace

from django.utils.translation import gettext_lazy

from portal.s3.acl import ANY_ACCOUNT, EVERYBODY, Acl, Canned, Grant, Permission

CANNED: dict[Canned, tuple[tuple[str, Permission], ...]] = {  # beside all for the owner
    Canned.PRIVATE: (),
    Canned.PUBLIC_READ: ((EVERYBODY, Permission.READ),),
    Canned.PUBLIC_READ_WRITE: ((EVERYBODY, Permission.READ), (EVERYBODY, Permission.WRITE)),
    Canned.AUTHENTICATED_READ: ((ANY_ACCOUNT, Permission.READ),),
}
CANNED_WORDS = {
    Canned.PRIVATE: gettext_lazy("private: all to the owner, nothing to others"),
    Canned.PUBLIC_READ: gettext_lazy("public-read: everybody in the world may list the bucket"),
    Canned.PUBLIC_READ_WRITE: gettext_lazy("public-read-write: everybody may also write and delete"),
    Canned.AUTHENTICATED_READ: gettext_lazy("authenticated-read: anybody with an Amazon account may list it"),
}
_ORDER = {permission: place for place, permission in enumerate(Permission)}


def ordered(found: Acl) -> Acl:
    """Return the list with its grants in an order of their own, each once."""
    once = dict.fromkeys(found.grants)
    return replace(found, grants=tuple(sorted(once, key=lambda one: (one.grantee, _ORDER[one.permission]))))


def of_canned(canned: Canned, now: Acl) -> Acl:
    """Return what the canned ACL makes of a list, grant by grant."""
    names = {grant.grantee: grant.name for grant in now.grants}
    wanted = ((now.owner, Permission.FULL_CONTROL), *CANNED[canned])
    return ordered(
        replace(now, grants=tuple(Grant(grantee, one, names.get(grantee, "")) for grantee, one in wanted))
    )


def canned_of(found: Acl) -> Canned | None:
    """Return the canned ACL that gives exactly these grants, if there is one."""
    held = set(found.grants)
    return next((one for one in CANNED if set(of_canned(one, found).grants) == held), None)
