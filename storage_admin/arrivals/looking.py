"""The scheduled look: lists the upload prefix of each source, for stores that tell nothing, and for what was
not told.

A page of keys costs one query for what is known already; only what is new is asked for.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import quote, unquote

import structlog
from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from portal import spelling
from portal.s3 import listing
from portal.s3.errors import S3Error, StorageUnavailable
from portal.s3.listing import LARGEST_PAGE, ListedObject
from storage_admin.arrivals import naming, sources, taking
from storage_admin.arrivals.sources import Source
from storage_admin.models import Arrival, Look

logger = structlog.get_logger(__name__)

SLICE_SECONDS = 20.0
STALE = timedelta(seconds=150)  # longer than the task's hard limit: whoever had it is dead


def work(seconds: float = SLICE_SECONDS) -> int:
    """Look at every source for so long in all; return how many new files were met."""
    until, new = time.monotonic() + seconds, 0
    taking.retry(until)
    wanted = sources.of_arrivals()
    for source in wanted:
        Look.objects.get_or_create(connection=source.connection, bucket=source.bucket)
    # Whoever has waited longest, first: a large source must not keep the others from being looked at.
    for look in Look.objects.order_by(F("beat_at").asc(nulls_first=True)):
        source = Source(look.connection, look.bucket)
        if source in wanted and time.monotonic() < until:
            new += _look(source, look, until)
    return new


def _look(source: Source, look: Look, until: float) -> int:
    token, now = uuid.uuid4(), timezone.now()
    free = Q(claim__isnull=True) | Q(beat_at__lt=now - STALE)
    if not Look.objects.filter(free, pk=look.pk).update(claim=token, beat_at=now):
        return 0
    mine = Look.objects.filter(pk=look.pk, claim=token)
    try:
        return _read(source, look, mine, until)
    except S3Error as error:
        logger.warning("look_waits", source=str(source), code=error.code)
        mine.update(error=f"{error} ({error.code})")
        return 0
    finally:
        mine.update(claim=None, beat_at=timezone.now())


def _read(source: Source, look: Look, mine: QuerySet[Look], until: float) -> int:
    after, new, problems = unquote(look.cursor), 0, list[str]()
    if look.ended_at is not None or look.begun_at is None:
        mine.update(begun_at=timezone.now(), ended_at=None, met=0, new=0)
    while True:
        page = listing.keys_page(
            source.bucket, prefix=settings.ARRIVALS_PREFIX, after=after, size=LARGEST_PAGE,
            alias=source.connection,
        )  # fmt: skip
        taken, is_whole, problem = _take_new(source, page.objects, until)
        problems += [problem] if problem else []
        new += taken
        now = timezone.now()
        mine.update(error=problems[0] if problems else "")
        if not is_whole:  # the next slice reads the page again, and knows what this one took
            mine.update(beat_at=now, new=F("new") + taken)
            return new
        is_last = not page.next_token or not page.objects
        after = "" if is_last else page.objects[-1].key
        is_mine = mine.update(
            beat_at=now, cursor=quote(after), met=F("met") + len(page.objects), new=F("new") + taken,
            ended_at=now if is_last else None,
        )  # fmt: skip
        if not is_mine or is_last or time.monotonic() >= until:
            return new


def _take_new(source: Source, found: Sequence[ListedObject], until: float) -> tuple[int, bool, str]:
    """Take in what no row knows; return how many, whether time was enough for all, and what went wrong.

    One that cannot be read stops nothing but itself.
    """
    files = [one for one in found if naming.is_file(one.key)]
    known_keys = taking.is_known(source, [one.key for one in files])
    named = {
        Arrival.source_of(source.connection, source.bucket, one.key, one.etag): one.key
        for one in files
        if one.key not in known_keys
    }
    known = set(Arrival.objects.filter(source__in=named).values_list("source", flat=True))
    new = [key for identity, key in named.items() if identity not in known]
    problem = ""
    for count, key in enumerate(new):
        if count and time.monotonic() >= until:
            return count, False, problem
        try:
            taking.take(source, key, found_by=Arrival.Way.LOOK)
        except StorageUnavailable:
            raise
        except S3Error as error:
            logger.warning("arrival_not_taken", source=str(source), code=error.code)
            problem = f"{spelling.plain(key)}: {error} ({error.code})"
    return len(new), True, problem
