"""Findings as rows: the same thing found again is the same row, and what is not found any more is closed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from storage_admin.models import Bucket, Finding, Scan, StagedEntry
from storage_admin.reconciliation.found import Found

# Of each kind. Whoever has more of one has one cause, not that many things to repair.
MOST_KEPT = 10_000
BATCH = 1_000
# Set aside, these have the tags of the quarantine.
IN_QUARANTINE = (Finding.Kind.ORPHAN, Finding.Kind.LOOSE_RENDITION)
# Where a scan read ACLs, it read those again that an earlier one found wrong.
ACLS_KNOWN = (Scan.Acls.SOME, Scan.Acls.ALL, Scan.Acls.OFF)


def take(found: Iterable[Found]) -> tuple[list[Found], Counter[str]]:
    """Return what is to be kept, and how many there were of each kind, to the last."""
    kept, counts = [], Counter[str]()
    for one in found:
        counts[one.kind] += 1
        if counts[one.kind] <= MOST_KEPT:
            kept.append(one)
    return kept, counts


def keep(scan: Scan, found: Sequence[Found]) -> None:
    """Write what the scan found. What was dealt with, and is there again, is open again."""
    for start in range(0, len(found), BATCH):
        with transaction.atomic():
            _keep(scan, found[start : start + BATCH])


def keep_told(bucket: Bucket, one: Found) -> None:
    """Write what an event of the store told, until a scan says more. What was dealt with is open again."""
    now = timezone.now()
    row, created = Finding.objects.get_or_create(
        bucket=bucket, kind=one.kind, target=one.target,
        defaults={"key": one.key, "version_id": one.version_id, "photo": one.photo, "facts": one.facts},
    )  # fmt: skip
    if created:
        return
    Finding.objects.filter(pk=row.pk).update(facts=one.facts)
    closed = Finding.objects.filter(pk=row.pk, state__in=[Finding.State.REPAIRED, Finding.State.GONE])
    closed.update(state=Finding.State.OPEN, scan=None, found_at=now, closed_at=None, message="")


def _keep(scan: Scan, batch: Sequence[Found]) -> None:
    wanted = {(one.kind.value, one.target): one for one in batch}
    known = Finding.objects.filter(bucket=scan.bucket_id, target__in=[target for _kind, target in wanted])
    pks = {(row.kind, row.target): row.pk for row in known.only("pk", "kind", "target")}
    again = Finding.objects.filter(pk__in=[pk for place, pk in pks.items() if place in wanted])
    again.filter(state__in=[Finding.State.REPAIRED, Finding.State.GONE]).update(
        state=Finding.State.OPEN, found_at=timezone.now(), closed_at=None, message=""
    )
    again.update(scan=scan)
    rows = [
        Finding(
            bucket_id=scan.bucket_id, scan=scan, kind=kind, target=target, key=one.key,
            version_id=one.version_id, photo=one.photo, facts=one.facts,
        )
        for (kind, target), one in wanted.items()
        if (kind, target) not in pks
    ]  # fmt: skip
    # A worker that was taken for dead may have written the same a moment ago.
    Finding.objects.bulk_create(rows, ignore_conflicts=True)


def close_others(scan: Scan) -> None:
    """Close what this complete scan did not find; not of kinds of which it does not know all.

    What was ignored is closed with the rest: should it come back, that is news.
    """
    complete = [kind for kind in Finding.Kind.values if scan.counts.get(kind, 0) <= MOST_KEPT]
    if scan.acls not in ACLS_KNOWN:
        complete.remove(Finding.Kind.WRONG_ACL)
    complete.remove(Finding.Kind.OVERWRITTEN)  # events tell it: to a scan an older version is as good
    state = Finding.State
    standing = Finding.objects.filter(
        bucket=scan.bucket_id, kind__in=complete, state__in=[state.OPEN, state.SET_ASIDE, state.IGNORED]
    )
    # What an event told since the scan began, the list could not yet tell.
    standing = standing.exclude(scan=None, found_at__gte=scan.begun_at)
    vanished = standing.exclude(scan=scan)
    # A lifecycle rule looks for the tags alone: it would take away what has a row again.
    there = StagedEntry.objects.filter(key=OuterRef("key"), is_latest=True, is_hidden=False)
    quarantined = Q(Exists(there), state=state.SET_ASIDE, kind__in=IN_QUARANTINE)
    vanished.filter(quarantined).update(
        closed_at=None, message=_("It has a row again, and is still in quarantine: take it out.")
    )
    vanished.exclude(quarantined).update(state=state.GONE, closed_at=timezone.now())


def waiting(bucket: Bucket) -> QuerySet[Finding]:
    """Return what waits for a person: what is open, and what must come out of quarantine."""
    set_aside = Q(state=Finding.State.SET_ASIDE, closed_at=None)
    return bucket.findings.filter(Q(state=Finding.State.OPEN) | set_aside)
