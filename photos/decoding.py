"""Opens strangers' pictures: the one page that lets their bytes reach a decoder.

libvips with five loaders switched on, and libheif (by pillow-heif) for HEIC, because
libvips' wheel has no HEVC decoder. Pure: no Django, no S3. `photos.imaging` is the
face of this module; beside these two only `photos.drawing`, which makes the demo's
pictures, imports an image library.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import pillow_heif
import pyvips

from photos.formats import ImageFormat
from photos.refusals import RefusedImage

# One thread and one process a core: more threads cost CPU and memory and win nothing under a full queue.
pyvips.concurrency_set(1)
# Nothing is asked for twice, and a cache would keep strangers' pictures in memory.
pyvips.cache_set_max(0)
# Loaders that were never fuzzed (VIPS_BLOCK_UNTRUSTED), and every other but the accepted formats'.
pyvips.block_untrusted_set(True)
pyvips.operation_block_set("VipsForeignLoad", True)
for _loader in ("Jpeg", "Png", "Webp", "Nsgif", "Heif"):
    pyvips.operation_block_set(f"VipsForeignLoad{_loader}", False)

pillow_heif.options.DECODE_THREADS = 1
# A bundled thumbnail may show something else than the photo; depth maps and the like are only surface.
pillow_heif.options.THUMBNAILS = False
pillow_heif.options.DEPTH_IMAGES = False
pillow_heif.options.AUX_IMAGES = False
# libheif refuses more than 1,000 items, 16 MB of metadata and 4,096 children a box.
pillow_heif.options.DISABLE_SECURITY_LIMITS = False

_LOADERS = {
    ImageFormat.JPEG: "jpegload_buffer",
    ImageFormat.PNG: "pngload_buffer",
    ImageFormat.WEBP: "webpload_buffer",
    ImageFormat.GIF: "gifload_buffer",
    ImageFormat.AVIF: "heifload_buffer",
}
# What the two libraries raise for broken files, as far as the tests' mutations have shown, and then some.
_BAD_INPUT = (pyvips.Error, OSError, EOFError, SyntaxError, RuntimeError, ValueError, TypeError, IndexError)

# ISO/IEC 23091-2, colour primaries "P3 D65": how some phones name their colours without a profile.
_NCLX_P3 = 12


class Header(NamedTuple):
    """A file's first words: size in pixels as stored, frames, alpha, and the raw EXIF block."""

    width: int
    height: int
    frames: int
    has_alpha: bool
    exif: bytes


@contextmanager
def refusing(image_format: ImageFormat) -> Iterator[None]:
    """Turn whatever a decoder raises for a bad file into RefusedImage, "damaged" or "too_hungry"."""
    try:
        yield
    except MemoryError as error:
        raise RefusedImage("too_hungry", found=image_format.display_name) from error
    except _BAD_INPUT as error:
        code = "too_hungry" if "out of memory" in str(error).lower() else "damaged"
        raise RefusedImage(code, found=image_format.display_name) from error


def read_header(image_format: ImageFormat, data: bytes) -> Header:
    """Return what the file says of itself. No pixel is decoded. Call within `refusing`."""
    if image_format is ImageFormat.HEIC:
        pictures = pillow_heif.open_heif(data)
        width, height = pictures.size
        return Header(width, height, len(pictures), pictures.has_alpha, pictures.info.get("exif") or b"")
    picture = _open(image_format, data)
    return Header(
        width=picture.width,
        height=picture.height,
        frames=_field(picture, "n-pages", 1),
        has_alpha=bool(picture.hasalpha()),
        exif=_field(picture, "exif-data", b""),
    )


def decode(image_format: ImageFormat, data: bytes, scale: float) -> tuple[pyvips.Image, str]:
    """Return the first frame, 8 bits a channel, at `scale` (0..1) or larger, and its named profile or "".

    A named profile counts only where none is embedded. Pixels may still come while the
    picture is read, so errors of a truncated file may too. Call within `refusing`.
    """
    if image_format is ImageFormat.HEIC:
        return _decode_heic(data)
    options = {}
    if image_format is ImageFormat.JPEG:
        # libjpeg scales for nearly nothing while it decodes; it rounds sizes up, so they always suffice.
        options["shrink"] = next(by for by in (8, 4, 2, 1) if by * scale <= 1)
    picture = _open(image_format, data, **options)
    if picture.format == "ushort":
        picture = picture.colourspace("srgb" if picture.bands >= 3 else "b-w")
    return picture, ""


def _open(image_format: ImageFormat, data: bytes, **options: int) -> pyvips.Image:
    # "error" covers truncated data too; by default libvips shows grey where bytes are missing.
    return pyvips.Operation.call(
        _LOADERS[image_format], data, access="sequential", fail_on="error", **options
    )


def _field(picture: pyvips.Image, name: str, default: Any) -> Any:
    return picture.get(name) if picture.get_typeof(name) else default


def _decode_heic(data: bytes) -> tuple[pyvips.Image, str]:
    heic = pillow_heif.open_heif(data)
    announced = heic.size
    pixels = heic.data
    # The boxes' word on size was checked against the limits, the coded picture's only now.
    if heic.size != announced:
        raise ValueError(f"announced {announced}, holds {heic.size}")
    bands = len(heic.mode)
    picture = pyvips.Image.new_from_memory(pixels, *heic.size, bands, "uchar")
    picture = picture.copy(interpretation="srgb" if bands >= 3 else "b-w")
    if heic.premultiplied_alpha:
        picture = picture.unpremultiply().cast("uchar")
    profile = heic.info.get("icc_profile")
    if profile:
        picture.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    named_p3 = heic.info.get("nclx_profile", {}).get("color_primaries") == _NCLX_P3
    return picture, "p3" if named_p3 else ""
