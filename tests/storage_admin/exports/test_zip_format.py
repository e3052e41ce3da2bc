"""The pure half of exports: names, headers and parts, held to Python's own zipfile."""

import io
import struct
import zipfile
import zlib
from datetime import UTC, datetime
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage_admin.exports import assembling, names, zip_format
from storage_admin.exports.assembling import Assembly, TooManyParts
from storage_admin.exports.zip_format import Entry

MOMENT = datetime(2024, 2, 29, 13, 37, 41, tzinfo=UTC)
GIB = 1024**3
LARGEST = 500 * GIB

KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)
BODIES = st.binary(max_size=300)


class Store:
    """Takes parts as S3 does: by number, each of at least the least size but the last."""

    def __init__(self) -> None:
        self.parts: dict[int, bytes] = {}

    def put(self, number: int, body: bytes) -> dict[str, str]:
        self.parts[number] = body
        return {"ETag": str(zlib.crc32(body))}

    @property
    def whole(self) -> bytes:
        return b"".join(body for _number, body in sorted(self.parts.items()))


def entry(name: str, body: bytes, **facts: object) -> Entry:
    return Entry(name, 0, len(body), zlib.crc32(body), MOMENT, **facts)  # type: ignore[arg-type]  # as given


def unpacked(whole: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        assert archive.testzip() is None
        return {one.filename: archive.read(one) for one in archive.infolist()}


@given(
    st.dictionaries(KEYS, BODIES, max_size=12),
    st.integers(150, 400),
    st.sets(st.integers(0, 12)),
    st.integers(1, 90),
)
@settings(deadline=None)
def test_zip_is_what_zipfile_reads_wherever_batches_end_and_workers_die(
    files: dict[str, bytes], part_bytes: int, ends: set[int], least: int
) -> None:
    store, wanted = Store(), {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assembling, "MIN_PART_BYTES", least)
        assembly = Assembly(store.put, part_bytes=part_bytes)
        placed = []
        for number, (key, body) in enumerate(files.items()):
            name = names.tell_apart(names.clean(key), key)
            if number in ends:
                assembly.end_batch()
                # A worker wrote on, and died: whoever goes on sends the same numbers again.
                Assembly(
                    store.put, part_bytes=part_bytes, parts=assembly.parts, offset=assembly.offset
                ).write(b"x" * 2 * part_bytes)
                assembly = Assembly(
                    store.put, part_bytes=part_bytes, parts=assembly.parts, offset=assembly.offset
                )
            placed.append(assembly.add(entry(name, body, comment=key), [body[:7], body[7:]]))
            wanted[name] = body
        count = assembly.end(placed)

    kept = {number: store.parts[number] for number in range(1, len(assembly.parts) + 1)}
    store.parts = kept  # those that completing names
    assert count == len(files)
    assert assembly.offset == len(store.whole)
    assert all(len(body) >= least for number, body in kept.items() if number < len(kept))
    assert unpacked(store.whole) == wanted


def test_entry_tells_name_time_comment_and_mode() -> None:
    store = Store()
    assembly = Assembly(store.put, part_bytes=1000)
    assembly.end([assembly.add(entry("grüße/ünïcödé.jpg", b"1", comment="key: ü"), [b"1"]),
                  assembly.add(entry("empty/", b""), [])])  # fmt: skip

    with zipfile.ZipFile(io.BytesIO(store.whole)) as archive:
        file, folder = archive.infolist()
    assert (file.filename, file.comment.decode(), file.date_time) == (
        "grüße/ünïcödé.jpg", "key: ü", (2024, 2, 29, 13, 37, 40),
    )  # fmt: skip
    assert file.flag_bits == zip_format.UTF8_NAMES  # and no data descriptor
    assert file.compress_type == zipfile.ZIP_STORED
    assert file.external_attr >> 16 == 0o100644
    assert folder.is_dir()
    assert struct.unpack("<HHBi", file.extra) == (0x5455, 5, 1, int(MOMENT.timestamp()))


@pytest.mark.parametrize("year", [1901, 1979, 2040, 2200])
def test_times_beyond_a_format_are_left_to_the_other_or_cut(year: int) -> None:
    moment = datetime(year, 1, 1, tzinfo=UTC)

    header = zip_format.local_header(Entry("a", 0, 0, 0, moment))

    assert header.startswith(b"PK\3\4")
    assert (b"UT" in header) == (1970 <= year < 2038)


@pytest.mark.parametrize("size", [0xFFFFFFFE, 0xFFFFFFFF, 5 * GIB])
@pytest.mark.parametrize("offset", [0xFFFFFFFE, 0xFFFFFFFF, LARGEST])
def test_numbers_of_more_than_32_bits_are_read_back(size: int, offset: int) -> None:
    """A directory alone, behind nothing: zipfile reads it from what the end says."""
    far = Entry("far.bin", offset, size, 7, MOMENT)
    central = zip_format.central_header(far)
    tail = zip_format.end(count=1, start=offset + size, length=len(central))

    class Sparse(io.BytesIO):
        """A file whose first bytes are not there: only what zipfile reads of its end is."""

        base = offset + size

        def seek(self, to: int, whence: int = 0) -> int:
            return super().seek(max(0, to - self.base) if whence == 0 else to, whence) + self.base

        def tell(self) -> int:
            return super().tell() + self.base

    with zipfile.ZipFile(Sparse(central + tail)) as archive:
        [found] = archive.infolist()

    assert (found.file_size, found.compress_size, found.header_offset) == (size, size, offset)
    is_long = size >= 0xFFFFFFFF
    local = zip_format.local_header(far)
    assert (struct.pack("<HHQQ", 1, 16, size, size) in local) == is_long


def test_more_entries_than_16_bits_are_counted() -> None:
    """A directory of names alone: zipfile reads no further before it is asked for bytes."""
    store, count = Store(), 0xFFFF + 1
    Assembly(store.put, part_bytes=GIB).end(entry(str(number), b"") for number in range(count))

    with zipfile.ZipFile(io.BytesIO(store.whole)) as archive:
        assert len(archive.infolist()) == count


def test_small_zip_has_no_zip64() -> None:
    assert len(zip_format.end(count=1, start=100, length=50)) == 22
    assert b"PK\6\6" in zip_format.end(count=1, start=2**32, length=50)


@pytest.mark.parametrize("least", [1, 52, 53, 5_000])
def test_padding_is_an_entry_for_who_reads_from_the_front(least: int) -> None:
    padded = zip_format.padding(least)

    assert len(padded) >= least
    size, name_length = struct.unpack_from("<I", padded, 18)[0], struct.unpack_from("<H", padded, 26)[0]
    assert len(padded) == 30 + name_length + size


def test_no_part_is_sent_beyond_the_last_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assembling, "MAX_PARTS", 2)
    assembly = Assembly(Store().put, part_bytes=10)

    with pytest.raises(TooManyParts):
        assembly.write(b"x" * 30)


def test_memory_holds_less_than_a_part_between_two_pieces() -> None:
    """Counted, not measured: a million bytes through parts of a thousand."""
    store = Store()
    assembly = Assembly(store.put, part_bytes=1000)
    most = 0

    for _number in range(1000):
        assembly.write(b"x" * 999)
        most = max(most, assembly.held)

    assert most < 1000


def test_part_size_grows_with_the_plan_and_ends_in_words() -> None:
    sizes = [assembling.part_size(total * GIB, 1_000) for total in (0, 10, 100, 200, 400, 1_000)]

    assert sizes[0] == 8 * 1024**2
    assert sizes == [*sorted(sizes[:-1], key=lambda one: one or 0), None]
    for total, count in ((0, 0), (3 * GIB, 2_000_000), (LARGEST // 2, 1)):
        fitting = assembling.part_size(total, count)
        assert fitting is not None
        assert assembling.most_parts(total, count, fitting) <= assembling.MAX_PARTS


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("photos/a.jpg", "photos/a.jpg"),
        ("/etc/passwd", "etc/passwd"),
        ("../../etc/passwd", "__/__/etc/passwd"),
        ("a/./b//c", "a/b/c"),
        ("C:\\Windows\\x.dll", "C__Windows_x.dll"),
        ("a\0b\x1b[31m.jpg", "a_b_[31m.jpg"),
        ("txt\u202egpj.exe", "txt_gpj.exe"),
        ("dir./file. ", "dir_/file__"),
        ("CON", "_CON"),
        ("x/nul.txt", "x/_nul.txt"),
        ('q?<>|*".jpg', "q______.jpg"),
        ("\ud800.jpg", "_.jpg"),
        ("///", "_"),
    ],
)  # fmt: skip
def test_hostile_keys_become_names_that_stay_inside(key: str, name: str) -> None:
    assert names.clean(key) == name


@given(st.text(min_size=1, max_size=400))
def test_names_are_relative_everywhere_and_clean_already(key: str) -> None:
    name = names.clean(key)

    assert names.clean(name) == name
    for path in (PurePosixPath(name), PureWindowsPath(name)):
        assert not path.is_absolute()
        assert not path.drive
        assert ".." not in path.parts
    assert name.isprintable()
    assert all(0 < len(part.encode()) <= names.MAX_SEGMENT_BYTES for part in name.split("/"))
    assert len(names.mark(name)) == 64


def test_names_that_some_system_takes_for_one_have_one_mark() -> None:
    assert names.mark("IMG.JPG") == names.mark("img.jpg")
    assert names.mark("\u00e9.jpg") == names.mark("e\u0301.jpg")
    assert names.mark("a.jpg") != names.mark("b.jpg")


def test_name_told_apart_keeps_folder_and_ending() -> None:
    told = names.tell_apart("in/IMG.JPG", "key")

    assert told.startswith("in/IMG~")
    assert told.endswith(".JPG")
    assert told != names.tell_apart("in/IMG.JPG", "other key")
    assert names.tell_apart("in/", "key").endswith("/")


def test_folder_moves_aside_for_a_file_of_its_name() -> None:
    moved = names.beside_files("a/b/c.jpg", {"a"}.__contains__)

    assert moved.startswith("a~")
    assert moved.endswith("/b/c.jpg")
    assert names.beside_files("a/b/c.jpg", set[str]().__contains__) == "a/b/c.jpg"


def test_long_segments_are_cut_and_stay_apart() -> None:
    first, second = names.clean("é" * 300 + "1.jpg"), names.clean("é" * 300 + "2.jpg")

    assert first != second
    assert first.endswith(".jpg")
    assert len(first.encode()) <= names.MAX_SEGMENT_BYTES
