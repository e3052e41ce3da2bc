"""Where a version or marker stands among the entries of its key: what is old, and what is alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from portal.s3 import listing
from portal.s3.listing import ListedVersion, Mark
from storage_admin.models import Bucket


@dataclass(frozen=True)
class Ranked:
    """An entry and its place: `rank` and `replaced_at` as a target has them.

    `is_alone`: a newest marker below which there is nothing left.
    """

    entry: ListedVersion
    rank: int = 0
    replaced_at: datetime | None = None
    is_alone: bool = False


@dataclass
class _Place:
    """How far a key was read: its last rank, and when its last entry was made."""

    key: str | None = None
    rank: int = 0
    successor: datetime | None = None

    def rank_all(self, entries: Iterable[ListedVersion]) -> list[Ranked]:
        """Rank the next entries; those of one key may span pages."""
        ranked = []
        for one in entries:
            if one.key != self.key:
                self.key, self.rank, self.successor = one.key, 0, None
            is_older = not (one.is_latest or one.is_delete_marker)
            self.rank += is_older
            ranked.append(Ranked(one, self.rank if is_older else 0, self.successor))
            self.successor = one.last_modified
        return ranked


def page(
    bucket: Bucket, prefix: str, cursor: dict[str, Any], size: int
) -> tuple[list[Ranked], dict[str, Any] | None]:
    """Return the next entries below the prefix, and the cursor to go on from; None at the end."""
    place = _Place(cursor.get("last_key"), cursor.get("rank", 0), _moment(cursor.get("successor")))
    mark = Mark(cursor["key"], cursor["version"]) if cursor else None
    found = listing.versions_page(
        bucket.name, prefix=prefix, mark=mark, size=size, folders=False, alias=bucket.connection
    )
    ranked = place.rank_all(found.versions)
    onward = None
    if found.next_mark is not None:
        onward = {
            "key": found.next_mark.key, "version": found.next_mark.version_id, "last_key": place.key,
            "rank": place.rank, "successor": place.successor.isoformat() if place.successor else "",
        }  # fmt: skip
    told = [
        _told_alone(bucket, one, ranked[at + 1 :][:1], ends_here=onward is None)
        for at, one in enumerate(ranked)
    ]
    return told, onward


def named(bucket: Bucket, key: str, version_id: str) -> Ranked | None:
    """Return one entry as it is now, by its key's own entries; None when it is gone."""
    place, mark = _Place(), None
    while True:
        found = listing.key_versions(
            bucket.name, key, mark=mark, size=listing.LARGEST_PAGE, alias=bucket.connection
        )
        ranked = place.rank_all(found.versions)
        for at, one in enumerate(ranked):
            if one.entry.version_id == version_id:
                ends_here = found.next_mark is None
                return _told_alone(bucket, one, ranked[at + 1 :][:1], ends_here=ends_here)
        if found.next_mark is None:
            return None
        mark = found.next_mark


def _told_alone(bucket: Bucket, one: Ranked, after: list[Ranked], *, ends_here: bool) -> Ranked:
    """Tell of a marker whether it is the only entry of its key; at a page's end the store is asked."""
    entry = one.entry
    if not (entry.is_delete_marker and entry.is_latest):
        return one
    if after:
        return replace(one, is_alone=after[0].entry.key != entry.key)
    if ends_here:
        return replace(one, is_alone=True)
    entries = listing.key_versions(bucket.name, entry.key, size=2, alias=bucket.connection)
    return replace(one, is_alone=len(entries.versions) == 1 and entries.next_mark is None)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
