"""What it means when S3 makes a change by copying an object onto itself, as a form says it before."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _

from portal.display import size
from portal.models import User
from portal.s3.types import VersioningState
from storage_admin import addresses, prices
from storage_admin.objects import destroying
from storage_admin.objects.changes import Rewritten
from storage_admin.objects.forms import Consequence, Level, Saved
from storage_admin.objects.gathering import Gathered
from storage_admin.objects.services import photo_of


def consequences(found: Gathered) -> list[Consequence]:
    """Return what the copy does to versions, bill, lock, and to a photo's row."""
    said = [Consequence(_on_versions(found), Level.WARNING), *early_end(found)]
    if found.facts and (found.facts.retention or found.facts.legal_hold):
        said.append(Consequence(_("The new version is locked as this one is; this one stays locked, too.")))
    if photo_of(found.bucket, found.key) is not None:
        said.append(
            Consequence(
                _("This is a photo's original: if the photo shows this version, it shows the new one after.")
            )
        )
    said.append(
        Consequence(_("All that you do not change here is kept: metadata, headers, tags, ACL, lock."))
    )
    return said


def saved(words: str, made: Rewritten, found: Gathered, user: User) -> Saved:
    """Return what was done, and what can be done with the former version: put it back, or destroy it."""
    if made.followed:
        words = _("%(words)s The photo's row names the new version.") % {"words": words}
    facts = found.facts
    if facts is None or found.versioning is not VersioningState.ENABLED or not made.version_id:
        return Saved(words)
    bucket, key, former = found.bucket, found.key, facts.version_id
    undo_url = addresses.of_bucket(bucket, "restore", key=key, version=former, newest=made.version_id)
    may_destroy = user.has_perm(destroying.DESTROY)
    return Saved(
        words,
        undo_url=undo_url if user.has_perm("storage_admin.recover_object") else "",
        former_url=addresses.of_bucket(bucket, "destroy", key=key, version=former)
        if may_destroy
        else addresses.of_object(bucket, key, former),
        former_words=_("The former version stays, and stays billed: destroy this version")
        if may_destroy
        else _("The former version stays, and stays billed"),
    )


def early_end(found: Gathered) -> list[Consequence]:
    """Return what is billed on of a version that is overwritten before its class's least time is over."""
    facts = found.facts
    if facts is None or not found.bills_as_amazon or found.versioning is VersioningState.ENABLED:
        return []
    days = prices.remaining_days(facts.storage_class, (timezone.now() - facts.last_modified).days)
    if not days:
        return []
    words = _("%(name)s is billed for a least time: %(days)d more days of it, although the bytes go now.")
    return [Consequence(words % {"name": facts.storage_class, "days": days}, Level.WARNING)]


def _on_versions(found: Gathered) -> str:
    bytes_now = size(found.facts.bytes) if found.facts else ""
    if found.versioning is VersioningState.ENABLED:
        return _("Adds a version of %(size)s; the old bytes stay, and stay billed, as an older version.") % {
            "size": bytes_now
        }
    if found.versioning is VersioningState.SUSPENDED:
        return _(
            "Versioning is suspended: the copy becomes the version “null”, and a version “null” that is there"
            " is overwritten."
        )
    return _("The bucket has no versioning: the copy takes the object's place. There is no way back.")
