"""`python -m benchmarks.reconcile` compares what it says, and tells which goals are missed."""

from typing import Any

import pytest

from benchmarks.reconcile import bucket, parts, report
from storage_admin.reconciliation import wanted
from tests.store import leave_store, use_store

pytestmark = pytest.mark.django_db


def test_keys_are_in_the_order_of_their_numbers() -> None:
    rows = 200_000
    places = [0, 1, 999, 1_000, 65_536, 199_999, 200_000, 200_001, 200_003, 200_004, 999_999]

    found = [bucket.key_at(place, rows) for place in places]

    assert found == sorted(found)
    assert [bucket.place_of(key, rows) for key in found] == places


@pytest.mark.parametrize("with_renditions", [False, True])
def test_parts_agree_about_what_is_there(
    settings: Any, monkeypatch: pytest.MonkeyPatch, with_renditions: bool
) -> None:
    """The comparison itself asserts that exactly the planted differences are found."""
    if not with_renditions:
        monkeypatch.setattr(wanted, "specs", tuple)
        monkeypatch.setattr(parts, "specs", tuple)
    rows = 2_500
    with bucket.listed(rows, with_renditions=with_renditions) as endpoint:
        use_store(settings, endpoint)
        settings.AWS_STORAGE_BUCKET_NAME = bucket.BUCKET
        try:
            loaded, read, compared = (part(rows) for part in (parts.fill, parts.read, parts.reconcile))
        finally:
            leave_store()

    assert loaded == {"rows": rows - 3}
    entries = rows - 3 + with_renditions * len(bucket.NAMES) * (rows - 3)
    assert read == {"entries": entries}
    assert compared == {"dangling": 3, "orphan": 3, "wrong-size": 3, "entries": entries}


def test_report_tells_which_goals_are_missed() -> None:
    def run(seconds: float, peak_mb: float) -> dict[str, float]:
        return {"seconds": seconds, "cpu": seconds, "peak_mb": peak_mb}

    found = {
        "sqlite": {"read": run(10, 100), "reconcile": run(20, 120)},
        "postgres": {"read": run(10, 100), "reconcile": run(26, 201)},
    }

    page = report.markdown(found, 1_000_000)

    assert "sqlite: 2.00 x reading the list (met), 120 MB (met)" in page
    assert "postgres: 2.60 x reading the list (**missed**), 201 MB (**missed**)" in page
