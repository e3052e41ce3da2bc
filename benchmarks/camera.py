"""What the renditions benchmark works on: files as cameras write them, made from a real photograph."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

import pyvips
from PIL import Image

from photos import drawing

_PHOTOGRAPH = Path(drawing.__file__).parent / "demo_photos" / "raccoon.jpg"
# What a lens and a sensor's colour mosaic leave of detail at the pixel: a blur of about this (sigma, px).
_OPTICS = 0.65
_GRAIN = 6
_BERLIN = (52.5163, 13.3777)
_TAKEN = datetime.fromisoformat("2026-05-04 10:20:30")


@dataclass(frozen=True)
class Work:
    """One file to derive renditions from."""

    name: str
    make: Callable[[], bytes]


@cache
def _scene(width: int, height: int) -> pyvips.Image:
    """Return a photograph of that size with detail down to the pixel, sRGB.

    The committed photograph is small: enlarged it would be soft, and any scaler would look
    good. So its own fine structure (fur) is laid over it again at full resolution, and grain.
    """
    small = pyvips.Image.new_from_file(str(_PHOTOGRAPH))
    large = small.resize(width / small.width, vscale=height / small.height, kernel="lanczos3")
    fur = small.cast("float") - small.gaussblur(4).cast("float")
    fur = fur.join(fur.fliphor(), "horizontal")
    fur = fur.join(fur.flipver(), "vertical")
    fur = fur.replicate(width // fur.width + 1, height // fur.height + 1).crop(0, 0, width, height)
    grain = pyvips.Image.gaussnoise(width, height, sigma=_GRAIN, mean=0, seed=1)
    detail = (fur * 0.8 + grain).gaussblur(_OPTICS, precision="float")
    return (large.cast("float") + detail).cast("uchar").copy(interpretation="srgb").copy_memory()


def _phone_jpeg(width: int, height: int) -> bytes:
    """Return what a phone sends: lying sideways, Display P3, time, place."""
    wide = _scene(width, height).rot270().icc_transform("p3", input_profile="srgb", depth=8)
    plain = wide.jpegsave_buffer(Q=90, keep="icc")
    exif = drawing.as_from_phone(
        drawing.draw_pet("cat", 1, width=64, height=48),
        orientation=6,
        gps=_BERLIN,
        taken_at=_TAKEN,
        camera="Phone X",
    )
    # EXIF is spliced in, so that the pixels are encoded once.
    return plain[:2] + _exif_segment(exif) + plain[2:]


def _exif_segment(jpeg: bytes) -> bytes:
    start = jpeg.index(b"\xff\xe1")
    length = int.from_bytes(jpeg[start + 2 : start + 4], "big")
    return jpeg[start : start + 2 + length]


def _alpha_png(width: int, height: int) -> bytes:
    """Return a cut-out, as phones lift a pet from its background: an oval with a soft edge of some 30 px."""
    place = pyvips.Image.xyz(width, height)
    across, down = place[0] / width * 2 - 1, place[1] / height * 2 - 1
    alpha = ((0.95 - (across**2 + down**2) ** 0.5) * (255 * width / 60)).cast("uchar")
    cut_out = _scene(width, height).bandjoin(alpha).copy(interpretation="srgb")
    return bytes(cut_out.pngsave_buffer(compression=3))


def _heic(width: int, height: int) -> bytes:
    scene = _scene(width, height)
    picture = Image.frombytes("RGB", (width, height), bytes(scene.write_to_memory()))
    target = io.BytesIO()
    picture.save(target, "HEIF", quality=60)
    return target.getvalue()


WORK: tuple[Work, ...] = (
    Work("phone 12 MP", lambda: _phone_jpeg(4032, 3024)),
    Work("phone 24 MP", lambda: _phone_jpeg(6000, 4000)),
    Work("sRGB JPEG 12 MP", lambda: bytes(_scene(4032, 3024).jpegsave_buffer(Q=90))),
    Work("progressive 12 MP", lambda: bytes(_scene(4032, 3024).jpegsave_buffer(Q=90, interlace=True))),
    Work("4:4:4 JPEG 12 MP", lambda: bytes(_scene(4032, 3024).jpegsave_buffer(Q=92, subsample_mode="off"))),
    Work("alpha PNG 3 MP", lambda: _alpha_png(2000, 1500)),
    Work("WebP 12 MP", lambda: bytes(_scene(4032, 3024).webpsave_buffer(Q=85, effort=0))),
    Work("HEIC 12 MP", lambda: _heic(4032, 3024)),
)
