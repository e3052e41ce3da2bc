"""`python -m benchmarks.inventory` reads the reports that it says it reads, and all of them."""

from typing import Any

import pytest

from benchmarks.inventory import parts, report, writing
from portal.s3 import buckets, session

pytestmark = pytest.mark.servers


def test_parts_read_every_row_in_each_format(photo_bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "FILE_ROWS", 700)
    if not buckets.exists(writing.REPORTS):
        buckets.create(writing.REPORTS)
    rows = 1_500
    for written in ("CSV", "Parquet"):
        assert writing.deliver(session.client(), written, rows) > 0

        assert parts.PARTS[written](rows) == rows
        assert parts.PARTS[f"search {written}"](rows) == rows


def test_page_sets_each_time_beside_the_lists() -> None:
    run: dict[str, Any] = {"cpu": 1.0, "peak_mb": 200}
    found = {"list": run | {"seconds": 40.0}, "CSV": run | {"seconds": 4.0}}

    page = report.markdown(found, {"CSV": 21_000_000}, 1_000_000)

    assert "| report in CSV | 4.0 | 1.0 | 200 | 0.10 |" in page
    assert "21 MB in CSV" in page
