"""What is measured, each in a process of its own, in which Django is set up."""

import sys
from collections.abc import Callable
from functools import partial

from benchmarks import apart
from benchmarks.inventory.writing import CONFIG_ID, REPORTS
from benchmarks.reconcile.bucket import BUCKET, key_of
from portal.s3 import inventory_reports, inventory_rows, listing
from portal.s3.inventory_reports import Report
from portal.s3.inventory_rows import Wanted


def main() -> None:
    """Do the part and print what it took, as JSON."""
    part, rows = PARTS[sys.argv[1]], int(sys.argv[2])
    apart.tell(lambda: part(rows))


def read_list(_rows: int) -> int:
    """Read the bucket's list and forget it."""
    entries, mark = 0, None
    while True:
        page = listing.versions_page(BUCKET, mark=mark, size=listing.LARGEST_PAGE, folders=False)
        entries += len(page.versions)
        mark = page.next_mark
        if mark is None:
            return entries


def read_report(written: str, _rows: int) -> int:
    """Read all rows of the newest report and forget them."""
    return sum(len(piece.entries) for piece in inventory_rows.pieces(_newest(written)))


def search(written: str, rows: int) -> int:
    """Look at all rows for a part of one key; return at how many."""
    wanted = Wanted(text=key_of(rows - 1)[-20:])
    looked_at = found = 0
    for piece in inventory_rows.pieces(_newest(written), wanted=wanted):
        looked_at += piece.looked_at
        found += len(piece.entries)
    assert found == 1, found
    return looked_at


def _newest(written: str) -> Report:
    report = inventory_reports.newest(REPORTS, written, BUCKET, CONFIG_ID)
    assert report is not None
    return report


PARTS: dict[str, Callable[[int], int]] = {
    "list": read_list,
    "CSV": partial(read_report, "CSV"),
    "Parquet": partial(read_report, "Parquet"),
    "search CSV": partial(search, "CSV"),
    "search Parquet": partial(search, "Parquet"),
}
