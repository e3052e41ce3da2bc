"""The request side: begin a scan, ignore findings and open them again, let a worker repair many."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from photos.models import Photo
from portal.access import Actor
from portal.s3 import session
from storage_admin import tasks
from storage_admin.errors import NotPossible
from storage_admin.inventory import reports
from storage_admin.models import Bucket, Finding, Scan
from storage_admin.reconciliation import scanning
from storage_admin.reconciliation.repairing import RIGHT
from storage_admin.traces import traced

MOST_NAMED = 1_000  # in one line of the audit


def has_photos(bucket: Bucket) -> bool:
    """Whether there is something to compare: the photos' bucket, or one that they lived in before."""
    if bucket.connection != session.DEFAULT:
        return False
    return bucket.holds_photos or Photo.objects.filter(bucket=bucket.name).exists()


def begin(
    *,
    actor: Actor,
    bucket: Bucket,
    trigger: str = Scan.Trigger.PERSON,
    keeps_findings: bool = True,
    all_acls: bool = False,
    from_inventory: bool = False,
) -> Scan:
    """Begin a scan; NotPossible for a bucket without photos, and while one is under way.

    With `from_inventory` it reads the bucket's newest inventory report in place of its list:
    NotPossible where there is none, S3Error where it is broken.
    """
    with traced("bucket.scan_begun", actor, bucket, RIGHT) as trace:
        if not has_photos(bucket):
            raise NotPossible(_("No photo's row points into this bucket."))
        report = reports.newest_of_versions(bucket) if from_inventory else None
        scan = scanning.begin(
            bucket, actor=actor, trigger=trigger, keeps_findings=keeps_findings, report=report,
            whose_acls=Scan.Acls.ALL if all_acls else Scan.Acls.SOME,
        )  # fmt: skip
        if scan is None:
            raise NotPossible(_("A scan is under way already."))
        trace.after = {"scan": scan.pk, "acls": scan.acls}
        if report is not None:
            trace.after["report"] = report.manifest
    tasks.enqueue_scan(scan.pk)
    return scan


def ignore(*, actor: Actor, bucket: Bucket, chosen: Q) -> tuple[int, datetime]:
    """Leave open findings as they are: later scans keep them, and nobody is told of them again.

    Return how many, and the moment that they have in common, by which this is undone.
    """
    now = timezone.now()
    with traced("findings.ignored", actor, bucket, RIGHT) as trace:
        open_ones = bucket.findings.filter(chosen, state=Finding.State.OPEN)
        trace.before = {"findings": _named(open_ones.values_list("pk", flat=True)[: MOST_NAMED + 1])}
        count = open_ones.update(state=Finding.State.IGNORED, closed_at=now, message="")
        trace.after = {"ignored": count}
    return count, now


def reopen(*, actor: Actor, bucket: Bucket, chosen: Q) -> int:
    """Open ignored findings again; return how many."""
    with traced("findings.reopened", actor, bucket, RIGHT) as trace:
        ignored = bucket.findings.filter(chosen, state=Finding.State.IGNORED)
        trace.before = {"findings": _named(ignored.values_list("pk", flat=True)[: MOST_NAMED + 1])}
        count = ignored.update(state=Finding.State.OPEN, closed_at=None)
        trace.after = {"reopened": count}
    return count


def _named(numbers: Iterable[int]) -> list[int] | str:
    found = list(numbers)
    return found if len(found) <= MOST_NAMED else f"more than {MOST_NAMED}"
