"""photos.exif: what is believed of EXIF, and that nothing in it can hurt."""

import struct
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photos import exif
from tests import pictures

ASCII, SHORT, LONG, RATIONAL = 2, 3, 4, 5
NOTHING = exif.ExifFacts()


def _value(kind: int, content: Any) -> tuple[int, bytes]:
    """Return the count and bytes of a value: text, a number, or pairs."""
    if kind == ASCII:
        raw = str(content).encode()
        return len(raw), raw
    if kind == RATIONAL:
        pairs = content if isinstance(content, list) else [content]
        return len(pairs), b"".join(struct.pack("<II", *pair) for pair in pairs)
    return 1, struct.pack("<H" if kind == SHORT else "<I", content)


def _directory(at: int, entries: list[tuple[int, int, object]]) -> bytes:
    """Return a directory that starts at an offset of the file, its long values right behind it."""
    table, extra = b"", b""
    behind = at + 2 + 12 * len(entries) + 4
    for tag, kind, content in entries:
        count, raw = _value(kind, content)
        field = raw.ljust(4, b"\0") if len(raw) <= 4 else struct.pack("<I", behind + len(extra))
        extra += b"" if len(raw) <= 4 else raw
        table += struct.pack("<HHI", tag, kind, count) + field
    return struct.pack("<H", len(entries)) + table + bytes(4) + extra


def _tiff(main=(), details=(), place=()) -> bytes:
    """Return an EXIF block with these entries in its three directories."""
    pointers = [(0x8769, LONG, 0), (0x8825, LONG, 0)]
    size = len(_directory(8, [*main, *pointers]))
    second = _directory(8 + size, list(details))
    third = _directory(8 + size + len(second), list(place))
    pointers = [(0x8769, LONG, 8 + size), (0x8825, LONG, 8 + size + len(second))]
    return b"II*\0\x08\0\0\0" + _directory(8, [*main, *pointers]) + second + third


def _place(latitude, north, longitude, east) -> list[tuple[int, int, object]]:
    return [(1, ASCII, north), (2, RATIONAL, latitude), (3, ASCII, east), (4, RATIONAL, longitude)]


def test_read_takes_what_pillow_writes():
    block = pictures.exif(8, gps=True, taken="2026:05:04 10:20:30", camera="Google Pixel 9").tobytes()

    facts = exif.read(block)

    assert facts.orientation == 8
    assert facts.taken_at == datetime.fromisoformat("2026-05-04 10:20:30")
    assert facts.camera == "Google Pixel 9"
    assert (facts.latitude, facts.longitude) == (52.5163, 13.3777)


def test_read_takes_big_endian_files_too():
    block = b"MM\0*" + struct.pack(">IHHHIHH", 8, 1, 0x0112, SHORT, 1, 6, 0)

    assert exif.read(block).orientation == 6


@pytest.mark.parametrize(
    ("kind", "value"),
    [(SHORT, 0), (SHORT, 9), (SHORT, 65535), (LONG, 6), (ASCII, "6"), (RATIONAL, (6, 1))],
)
def test_orientation_that_is_no_short_from_1_to_8_is_absent(kind, value):
    assert exif.read(_tiff(main=[(0x0112, kind, value)])).orientation == 1


@pytest.mark.parametrize(
    "text",
    [
        "0000:00:00 00:00:00",
        "    :  :     :  :  ",
        "2026:13:01 00:00:00",
        "2026-05-04",
        "1899:12:31 23:59:59",
        "",
        "\0",
    ],
)
def test_time_that_is_no_time_is_absent(text):
    assert exif.read(_tiff(details=[(0x9003, ASCII, text + "\0")])).taken_at is None


def test_time_falls_back_from_taken_to_digitized_to_changed():
    changed = [(0x0132, ASCII, "2026:03:03 03:03:03\0")]
    digitized = [(0x9004, ASCII, "2026:02:02 02:02:02\0")]

    assert exif.read(_tiff(main=changed)).taken_at == datetime.fromisoformat("2026-03-03 03:03:03")
    assert exif.read(_tiff(main=changed, details=digitized)).taken_at == datetime.fromisoformat(
        "2026-02-02 02:02:02"
    )


@pytest.mark.parametrize(
    ("make", "model", "camera"),
    [
        ("Apple\0", "iPhone 17 Pro\0", "Apple iPhone 17 Pro"),
        ("NIKON CORPORATION\0", "NIKON D750\0", "NIKON D750"),
        ("Canon\0\0\0\0", "Canon EOS R6\0evil", "Canon EOS R6"),
        ("", "DSC-1\0", "DSC-1"),
        ("  Sony \0", "", "Sony"),
        ("A\x1b[31m\nB\0", "\t", "A [31m B"),
        ("x" * 400 + "\0", "y\0", "x" * 100),
    ],
)
def test_camera_is_one_line_of_text(make, model, camera):
    assert exif.read(_tiff(main=[(0x010F, ASCII, make), (0x0110, ASCII, model)])).camera == camera


@pytest.mark.parametrize(
    "place",
    [
        _place([(0, 1)] * 3, "N", [(0, 1)] * 3, "E"),
        _place([(0, 0)] * 3, "N", [(0, 0)] * 3, "E"),
        _place([(91, 1), (0, 1), (0, 1)], "N", [(13, 1), (0, 1), (0, 1)], "E"),
        _place([(52, 1), (61, 1), (0, 1)], "N", [(13, 1), (0, 1), (0, 1)], "E"),
        _place([(52, 1), (30, 1)], "N", [(13, 1), (0, 1), (0, 1)], "E"),
        _place([(52, 1), (30, 1), (0, 1)], "Q", [(13, 1), (0, 1), (0, 1)], "E"),
        _place([(52, 1), (30, 1), (0, 1)], "N", [(13, 1), (0, 1), (0, 1)], ""),
        _place([(4294967295, 1)] * 3, "N", [(1, 4294967295)] * 3, "E"),
    ],
)
def test_place_that_is_no_place_is_absent(place):
    facts = exif.read(_tiff(place=place))

    assert (facts.latitude, facts.longitude) == (None, None)


def test_place_south_and_west_is_negative():
    facts = exif.read(_tiff(place=_place([(33, 1), (30, 1), (0, 1)], "S", [(70, 1), (15, 1), (0, 1)], "W")))

    assert (facts.latitude, facts.longitude) == (-33.5, -70.25)


def test_directories_that_point_at_themselves_end():
    block = b"II*\0\x08\0\0\0" + struct.pack("<HHHII", 1, 0x8769, LONG, 1, 8) + bytes(4)

    assert exif.read(block) == NOTHING


@given(st.binary(max_size=400))
def test_read_survives_any_bytes(noise):
    assert isinstance(exif.read(b"II*\0\x08\0\0\0" + noise), exif.ExifFacts)


@given(st.data())
def test_read_survives_any_change_to_a_real_block(data):
    block = bytearray(pictures.exif(6, gps=True, taken="2026:05:04 10:20:30", camera="Apple X").tobytes())
    for _ in range(data.draw(st.integers(1, 8))):
        block[data.draw(st.integers(0, len(block) - 1))] = data.draw(st.integers(0, 255))

    facts = exif.read(bytes(block[: data.draw(st.integers(0, len(block)))]))

    assert 1 <= facts.orientation <= 8
    assert facts.latitude is None or -90 <= facts.latitude <= 90
    assert facts.longitude is None or -180 <= facts.longitude <= 180
    assert "\0" not in facts.camera
