"""The worker's side of the mirror: claims what is due, reads the rows, and sends what they say now.

Order for each item: its number of changes is read before its row, and DynamoDB takes nothing older
than what it has. Whoever comes late is refused there, so no lock is held over the network. A worker
that dies leaves its claim, which goes stale; a write that was sent twice is the same write.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db.models import Case, Count, F, Min, Prefetch, Q, QuerySet, When
from django.utils import timezone

from pets.models import Pet, WeightRecord
from photos.models import Photo
from portal.aws import tables
from portal.aws.clients import POOL
from portal.aws.errors import BadValue, ServiceError
from portal.aws.tables import Item
from storage_admin.mirror import items
from storage_admin.models import MirroredOwner, MirrorItem

logger = structlog.get_logger(__name__)

BATCH = 200
SLICE_SECONDS = 25
STALE_SECONDS = 120  # longer than a slice's hard limit
# What is refused for its values waits longer each time: a person must mend it.
RETRY_MINUTES = (1, 5, 30, 120)
LATE_MINUTES = 10  # seconds are usual
DUE = Q(changes__gt=F("sent"))


@dataclass
class Sent:
    """What a slice did: items written, items that were there already or newer, items refused."""

    written: int = 0
    newer: int = 0
    refused: int = 0


def due() -> QuerySet[MirrorItem]:
    """Return the items that DynamoDB must be told of."""
    return MirrorItem.objects.filter(DUE)


def late() -> QuerySet[MirrorItem]:
    """Return what has waited too long, and not because of its values: the service, or the worker, is away."""
    return due().filter(error="", since__lt=timezone.now() - timedelta(minutes=LATE_MINUTES))


def work(seconds: float = SLICE_SECONDS) -> Sent:
    """Send what is due for so long, the oldest first. ServiceError when the service does not answer."""
    until, sent = time.monotonic() + seconds, Sent()
    while time.monotonic() < until:
        token = uuid.uuid4()
        batch = _claim(token)
        if not batch:
            break
        try:
            _send(batch, sent)
        finally:
            MirrorItem.objects.filter(claim=token).update(claim=None, claimed_at=None)
    return sent


def _claim(token: UUID) -> list[MirrorItem]:
    """Take some items that nobody is at."""
    now = timezone.now()
    free = Q(claim__isnull=True) | Q(claimed_at__lt=now - timedelta(seconds=STALE_SECONDS))
    chosen = due().filter(free, Q(since__isnull=True) | Q(since__lte=now)).order_by("since", "id")[:BATCH]
    ids = list(chosen.values_list("pk", flat=True))
    if not MirrorItem.objects.filter(free, pk__in=ids).update(claim=token, claimed_at=now):
        return []
    # The number of changes is read here, before the rows are.
    return list(MirrorItem.objects.filter(claim=token))


def _send(batch: Sequence[MirrorItem], sent: Sent) -> None:
    for which in MirrorItem.Table:
        of_table = [one for one in batch if one.table == which]
        written = of_rows(which, {one.item: one.changes for one in of_table})
        for first in (True, False):
            # Nobody has written an item that was never confirmed but a worker before this one, with
            # the same state or an older one: many fit into one call. The others need the condition,
            # which that call does not have.
            some = [one for one in of_table if (one.sent == 0 and one.attempts == 0) is first]
            if some:
                (_fill if first else _put)(which, some, written, sent)


def of_rows(which: str, versions: dict[UUID, int]) -> dict[UUID, Item]:
    """Return the items that the rows make now, with these versions; a tombstone where the row is gone."""
    found: dict[UUID, Item] = {}
    if which == MirrorItem.Table.PETS:
        newest = Prefetch("weights", WeightRecord.objects.order_by("-weighed_on", "-id"))
        pets = list(Pet.objects.filter(pk__in=versions).prefetch_related(newest))
        weights, owners = items.newest_weights(pets), owner_ids(pet.owner_id for pet in pets)
        for pet in pets:
            owner_id = owners.get(pet.owner_id, "") if pet.owner_id else ""
            found[pet.pk] = items.of_pet(
                pet, owner_id=owner_id, kg=weights.get(pet.pk), version=versions[pet.pk]
            )
    else:
        for photo in Photo.objects.filter(pk__in=versions).prefetch_related("renditions"):
            found[photo.pk] = items.of_photo(photo, version=versions[photo.pk])
    gone = versions.keys() - found.keys()
    return found | {key: items.of_nothing(which, str(key), versions[key]) for key in gone}


def owner_ids(owners: Iterable[int | None]) -> dict[int, str]:
    """Return what DynamoDB calls these owners: as they were imported, else by their number."""
    wanted = {one for one in owners if one}
    known = MirroredOwner.objects.filter(owner__in=wanted).values_list("app_id", "owner_id")
    return {one: str(one) for one in wanted} | {pk: name for name, pk in known}


def _fill(which: str, some: Sequence[MirrorItem], written: dict[UUID, Item], sent: Sent) -> None:
    for start in range(0, len(some), tables.BATCH):
        part = some[start : start + tables.BATCH]
        try:
            tables.put_many(items.table(which), [written[one.item] for one in part])
        except BadValue:
            _put(which, part, written, sent)  # one of them: each by itself tells which
            continue
        _confirm(part)
        sent.written += len(part)
        # Taken over meanwhile: this write may have come after a newer one, and is not told apart.
        ids = [one.pk for one in part]
        lost = MirrorItem.objects.filter(pk__in=ids).exclude(claim=part[0].claim)
        lost.update(changes=F("changes") + 1, since=timezone.now())


def _put(which: str, some: Sequence[MirrorItem], written: dict[UUID, Item], sent: Sent) -> None:
    """Write each under its condition, several at a time. What is refused for its values is noted."""

    def put(one: MirrorItem) -> bool | BadValue:
        try:
            return tables.put_if_newer(items.table(which), written[one.item], version=items.VERSION)
        except BadValue as error:
            return error

    with ThreadPoolExecutor(POOL, thread_name_prefix="mirror") as pool:
        answers = list(pool.map(put, some))
    accepted = [one for one, answer in zip(some, answers, strict=True) if not isinstance(answer, BadValue)]
    _confirm(accepted)
    sent.written += answers.count(True)
    sent.newer += answers.count(False)
    for one, answer in zip(some, answers, strict=True):
        if isinstance(answer, BadValue):
            _note_refusal(one, answer)
            sent.refused += 1


def _confirm(some: Sequence[MirrorItem]) -> None:
    """Note what DynamoDB has now; an item that changed meanwhile stays due."""
    by_number: dict[int, list[int]] = {}
    for one in some:
        by_number.setdefault(one.changes, []).append(one.pk)
    for number, ids in by_number.items():
        MirrorItem.objects.filter(pk__in=ids, sent__lt=number).update(
            sent=number,
            confirmed_at=timezone.now(),
            attempts=0,
            error="",
            since=Case(When(changes__gt=number, then=F("since")), default=None),
        )


def _note_refusal(one: MirrorItem, error: ServiceError) -> None:
    minutes = RETRY_MINUTES[min(one.attempts, len(RETRY_MINUTES) - 1)]
    MirrorItem.objects.filter(pk=one.pk).update(
        attempts=one.attempts + 1,
        error=str(error),
        since=timezone.now() + timedelta(minutes=minutes),
    )
    logger.warning("mirror_refused", table=one.table, item=str(one.item), error=str(error))


def make_due(which: str, keys: Iterable[Any]) -> int:
    """Let these items be sent again, as if they had changed; return how many there are."""
    found = MirrorItem.objects.filter(table=which, item__in=list(keys))
    return found.update(changes=F("changes") + 1, since=timezone.now(), attempts=0)


def make_all_due(which: str) -> int:
    """Let every item of the table be sent again, also what was never confirmed; return how many."""
    found = MirrorItem.objects.filter(table=which)
    return found.update(changes=F("changes") + 1, sent=0, since=timezone.now(), attempts=0)


def lag() -> tuple[int, datetime | None]:
    """Return how many items are due, and since when the oldest of them is."""
    told = due().aggregate(count=Count("pk"), oldest=Min("since"))
    return told["count"], told["oldest"]
