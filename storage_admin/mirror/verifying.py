"""Compares the tables with the rows, in both directions, page by page; what differs becomes due.

DynamoDB's side is read once, in its own order. Each page is compared with the rows it names, and
these are marked as met; at the end, rows that were not met are missing there. Memory holds a page.

    missing    the row has no item                        ─▶ sent
    differs    the item says something else than the row  ─▶ sent
    stale      the item has a higher version than ours    ─▶ sent, with a version above it
    unknown    the item has no row                        ─▶ told only: `import_dynamodb` may bring it
"""

from __future__ import annotations

import json
import time
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import F, Q
from django.utils import timezone

from portal.aws import tables
from portal.aws.errors import ServiceError, ServiceUnavailable
from portal.aws.tables import Item
from storage_admin.mirror import items, writing
from storage_admin.models import MirrorCheck, MirrorItem

SLICE_SECONDS = 25
STALE_SECONDS = 120
AGAIN_HOURS = 24
RETRY_HOURS = 1  # where the last one ended with an error
MISSING, DIFFERS, STALE, UNKNOWN = "missing", "differs", "stale", "unknown"
# What is still on its way is not compared: it will be told anyway.
_AT_REST = Q(sent__gte=F("changes"))


def begin(who: str, *, repairs: bool = True) -> MirrorCheck:
    """Begin a comparison, or return the one that is under way; `repairs`: what differs is sent again."""
    under_way = MirrorCheck.objects.filter(ended_at=None).first()
    return under_way or MirrorCheck.objects.create(made_by_name=who, repairs=repairs)


def work(check_id: int, seconds: float = SLICE_SECONDS) -> bool:
    """Compare for a while; return whether there is more. Safe to repeat from the row's cursor."""
    check = MirrorCheck.objects.get(pk=check_id)
    if check.ended_at is not None:
        return False
    until = time.monotonic() + seconds
    try:
        while time.monotonic() < until:
            if not _page(check):
                check.ended_at = timezone.now()
                check.save()
                return False
    except ServiceUnavailable as error:
        check.error = str(error)  # a later slice goes on from the same page
        check.save()
        return False
    except ServiceError as error:
        check.error, check.ended_at = str(error), timezone.now()
        check.save()
        return False
    return True


def due() -> list[int]:
    """Return what to go on with: comparisons that nobody works on, and each day a new one."""
    now = timezone.now()
    lately = Q(begun_at__gt=now - timedelta(hours=AGAIN_HOURS), error="")
    just_now = Q(begun_at__gt=now - timedelta(hours=RETRY_HOURS))
    has_sent = MirrorItem.objects.filter(confirmed_at__isnull=False).exists()
    if has_sent and not MirrorCheck.objects.filter(lately | just_now).exists():
        return [begin("portal").pk]
    long_ago = now - timedelta(seconds=STALE_SECONDS)
    return list(MirrorCheck.objects.filter(ended_at=None, beat_at__lt=long_ago).values_list("pk", flat=True))


def _page(check: MirrorCheck) -> bool:
    """Compare one page and save the next cursor; False when both tables are through."""
    cursor = check.cursor or {"table": MirrorItem.Table.PETS, "start": None}
    which = cursor["table"]
    start = json.loads(cursor["start"]) if cursor["start"] else None
    page, onward = next(iter(tables.pages(items.table(which), start=start)))
    found = Counter(check.found) + _compare(check, which, page)
    check.met += len(page)
    if onward is None:
        found += _not_met(check, which)
        onwards = which == MirrorItem.Table.PETS
        check.cursor = {"table": MirrorItem.Table.PHOTOS, "start": None} if onwards else check.cursor
    else:
        # As text: PostgreSQL's JSON holds no NUL, and somebody's key may.
        onwards, check.cursor = True, {"table": which, "start": json.dumps(onward)}
    check.found, check.error = dict(found), ""
    check.save()
    return onwards


def _compare(check: MirrorCheck, which: str, page: list[Item]) -> Counter[str]:
    """Make due what differs; return how often each difference was found."""
    key = items.table(which).key
    theirs = {number: item for item in page if (number := _uuid(item[key])) is not None}
    found = Counter({UNKNOWN: len(page) - len(theirs)})
    rows = {one.item: one for one in MirrorItem.objects.filter(table=which, item__in=theirs)}
    MirrorItem.objects.filter(pk__in=[one.pk for one in rows.values()]).update(met_by=check.pk)
    found[UNKNOWN] += len(theirs) - len(rows)
    resting = {number: one.changes for number, one in rows.items() if one.sent >= one.changes}
    mine = writing.of_rows(which, resting)
    differing: list[UUID] = []
    for number, version in resting.items():
        there = theirs[number].get(items.VERSION, Decimal(0))
        if there > version:
            found[STALE] += 1
            if check.repairs:  # only a write above it will be taken
                below = MirrorItem.objects.filter(table=which, item=number, changes__lt=there)
                below.update(changes=int(there))
        elif items.differences(mine[number], theirs[number]):
            found[DIFFERS] += 1
        else:
            continue
        differing.append(number)
    if check.repairs:
        writing.make_due(which, differing)
    return +found


def _not_met(check: MirrorCheck, which: str) -> Counter[str]:
    """Make due the rows of which no page had an item."""
    unmet = MirrorItem.objects.filter(_AT_REST, table=which).exclude(met_by=check.pk)
    # What was sent after the comparison had begun may have come behind the page that was read.
    missing = unmet.filter(confirmed_at__lt=check.begun_at)
    if not check.repairs:
        return +Counter({MISSING: missing.count()})
    return +Counter({MISSING: missing.update(changes=F("changes") + 1, since=timezone.now())})


def _uuid(text: Any) -> UUID | None:
    """Return the number of an item; None for one that the portal cannot have made."""
    try:
        return UUID(str(text))
    except ValueError:
        return None
