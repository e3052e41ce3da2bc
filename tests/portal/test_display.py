"""Counts, sizes and times in words."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.template import Context, Template
from django.utils import timezone

from portal.display import ago, count_text, size

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("number_of_bytes", "words"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (25_000_000, "23.8 MiB"),
        (1024**2 - 1, "1.0 MiB"),  # not "1,024.0 KiB"
        (5 * 1024**3, "5.0 GiB"),
        (1024**6, "1,024.0 PiB"),
    ],
)
def test_size_is_in_binary_units(number_of_bytes: int, words: str) -> None:
    assert size(number_of_bytes) == words


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0"), (9_999, "9,999"), (10_000, "10,000"), (10_001, "over 10,000")]
)
def test_count_is_exact_up_to_the_cap(count: int, words: str) -> None:
    assert count_text(count) == words


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (timedelta(seconds=30), "just now"),
        (timedelta(seconds=-30), "just now"),
        (timedelta(minutes=3), "3\xa0minutes ago"),
        (timedelta(hours=-2), "in 2\xa0hours"),
        (timedelta(days=400), "1\xa0year ago"),
    ],
)
def test_ago_says_it_as_a_person_would(before: timedelta, words: str) -> None:
    assert f">{words}</time>" in ago(NOW - before, NOW)


def test_ago_keeps_the_exact_time_in_the_readers_zone() -> None:
    with timezone.override(ZoneInfo("Europe/Berlin")):
        shown = ago(NOW, NOW)

    assert 'datetime="2026-03-01T13:00:00+01:00"' in shown
    assert 'title="March 1, 2026, 1 p.m. CET"' in shown


def test_ago_of_never_is_a_dash() -> None:
    assert ago(None) == "-"


def test_template_filters_are_the_same_words() -> None:
    template = Template("{% load portal %}{{ bytes|size }} {{ rows|count_text }} {{ never|ago }}")

    assert template.render(Context({"bytes": 2048, "rows": 20_000, "never": None})) == "2.0 KiB over 10,000 -"
