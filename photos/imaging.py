"""Pictures: bytes in, facts or renditions out. Pure: no Django, no S3.

The pipeline, and why (CPU of a 12 MP JPEG; `benchmarks/renditions.py` measures it):

1. decode once, shrunk while decoding where nobody can see it (`photos.decoding`);
2. resize to the largest rendition, and make each smaller one from the one before;
3. on that small picture: turn upright, convert colours to sRGB (4 x dearer on the original);
4. encode without any metadata. WebP is the dearest step: effort 4 (libwebp's default) costs
   190 ms, effort 2 90 ms, and looks the same (SSIM) with 2 more of quality and 8 % more bytes.

`VipsImage.thumbnail_buffer` does 1 to 3 in one call, but ignores `fail_on` and cannot
hand the decoded picture on to the next size.
"""

import resource
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Literal

import pyvips

from photos import decoding, exif, formats
from photos.formats import ImageFormat
from photos.refusals import RefusedImage

__all__ = ["ImageFacts", "RefusedImage", "Rendered", "RenditionSpec", "inspect", "limit_memory", "render"]

# Effort, and what its haste costs in quality. From effort 1 on libwebp searches for the best
# lossless coding of alpha: 350 ms instead of 115 at 1600 px, for a fifth of the bytes.
_WEBP_OPAQUE, _WEBP_ALPHA = (2, 2), (0, 0)
_WHITE = 255
# EXIF's orientation as "mirror left to right first?" and "then turn clockwise by".
_UPRIGHT = {
    1: (False, 0),
    2: (True, 0),
    3: (False, 180),
    4: (True, 180),
    5: (True, 270),
    6: (False, 90),
    7: (True, 90),
    8: (False, 270),
}


@dataclass(frozen=True)
class ImageFacts:
    """What a file's header says. `width` and `height` in pixels, upright: after `orientation` (1..8)."""

    format: ImageFormat
    width: int
    height: int
    frames: int
    orientation: int
    taken_at: datetime | None
    camera: str
    latitude: float | None
    longitude: float | None
    has_alpha: bool


@dataclass(frozen=True)
class RenditionSpec:
    """One derived size. `longest_side` in pixels; `square` crops the middle to that side instead.

    `quality` (0..100) is what libjpeg and libwebp mean by it at their default effort.
    """

    name: str
    longest_side: int
    format: Literal["webp", "jpeg"]
    square: bool = False
    quality: int = 80

    def scale(self, width: int, height: int) -> float:
        """Return how much a picture of this size shrinks; never above 1, for nothing is enlarged."""
        side = min(width, height) if self.square else max(width, height)
        return min(1.0, self.longest_side / side)


@dataclass(frozen=True)
class Rendered:
    """One finished rendition: its size in pixels, and encoded bytes that hold nothing but pixels."""

    spec: RenditionSpec
    width: int
    height: int
    data: bytes


def inspect(data: bytes, *, max_pixels: int, max_frames: int) -> ImageFacts:
    """Return a picture's facts from its header, before any pixel is decoded.

    Raises RefusedImage: "wrong_type", "damaged", "too_many_pixels" (of one frame), "too_many_frames".
    """
    head = data[: formats.SNIFF_BYTES]
    found = formats.sniff(head)
    if found is None:
        raise RefusedImage("wrong_type", found=formats.describe(head), allowed=formats.ALLOWED_NAMES)
    header = decoding.read_header(found, data)
    width, height = header.width, header.height
    if width * height > max_pixels:
        raise RefusedImage("too_many_pixels", found=width * height, allowed=max_pixels)
    if header.frames > max_frames:
        raise RefusedImage("too_many_frames", found=header.frames, allowed=max_frames)
    said = exif.read(header.exif)
    # HEIF turns pictures by properties of its own, which the decoder obeys: EXIF must not turn them twice.
    orientation = 1 if found in {ImageFormat.HEIC, ImageFormat.AVIF} else said.orientation
    if orientation >= 5:
        width, height = height, width
    return ImageFacts(
        format=found,
        width=width,
        height=height,
        frames=header.frames,
        orientation=orientation,
        taken_at=said.taken_at,
        camera=said.camera,
        latitude=said.latitude,
        longitude=said.longitude,
        has_alpha=header.has_alpha,
    )


def render(
    data: bytes, facts: ImageFacts, specs: Sequence[RenditionSpec], *, rotation: int = 0
) -> list[Rendered]:
    """Decode the picture's first frame to its end and derive every spec; answers in the specs' order.

    `facts` is `inspect`'s answer for the same bytes; `rotation` (0, 90, 180, 270, clockwise)
    comes on top of the file's own orientation. Raises RefusedImage: "damaged", "too_hungry".
    """
    if rotation not in {0, 90, 180, 270}:
        raise ValueError(f"A picture turns by 0, 90, 180 or 270 degrees, not by {rotation}.")
    if not specs:
        return []
    width, height = (facts.width, facts.height) if rotation in {0, 180} else (facts.height, facts.width)
    largest_first = sorted(specs, key=lambda spec: spec.scale(width, height), reverse=True)
    with decoding.refusing(facts.format):
        picture = _base(data, facts, largest_first[0].scale(width, height), rotation)
    rendered = {}
    for spec in largest_first:
        scale = spec.scale(width, height)
        picture = _fit(picture, _scaled(width, scale), _scaled(height, scale)).copy_memory()
        rendered[spec] = _encode(picture, spec)
    return [rendered[spec] for spec in specs]


def limit_memory(most_bytes: int) -> None:
    """Cap what this whole process may allocate from now on, for good.

    Beyond it decoders fail or the process dies alone. What it holds already is not counted: what a
    worker imports grows with the portal, and no photo should be refused for that.

    RLIMIT_DATA counts what is writable and its own: heap, decoders' buffers, thread stacks.
    RLIMIT_AS also counts address space that is only reserved (64 MB of malloc arena for each
    thread, hundreds of MB of shared libraries), so a limit that bites would refuse good photos.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = _held_bytes() + most_bytes
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (most, hard))


def _held_bytes() -> int:
    """Return what RLIMIT_DATA counts of this process; 0 where the system does not tell."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    told = [line.split()[1] for line in lines if line.startswith("VmData:")]  # in KiB
    return int(told[0]) * 1024 if told else 0


def _base(data: bytes, facts: ImageFacts, scale: float, rotation: int) -> pyvips.Image:
    """Return the picture at `scale`, in memory, upright and turned, 8-bit sRGB with or without alpha."""
    picture, profile = decoding.decode(facts.format, data, scale)
    width, height = _scaled(facts.width, scale), _scaled(facts.height, scale)
    if facts.orientation >= 5:
        width, height = height, width
    # Here the file is read, to its last byte.
    picture = _fit(picture, width, height).copy_memory()
    return _to_srgb(_upright(picture, facts.orientation, rotation), profile).copy_memory()


def _scaled(side: int, scale: float) -> int:
    return max(1, round(side * scale))


def _fit(picture: pyvips.Image, width: int, height: int) -> pyvips.Image:
    """Return the picture at exactly this size (LANCZOS), colours weighted by alpha."""
    if (picture.width, picture.height) == (width, height):
        return picture
    across, down = width / picture.width, height / picture.height
    if not picture.hasalpha():
        return picture.resize(across, vscale=down)
    # Unweighted, invisible pixels bleed into edges. 8 bits for the resize: 3 x faster than floats.
    weighted = picture.premultiply().cast("uchar").resize(across, vscale=down)
    return weighted.unpremultiply().cast("uchar")


def _upright(picture: pyvips.Image, orientation: int, rotation: int) -> pyvips.Image:
    mirrored, turn = _UPRIGHT[orientation]
    if mirrored:
        picture = picture.fliphor()
    degrees = (turn + rotation) % 360
    return picture.rot(f"d{degrees}") if degrees else picture


def _to_srgb(picture: pyvips.Image, profile: str) -> pyvips.Image:
    """Return the picture in sRGB: from its embedded profile, else from the named one, else taken for sRGB."""
    embedded = picture.get("icc-profile-data") if picture.get_typeof("icc-profile-data") else b""
    if (embedded and not _changes_nothing(embedded)) or (profile and not embedded):
        try:
            return picture.icc_transform(
                "srgb", embedded=True, input_profile=profile or "srgb", intent="relative"
            )
        except pyvips.Error:
            # The profile is broken or another space's, the pixels are good: show them as viewers do.
            picture = picture.copy()
            picture.remove("icc-profile-data")
    # Ink without a profile goes by libvips' own of SWOP.
    return picture.colourspace("srgb")


def _changes_nothing(profile: bytes) -> bool:
    """Tell whether a profile is sRGB in effect: no colour moves by more than 1 of 255.

    Most cameras embed such a one; finding out costs a tenth of the conversion that it saves.
    """
    probe = _every_colour().copy()
    probe.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    try:
        converted = probe.icc_transform("srgb", embedded=True, intent="relative")
    except pyvips.Error:
        return False
    return bool((converted.cast("short") - probe).abs().max() <= 1)


@cache
def _every_colour() -> pyvips.Image:
    """Return a 6 x 6 x 6 cube of colours as one row of pixels."""
    steps = range(0, 256, 51)
    cube = bytes(value for red in steps for green in steps for blue in steps for value in (red, green, blue))
    return pyvips.Image.new_from_memory(cube, len(cube) // 3, 1, 3, "uchar").copy(interpretation="srgb")


def _encode(picture: pyvips.Image, spec: RenditionSpec) -> Rendered:
    if spec.square:
        side = min(picture.width, picture.height, spec.longest_side)
        picture = picture.crop((picture.width - side) // 2, (picture.height - side) // 2, side, side)
    if spec.format == "webp":
        effort, more = _WEBP_ALPHA if picture.hasalpha() else _WEBP_OPAQUE
        data = picture.webpsave_buffer(Q=min(100, spec.quality + more), effort=effort, keep="none")
    else:
        opaque = picture.flatten(background=_WHITE) if picture.hasalpha() else picture
        data = opaque.jpegsave_buffer(Q=spec.quality, keep="none")
    return Rendered(spec, picture.width, picture.height, data)
