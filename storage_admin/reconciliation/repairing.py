"""One finding and what is done about it: whether it may be, the repair, and what came of it in its row.

For requests and for workers alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from photos.errors import PhotoError
from portal.access import Actor, require
from portal.s3.errors import S3Error
from storage_admin.errors import NotPossible, StorageError
from storage_admin.models import Bucket, Finding, Scan
from storage_admin.reconciliation.repairs import REPAIRS, Outcome, Repair
from storage_admin.traces import traced

RIGHT = "storage_admin.reconcile_bucket"
# What a scan saw in passing may be right an hour later: an upload through another door, a restore under way.
GRACE = timedelta(hours=24)
STANDING = (Finding.State.OPEN, Finding.State.SET_ASIDE)


@dataclass(frozen=True)
class Obstacle:
    """Why a finding is not to be acted upon: a code to count by, and a sentence."""

    code: str
    sentence: str | Promise


_NOT_FOUND = Obstacle("not-found", gettext_lazy("The last scan did not find this."))
_TOLD = Obstacle(
    "told", gettext_lazy("The store told this since the last scan: the next one confirms it first.")
)
_OTHER_STATE = Obstacle("state", gettext_lazy("This was done already, or there is nothing to take back."))
_CLOSED = Obstacle("closed", gettext_lazy("It is closed."))
_YOUNG = Obstacle("young", gettext_lazy("Found less than a day ago: it may be right by itself tomorrow."))


def newest(bucket: Bucket) -> Scan | None:
    """Return the scan that ended last, besides dry runs."""
    return Scan.objects.filter(bucket=bucket, keeps_findings=True).exclude(state=Scan.State.RUNNING).first()


def distrust(last: Scan | None) -> str:
    """Return why nothing may rest on the newest scan; empty if something may."""
    if last is None or last.state != Scan.State.COMPLETE:
        return _("The last scan is incomplete: nothing may rest on it.")
    return last.alarm


def obstacle(finding: Finding, last: Scan | None, repair: Repair | None = None) -> Obstacle | None:
    """Return why the finding is not to be acted upon; None if it may be. `last` is the newest scan."""
    if repair is not None and finding.state not in repair.states:
        return _CLOSED if finding.state not in STANDING else _OTHER_STATE
    if repair is not None and repair.is_retreat:
        return None
    if said := distrust(last):
        return Obstacle("distrust", said)
    if last is None or finding.scan_id != last.pk:
        return _NOT_FOUND if finding.scan_id else _TOLD
    if finding.state not in STANDING:
        return _CLOSED
    return _YOUNG if finding.found_at > timezone.now() - GRACE else None


def repairs_of(kind: str) -> dict[str, Repair]:
    """Return what can be done about findings of the kind, by name."""
    return {name: one for name, one in REPAIRS.items() if kind in one.kinds}


def repair(*, actor: Actor, finding: Finding, name: str) -> Outcome:
    """Repair one finding and keep in its row what came of it.

    StorageError when it may not rest on the scan, or row and store do not allow it; S3Error. Both
    leave the finding standing, with the reason as its message.
    """
    bucket, finding = finding.bucket, Finding.objects.select_related("bucket").get(pk=finding.pk)
    try:
        with traced(
            "finding.repaired", actor, bucket, RIGHT, key=finding.key, version_id=finding.version_id
        ) as trace:
            chosen = repairs_of(finding.kind).get(name)
            if chosen is None:
                raise NotPossible(_("There is no such repair for this."))
            if chosen.right:
                require(actor, chosen.right)
            if against := obstacle(finding, newest(bucket), chosen):
                raise NotPossible(str(against.sentence))
            trace.before = {
                "kind": finding.kind, "facts": finding.facts,
                "found_at": finding.found_at.isoformat(timespec="seconds"),
            }  # fmt: skip
            outcome = _acted(chosen, actor, bucket, finding)
            trace.after = {"state": outcome.state.value, "message": outcome.message}
    except (StorageError, S3Error) as error:
        Finding.objects.filter(pk=finding.pk).update(message=str(error))
        raise
    closed_at = None if outcome.state == Finding.State.OPEN else timezone.now()
    Finding.objects.filter(pk=finding.pk, state__in=STANDING).update(
        state=outcome.state, message=outcome.message, closed_at=closed_at
    )
    return outcome


def _acted(chosen: Repair, actor: Actor, bucket: Bucket, finding: Finding) -> Outcome:
    try:
        return chosen.act(actor, bucket, finding)
    except PhotoError as error:
        raise NotPossible(str(error)) from error
