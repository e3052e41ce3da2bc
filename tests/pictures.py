"""Real picture files for tests: good ones in every format, and the bad ones that strangers send.

Each function returns the bytes of a whole file. Pictures are small unless a test asks otherwise.
"""

import io
import struct
import zlib
from functools import cache
from typing import Any

import pillow_heif
import pyvips
from PIL import Image, ImageCms, ImageDraw

pillow_heif.register_heif_opener()  # saving too

Colour = tuple[int, int, int]
RED, GREEN, BLUE, YELLOW = (220, 40, 40), (40, 180, 60), (50, 70, 220), (240, 210, 50)
# Inside of sRGB, and so far from its edge that a wide-gamut file stores clearly different numbers.
PATCHES: tuple[Colour, ...] = ((200, 60, 50), (60, 170, 80), (50, 80, 190), (210, 180, 60))
PHP_PAYLOAD = b"<?php system($_GET['c']); ?><script>alert(1)</script>"


def quadrants(
    width: int = 240, height: int = 160, colours: tuple[Colour, ...] = (RED, GREEN, BLUE, YELLOW)
) -> Image.Image:
    """Return top left, top right, bottom left, bottom right in four colours: shows every turn and flip."""
    picture = Image.new("RGB", (width, height))
    draw = ImageDraw.Draw(picture)
    across, down = width // 2, height // 2
    boxes = (
        (0, 0, across, down),
        (across, 0, width, down),
        (0, down, across, height),
        (across, down, width, height),
    )
    for box, colour in zip(boxes, colours, strict=True):
        draw.rectangle(box, fill=colour)
    return picture


def detailed(width: int, height: int) -> Image.Image:
    """Return soft shapes with grain, such as a camera delivers: compresses like a photo."""
    grain = pyvips.Image.gaussnoise(width, height, sigma=8, mean=0, seed=1)
    cells = pyvips.Image.worley(width, height, cell_size=max(8, width // 12), seed=2)
    hue = pyvips.Image.xyz(width, height) * [255 / width, 255 / height]
    bands = (hue[0] * 0.7 + grain).bandjoin([hue[1] * 0.6 + grain + 60, cells * (900 / width) + grain + 30])
    picture = bands.cast("uchar")
    return Image.frombytes("RGB", (width, height), picture.write_to_memory())


def saved(picture: Image.Image, image_format: str, **options: Any) -> bytes:
    """Return the picture as a file in Pillow's format of that name."""
    target = io.BytesIO()
    picture.save(target, image_format, **options)
    return target.getvalue()


def jpeg(width: int = 240, height: int = 160, **options: Any) -> bytes:
    """Return a JPEG of four quadrants."""
    return saved(quadrants(width, height), "JPEG", **{"quality": 92, "subsampling": 0, **options})


def exif(orientation: int = 1, *, gps: bool = False, taken: str = "", camera: str = "") -> Image.Exif:
    """Return EXIF as a phone writes it. With `gps`, 52.5163 N 13.3777 E (Berlin)."""
    block = Image.Exif()
    block[0x0112] = orientation
    if camera:
        block[0x010F], block[0x0110] = camera.split(" ", 1)
    if taken:
        block.get_ifd(0x8769)[0x9003] = taken
    if gps:
        block.get_ifd(0x8825).update({1: "N", 2: (52.0, 30.0, 58.68), 3: "E", 4: (13.0, 22.0, 39.72)})
    return block


def turned_jpeg(orientation: int) -> bytes:
    """Return a JPEG that is 240 x 160 and upright when `orientation` is obeyed (before: stored otherwise)."""
    # Stored is what becomes upright by the orientation, hence the inverse of it.
    inverse = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }.get(orientation)
    upright = quadrants()
    stored = upright if inverse is None else upright.transpose(inverse)
    return saved(stored, "JPEG", quality=92, subsampling=0, exif=exif(orientation))


def sideways_heic(width: int = 240, height: int = 160) -> bytes:
    """Return a HEIC of that size when upright, as a phone stores it: lying, with a property that turns it."""
    stored = quadrants(width, height).transpose(Image.Transpose.ROTATE_90)
    block = exif(6, gps=True, taken="2026:05:04 10:20:30", camera="Apple iPhone 17")
    return saved(stored, "HEIF", quality=90, chroma=444, exif=block.tobytes())


@cache
def p3_profile() -> bytes:
    """Return the Display-P3 profile that libvips carries."""
    plain = pyvips.Image.black(8, 8, bands=3).copy(interpretation="srgb")
    return bytes(plain.icc_transform("p3", input_profile="srgb").get("icc-profile-data"))


def p3_jpeg() -> bytes:
    """Return a JPEG whose numbers are Display P3 for the colours of `PATCHES`."""
    numbers = pyvips.Image.new_from_array([list(patch) for patch in PATCHES]).cast("uchar")
    row = pyvips.Image.new_from_memory(numbers.write_to_memory(), 4, 1, 3, "uchar").copy(
        interpretation="srgb"
    )
    wide = bytes(row.icc_transform("p3", input_profile="srgb", intent="relative").write_to_memory())
    colours = tuple((wide[at], wide[at + 1], wide[at + 2]) for at in range(0, 12, 3))
    return saved(quadrants(colours=colours), "JPEG", quality=95, subsampling=0, icc_profile=p3_profile())


def srgb_profile() -> bytes:
    """Return an sRGB profile as cameras embed it."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def cmyk_jpeg(profile: bytes = b"") -> bytes:
    """Return a JPEG in four inks; its left half is red, its right half white."""
    picture = Image.new("CMYK", (240, 160), (0, 0, 0, 0))
    picture.paste((0, 255, 255, 0), (0, 0, 120, 160))
    return saved(picture, "JPEG", quality=95, icc_profile=profile)


@cache
def cmyk_profile() -> bytes:
    """Return the profile of four inks that libvips carries."""
    plain = pyvips.Image.black(8, 8, bands=3).copy(interpretation="srgb")
    return bytes(plain.icc_transform("cmyk", input_profile="srgb").get("icc-profile-data"))


def alpha_png(width: int = 240, height: int = 160) -> bytes:
    """Return a PNG: a red disc, half see-through, on an invisible ground that is stored as green."""
    picture = Image.new("RGBA", (width, height), (0, 255, 0, 0))
    ImageDraw.Draw(picture).ellipse((8, 8, width - 8, height - 8), fill=(255, 0, 0, 128))
    return saved(picture, "PNG")


def animation(image_format: str, frames: int = 3) -> bytes:
    """Return an animated GIF or WebP, its first frame red, up to three others in blues."""
    others = [Image.new("RGB", (64, 48), (0, 0, 60 * number + 60)) for number in range(frames - 1)]
    first = Image.new("RGB", (64, 48), RED)
    return saved(first, image_format, save_all=True, append_images=others, duration=50)


def mpo() -> bytes:
    """Return a phone's stereo picture: a JPEG with a second JPEG behind it."""
    return saved(quadrants(), "MPO", save_all=True, append_images=[Image.new("RGB", (240, 160), BLUE)])


@cache
def every_format(width: int = 240, height: int = 160) -> dict[str, bytes]:
    """Return one good file of each accepted kind, by a speaking name."""
    plain = quadrants(width, height)
    return {
        "jpeg": saved(
            plain, "JPEG", quality=90, exif=exif(6, gps=True, taken="2026:05:04 10:20:30", camera="Apple X")
        ),
        "progressive": saved(plain, "JPEG", progressive=True),
        "mpo": mpo(),
        "cmyk": cmyk_jpeg(),
        "grey": saved(plain.convert("L"), "JPEG"),
        "png": saved(plain, "PNG"),
        "alpha": alpha_png(width, height),
        "palette": saved(plain.quantize(16), "PNG", transparency=0),
        "deep": saved(plain.convert("L").convert("I;16"), "PNG"),
        "webp": saved(plain, "WEBP"),
        "lossless": saved(plain, "WEBP", lossless=True),
        "moving": animation("WEBP"),
        "gif": animation("GIF"),
        "avif": saved(plain, "AVIF", speed=10),
        "heic": sideways_heic(width, height),
    }


def with_comment(payload: bytes = PHP_PAYLOAD) -> bytes:
    """Return a JPEG with script in its comment, its EXIF description, its XMP and behind its end."""
    block = exif()
    block[0x010E] = payload.decode()
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/">' + payload + b"</x:xmpmeta>"
    return saved(quadrants(), "JPEG", comment=payload, exif=block, xmp=xmp) + payload


def page_called_jpg() -> bytes:
    """Return a web page, to be sent under a picture's name."""
    return b"<!DOCTYPE html>\n<html><head><title>No photo</title></head><body>404</body></html>\n"


def truncated(data: bytes, share: float = 0.5) -> bytes:
    """Return the first part of a file."""
    return data[: int(len(data) * share)]


def png_bomb(side: int = 30_000) -> bytes:
    """Return a correct PNG of one colour: some 100 kB that unfold to side x side pixels."""
    packer = zlib.compressobj(9)
    row = bytes(1 + (side + 7) // 8)
    body = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    return _png(struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0), body)


def hungry_png(side: int = 6_500) -> bytes:
    """Return an allowed PNG that must be held whole to be read: 16 bits, interlaced, 8 bytes a pixel."""
    picture = pyvips.Image.black(side, side, bands=4).copy(interpretation="rgb16").cast("ushort")
    return bytes(picture.pngsave_buffer(interlace=True, compression=1))


def lying_png(told: int, held: int) -> bytes:
    """Return a PNG whose header tells `told` rows of 8 grey pixels and whose data holds `held`."""
    return _png(struct.pack(">IIBBBBB", 8, told, 8, 0, 0, 0, 0), zlib.compress(bytes(9 * held)))


def lying_jpeg(width: int, height: int) -> bytes:
    """Return a JPEG of 240 x 160 whose frame header tells another size."""
    data = jpeg()
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + struct.pack(">HH", height, width) + data[at + 4 :]


def gif_of(frames: int) -> bytes:
    """Return a GIF with that many frames of one pixel, 20 bytes each."""
    screen = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + b"\x00\x00\x00\xff\xff\xff"
    frame = (
        b"\x21\xf9\x04\x00\x05\x00\x00\x00\x2c"
        + struct.pack("<HHHHB", 0, 0, 1, 1, 0)
        + b"\x02\x02\x44\x01\x00"
    )
    return screen + frame * frames + b";"


def _png(header: bytes, body: bytes) -> bytes:
    def chunk(name: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        )

    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
