"""What goes from bucket to bucket: a run begins a round, and the sweeps go on with it, a few at a time.

Where a round is, is no state of its own: a bucket is done when its scan, count or check is younger
than the last start of the schedule.
"""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from portal.display import whole
from storage_admin import addresses, tasks
from storage_admin.buckets import posture, usage
from storage_admin.models import Bucket, Scan, UsageSnapshot
from storage_admin.reconciliation import scanning
from storage_admin.schedules.act import Act, Outcome, Went
from storage_admin.schedules.rounds import CHECKS, COUNTS, SCANS, begun_at


class Reconcile(Act):
    """Begins a scan of the bucket that holds the photos."""

    name = SCANS
    title = gettext_lazy("Reconciliation")
    explanation = gettext_lazy("Compares photos' rows with the objects of their bucket, in both directions.")
    right = "storage_admin.reconcile_bucket"

    def run(self, began: datetime, until: float) -> Went:
        if said := self.under_way():
            return Went(Outcome.WAITS, said)
        waiting = scanning.waiting(began)
        if not waiting:
            return Went(Outcome.NOTHING, _("No bucket in the list holds photos."))
        for scan_id in scanning.due(began):
            tasks.enqueue_scan(scan_id)
        return Went(Outcome.BEGUN, _("A scan of %(names)s.") % {"names": _names(waiting)})

    def would(self) -> str:
        return _("Would scan: %(names)s.") % {"names": _names(scanning.waiting(timezone.now())) or _("none")}

    def under_way(self) -> str:
        running = Scan.objects.select_related("bucket").filter(state=Scan.State.RUNNING).first()
        return _("A scan of %(name)s is under way.") % {"name": running.bucket.name} if running else ""

    def where(self) -> str:
        held = next((one for one in Bucket.objects.filter(gone_since=None) if one.holds_photos), None)
        return addresses.of_bucket(held, "reconciliation") if held else ""


class Usage(Act):
    """Has every bucket counted."""

    name = COUNTS
    title = gettext_lazy("Usage snapshot")
    explanation = gettext_lazy("Counts what lies in each bucket, by storage class.")
    right = "storage_admin.count_usage"

    def run(self, began: datetime, until: float) -> Went:
        waiting = usage.waiting(began)
        for piece in usage.due(began):
            tasks.send_count(piece)
        if not waiting:
            return Went(Outcome.NOTHING, _("There is no bucket in the list."))
        return Went(Outcome.BEGUN, _to_do(len(waiting)))

    def would(self) -> str:
        return _("Would count: %(names)s.") % {"names": _names(usage.waiting(timezone.now())) or _("none")}

    def under_way(self) -> str:
        left = len(usage.waiting(begun_at(COUNTS))) + UsageSnapshot.objects.filter(ended_at=None).count()
        return _left(left)

    def where(self) -> str:
        return reverse("admin:storage_admin_bucket_changelist")


class Posture(Act):
    """Has every bucket checked."""

    name = CHECKS
    title = gettext_lazy("Posture")
    explanation = gettext_lazy("Checks each bucket: versioning, public access, encryption, permissions.")
    right = "storage_admin.view_bucket"

    def run(self, began: datetime, until: float) -> Went:
        waiting = posture.waiting(began)
        if not waiting:
            return Went(Outcome.NOTHING, _("There is no bucket in the list."))
        tasks.send_checks()
        return Went(Outcome.BEGUN, _to_do(len(waiting)))

    def would(self) -> str:
        return _("Would check: %(names)s.") % {"names": _names(posture.waiting(timezone.now())) or _("none")}

    def under_way(self) -> str:
        # What cannot be checked is tried each minute, and keeps nobody from beginning anew.
        return _left(sum(not bucket.last_error for bucket in posture.waiting(begun_at(CHECKS))))

    def where(self) -> str:
        return reverse("admin:storage_admin_bucket_changelist")


def _names(buckets: list[Bucket]) -> str:
    return ", ".join(bucket.name for bucket in buckets)


def _to_do(count: int) -> str:
    told = ngettext("%(count)s bucket, now.", "%(count)s buckets, a few at a time.", count)
    return told % {"count": whole(count)}


def _left(count: int) -> str:
    if not count:
        return ""
    told = ngettext("%(count)s bucket is left.", "%(count)s buckets are left.", count)
    return told % {"count": whole(count)}
