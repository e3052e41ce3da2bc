"""`python -m benchmarks.reconcile` compares what it says, and tells which goals are missed."""

from typing import Any

import pytest

from benchmarks.reconcile import bucket, parts, report
from storage_admin.reconciliation import wanted
from tests.store import leave_store, use_store

pytestmark = pytest.mark.django_db


def test_keys_are_in_the_order_of_their_numbers() -> None:
    numbers = [0, 1, 999, 1_000, 65_536, 999_999]

    found = [bucket.key_of(number) for number in numbers]

    assert found == sorted(found)
    assert [bucket.number_of(key) for key in found] == numbers


def test_parts_agree_about_what_is_there(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison itself asserts that exactly the planted differences are found."""
    monkeypatch.setattr(wanted, "specs", tuple)
    rows = 2_500
    with bucket.listed(rows) as endpoint:
        use_store(settings, endpoint)
        settings.AWS_STORAGE_BUCKET_NAME = bucket.BUCKET
        try:
            loaded, read, compared = (part(rows) for part in (parts.fill, parts.read, parts.reconcile))
        finally:
            leave_store()

    assert loaded == {"rows": rows - 3}
    assert read == {"entries": rows - 3}
    assert compared == {"dangling": 3, "orphan": 3, "wrong-size": 3, "entries": rows - 3}


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
