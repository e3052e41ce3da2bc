"""What a photo's EXIF says that the portal keeps: orientation, time, camera, place.

Pure Python over bytes, no image library. EXIF comes from strangers: each value is
taken only where tag, type, count and range are right, and anything else counts as
absent. Nothing here raises for bad input. Layout: TIFF 6.0; tags: EXIF 2.32 (CIPA DC-008).
"""

import struct
from dataclasses import dataclass
from datetime import datetime

CAMERA_CHARACTERS = 100
EARLIEST_YEAR = 1900
# A camera writes some 60 entries a directory; more is a loop or a bomb.
_MOST_ENTRIES = 512
_MOST_VALUE_BYTES = 1024

_ASCII, _SHORT, _LONG, _RATIONAL = 2, 3, 4, 5
_TYPE_BYTES = {_ASCII: 1, _SHORT: 2, _LONG: 4, _RATIONAL: 8}

_MAKE, _MODEL, _ORIENTATION, _CHANGED = 0x010F, 0x0110, 0x0112, 0x0132
_EXIF_DIRECTORY, _GPS_DIRECTORY = 0x8769, 0x8825
_TAKEN, _DIGITIZED = 0x9003, 0x9004
_LATITUDE_REF, _LATITUDE, _LONGITUDE_REF, _LONGITUDE = 1, 2, 3, 4

# A field as stored: its TIFF type and its raw bytes.
_Entry = tuple[int, bytes]


@dataclass(frozen=True)
class ExifFacts:
    """`orientation` is 1..8; `taken_at` has no time zone, as cameras write it; degrees are WGS 84."""

    orientation: int = 1
    taken_at: datetime | None = None
    camera: str = ""
    latitude: float | None = None
    longitude: float | None = None


def read(blob: bytes) -> ExifFacts:
    """Return what `blob` (a TIFF structure, with or without the "Exif" prefix) says and can be believed."""
    block = blob.removeprefix(b"Exif\x00\x00")
    order = {b"II": "<", b"MM": ">"}.get(block[:2])
    if order is None or len(block) < 8:
        return ExifFacts()
    tiff = _Tiff(block, order)
    main = tiff.directory(tiff.number("I", 4))
    details = tiff.directory(tiff.pointer(main, _EXIF_DIRECTORY))
    place = tiff.directory(tiff.pointer(main, _GPS_DIRECTORY))
    latitude, longitude = _location(tiff, place)
    return ExifFacts(
        orientation=_orientation(tiff, main),
        taken_at=_time(details.get(_TAKEN)) or _time(details.get(_DIGITIZED)) or _time(main.get(_CHANGED)),
        camera=_camera(_text(main.get(_MAKE)), _text(main.get(_MODEL))),
        latitude=latitude,
        longitude=longitude,
    )


class _Tiff:
    """Reads directories out of a TIFF block; whatever lies outside of it reads as absent."""

    def __init__(self, block: bytes, order: str) -> None:
        self.block = block
        self.order = order

    def number(self, code: str, at: int) -> int:
        """Return the unsigned number (`struct` code) at an offset, 0 where the block ends before it."""
        try:
            return int(struct.unpack_from(self.order + code, self.block, at)[0])
        except struct.error:
            return 0

    def directory(self, at: int) -> dict[int, _Entry]:
        """Return tag -> (type, raw value) of the directory at an offset; the first of equal tags wins."""
        entries: dict[int, _Entry] = {}
        if not 8 <= at < len(self.block):
            return entries
        for index in range(min(self.number("H", at), _MOST_ENTRIES)):
            entry = at + 2 + 12 * index
            tag, kind = self.number("H", entry), self.number("H", entry + 2)
            count = self.number("I", entry + 4)
            size = _TYPE_BYTES.get(kind, 0) * count
            if not 0 < size <= _MOST_VALUE_BYTES:
                continue
            start = entry + 8 if size <= 4 else self.number("I", entry + 8)
            value = self.block[start : start + size]
            if len(value) == size:
                entries.setdefault(tag, (kind, value))
        return entries

    def pointer(self, directory: dict[int, _Entry], tag: int) -> int:
        """Return the offset that a directory's entry holds, 0 (never a directory) where it holds none."""
        kind, value = directory.get(tag, (0, b""))
        return int(struct.unpack(self.order + "I", value)[0]) if kind == _LONG and len(value) == 4 else 0

    def rationals(self, entry: _Entry | None) -> list[float]:
        """Return an entry of fractions as numbers, none of them where one is no number."""
        kind, value = entry or (0, b"")
        if kind != _RATIONAL:
            return []
        pairs = list(struct.iter_unpack(self.order + "II", value))
        return [above / below for above, below in pairs] if all(below for _, below in pairs) else []


def _orientation(tiff: _Tiff, main: dict[int, _Entry]) -> int:
    kind, value = main.get(_ORIENTATION, (0, b""))
    if kind != _SHORT or len(value) != 2:
        return 1
    found = int(struct.unpack(tiff.order + "H", value)[0])
    return found if 1 <= found <= 8 else 1


def _text(entry: _Entry | None) -> str:
    """Return a text up to its first NUL, printable characters only, runs of blanks as one."""
    kind, value = entry or (0, b"")
    if kind != _ASCII:
        return ""
    # The standard says ASCII; phones write UTF-8. What is neither becomes nothing.
    text = value.split(b"\x00", 1)[0].decode("utf-8", "ignore")
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _time(entry: _Entry | None) -> datetime | None:
    try:
        found = datetime.strptime(_text(entry), "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007 - cameras write no zone
    except ValueError:
        return None
    return found if found.year >= EARLIEST_YEAR else None


def _camera(make: str, model: str) -> str:
    """Return maker and model, the maker once: models often begin with it ("Canon" "Canon EOS R6")."""
    known = model.casefold().startswith(make.casefold().split(" ")[0]) if make else True
    return (model if known and model else f"{make} {model}").strip()[:CAMERA_CHARACTERS].rstrip()


def _location(tiff: _Tiff, place: dict[int, _Entry]) -> tuple[float | None, float | None]:
    latitude = _degrees(tiff.rationals(place.get(_LATITUDE)), _text(place.get(_LATITUDE_REF)), "NS", 90)
    longitude = _degrees(tiff.rationals(place.get(_LONGITUDE)), _text(place.get(_LONGITUDE_REF)), "EW", 180)
    # Exactly 0, 0 is what a receiver without a fix leaves behind, not a pet in the Gulf of Guinea.
    if latitude is None or longitude is None or (latitude == 0 and longitude == 0):
        return None, None
    return latitude, longitude


def _degrees(parts: list[float], reference: str, sides: str, most: int) -> float | None:
    if len(parts) != 3 or reference.upper() not in set(sides) or parts[1] > 60 or parts[2] > 60:
        return None
    found = parts[0] + parts[1] / 60 + parts[2] / 3600
    if found > most:
        return None
    return round(-found if reference.upper() == sides[1] else found, 6)
