"""photos.drawing: pets that differ, repeat, and arrive as from a phone."""

import io
from datetime import datetime
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

from pets.choices import Species
from photos import drawing, imaging
from photos.coats import COATS
from photos.formats import ImageFormat

SIZE = {"width": 320, "height": 240}
PHOTOS = Path(drawing.__file__).parent / "demo_photos"


def _difference(one: bytes, other: bytes) -> float:
    first, second = (Image.open(io.BytesIO(data)).convert("RGB") for data in (one, other))
    return sum(ImageStat.Stat(ImageChops.difference(first, second)).mean)


def _facts(data: bytes) -> imaging.ImageFacts:
    return imaging.inspect(data, max_pixels=50_000_000, max_frames=1)


def _upright(data: bytes) -> bytes:
    """Return what the portal shows of a file."""
    spec = imaging.RenditionSpec("share", 320, "jpeg", quality=95)
    return imaging.render(data, _facts(data), [spec])[0].data


@pytest.mark.parametrize("species", Species.values)
def test_every_species_has_pets_that_differ_and_repeat(species):
    first, again, other = (drawing.draw_pet(species, seed, **SIZE) for seed in (1, 1, 2))

    assert first == again
    assert _difference(first, other) > 6
    assert (_facts(first).width, _facts(first).height) == (320, 240)


def test_species_have_coats_and_shapes_of_their_own():
    assert set(COATS) == set(Species.values)
    drawn = [drawing.draw_pet(species, 5, **SIZE) for species in Species.values]
    assert len(set(drawn)) == len(drawn)


def test_unknown_species_is_drawn_too():
    assert _facts(drawing.draw_pet("axolotl", 1, **SIZE)).format is ImageFormat.JPEG


@pytest.mark.parametrize("orientation", range(1, 9))
def test_phone_stores_pixels_so_that_orientation_turns_them_back(orientation):
    pet = drawing.draw_pet("dog", 3, **SIZE)

    sent = drawing.as_from_phone(pet, orientation=orientation)

    facts = _facts(sent)
    assert facts.orientation == orientation
    assert (facts.width, facts.height) == (320, 240)
    assert Image.open(io.BytesIO(sent)).size == ((240, 320) if orientation >= 5 else (320, 240))
    assert _difference(_upright(sent), pet) < 12


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_phone_can_send_heic(orientation):
    pet = drawing.draw_pet("cat", 3, **SIZE)

    sent = drawing.as_from_phone(pet, orientation=orientation, gps=(-33.45, -70.66), format="heic")

    facts = _facts(sent)
    assert facts.format is ImageFormat.HEIC
    assert (facts.width, facts.height) == (320, 240)
    assert (facts.latitude, facts.longitude) == (-33.45, -70.66)
    assert _difference(_upright(sent), pet) < 15


@pytest.mark.parametrize("format_", ["jpeg", "heic"])
def test_phone_writes_when_where_and_by_what(format_):
    taken_at = datetime.fromisoformat("2026-05-04 10:20:30")
    pet = drawing.draw_pet("bird", 1, **SIZE)

    sent = drawing.as_from_phone(
        pet, gps=(52.5163, 13.3777), taken_at=taken_at, camera="Google Pixel 9", format=format_
    )

    facts = _facts(sent)
    assert facts.taken_at == taken_at
    assert facts.camera == "Google Pixel 9"
    assert (facts.latitude, facts.longitude) == pytest.approx((52.5163, 13.3777), abs=1e-5)


def test_every_real_photograph_is_readable_and_its_source_named():
    sources = (PHOTOS / "SOURCES.md").read_text(encoding="utf-8")
    photographs = sorted(PHOTOS.glob("*.jpg"))

    assert photographs
    for photograph in photographs:
        assert photograph.name in sources
        assert _facts(photograph.read_bytes()).format is ImageFormat.JPEG
