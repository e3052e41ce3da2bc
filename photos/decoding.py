"""Opens strangers' pictures: the one page that lets their bytes reach a decoder.

libvips with five loaders switched on, and libheif (by pillow-heif) for HEIC, because
libvips' wheel has no HEVC decoder. Pure: no Django, no S3. `photos.imaging` is the
face of this module; beside these two only `photos.drawing`, which makes the demo's
pictures, imports an image library.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple

import pillow_heif
import pyvips

from photos.formats import ImageFormat
from photos.refusals import RefusedImage

# 20 lines a photo at INFO, one for each unreadable tile at WARNING; what matters is raised.
logging.getLogger("pyvips").setLevel(logging.ERROR)
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
# JPEG and WebP shrink by 2, 4, 8 while they decode, but as a box filter does. Where the resize
# after it is to less than this, nobody sees it (SSIM 0.999 of the unshrunk path for 24 MP to
# 1600 px); 12 MP would end at 0.996, and whole it costs only 20 ms more.
_MOST_AFTER_SHRINKING = 0.55
# What pillow-heif is documented and seen to raise for broken files.
_HEIC_ERRORS = (OSError, EOFError, SyntaxError, RuntimeError, ValueError, IndexError)

# ISO/IEC 23091-2, colour primaries "P3 D65": how some phones name their colours without a profile.
_NCLX_P3 = 12


class Header(NamedTuple):
    """A file's first words: size in pixels as stored, frames, alpha, and the raw EXIF block."""

    width: int
    height: int
    frames: int
    has_alpha: bool
    exif: bytes


class UsedBeforeFork(Exception):
    """libvips worked in the parent process: its threads did not survive the fork, any call would hang."""


@contextmanager
def refusing(
    image_format: ImageFormat, errors: tuple[type[Exception], ...] = (pyvips.Error,)
) -> Iterator[None]:
    """Turn what a decoder raises for a bad file into RefusedImage, "damaged" or "too_hungry".

    Keep blocks small: a mistake of ours must never look like a bad photo, which is removed.
    """
    if _first_process() != os.getpid():
        raise UsedBeforeFork(f"libvips already worked in process {_first_process()}; decode only in workers.")
    try:
        yield
    except MemoryError as error:
        raise RefusedImage("too_hungry", found=image_format.display_name) from error
    except errors as error:
        code = "too_hungry" if "out of memory" in str(error).lower() else "damaged"
        raise RefusedImage(code, found=image_format.display_name) from error


@cache
def _first_process() -> int:
    return os.getpid()


def read_header(image_format: ImageFormat, data: bytes) -> Header:
    """Return what the file says of itself. No pixel is decoded. Raises RefusedImage "damaged"."""
    if image_format is ImageFormat.HEIC:
        with refusing(image_format, _HEIC_ERRORS):
            pictures = pillow_heif.open_heif(data)
            width, height = pictures.size
            return Header(width, height, len(pictures), pictures.has_alpha, pictures.info.get("exif") or b"")
    with refusing(image_format):
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
    shrink = next((by for by in (8, 4, 2) if by * scale <= _MOST_AFTER_SHRINKING), 1)
    options: dict[str, float] = {}
    if image_format is ImageFormat.JPEG:
        options["shrink"] = shrink
    elif image_format is ImageFormat.WEBP:
        options["scale"] = 1 / shrink
    picture = _open(image_format, data, **options)
    if picture.format == "ushort":
        picture = picture.colourspace("srgb" if picture.bands >= 3 else "b-w")
    return picture, ""


def _open(image_format: ImageFormat, data: bytes, **options: float) -> pyvips.Image:
    # "error" covers truncated data too; by default libvips shows grey where bytes are missing.
    return pyvips.Operation.call(
        _LOADERS[image_format], data, access="sequential", fail_on="error", **options
    )


def _field(picture: pyvips.Image, name: str, default: Any) -> Any:
    return picture.get(name) if picture.get_typeof(name) else default


def _decode_heic(data: bytes) -> tuple[pyvips.Image, str]:
    with refusing(ImageFormat.HEIC, _HEIC_ERRORS):
        heic = pillow_heif.open_heif(data)
        # libheif itself refuses a coded picture of another size than the boxes tell.
        pixels = heic.data
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
