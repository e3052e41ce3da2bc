"""Sums by folder: exact whatever the keys, and bounded."""

import json
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from storage_admin.buckets import prefixes
from storage_admin.buckets.prefixes import (
    BYTES,
    MARKERS,
    OBJECTS,
    OLDER,
    OLDER_BYTES,
    UPLOADS,
    Tally,
    folder_of,
)

KEYS = st.text(st.sampled_from("ab/\0é%"), min_size=1, max_size=8)
ENTRIES = st.lists(
    st.tuples(KEYS, st.sampled_from([OBJECTS, OLDER, MARKERS]), st.integers(0, 50)), max_size=40
)
SIZES = {OBJECTS: BYTES, OLDER: OLDER_BYTES, MARKERS: None}


def tallied(entries: list[tuple[str, int, int]], level: int, most: int, stops: int) -> Tally:
    """Add the entries up; every `stops` entries the worker dies, and another goes on from the row."""
    tally = Tally(level, most=most)
    for place, (key, kind, size) in enumerate(entries):
        if place % stops == 0:
            tally = Tally(level, json.loads(json.dumps(tally.as_data())), most=most)
        tally.add(key, kind, SIZES[kind], size)
    tally.close()
    return tally


@given(ENTRIES, st.integers(1, 3), st.integers(1, 4), st.integers(1, 5))
def test_rows_and_others_make_the_whole_in_any_order(
    entries: list[tuple[str, int, int]], level: int, most: int, stops: int
) -> None:
    tally = tallied(entries, level, most, stops)

    sums = [sum(column) for column in zip(tally.other, *tally.rows.values(), strict=True)]
    assert len(tally.rows) <= most
    assert [sums[kind] for kind in (OBJECTS, OLDER, MARKERS)] == [
        Counter(kind for _key, kind, _size in entries)[kind] for kind in (OBJECTS, OLDER, MARKERS)
    ]
    assert sums[BYTES] == sum(size for _key, kind, size in entries if kind == OBJECTS)
    assert sums[OLDER_BYTES] == sum(size for _key, kind, size in entries if kind == OLDER)


@given(ENTRIES, st.integers(1, 3), st.integers(1, 4), st.integers(1, 5))
def test_rows_in_a_listings_order_are_exact_and_the_largest(
    entries: list[tuple[str, int, int]], level: int, most: int, stops: int
) -> None:
    entries = sorted(entries, key=lambda entry: folder_of(entry[0], level))
    tally = tallied(entries, level, most, stops)

    true: dict[str, int] = Counter()
    for key, kind, size in entries:
        true[folder_of(key, level)] += size if kind != MARKERS else 0
    assert {name: sums[BYTES] + sums[OLDER_BYTES] for name, sums in tally.rows.items()} == {
        name: true[name] for name in tally.rows
    }
    left = [size for name, size in true.items() if name not in tally.rows]
    assert len(left) == tally.others
    assert max(left, default=0) <= min((true[name] for name in tally.rows), default=0)


def test_folders_are_as_deep_as_asked() -> None:
    assert [folder_of("a/b/c.jpg", level) for level in (1, 2, 3)] == ["a/", "a/b/", "a/b/"]
    assert [folder_of(key, 1) for key in ("a", "/a", "a/", "//")] == ["", "/", "a/", "/"]


def test_long_names_and_uploads_of_folders_that_are_not_kept_join_the_others() -> None:
    tally = Tally(1, most=1)
    for key in ("x" * 400 + "/a", "small/a", "tall/a"):
        tally.add(key, OBJECTS, BYTES, len(key) if key[0] != "x" else 1)
    tally.add_upload("small/b", 7)
    tally.add_upload("tall/b", None)
    tally.close()

    assert list(tally.rows) == ["small/"]
    assert (tally.others, tally.other[OBJECTS], tally.other[UPLOADS]) == (2, 2, 1)
    assert tally.rows["small/"][prefixes.UPLOAD_BYTES] == 7
