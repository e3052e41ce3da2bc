"""What lies below each folder of a bucket, added up while a listing passes by, in bounded space.

A listing names all keys of a folder one after another, so one folder at a time is open; of those
that are behind, the largest are kept, and the others added up as one. Only which folders are
kept goes by their size so far: the sums are exact, and all rows together make the whole bucket.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, unquote

# How many folders of a level are kept one by one. A thousand take 100 kB in the row.
MOST = {1: 200, 2: 1_000}
MOST_OPEN = 50_000  # of a level while a report is counted, whose rows come in no order
MOST_CHARACTERS = 300  # of a folder's name as it is kept; longer ones are added to the others

# The places of a folder's sums.
OBJECTS, BYTES, OLDER, OLDER_BYTES, MARKERS, UPLOADS, UPLOAD_BYTES = range(7)
NOTHING = [0] * 7


def folder_of(key: str, level: int) -> str:
    """Return the folder that a key lies in, at most `level` folders deep: "" for what lies in none."""
    parts = key.split("/", level)
    return "".join(f"{part}/" for part in parts[:-1])


class Tally:
    """The sums of one level. `data` is what `as_data` gave, so that a count goes on where it was."""

    def __init__(self, level: int, data: dict[str, Any] | None = None, most: int = 0) -> None:
        data = data or {}
        self.level, self.most = level, most or MOST[level]
        # Names are quoted: PostgreSQL's JSON takes no NUL.
        self.rows: dict[str, list[int]] = {
            unquote(name): list(sums) for name, sums in data.get("rows", {}).items()
        }
        self.other: list[int] = list(data.get("other", NOTHING))
        self.others: int = data.get("others", 0)  # how many folders that is
        self.open: str | None = unquote(data["open"]) if data.get("open") is not None else None
        self._smallest = [(_weight(sums), name) for name, sums in self.rows.items() if name != self.open]
        heapq.heapify(self._smallest)

    def add(self, key: str, count: int, size: int | None, amount: int = 0) -> None:
        """Count one entry of a key at the place `count`, and its bytes at the place `size`, if it has any."""
        name = folder_of(key, self.level)
        if name != self.open:
            self.close()
            self.open = name
            self.rows.setdefault(name, list(NOTHING))
        _put(self.rows[name], count, size, amount)

    def add_upload(self, key: str, size: int | None) -> None:
        """Count an open upload, when all versions are behind: its folder may be among the others by now."""
        self.close()
        name = folder_of(key, self.level)
        if name not in self.rows and not self.others:
            self.rows[name] = list(NOTHING)
            self.open = name
        _put(self.rows.get(name, self.other), UPLOADS, UPLOAD_BYTES, size or 0)

    def close(self) -> None:
        """Say that the open folder is behind; are there too many now, the smallest join the others."""
        if self.open is None:
            return
        name, self.open = self.open, None
        if len(quote(name)) > MOST_CHARACTERS:
            self._add_to_others(name)
            return
        heapq.heappush(self._smallest, (_weight(self.rows[name]), name))
        while len(self.rows) > self.most:
            weight, smallest = heapq.heappop(self._smallest)
            if smallest not in self.rows:
                continue
            now = _weight(self.rows[smallest])
            if now != weight:  # a store that names keys in an order of its own came back to it
                heapq.heappush(self._smallest, (now, smallest))
                continue
            self._add_to_others(smallest)

    def as_data(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "rows": {quote(name): sums for name, sums in self.rows.items()},
            "other": self.other,
            "others": self.others,
            "open": None if self.open is None else quote(self.open),
        }

    def _add_to_others(self, name: str) -> None:
        self.other = [one + more for one, more in zip(self.other, self.rows.pop(name), strict=True)]
        self.others += 1


class UnsortedTally(Tally):
    """The same of rows that come in no order: every folder stays open until the end.

    Of more than MOST_OPEN the first ones met are told apart. The sums of those are exact, too.
    """

    def add(self, key: str, count: int, size: int | None, amount: int = 0) -> None:
        """Count one entry, as `Tally.add`."""
        name = folder_of(key, self.level)
        if name not in self.rows:
            if len(self.rows) >= MOST_OPEN or len(name) > MOST_CHARACTERS:
                self.others = max(1, self.others)
                _put(self.other, count, size, amount)
                return
            self.rows[name] = list(NOTHING)
        _put(self.rows[name], count, size, amount)

    def add_upload(self, key: str, size: int | None) -> None:
        """Count an open upload."""
        self.add(key, UPLOADS, UPLOAD_BYTES, size or 0)

    def close(self) -> None:
        """Say that nothing comes any more: the largest stay, the others become one."""
        ordered = sorted(self.rows, key=lambda name: _weight(self.rows[name]))
        for name in ordered[: max(0, len(ordered) - self.most)]:
            self._add_to_others(name)


def _put(sums: list[int], count: int, size: int | None, amount: int) -> None:
    sums[count] += 1
    if size is not None:
        sums[size] += amount


def _weight(sums: Sequence[int]) -> tuple[int, int]:
    """Return what a folder is kept for: its bytes, then how much there is of it."""
    return (
        sums[BYTES] + sums[OLDER_BYTES] + sums[UPLOAD_BYTES],
        sums[OBJECTS] + sums[OLDER] + sums[MARKERS] + sums[UPLOADS],
    )
