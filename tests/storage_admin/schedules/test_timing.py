"""When a line is due next: once a day, whatever the clocks do."""

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage_admin.schedules.timing import Daily, Every, next_due

BERLIN = ZoneInfo("Europe/Berlin")
# With halves of hours, on both sides of the date line, with a day that never was (Apia, 2011-12-30).
ZONES = ["UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"]
MOMENTS = st.datetimes(
    datetime(2009, 1, 1), datetime(2036, 1, 1), timezones=st.just(UTC)  # noqa: DTZ001 - the strategy adds it
)  # fmt: skip
TIMES = st.times().map(lambda at: at.replace(second=0, microsecond=0))


def at(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("after", "due"),
    [
        ("2026-05-01 01:59", "2026-05-01 02:00"),
        ("2026-05-01 02:00", "2026-05-02 02:00"),
        ("2026-05-01 23:59", "2026-05-02 02:00"),
        ("2026-12-31 12:00", "2027-01-01 02:00"),
    ],
)
def test_daily_line_is_due_at_its_next_time(after: str, due: str) -> None:
    assert next_due(Daily(time(2)), at(after), BERLIN) == at(due)


def test_time_is_that_of_the_portal_not_of_whoever_asks() -> None:
    after = datetime(2026, 5, 1, 0, 30, tzinfo=UTC)  # 02:30 in Berlin: over for today

    assert next_due(Daily(time(2)), after, BERLIN) == datetime(2026, 5, 2, 0, tzinfo=UTC)


def test_time_that_a_day_does_not_have_is_taken_an_hour_later() -> None:
    """On 29 March 2026 Berlin's clocks go from 02:00 to 03:00."""
    due = next_due(Daily(time(2, 30)), at("2026-03-28 12:00"), BERLIN)

    assert due == at("2026-03-29 03:30")
    assert due is not None
    assert next_due(Daily(time(2, 30)), due, BERLIN) == at("2026-03-30 02:30")


def test_time_that_a_day_has_twice_is_taken_once() -> None:
    """On 25 October 2026 Berlin's clocks go from 03:00 to 02:00."""
    first = next_due(Daily(time(2, 30)), at("2026-10-24 12:00"), BERLIN)

    assert first == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert next_due(Daily(time(2, 30)), first, BERLIN) == at("2026-10-26 02:30")


def test_line_that_is_off_is_never_due() -> None:
    assert next_due(Daily(None), at("2026-05-01 02:00"), BERLIN) is None


def test_line_of_seconds_is_due_so_long_after() -> None:
    assert next_due(Every(90), at("2026-05-01 02:00"), BERLIN) == at("2026-05-01 02:01:30")


@given(when=TIMES, after=MOMENTS, zone=st.sampled_from(ZONES).map(ZoneInfo))
def test_next_time_is_later_and_less_than_two_days_away(when: time, after: datetime, zone: ZoneInfo) -> None:
    due = next_due(Daily(when), after, zone)

    assert due is not None
    assert timedelta(0) < due - after <= timedelta(hours=26)
    # At its very time by the clock on the wall, but for the hour that a day lacks.
    local = due.astimezone(zone)
    exact = local.replace(tzinfo=None).time() == when
    assert exact or local.utcoffset() != (due - timedelta(hours=24)).astimezone(zone).utcoffset()


@given(when=TIMES, after=MOMENTS, zone=st.sampled_from(ZONES).map(ZoneInfo))
def test_two_weeks_have_one_run_for_each_day_that_there_is(
    when: time, after: datetime, zone: ZoneInfo
) -> None:
    runs, moment = [], after
    for _day in range(14):
        due = next_due(Daily(when), moment, zone)
        assert due is not None
        runs.append(due)
        moment = due

    days = [due.astimezone(zone).date() for due in runs]
    assert len(set(days)) == len(days)
    steps = [later - earlier for earlier, later in pairwise(days)]
    skipped = datetime(2011, 12, 30).date()  # noqa: DTZ001 - a day of the calendar
    assert all(
        step == timedelta(days=1) or day + timedelta(days=1) == skipped
        for day, step in zip(days, steps, strict=False)
    )


@given(when=TIMES, after=MOMENTS, days=st.integers(0, 400), zone=st.sampled_from(ZONES).map(ZoneInfo))
def test_what_was_missed_is_not_made_up_for(when: time, after: datetime, days: int, zone: ZoneInfo) -> None:
    """However long the portal was off: from now there is one next time, and it lies ahead."""
    back = after + timedelta(days=days, hours=6)

    due = next_due(Daily(when), back, zone)

    assert due is not None
    assert due > back
