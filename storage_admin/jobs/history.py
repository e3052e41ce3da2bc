"""What happened to keys since a moment, by their versions and markers: the time machine's eyes.

A key's state at a moment is its newest entry that is not younger. What was destroyed since left no
entry: it cannot be seen, nor brought back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from itertools import groupby, takewhile
from typing import Any

from portal.s3 import capabilities, listing
from portal.s3.differences import Capability
from portal.s3.inexact_keys import UNSPELLED
from portal.s3.listing import ListedVersion, Mark
from storage_admin.models import Bucket


class Change(StrEnum):
    """What became of a key since the moment."""

    ADDED = "added"  # it was not there, or was hidden
    CHANGED = "changed"  # another version is current
    DELETED = "deleted"  # it is hidden now


EVERY_CHANGE = tuple(Change)


@dataclass(frozen=True)
class Since:
    """How a key differs from what it was: `was` is the version to bring back, "" where it was not there.

    `markers` are the delete markers younger than the moment that lie on top of `was` alone: taking
    them away brings it back. Empty where versions lie between: then only a copy does.
    """

    change: Change
    was: str = ""
    markers: tuple[str, ...] = ()
    bytes: int = 0
    storage_class: str = ""


@dataclass(frozen=True)
class Life:
    """All entries of one key, newest first."""

    key: str
    entries: list[ListedVersion]
    is_certain: bool = True  # False: the list may have spelled another key so

    def at(self, moment: datetime) -> ListedVersion | None:
        """Return the entry that was the newest one then; None where nothing so old is left."""
        return next((one for one in self.entries if one.last_modified <= moment), None)

    def since(self, moment: datetime) -> Since | None:
        """Return what changed since the moment; None when the key is as it was."""
        younger = [one for one in self.entries if one.last_modified > moment]
        if not younger:
            return None
        newest = self.entries[0]
        then = self.at(moment)
        if then is None or then.is_delete_marker:
            return None if newest.is_delete_marker else Since(Change.ADDED)
        only_markers = all(one.is_delete_marker for one in younger)
        return Since(
            Change.DELETED if newest.is_delete_marker else Change.CHANGED,
            was=then.version_id,
            markers=tuple(one.version_id for one in younger) if only_markers else (),
            bytes=then.bytes,
            storage_class=then.storage_class,
        )

    def hidden_in(self, begin: datetime | None, end: datetime | None) -> Since | None:
        """Return which markers to take away where the newest entry is one made in the window; else None.

        Both ends count, None is no limit. None also where the key was hidden before the window:
        it would have to be brought further back. `was` is empty where no version lies below.
        """
        newest = next(iter(self.entries), None)
        if newest is None or not newest.is_delete_marker or (end and newest.last_modified > end):
            return None
        markers = list(takewhile(lambda one: one.is_delete_marker, self.entries))
        if begin and any(one.last_modified < begin for one in markers):
            return None
        below = next((one for one in self.entries if not one.is_delete_marker), None)
        names = tuple(one.version_id for one in markers)
        if below is None:
            return Since(Change.DELETED, markers=names)
        return Since(Change.DELETED, below.version_id, names, below.bytes, below.storage_class)

    def came_and_went(self, moment: datetime) -> bool:
        """Whether it is hidden, as at the moment, and was there in between: going back leaves it hidden."""
        then, newest = self.at(moment), next(iter(self.entries), None)
        was_hidden = then is None or then.is_delete_marker
        is_hidden = newest is not None and newest.is_delete_marker
        return was_hidden and is_hidden and any(self._versions_after(moment))

    def is_hollow(self, moment: datetime) -> bool:
        """Whether nothing but markers of since then is left: what they hid, if anything, was destroyed."""
        return bool(self.entries) and self.at(moment) is None and not any(self._versions_after(moment))

    def _versions_after(self, moment: datetime) -> Iterator[ListedVersion]:
        return (one for one in self.entries if one.last_modified > moment and not one.is_delete_marker)


@dataclass(frozen=True)
class LivesPage:
    """The lives of the next keys; an empty `next_after` ends the list."""

    lives: list[Life]
    next_after: str = ""


def page(bucket: str, *, prefix: str, after: str, size: int, alias: str) -> LivesPage:
    """Return whole lives: the last key of an answer is read to its end, however many entries it has."""
    mark = Mark(after) if after else None
    entries: list[ListedVersion] = []
    are_exact = True
    while True:
        found = listing.versions_page(bucket, prefix=prefix, mark=mark, size=size, folders=False, alias=alias)
        entries += found.versions
        are_exact = are_exact and found.keys_are_exact
        mark = found.next_mark
        lives = _lives(entries, are_exact)
        if mark is None:
            return LivesPage(lives)
        if len(lives) > 1:
            # The last may go on behind this answer: it is read anew, from its beginning.
            return LivesPage(lives[:-1], lives[-2].key)


def of_key(bucket: str, key: str, *, alias: str) -> Life:
    """Return the life of one key; without entries where nothing is left of it."""
    entries: list[ListedVersion] = []
    mark: Mark | None = None
    while True:
        found = listing.key_versions(bucket, key, mark=mark, size=listing.LARGEST_PAGE, alias=alias)
        entries += found.versions
        mark = found.next_mark
        if mark is None:
            return Life(key, entries)


Asked = Callable[[Life], Since | None]


def chosen(bucket: Bucket, lives: Iterable[Life], asked: Asked) -> Iterator[tuple[Life, Since]]:
    """Yield the lives of which `asked` tells something, with that.

    Where a store's pages lose entries, they also show keys with a part of theirs. Without its oldest
    ones a changed key looks like an added one: so each is looked at alone before anything is said of it.
    """
    is_whole = may_lack(bucket) == ""
    for life in lives:
        found = asked(life)
        if found is not None and not is_whole and life.is_certain:
            whole = of_key(bucket.name, life.key, alias=bucket.connection)
            life, found = whole, asked(whole)  # noqa: PLW2901 - the same life, as it is
        if found is not None:
            yield life, found


def may_lack(bucket: Bucket) -> str:
    """Return why the store's pages of versions may lack keys or entries; empty where they are whole."""
    lacks = capabilities.known(capabilities.server(bucket.connection))
    return str(lacks.get(Capability.BESIDE_FOLDERS_BY_VERSION, ""))


@dataclass(frozen=True)
class Found:
    """What a page of a selection holds; a cursor of None is the end."""

    chosen: list[tuple[Life, Since]]
    cursor: dict[str, Any] | None


def read(bucket: Bucket, selection: dict[str, Any], cursor: dict[str, Any], size: int) -> Found:
    """Read on in a selection `history` or `hidden`: of at most `size` of its keys, or of a page of all."""
    keys, onward = selection.get("keys"), None
    if keys is not None:
        start = cursor.get("at", 0)
        lives = [of_key(bucket.name, key, alias=bucket.connection) for key in keys[start : start + size]]
        onward = {"at": start + size} if start + size < len(keys) else None
    else:
        found = page(
            bucket.name, prefix=selection["prefix"], after=cursor.get("after", ""), size=size,
            alias=bucket.connection,
        )  # fmt: skip
        lives, onward = found.lives, {"after": found.next_after} if found.next_after else None
    return Found(list(chosen(bucket, lives, _asked_by(selection))), onward)


def _asked_by(selection: dict[str, Any]) -> Asked:
    if selection["what"] == "hidden":
        begin, end = (_moment(selection.get(name)) for name in ("begin", "end"))
        return partial(Life.hidden_in, begin=begin, end=end)
    moment = datetime.fromisoformat(selection["moment"])
    changes = selection.get("changes", EVERY_CHANGE)

    def ask(life: Life) -> Since | None:
        since = life.since(moment)
        return since if since is not None and since.change in changes else None

    return ask


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _lives(entries: list[ListedVersion], are_exact: bool) -> list[Life]:
    return [
        Life(key, list(group), is_certain=are_exact or UNSPELLED not in key)
        for key, group in groupby(entries, key=lambda one: one.key)
    ]
