"""What the page of a bucket's usage shows, from the rows of its counts alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal import spelling
from portal.display import size, whole
from storage_admin import addresses
from storage_admin.buckets import prefixes, usage
from storage_admin.buckets.prefixes import BYTES, OLDER_BYTES, Tally
from storage_admin.models import Bucket, UsageSnapshot

SHOWN = 50  # folders on the page; the CSV has all that were kept
LEAST_BARS = 14  # for which the chart has room: a single count is no wall
LEVELS = tuple(prefixes.MOST)
COLUMNS = ["prefix", "objects", "bytes", "older", "older_bytes", "delete_markers", "uploads", "upload_bytes"]


@dataclass(frozen=True)
class Folder:
    """One line: a folder, or all others as one. `bar` are the widths of current and older, of 100."""

    name: str | SafeString
    url: str
    sums: list[int]
    change: str
    bar: tuple[float, float] = (0, 0)

    @property
    def cells(self) -> list[str]:
        """The line's numbers, as the page writes them."""
        objects, held, older, older_held, markers, uploads, _upload_bytes = self.sums
        return [whole(objects), size(held), whole(older), size(older_held), whole(markers), whole(uploads)]


def context(bucket: Bucket, level: int) -> dict[str, Any]:
    """Return all that the page shows; `level` is how deep its folders are."""
    counts = usage.ended(bucket)
    now = counts[0] if counts else None
    newest = UsageSnapshot.objects.filter(bucket=bucket).defer("prefixes").first()
    found: dict[str, Any] = {
        "now": now,
        "newest": newest if newest != now else None,
        "level": level,
        "levels": [
            {"number": one, "url": addresses.of_bucket(bucket, "usage", level=str(one))} for one in LEVELS
        ],
    }
    if now is None:
        return found
    before = counts[1] if len(counts) > 1 else None
    tally, former = _tally(now, level), _tally(before, level)
    return found | {
        "before": before,
        "classes": [
            (name, whole(one["objects"]), size(one["bytes"]), whole(one["older"]), size(one["older_bytes"]))
            for name, one in sorted(now.counts.items())
        ],
        "total": size(total(now)),
        "change": signed(total(now) - total(before)) if before is not None else "",
        "current": _pair(now, "objects", "bytes"),
        "older": _pair(now, "older", "older_bytes"),
        "markers": whole(now.markers),
        "uploads": _uploads(now),
        "folders": list(_folders(bucket, tally, former)),
        "bounded": _bounded(tally, now),
        "history": _history(counts),
        "history_width": 10 * max(len(counts), LEAST_BARS),
    }


def lines(snapshot: UsageSnapshot, level: int) -> Iterator[list[Any]]:
    """Yield a line for each folder that was kept, the largest first, and one for all others."""
    tally = _tally(snapshot, level)
    if tally is None:
        return
    for name, sums in _by_size(tally):
        yield [name, *sums]
    if tally.others:
        yield [f"({tally.others} others)", *tally.other]


def total(snapshot: UsageSnapshot) -> int:
    """Return the bytes of all versions; parts of open uploads are not always told."""
    return sum(one["bytes"] + one["older_bytes"] for one in snapshot.counts.values())


def signed(difference: int) -> str:
    """Write a difference in bytes with its sign."""
    sign = "+" if difference > 0 else "−" if difference < 0 else "±"
    return f"{sign}{size(abs(difference))}"


def _tally(snapshot: UsageSnapshot | None, level: int) -> Tally | None:
    data = snapshot.prefixes.get(str(level)) if snapshot is not None else None
    return Tally(level, data) if data else None


def _by_size(tally: Tally) -> list[tuple[str, list[int]]]:
    return sorted(tally.rows.items(), key=lambda row: (-_held(row[1]), row[0]))


def _held(sums: list[int]) -> int:
    return sums[BYTES] + sums[OLDER_BYTES]


def _folders(bucket: Bucket, tally: Tally | None, former: Tally | None) -> Iterator[Folder]:
    if tally is None:
        return
    rows = _by_size(tally)
    largest = max((_held(sums) for _name, sums in rows), default=0) or 1
    for name, sums in rows[:SHOWN]:
        shown = spelling.html(name) if name else _("in no folder")
        bar = (100 * sums[BYTES] / largest, 100 * sums[OLDER_BYTES] / largest)
        yield Folder(shown, addresses.folder(bucket, name), sums, _change(name, sums, former), bar)
    rest = [sums for _name, sums in rows[SHOWN:]] + ([tally.other] if tally.others else [])
    if rest:
        count = len(rows[SHOWN:]) + tally.others
        words = ngettext("%(count)s other folder", "%(count)s other folders", count)
        yield Folder(
            words % {"count": whole(count)}, "", [sum(column) for column in zip(*rest, strict=True)], ""
        )


def _change(name: str, sums: list[int], former: Tally | None) -> str:
    """Return how the folder grew; nothing where the count before does not tell it apart."""
    if former is None or (name not in former.rows and former.others):
        return ""
    return signed(_held(sums) - _held(former.rows.get(name, prefixes.NOTHING)))


def _bounded(tally: Tally | None, snapshot: UsageSnapshot) -> str:
    if tally is None:
        return _("This count was made before the portal counted by folder; the next one does.")
    if not tally.others:
        return ""
    if snapshot.report_at:
        return _(
            "The %(most)s largest folders are kept one by one, all others as one sum. A report names"
            " objects in no order: of more than %(open)s folders the first ones that it names are told apart."
        ) % {"most": whole(len(tally.rows)), "open": whole(prefixes.MOST_OPEN)}
    return _(
        "The %(most)s largest folders are kept one by one; the %(others)s others, and names of more than"
        " %(characters)s characters, as one sum."
    ) % {
        "most": whole(len(tally.rows)),
        "others": whole(tally.others),
        "characters": prefixes.MOST_CHARACTERS,
    }


def _pair(snapshot: UsageSnapshot, number: str, held: str) -> tuple[str, str]:
    counts = snapshot.counts.values()
    return whole(sum(one[number] for one in counts)), size(sum(one[held] for one in counts))


def _uploads(snapshot: UsageSnapshot) -> tuple[str, str]:
    unknown = snapshot.uploads - snapshot.uploads_sized
    if not snapshot.uploads:
        return "0", size(0)
    if not snapshot.uploads_sized:
        return whole(snapshot.uploads), _("size not known")
    held = size(snapshot.upload_bytes)
    if unknown:
        held = _("%(size)s, and %(count)s of a size not known") % {"size": held, "count": whole(unknown)}
    return whole(snapshot.uploads), held


def _history(counts: list[UsageSnapshot]) -> list[dict[str, Any]]:
    """Return the counts, the oldest first, as bars of a chart 100 high, each 10 wide."""
    most = max(total(one) for one in counts) or 1
    return [
        {
            "at": one.ended_at,
            "report_at": one.report_at,
            "size": size(total(one)),
            "versions": whole(sum(of["objects"] + of["older"] for of in one.counts.values())),
            "x": 10 * place + 1,
            "y": 100 - 100 * total(one) / most,
            "height": 100 * total(one) / most,
        }
        for place, one in enumerate(reversed(counts))
    ]
