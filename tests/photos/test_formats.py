"""photos.formats: what a file is, told by its bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photos import formats
from photos.formats import ImageFormat
from tests import pictures


def _box(*brands: bytes) -> bytes:
    """Return the first box of an ISO base media file: major brand, version, compatible brands."""
    return (
        (12 + 4 * len(brands)).to_bytes(4, "big") + b"ftyp" + brands[0] + b"\0\0\0\0" + b"".join(brands[1:])
    )


@pytest.mark.parametrize(("kind", "data"), pictures.every_format().items())
def test_sniff_names_every_format_that_real_encoders_write(kind, data):
    expected = {
        "jpeg": ImageFormat.JPEG,
        "progressive": ImageFormat.JPEG,
        "mpo": ImageFormat.JPEG,
        "cmyk": ImageFormat.JPEG,
        "grey": ImageFormat.JPEG,
        "webp": ImageFormat.WEBP,
        "lossless": ImageFormat.WEBP,
        "moving": ImageFormat.WEBP,
        "gif": ImageFormat.GIF,
        "avif": ImageFormat.AVIF,
        "heic": ImageFormat.HEIC,
    }.get(kind, ImageFormat.PNG)

    assert formats.sniff(data[: formats.SNIFF_BYTES]) is expected


@pytest.mark.parametrize(
    ("brands", "expected"),
    [
        ((b"heic", b"mif1", b"heic"), ImageFormat.HEIC),
        ((b"heix", b"mif1"), ImageFormat.HEIC),
        ((b"mif1", b"mif1", b"heic"), ImageFormat.HEIC),
        ((b"msf1", b"hevc"), ImageFormat.HEIC),
        ((b"mif1", b"miaf"), ImageFormat.HEIC),
        ((b"avif", b"mif1", b"miaf"), ImageFormat.AVIF),
        ((b"avis", b"msf1"), ImageFormat.AVIF),
        ((b"mif1", b"avif", b"miaf"), ImageFormat.AVIF),
        ((b"isom", b"mp42", b"avif"), None),
        ((b"qt  ", b"heic"), None),
    ],
)
def test_sniff_reads_brands_and_lets_the_major_one_decide(brands, expected):
    assert formats.sniff(_box(*brands)) is expected


def test_sniff_reads_no_brands_behind_the_box_that_lists_them():
    head = _box(b"mif1", b"miaf") + b"avif" * 4

    assert formats.sniff(head) is ImageFormat.HEIC


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"", "an empty file"),
        (b"%PDF-1.7\n", "a PDF document"),
        (_box(b"isom", b"mp42"), "a video"),
        (_box(b"qt  "), "a video"),
        (_box(b"crx "), "a camera's raw picture"),
        (b"II*\0\x10\0\0\0CR\x02\0", "a camera's raw picture"),
        (b"MM\0*\0\0\0\x08", "a TIFF or raw picture"),
        (b"BM6\0\0\0", "a BMP picture"),
        (b"PK\x03\x04\x14\0", "a ZIP archive or an Office document"),
        (b"\x1aE\xdf\xa3", "a video"),
        (b"RIFF\0\0\0\0AVI LIST", "a video"),
        (b"RIFF\0\0\0\0WAVEfmt ", "a sound or video file"),
        (b"MZ\x90\0", "a program"),
        (b'\xef\xbb\xbf  <svg xmlns="', "an SVG drawing"),
        (b'<?xml version="1.0"?><svg', "an XML or SVG document"),
        (pictures.page_called_jpg()[:64], "a web page"),
        ("Grüße aus dem Garten".encode(), "a text file"),
        ("Grüße".encode()[:3], "a text file"),
        (bytes(64), "a file of an unknown kind"),
        (pictures.sideways_heic()[:64], "a HEIC picture"),
    ],
)
def test_describe_names_what_was_sent_instead_of_a_photo(head, words):
    assert formats.describe(head) == words


@given(st.binary(max_size=formats.SNIFF_BYTES))
def test_describe_has_words_for_any_bytes_and_agrees_with_sniff(head):
    words = formats.describe(head)

    assert words
    assert words.endswith(" picture") or formats.sniff(head) is None


def test_extensions_lead_to_formats_that_lead_back():
    for image_format in ImageFormat:
        assert formats.EXTENSIONS[image_format.extension] is image_format
        assert image_format.content_type == f"image/{image_format}"


def test_mpo_counts_as_jpeg_and_heif_as_heic():
    assert formats.EXTENSIONS["mpo"] is ImageFormat.JPEG
    assert formats.EXTENSIONS["heif"] is ImageFormat.HEIC
