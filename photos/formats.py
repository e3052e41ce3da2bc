"""The picture formats that the portal takes, told by a file's first bytes and never by its name.

Pure: no Django, no S3, no image library. Words that people see are marked for
translation by `gettext_noop`; whoever shows them passes them through gettext.
"""

from enum import StrEnum

SNIFF_BYTES = 64


def gettext_noop(message: str) -> str:
    """Mark a message for `makemessages`, as Django's function of the same name does, without Django."""
    return message


class ImageFormat(StrEnum):
    """One accepted format; its value is also what the database keeps."""

    JPEG = "jpeg"
    PNG = "png"
    WEBP = "webp"
    GIF = "gif"
    AVIF = "avif"
    HEIC = "heic"

    @property
    def content_type(self) -> str:
        """The media type to store and to serve: never the one that the browser announced."""
        return f"image/{self.value}"

    @property
    def extension(self) -> str:
        """The file extension for keys and downloads, without the dot."""
        return "jpg" if self is ImageFormat.JPEG else self.value

    @property
    def display_name(self) -> str:
        """The format's name as people write it."""
        return "WebP" if self is ImageFormat.WEBP else self.value.upper()


# MPO (a phone's HDR or stereo picture) is a JPEG with more JPEGs behind it; every reader
# shows the first. JFIF is what Windows calls a JPEG saved from a browser.
EXTENSIONS: dict[str, ImageFormat] = {
    "jpg": ImageFormat.JPEG,
    "jpeg": ImageFormat.JPEG,
    "jpe": ImageFormat.JPEG,
    "jfif": ImageFormat.JPEG,
    "mpo": ImageFormat.JPEG,
    "png": ImageFormat.PNG,
    "webp": ImageFormat.WEBP,
    "gif": ImageFormat.GIF,
    "avif": ImageFormat.AVIF,
    "heic": ImageFormat.HEIC,
    "heif": ImageFormat.HEIC,
    "hif": ImageFormat.HEIC,
}

ALLOWED_NAMES = ", ".join(image_format.display_name for image_format in ImageFormat)

# Brands of ISO/IEC 23008-12 (HEIF) and of the AV1 image format. "mif1" and "msf1" say only
# "some still" and "some sequence": they count as HEIC where no brand names the codec.
_AVIF_BRANDS = frozenset({b"avif", b"avis", b"avio"})
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
_GENERIC_BRANDS = frozenset({b"mif1", b"mif2", b"msf1"})

_OTHER_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", gettext_noop("a PDF document")),
    (b"II*\x00\x10\x00\x00\x00CR", gettext_noop("a camera's raw picture")),
    (b"IIRO", gettext_noop("a camera's raw picture")),
    (b"IIU\x00", gettext_noop("a camera's raw picture")),
    (b"FUJIFILMCCD-RAW", gettext_noop("a camera's raw picture")),
    # DNG, NEF and ARW begin like any TIFF; what tells them apart comes later in the file.
    (b"II*\x00", gettext_noop("a TIFF or raw picture")),
    (b"MM\x00*", gettext_noop("a TIFF or raw picture")),
    (b"BM", gettext_noop("a BMP picture")),
    (b"8BPS", gettext_noop("a Photoshop document")),
    (b"\x00\x00\x01\x00", gettext_noop("an icon")),
    (b"\x00\x00\x00\x0cJXL ", gettext_noop("a JPEG XL picture")),
    (b"\xff\x0a", gettext_noop("a JPEG XL picture")),
    (b"\x00\x00\x00\x0cjP  ", gettext_noop("a JPEG 2000 picture")),
    (b"PK\x03\x04", gettext_noop("a ZIP archive or an Office document")),
    (b"\xd0\xcf\x11\xe0", gettext_noop("an Office document")),
    (b"{\\rtf", gettext_noop("a text document")),
    (b"\x1f\x8b", gettext_noop("a compressed archive")),
    (b"7z\xbc\xaf\x27\x1c", gettext_noop("a compressed archive")),
    (b"Rar!", gettext_noop("a compressed archive")),
    (b"MZ", gettext_noop("a program")),
    (b"\x7fELF", gettext_noop("a program")),
    (b"#!", gettext_noop("a program")),
    (b"\x1aE\xdf\xa3", gettext_noop("a video")),
    (b"OggS", gettext_noop("a sound or video file")),
    (b"ID3", gettext_noop("a sound file")),
)
_MARKUP: tuple[tuple[bytes, str], ...] = (
    (b"<svg", gettext_noop("an SVG drawing")),
    (b"<!doctype html", gettext_noop("a web page")),
    (b"<html", gettext_noop("a web page")),
    (b"<head", gettext_noop("a web page")),
    (b"<script", gettext_noop("a web page")),
    (b"<?php", gettext_noop("a program")),
    (b"<?xml", gettext_noop("an XML or SVG document")),
)


def sniff(head: bytes) -> ImageFormat | None:
    """Return the format that a file's first `SNIFF_BYTES` bytes name, or None for any other file."""
    if head.startswith(b"\xff\xd8\xff"):
        return ImageFormat.JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return ImageFormat.PNG
    if head.startswith((b"GIF87a", b"GIF89a")):
        return ImageFormat.GIF
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return ImageFormat.WEBP
    return _sniff_brands(_brands(head))


def describe(head: bytes) -> str:
    """Return what a file seems to be, for the sentence that refuses it: "a PDF document", "a video".

    English, marked for translation. Accepted formats are named too ("a HEIC picture").
    """
    if not head:
        return gettext_noop("an empty file")
    known = sniff(head)
    if known is not None:
        return f"a {known.display_name} picture"
    return _describe_brands(_brands(head)) or _describe_magic(head) or _describe_text(head)


def _brands(head: bytes) -> list[bytes]:
    """Return the major and the compatible brands of an ISO base media file, as far as `head` shows them."""
    if head[4:8] != b"ftyp":
        return []
    box = head[: min(int.from_bytes(head[:4], "big"), SNIFF_BYTES)]
    compatible = [box[at : at + 4] for at in range(16, len(box) - 3, 4)]
    return [box[8:12], *compatible]


def _sniff_brands(brands: list[bytes]) -> ImageFormat | None:
    # The major brand comes first in the list, hence decides; a movie (isom, qt) that also
    # lists a picture's brand is still a movie.
    if not brands or brands[0] not in _AVIF_BRANDS | _HEIC_BRANDS | _GENERIC_BRANDS:
        return None
    for brand in brands:
        if brand in _AVIF_BRANDS:
            return ImageFormat.AVIF
        if brand in _HEIC_BRANDS:
            return ImageFormat.HEIC
    return ImageFormat.HEIC


def _describe_brands(brands: list[bytes]) -> str:
    if not brands:
        return ""
    if brands[0] == b"crx ":
        return gettext_noop("a camera's raw picture")
    return gettext_noop("a video")


def _describe_magic(head: bytes) -> str:
    if head[:4] == b"RIFF":
        return gettext_noop("a video") if head[8:12] == b"AVI " else gettext_noop("a sound or video file")
    return next((words for magic, words in _OTHER_MAGIC if head.startswith(magic)), "")


def _describe_text(head: bytes) -> str:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    lowered = text.lower()
    markup = next((words for start, words in _MARKUP if lowered.startswith(start)), "")
    if markup:
        return markup
    # Whitespace and everything above the control characters; UTF-8 cut in mid-letter is still text.
    readable = all(byte >= 0x20 or byte in b"\t\n\r\f" for byte in head)
    if readable and head.decode("utf-8", "ignore").strip():
        return gettext_noop("a text file")
    return gettext_noop("a file of an unknown kind")
