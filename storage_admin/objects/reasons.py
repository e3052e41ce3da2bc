"""Why something may not be possible with the version shown, in words; empty when it is."""

from __future__ import annotations

from django.utils.translation import gettext as _

from portal.s3.differences import Capability
from portal.s3.types import VersioningState
from storage_admin.objects import changes as object_changes
from storage_admin.objects.gathering import Gathered


def no_version(found: Gathered) -> str:
    return "" if found.facts else _("A delete marker has no bytes, metadata or tags.")


def older(found: Gathered) -> str:
    if found.is_newest:
        return ""
    return _("Only the newest version can be changed so: the change adds a version on top of it.")


def not_the_newest(found: Gathered) -> str:
    return "" if found.is_newest else _("Only the newest version can be moved; copy an older one.")


def unread_tags(found: Gathered) -> str:
    if not found.tags_error:
        return ""
    # Written without having been read, all that is there now would be lost.
    return _("The tags could not be read, so they cannot be changed: %(reason)s") % {
        "reason": found.tags_error
    }


def archived(found: Gathered) -> str:
    if found.facts is None or found.facts.is_readable:
        return ""
    return _("It is archived: restore it from the archive first.")


def unshowable_metadata(found: Gathered) -> str:
    if found.facts is None or not found.facts.unreadable_metadata:
        return ""
    return _("The object has metadata that HTTP cannot show; a change would lose it.")


def no_classes(found: Gathered) -> str:
    return found.lacks.get(Capability.CLASSES, "")


def is_archived(found: Gathered) -> bool:
    """Whether its class is one that must be restored before it is read."""
    return found.facts is not None and found.facts.is_archived


def not_archived(found: Gathered) -> str:
    if found.facts is None or found.facts.is_archived:
        return ""
    return _("It is not archived: its class %(name)s is readable.") % {"name": found.facts.storage_class}


def no_restore(found: Gathered) -> str:
    return found.lacks.get(Capability.RESTORE, "")


def no_encryption(found: Gathered) -> str:
    """Encrypting without a copy takes any version, but not anywhere, nor of any encryption."""
    in_place = {Capability.KMS, Capability.ENCRYPTION_IN_PLACE}.isdisjoint(found.lacks)
    can_be_in_place = (
        in_place and found.facts is not None and not object_changes.why_not_in_place(found.facts)
    )
    return "" if can_be_in_place else older(found) or archived(found)


def no_acls(found: Gathered) -> str:
    if found.ignores_acls:
        return _("The bucket's owner owns every object: ACLs are switched off there, and change nothing.")
    if lacking := found.lacks.get(Capability.ACLS):
        return lacking
    if found.acl is None:
        return _("The ACL could not be read, so it cannot be changed: %(reason)s") % {
            "reason": found.acl_error
        }
    return ""


def is_public(found: Gathered) -> bool:
    """Whether the version's ACL lets the world read it."""
    return found.acl is not None and bool(found.acl.public_grants)


def is_not_public(found: Gathered) -> bool:
    return not is_public(found)


def not_public(found: Gathered) -> str:
    return "" if is_public(found) else _("Its ACL gives the world nothing.")


def public_already(found: Gathered) -> str:
    return _("Its ACL lets the world read it already.") if is_public(found) else ""


def no_lock(found: Gathered) -> str:
    if lacking := found.lacks.get(Capability.OBJECT_LOCK):
        return lacking
    if found.versioning is not VersioningState.ENABLED:
        return _("Only in buckets with versioning and object lock can versions be locked.")
    if found.lock is None:
        return _("Whether the bucket has object lock could not be read: %(reason)s") % {
            "reason": found.lock_error
        }
    return "" if found.lock.is_enabled else _("The bucket has no object lock.")
