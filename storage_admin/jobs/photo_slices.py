"""A share of the photos' originals: a stretch of their rows in the order of ids, closed to a ring.

    {"what": "photos", "prefix": ..., "after": id, "until": id}

names the rows with originals whose ids come after the first and not after the second; where the
second is not above the first, it goes on from the lowest id, and two that are alike name everything.
Ids are random (UUID 4): a stretch that begins at random is a random sample, and stretches of which
each begins where the last one ended come to every row in turn. What is added in between is met in
the next turn at the latest.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from photos.choices import PhotoStatus
from photos.models import Photo
from storage_admin.models import Job, JobState

# Nothing has arrived, or what came was refused and is removed.
WITHOUT_ORIGINAL = (PhotoStatus.PENDING, PhotoStatus.REJECTED)
BEGINNING = UUID(int=0)

Rule = dict[str, Any]
Cursor = dict[str, Any]


def stored(bucket: str, prefix: str) -> QuerySet[Photo]:
    """Return the rows with originals of which the keys begin so, by id."""
    rows = Photo.objects.filter(bucket=bucket, key__startswith=prefix)
    return rows.exclude(status__in=WITHOUT_ORIGINAL).order_by("pk")


def is_one(rule: Rule) -> bool:
    """Whether the selection is such a stretch."""
    return "until" in rule


def after(bucket: str, place: UUID, count: int, prefix: str = "") -> Rule | None:
    """Return the stretch of the next `count` rows after that id; None where there is none at all.

    It ends at an id, not at a number: what is planned and what is run are the same rows.
    """
    rows = stored(bucket, prefix)
    above = rows.filter(pk__gt=place)
    until = _at(above, count)
    if until is None:
        until = _at(rows.filter(pk__lte=place), count - above.count()) or place
        if until == place and not rows.exists():
            return None
    return {"what": "photos", "prefix": prefix, "after": str(place), "until": str(until)}


def page(bucket: str, rule: Rule, cursor: Cursor, size: int) -> tuple[list[Photo], Cursor | None]:
    """Return the next rows, at most `size`, and where to go on; None at the end."""
    begin, until = UUID(rule["after"]), UUID(rule["until"])
    turns, is_over = until <= begin, cursor.get("over", False)  # over: beyond the highest id
    rows = stored(bucket, rule["prefix"])
    if not is_over:
        rows = rows.filter(pk__gt=cursor.get("after", begin))
    elif "after" in cursor:
        rows = rows.filter(pk__gt=cursor["after"])
    if is_over or not turns:
        rows = rows.filter(pk__lte=until)
    listed = list(rows[: size + 1])
    if len(listed) > size:
        return listed[:size], {"after": str(listed[size - 1].pk), "over": is_over}
    return listed, {"over": True} if turns and not is_over else None


def reached(job: Job) -> UUID:
    """Return up to which id the job has come: the next stretch begins there. It must be of a slice."""
    begin, until = UUID(job.selection["after"]), UUID(job.selection["until"])
    if job.state in {JobState.DONE, JobState.PARTIAL}:
        return until
    if job.started_at is None or not job.cursor:
        return begin  # while it was planned, the cursor was the plan's
    if "after" in job.cursor:
        return UUID(job.cursor["after"])
    return BEGINNING if job.cursor.get("over") else until


def _at(rows: QuerySet[Photo], count: int) -> UUID | None:
    """Return the id of the row at that place, counted from one; None where there are fewer."""
    found = rows.values_list("pk", flat=True)[count - 1 : count] if count > 0 else ()
    return next(iter(found), None)
