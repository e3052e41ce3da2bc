"""Photos' rows that a selection names: by the admin list's filter, by their ids, or by a prefix of keys."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _

from pets.owner_services import CONTACT_PERMISSION
from photos.models import Photo
from portal import filter_token
from portal.access import Actor, require
from portal.filter_token import FilterInvalid
from portal.s3 import attributes
from portal.s3.attributes import Attributes
from portal.s3.errors import ObjectNotFound
from storage_admin.errors import NotPossible
from storage_admin.jobs import photo_slices
from storage_admin.jobs.photo_slices import WITHOUT_ORIGINAL
from storage_admin.models import Bucket

RIGHT = "photos.view_photo"
# Why a photo's original is not worked on.
NO_ORIGINAL, NOT_CURRENT = "no-original", "not-current"
THREADS = 8  # that ask the store for one original each
_UNNAMED = "null"  # how stores call a version of unversioned days; in rows it has no name

Rule = dict[str, Any]
Cursor = dict[str, Any]


def are_named_by(selection: Rule) -> bool:
    """Whether the selection is photos that a person saw in their list."""
    return "filter" in selection or "ids" in selection


def checked(actor: Actor, bucket: Bucket, selection: Rule) -> Rule:
    """Return the selection as it is kept. PermissionDenied; NotPossible where the list would not take it.

    Whether the search looked at owners' contact data is kept with it: the job then works on what
    this person's list showed, not on what another's would.
    """
    require(actor, RIGHT)
    if not bucket.holds_photos:
        raise NotPossible(_("No photos live in this bucket."))
    kept = selection | {"contact": actor is None or actor.has_perm(CONTACT_PERMISSION)}
    if "filter" in kept:
        kept["filter"] = filter_token.canonical(QueryDict(kept["filter"]))
        matching(kept)
    return kept


def matching(selection: Rule) -> QuerySet[Photo]:
    """Return the photos that the selection names. NotPossible when the list has no such filter any more."""
    if "ids" in selection:
        return Photo.objects.filter(pk__in=selection["ids"])
    rights = [CONTACT_PERMISSION] if selection.get("contact") else []
    try:
        return filter_token.matching(Photo, selection["filter"], rights)
    except FilterInvalid as error:
        raise NotPossible(str(error)) from error


def page(bucket: Bucket, selection: Rule, cursor: Cursor, size: int) -> tuple[list[Photo], Cursor | None]:
    """Return the next photos, at most `size`, and where to go on; one bounded query by an index."""
    if photo_slices.is_one(selection):
        return photo_slices.page(bucket.name, selection, cursor, size)
    if are_named_by(selection):
        rows, place = matching(selection).order_by("pk"), "pk"
    else:
        rows, place = Photo.objects.filter(key__startswith=selection["prefix"]).order_by("key"), "key"
        rows = rows.filter(bucket=bucket.name).exclude(status__in=WITHOUT_ORIGINAL)
    if "after" in cursor:
        rows = rows.filter(**{f"{place}__gt": cursor["after"]})
    listed = list(rows[: size + 1])
    onward = {"after": str(getattr(listed[size - 1], place))} if len(listed) > size else None
    return listed[:size], onward


def barred(bucket: Bucket, photo: Photo) -> str:
    """Return why there is no original of the photo in this bucket, as its row says; empty when there is."""
    nowhere = photo.bucket != bucket.name or photo.status in WITHOUT_ORIGINAL
    return NO_ORIGINAL if nowhere else ""


def as_stored(bucket: Bucket, originals: Sequence[tuple[str, str, str]]) -> dict[str, Attributes]:
    """Ask the store for originals, each (key, version id, ETag) as its row says, several at a time.

    Without an answer for those that are not the current versions of their keys: what works on
    current versions must not meet another one.
    """
    with ThreadPoolExecutor(THREADS, thread_name_prefix="originals") as pool:
        asked = [pool.submit(copy_context().run, partial(_current, bucket, *named)) for named in originals]
        return {one.key: one for one in (ask.result() for ask in asked) if one is not None}


def _current(bucket: Bucket, key: str, version_id: str, etag: str) -> Attributes | None:
    try:
        found = attributes.read(bucket.name, key, alias=bucket.connection)
    except ObjectNotFound:
        return None
    if found.version_id not in {"", _UNNAMED}:
        return found if found.version_id == version_id else None
    # Without names for versions the bytes tell.
    return found if not version_id and etag in {"", found.etag} else None
