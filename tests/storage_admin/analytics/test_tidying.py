"""What nobody will read goes; what somebody may read, and what is not the export's own, stays."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from portal.s3 import objects
from storage_admin.analytics import asking, layout, running, tidying
from storage_admin.models import AnalyticsExport
from tests.factories import PetFactory
from tests.storage_admin.analytics.conftest import exported, keys, manifest, table
from tests.store import answering, refusal

pytestmark = [pytest.mark.servers, pytest.mark.django_db]

PREFIX = "analytics/"
RUN = "20200101T000000000000Z"


@pytest.fixture
def readers_are_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A day went by since the last manifest was written."""
    monkeypatch.setattr(tidying, "READERS_HOURS", -1)


def put(bucket: str, *names: str) -> None:
    for name in names:
        objects.put(bucket, name, b"bytes", content_type="text/plain")


def test_export_that_was_replaced_goes_a_day_later(either: str, readers_are_gone: None) -> None:
    first = exported()
    PetFactory()

    second = exported()

    assert not [key for key in keys(either) if first.name in key]
    assert table(either, manifest(either, second), "pets").num_rows == 1


def test_export_that_was_just_replaced_stays(either: str) -> None:
    first, _second = exported(), exported()

    assert len([key for key in keys(either) if first.name in key]) == len(layout.TABLES)


def test_export_that_never_ended_goes_when_it_is_old(either: str) -> None:
    day = date(2020, 1, 1)
    put(either, layout.part(PREFIX, "pets", day, RUN, 0), layout.part(PREFIX, "photos", day, RUN, 0))

    exported()

    assert not [key for key in keys(either) if RUN in key]


def test_export_under_way_loses_nothing(analytics: str, readers_are_gone: None) -> None:
    done = exported()
    under_way, _is_new = asking.begin(None)
    running.work(under_way.pk, seconds=0)
    assert [key for key in keys(analytics) if under_way.name in key]

    tidying.tidy(done)

    assert [key for key in keys(analytics) if under_way.name in key]


def test_days_that_are_over_go_whole(either: str, settings: Any) -> None:
    settings.ANALYTICS_KEEP_DAYS = 30
    today = timezone.now().date()
    days = {age: today - timedelta(days=age) for age in (29, 30, 31)}
    for day in days.values():
        put(
            either, layout.manifest(PREFIX, day), layout.symlink(PREFIX, "pets", day),
            layout.part(PREFIX, "pets", day, RUN, 0),
        )  # fmt: skip

    exported()

    left = keys(either)
    assert {age: sum(f"date={day}" in key for key in left) for age, day in days.items()} == {
        29: 3,
        30: 0,
        31: 0,
    }


def test_nothing_is_over_where_all_is_kept(analytics: str, settings: Any) -> None:
    settings.ANALYTICS_KEEP_DAYS = 0
    put(analytics, layout.manifest(PREFIX, date(1999, 1, 1)))

    exported()

    assert layout.manifest(PREFIX, date(1999, 1, 1)) in keys(analytics)


def test_other_peoples_keys_stay(analytics: str, settings: Any, readers_are_gone: None) -> None:
    settings.ANALYTICS_KEEP_DAYS = 1
    foreign = [
        f"pets/date=2020-01-01/run={RUN}/part-00000.parquet",  # not below the prefix
        f"{PREFIX}pets/date=2020-01-01/run={RUN}/notes.txt",
        f"{PREFIX}pets/date=2020-01-01/part-00000.parquet",
        f"{PREFIX}pets/date=2020-13-45/run={RUN}/part-00000.parquet",
        f"{PREFIX}queries/date=2020-01-01/run={RUN}/part-00000.parquet",
        f"{PREFIX}_manifests/date=2020-01-01/_manifest.json.bak",
    ]
    put(analytics, *foreign)

    exported()

    assert set(foreign) <= set(keys(analytics))


def test_database_of_last_week_removes_nothing_of_this_week(either: str, readers_are_gone: None) -> None:
    """After a restore the rows of newer exports are gone, their files are not."""
    PetFactory()
    day = date(2026, 1, 1)
    known = exported()
    AnalyticsExport.objects.all().delete()
    objects.put(
        either, layout.manifest(PREFIX, day), b"{}", content_type="text/plain", metadata={"export": RUN}
    )
    put(either, layout.part(PREFIX, "pets", day, RUN, 0))
    put(either, layout.part(PREFIX, "pets", day, "20200101T000000000001Z", 0))

    exported()

    left = keys(either)
    assert layout.part(PREFIX, "pets", day, RUN, 0) in left  # named by the manifest
    assert not [key for key in left if "000001Z" in key]  # nobody names it
    assert not [key for key in left if known.name in key]  # replaced, and a day is over


def test_store_that_keeps_files_is_told_and_costs_no_export(analytics: str, readers_are_gone: None) -> None:
    exported()

    with answering("DeleteObjects", refusal(403, "AccessDenied")):
        done = exported()

    assert done.state == AnalyticsExport.State.DONE
    assert "Old files stay" in done.error
    assert "AccessDenied" in done.error


def test_manifest_that_does_not_say_its_export_is_no_reason_to_remove(
    analytics: str, readers_are_gone: None
) -> None:
    day = date(2026, 1, 1)
    put(analytics, layout.manifest(PREFIX, day), layout.part(PREFIX, "pets", day, RUN, 0))
    put(analytics, layout.part(PREFIX, "pets", day, "20200101T000000000001Z", 0))

    done = exported()

    assert "does not say" in done.error
    assert len([key for key in keys(analytics) if "date=2026-01-01" in key]) == 3


@pytest.mark.parametrize("prefix", ["", "a/b/"])
def test_every_key_is_read_back_as_what_it_is(prefix: str) -> None:
    day = date(2026, 2, 3)
    read: Callable[[str], layout.Ours | None] = lambda key: layout.read(prefix, key)  # noqa: E731

    assert read(layout.part(prefix, "pets", day, RUN, 7)) == layout.Ours(day, RUN)
    assert read(layout.symlink(prefix, "usage_kinds", day)) == layout.Ours(day)
    assert read(layout.manifest(prefix, day)) == layout.Ours(day, is_manifest=True)
    assert read(f"x{layout.manifest(prefix, day)}") is None
