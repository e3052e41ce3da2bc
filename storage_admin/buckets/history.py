"""What was done to the settings of a bucket, for people: rows, and for interrupted ones the store's word."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from storage_admin import bucket_settings
from storage_admin.bucket_settings import reading
from storage_admin.bucket_settings.setting import Difference, Setting
from storage_admin.buckets.changes import in_words, place_of, reasons_against_undo
from storage_admin.models import Bucket, BucketChange


@dataclass(frozen=True)
class Entry:
    """One change: what it was, how it ended, and whether it can be undone."""

    row: BucketChange
    title: str
    difference: list[Difference] = field(default_factory=list)
    now: str = ""  # of an interrupted one: what the store has
    no_undo: str = ""

    @property
    def is_undo(self) -> bool:
        return self.row.undo_of_id is not None


def entries(bucket: Bucket, rows: Iterable[BucketChange]) -> list[Entry]:
    """Return the rows in words. The store is asked once for each setting with an interrupted change."""
    rows = list(rows)
    interrupted = {row.setting for row in rows if row.state == BucketChange.State.BEGUN}
    settings = [setting for setting in bucket_settings.ALL if setting.slug in interrupted]
    answers = reading.read_all(settings, place_of(bucket)) if bucket.is_connected else []
    found = {one.setting.slug: one for one in answers}
    no_undo = reasons_against_undo(bucket.pk, rows)
    return [_entry(row, found.get(row.setting), no_undo[row.pk]) for row in rows]


def _entry(row: BucketChange, found: reading.Reading | None, no_undo: str) -> Entry:
    setting = bucket_settings.find(row.setting)
    if setting is None:
        return Entry(row, row.setting, no_undo=no_undo)
    before, after = setting.from_data(row.before), setting.from_data(row.after)
    now = ""
    if row.state == BucketChange.State.BEGUN and found is not None:
        now = _outcome(setting, before, after, found)
    return Entry(row, str(setting.title), setting.difference(before, after), now, no_undo)


def _outcome(setting: Setting[Any], before: Any, after: Any, found: reading.Reading) -> str:
    """Return which of both values the store has now, or what else."""
    if not found.is_known:
        return _("What the store has now is unknown: %(reason)s") % {"reason": found.error or found.lacking}
    if found.value == after:
        return _("The store has what was wanted.")
    if found.value == before:
        return _("The store has what it had before.")
    words = _("The store has neither what it had before nor what was wanted: %(what)s")
    return words % {"what": in_words(setting.difference(after, found.value))}
