"""Draws the demo's pets and stores pictures as a phone would send them.

Beside `photos.decoding` and `photos.imaging` the only module with an image library, for
the other direction: it makes files, and never opens one that a stranger sent.
"""

import io
import math
from datetime import datetime
from functools import cache
from random import Random
from typing import Literal

import pillow_heif
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from photos.animals import Point, sketch
from photos.coats import Colour, darker

pillow_heif.register_heif_opener()  # for saving

JPEG_QUALITY = 88
HEIC_QUALITY = 70
# A phone's photo, and yet some 150 kB: a demo of 500 pets fits on any disc.
WIDTH, HEIGHT = 1280, 960

_WALLS: tuple[Colour, ...] = (
    (168, 196, 214),
    (214, 200, 176),
    (186, 206, 176),
    (222, 186, 170),
    (190, 184, 208),
    (150, 172, 180),
    (232, 218, 180),
)
_FLOORS: tuple[Colour, ...] = (
    (146, 108, 76),
    (112, 140, 84),
    (176, 150, 120),
    (120, 116, 122),
    (96, 128, 96),
)
# What the stored pixels undergo so that EXIF's orientation turns them back.
_STORED: dict[int, Image.Transpose] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}

_ORIENTATION, _MAKE, _MODEL, _CHANGED = 0x0112, 0x010F, 0x0110, 0x0132
_EXIF_DIRECTORY, _TAKEN = 0x8769, 0x9003
_GPS_DIRECTORY = 0x8825


def draw_pet(species: str, seed: int, *, pose: int = 0, width: int = WIDTH, height: int = HEIGHT) -> bytes:
    """Return a JPEG of one pet (`pets.choices.Species` value).

    The same seed draws the same animal; another pose puts it elsewhere, before another wall.
    """
    looks, place = Random(f"{species} {seed}"), Random(f"{species} {seed} {pose}")  # noqa: S311 - no secrets
    size = (width, height)
    picture = _backdrop(size, place)
    pet = Image.new("RGBA", size)
    pencil = _PillowPencil(pet, place)
    sketch(pencil, species, looks)
    # Edges as soft as a lens makes them; Pillow draws them as stairs.
    pet = pet.filter(ImageFilter.GaussianBlur(pencil.unit / 900))
    shadow = Image.new("L", size)
    shadow.paste(150, (0, pencil.unit // 40), pet.getchannel("A"))
    picture.paste((20, 16, 24), mask=shadow.filter(ImageFilter.GaussianBlur(pencil.unit / 28)))
    picture.paste(_lit(pet), mask=pet.getchannel("A"))
    return _jpeg(_grained(_vignetted(picture)))


def as_from_phone(
    jpeg: bytes,
    *,
    orientation: int = 1,
    gps: tuple[float, float] | None = None,
    taken_at: datetime | None = None,
    camera: str = "",
    format: Literal["jpeg", "heic"] = "jpeg",  # noqa: A002 - the word for it
) -> bytes:
    """Return an upright picture as a phone stores it: pixels as the sensor lay, and EXIF that tells the rest.

    `orientation` is EXIF's 1..8; `gps` is latitude, longitude in degrees; `camera` is "Maker Model".
    """
    picture = Image.open(io.BytesIO(jpeg), formats=["JPEG"]).convert("RGB")
    if orientation in _STORED:
        picture = picture.transpose(_STORED[orientation])
    exif = _exif(orientation, gps, taken_at, camera)
    if format == "heic":
        # The plugin also writes HEIF's own property of rotation, which readers obey.
        return _saved(picture, "HEIF", quality=HEIC_QUALITY, exif=exif.tobytes())
    return _saved(picture, "JPEG", quality=JPEG_QUALITY, exif=exif)


class _PillowPencil:
    """`photos.animals.Pencil` on a Pillow picture; each pet stands a little elsewhere and is another size."""

    def __init__(self, picture: Image.Image, random: Random) -> None:
        self.unit = min(picture.size)
        self._draw = ImageDraw.Draw(picture)
        self._scale = self.unit * random.uniform(0.72, 0.95)
        self._origin = (
            picture.width / 2 + self.unit * random.uniform(-0.12, 0.12),
            picture.height / 2 + self.unit * random.uniform(-0.02, 0.06),
        )
        self._mirror = random.choice((-1, 1))
        self._tilt = (0.0, (0.0, 0.0))

    def tilt(self, degrees: float, around: Point) -> None:
        self._tilt = (math.radians(degrees), around)

    def oval(self, centre: Point, radii: Point, colour: Colour, *, turn: float = 0) -> None:
        angle = math.radians(turn)
        points = []
        for step in range(72):
            x, y = radii[0] * math.cos(step * math.pi / 36), radii[1] * math.sin(step * math.pi / 36)
            turned = (x * math.cos(angle) - y * math.sin(angle), x * math.sin(angle) + y * math.cos(angle))
            points.append((centre[0] + turned[0], centre[1] + turned[1]))
        self.shape(points, colour)

    def shape(self, points: list[Point], colour: Colour) -> None:
        self._draw.polygon([self._place(point) for point in points], fill=(*colour, 255))

    def stroke(self, points: list[Point], colour: Colour, width: float) -> None:
        thickness = max(1, round(width * self._scale))
        placed = [self._place(point) for point in points]
        self._draw.line(placed, fill=(*colour, 255), width=thickness, joint="curve")
        for x, y in (placed[0], placed[-1]):
            half = thickness / 2
            self._draw.ellipse((x - half, y - half, x + half, y + half), fill=(*colour, 255))

    def _place(self, point: Point) -> Point:
        angle, (around_x, around_y) = self._tilt
        x, y = point[0] - around_x, point[1] - around_y
        turned_x = around_x + x * math.cos(angle) - y * math.sin(angle)
        turned_y = around_y + x * math.sin(angle) + y * math.cos(angle)
        return (
            self._origin[0] + self._mirror * turned_x * self._scale,
            self._origin[1] + turned_y * self._scale,
        )


def _backdrop(size: tuple[int, int], random: Random) -> Image.Image:
    """Return a room or a garden out of focus: wall, floor, and lights behind."""
    width, height = size
    wall, floor = random.choice(_WALLS), random.choice(_FLOORS)
    small = Image.new("RGB", (max(1, width // 8), max(1, height // 8)), wall)
    draw = ImageDraw.Draw(small, "RGBA")
    across, down = small.size
    for row in range(down):
        draw.line((0, row, across, row), fill=darker(wall, 0.25 * row / down))
    for _ in range(random.randint(4, 9)):
        radius = random.uniform(0.04, 0.16) * down
        x, y = random.uniform(0, across), random.uniform(0, down * 0.6)
        draw.ellipse(
            (x - radius, y - radius, x + radius, y + radius), fill=(255, 250, 230, random.randint(20, 70))
        )
    horizon = round(down * random.uniform(0.66, 0.78))
    for row in range(horizon, down):
        draw.line((0, row, across, row), fill=darker(floor, 0.3 * (row - horizon) / (down - horizon)))
    # Drawn at an eighth and blown up: blurred for nothing.
    return small.filter(ImageFilter.GaussianBlur(down / 60)).resize(size, Image.Resampling.BICUBIC)


def _lit(pet: Image.Image) -> Image.Image:
    """Return the pet with light from above left and a coat that is not all even."""
    light = ImageOps.invert(Image.radial_gradient("L")).resize(
        (round(pet.width * 1.5), round(pet.height * 1.5))
    )
    light = light.crop((pet.width * 3 // 8, pet.height * 3 // 8, pet.width * 11 // 8, pet.height * 11 // 8))
    fur = _noise(pet.size, 4).resize(pet.size)
    shaded = ImageChops.soft_light(pet.convert("RGB"), Image.merge("RGB", (light,) * 3))
    return ImageChops.overlay(shaded, Image.merge("RGB", (fur,) * 3))


def _vignetted(picture: Image.Image) -> Image.Image:
    edges = (
        Image.radial_gradient("L").resize(picture.size).point([round(value * 0.25) for value in range(256)])
    )
    return Image.composite(Image.new("RGB", picture.size), picture, edges)


def _grained(picture: Image.Image) -> Image.Image:
    grain = _noise(picture.size, 1)
    return ImageChops.overlay(picture, Image.merge("RGB", (grain,) * 3))


@cache
def _tile(coarseness: int) -> Image.Image:
    """Return grey noise around the middle, drawn by a fixed seed so that pictures repeat."""
    random = Random(coarseness)  # noqa: S311 - a drawing needs no secret
    side, spread = 256, 10 if coarseness > 1 else 5
    values = bytes(min(255, max(0, round(random.gauss(127.5, spread)))) for _ in range(side * side))
    # Hairs: longer than wide.
    return Image.frombytes("L", (side, side), values).resize(
        (side * coarseness, side * coarseness * coarseness)
    )


def _noise(size: tuple[int, int], coarseness: int) -> Image.Image:
    tile, noise = _tile(coarseness), Image.new("L", size)
    for x in range(0, size[0], tile.width):
        for y in range(0, size[1], tile.height):
            noise.paste(tile, (x, y))
    return noise


def _exif(
    orientation: int, gps: tuple[float, float] | None, taken_at: datetime | None, camera: str
) -> Image.Exif:
    exif = Image.Exif()
    exif[_ORIENTATION] = orientation
    if camera:
        exif[_MAKE], exif[_MODEL] = camera.split(" ", 1) if " " in camera else (camera, camera)
    if taken_at is not None:
        exif[_CHANGED] = exif.get_ifd(_EXIF_DIRECTORY)[_TAKEN] = taken_at.strftime("%Y:%m:%d %H:%M:%S")
    if gps is not None:
        latitude, longitude = gps
        exif.get_ifd(_GPS_DIRECTORY).update(
            {
                1: "N" if latitude >= 0 else "S",
                2: _sexagesimal(latitude),
                3: "E" if longitude >= 0 else "W",
                4: _sexagesimal(longitude),
            }
        )
    return exif


def _sexagesimal(degrees: float) -> tuple[float, float, float]:
    """Return whole degrees, whole minutes and seconds, as EXIF keeps them."""
    seconds = round(abs(degrees) * 3600, 2)
    return float(seconds // 3600), float(seconds % 3600 // 60), round(seconds % 60, 2)


def _jpeg(picture: Image.Image) -> bytes:
    return _saved(picture, "JPEG", quality=JPEG_QUALITY)


def _saved(picture: Image.Image, image_format: str, **options: object) -> bytes:
    target = io.BytesIO()
    picture.save(target, image_format, **options)
    return target.getvalue()
