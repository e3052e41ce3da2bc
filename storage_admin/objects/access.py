"""Who may read one version: its ACL, and opening it to the world or shutting it again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _

from portal.access import Actor, require
from portal.s3 import acl, ownership
from portal.s3.acl import EVERYBODY, Acl, Canned, Grant, Permission
from portal.s3.errors import Unsupported
from storage_admin.errors import NotKept, NotPossible
from storage_admin.models import Bucket
from storage_admin.objects.seen import Seen, changed_meanwhile, unchanged_version
from storage_admin.objects.services import download_right
from storage_admin.traces import traced

RIGHT = "storage_admin.change_object_acl"
MAKE_PUBLIC = "storage_admin.make_public"

# An ACL as data, for forms and the audit: [grantee, permission], sorted.
Grants = list[list[str]]


def grants_of(found: Acl) -> Grants:
    """Return the grants as data; in which order S3 tells them means nothing."""
    return sorted([one.grantee, one.permission.value] for one in found.grants)


def change(
    *,
    actor: Actor,
    bucket: Bucket,
    key: str,
    seen: Seen,
    seen_grants: Grants,
    canned: Canned | None = None,
    grants: tuple[Grant, ...] | None = None,
) -> None:
    """Replace the version's ACL by a canned one, or by grants: never both. Other versions keep theirs.

    What opens it to the world needs the right to do that, too. PublicAccessBlocked names the switch.
    """
    opens = canned.is_public if canned else any(one.is_public for one in grants or ())

    def wanted(now: Acl) -> dict[str, Any]:
        return {"canned": canned} if canned else {"acl": Acl(now.owner, grants or (), now.owner_name)}

    _write("object.acl_changed", actor, bucket, key, seen, seen_grants, wanted, opens=opens)


def make_public(*, actor: Actor, bucket: Bucket, key: str, seen: Seen, seen_grants: Grants) -> None:
    """Let everybody read the version; all other grants stay."""

    def wanted(now: Acl) -> dict[str, Any]:
        if now.is_private:
            return {"canned": Canned.PUBLIC_READ}  # the same; also stores that keep no single grants know it
        return {"acl": Acl(now.owner, (*now.grants, Grant(EVERYBODY, Permission.READ)), now.owner_name)}

    _write("object.made_public", actor, bucket, key, seen, seen_grants, wanted, opens=True)


def make_private(*, actor: Actor, bucket: Bucket, key: str, seen: Seen, seen_grants: Grants) -> None:
    """Take the grants to the world away; those to single accounts stay."""

    def wanted(now: Acl) -> dict[str, Any]:
        left = tuple(one for one in now.grants if not one.is_public)
        shut = Acl(now.owner, left, now.owner_name)
        return {"canned": Canned.PRIVATE} if shut.is_private else {"acl": shut}

    _write("object.made_private", actor, bucket, key, seen, seen_grants, wanted, opens=False)


def _write(
    action: str,
    actor: Actor,
    bucket: Bucket,
    key: str,
    seen: Seen,
    seen_grants: Grants,
    wanted: Callable[[Acl], dict[str, Any]],
    *,
    opens: bool,
) -> None:
    name, alias = bucket.name, bucket.connection
    with traced(action, actor, bucket, RIGHT, key=key, version_id=seen.version_id) as trace:
        if opens:
            require(actor, MAKE_PUBLIC)
            require(actor, download_right(bucket, key))  # the world then takes the bytes out of the house
        _refuse_where_acls_are_off(bucket)
        unchanged_version(bucket, key, seen)
        now = acl.of_object(name, key, version_id=seen.version_id, alias=alias)
        if grants_of(now) != seen_grants:
            raise changed_meanwhile()
        trace.before = {"grants": grants_of(now)}
        sent = wanted(now)
        acl.write_object(name, key, version_id=seen.version_id, alias=alias, **sent)
        after = acl.of_object(name, key, version_id=seen.version_id, alias=alias)
        trace.after = {"grants": grants_of(after)}
        kept = grants_of(after) == grants_of(sent["acl"]) if "acl" in sent else True
        if not kept or bool(after.public_grants) != opens:
            raise NotKept(_("The store took the ACL without an error, but has another one now. Look at it."))


def _refuse_where_acls_are_off(bucket: Bucket) -> None:
    try:
        has_acls = ownership.read(bucket.name, alias=bucket.connection).has_acls
    except Unsupported:
        return
    if not has_acls:
        raise NotPossible(_("The bucket's owner owns every object: ACLs are switched off there."))
