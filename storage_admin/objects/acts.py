"""What may be done with the version shown: one table, each line with its right and its condition.

The lines are pages with a form of their own; `storage_admin.objects.forms` draws and sends them. The
buttons that need no form (download, link, hide, undelete, restore) are `object_facts`' matter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.models import User
from portal.s3.types import VersioningState
from storage_admin import addresses
from storage_admin.objects import copies as object_copies
from storage_admin.objects import destroying, uploading
from storage_admin.objects.gathering import Gathered
from storage_admin.objects.reasons import (
    archived,
    is_archived,
    is_not_public,
    is_public,
    no_acls,
    no_classes,
    no_encryption,
    no_lock,
    no_restore,
    no_version,
    not_archived,
    not_public,
    not_the_newest,
    older,
    public_already,
    unread_tags,
    unshowable_metadata,
)

Reason = Callable[[Gathered], str]


@dataclass(frozen=True)
class Act:
    """One line under "What can be done". With `why_not` it is told, and not offered."""

    label: str
    url: str = ""
    help: str = ""
    is_dangerous: bool = False
    why_not: str = ""


@dataclass(frozen=True)
class Kind:
    """One line of the table. `page` names its address: `storage_admin_bucket_<page>`.

    `reasons` are asked in order; the first that finds words against it ends the matter. A line that
    does not `apply` is left out: its reason would be noise.
    """

    page: str
    label: Promise
    right: str
    reasons: tuple[Reason, ...] = ()
    help: Promise | str = ""
    is_dangerous: bool = False
    applies: Callable[[Gathered], bool] = lambda _found: True
    also: tuple[str, ...] = ()  # rights that it needs besides
    of_markers: bool = False  # it is also done to delete markers

    @property
    def rights(self) -> tuple[str, ...]:
        """All rights without which nothing of it can be done."""
        return (self.right, *self.also)

    def why_not(self, found: Gathered) -> str:
        """Return why it is not possible with the version shown; empty when it is."""
        return next(filter(None, (reason(found) for reason in self.reasons)), "")


def _not_for_uploads(found: Gathered) -> str:
    return uploading.place_against(found.bucket, found.key)


def _stays_for_a_photo(found: Gathered) -> str:
    return object_copies.photo_stays(found.bucket, found.key)


def _has_versions(found: Gathered) -> bool:
    return found.versioning is not VersioningState.NEVER_SET


def _is_not_to_be_destroyed(found: Gathered) -> str:
    if found.marker is None:
        return no_version(found)
    if found.is_newest and found.has_any_version:
        return _("A delete marker has no bytes: Undelete takes it away, and the object is back.")
    return ""


def _is_the_only_version(found: Gathered) -> str:
    return "" if _has_versions(found) else _("The bucket has no versions: delete the object instead.")


def _deletes_for_good(found: Gathered) -> bool:
    return found.versioning is not VersioningState.ENABLED


def _is_only_hidden(found: Gathered) -> str:
    if _deletes_for_good(found):
        return ""
    return _("This bucket keeps versions: here, deleting hides the object, and can be undone.")


def _is_of_a_photo(found: Gathered) -> str:
    return destroying.photo_against(found.bucket, found.key)


def _is_a_photos_version(found: Gathered) -> str:
    return destroying.photo_against(found.bucket, found.key, found.shown_id)


def _cannot_be_unlocked(found: Gathered) -> str:
    # Governance is left to the form: who may bypass it decides there.
    return destroying.lock_against(found.facts, bypass_governance=True) if found.facts else ""


EDIT = "storage_admin.edit_object"
CLASS = "storage_admin.change_object_class"
ENCRYPT = "storage_admin.encrypt_object"
ACL = "storage_admin.change_object_acl"
MAKE_PUBLIC = "storage_admin.make_public"
LOCK = "storage_admin.lock_object"
HIDE = "storage_admin.hide_object"

KINDS: tuple[Kind, ...] = (
    Kind(
        "metadata", gettext_lazy("Edit metadata and headers"), EDIT,
        (no_version, older, archived, unshowable_metadata),
    ),
    Kind("tags", gettext_lazy("Edit tags"), EDIT, (no_version, unread_tags)),
    Kind("class", gettext_lazy("Change the storage class"), CLASS, (no_version, no_classes, older, archived)),
    Kind(
        "thaw", gettext_lazy("Restore from the archive"), CLASS, (no_version, no_restore, not_archived),
        applies=is_archived,
    ),
    Kind("encryption", gettext_lazy("Encrypt otherwise"), ENCRYPT, (no_version, no_encryption)),
    Kind("acl", gettext_lazy("Change the ACL"), ACL, (no_version, no_acls)),
    Kind(
        "public", gettext_lazy("Make public"), MAKE_PUBLIC, (no_version, no_acls, public_already),
        is_dangerous=True, applies=is_not_public, also=(ACL,),
    ),
    Kind(
        "private", gettext_lazy("Make private"), ACL, (no_version, no_acls, not_public), applies=is_public
    ),
    Kind("copy", gettext_lazy("Copy"), uploading.UPLOAD, (no_version, archived, unshowable_metadata)),
    Kind(
        "move", gettext_lazy("Move or rename"), uploading.UPLOAD,
        (no_version, _stays_for_a_photo, not_the_newest, archived, unshowable_metadata), also=(HIDE,),
    ),
    Kind("retention", gettext_lazy("Lock for a time"), LOCK, (no_version, no_lock)),
    Kind("hold", gettext_lazy("Legal hold, on or off"), LOCK, (no_version, no_lock)),
    Kind(
        "upload", gettext_lazy("Upload a new version"), uploading.UPLOAD,
        (no_version, older, unread_tags, unshowable_metadata, _not_for_uploads),
    ),
    Kind(
        "delete_object", gettext_lazy("Delete for good"), destroying.DESTROY,
        (no_version, _is_only_hidden, older, _is_of_a_photo),
        is_dangerous=True, applies=_deletes_for_good,
    ),
    Kind(
        "destroy", gettext_lazy("Destroy this version"), destroying.DESTROY,
        (_is_not_to_be_destroyed, _is_the_only_version, _is_a_photos_version, _cannot_be_unlocked),
        is_dangerous=True, applies=_has_versions, of_markers=True,
    ),
)  # fmt: skip
BY_PAGE: dict[str, Kind] = {kind.page: kind for kind in KINDS}


def acts(found: Gathered, user: User) -> list[Act]:
    """Return what this user may do with the version shown, and what its state forbids, with the reason."""
    if found.facts is None and found.marker is None:
        return []
    kinds = [kind for kind in KINDS if found.facts is not None or kind.of_markers]
    return [_act(kind, found) for kind in kinds if user.has_perms(kind.rights) and kind.applies(found)]


def _act(kind: Kind, found: Gathered) -> Act:
    why_not = kind.why_not(found)
    url = (
        "" if why_not else addresses.of_bucket(found.bucket, kind.page, key=found.key, version=found.shown_id)
    )
    return Act(str(kind.label), url, str(kind.help), kind.is_dangerous, why_not)
