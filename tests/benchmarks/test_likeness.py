"""benchmarks.likeness: a ruler that the benchmark's words about quality rest on."""

import pytest
import pyvips

from benchmarks.likeness import ssim
from tests import pictures


def _picture(width: int = 256, height: int = 192) -> pyvips.Image:
    pixels = pictures.detailed(width, height).tobytes()
    return pyvips.Image.new_from_memory(pixels, width, height, 3, "uchar").copy(interpretation="srgb")


def test_ssim_of_a_picture_with_itself_is_one():
    assert ssim(_picture(), _picture()) == pytest.approx(1.0, abs=1e-6)


def test_ssim_falls_with_every_blur():
    sharp = _picture()

    likeness = [ssim(sharp, sharp.gaussblur(sigma)) for sigma in (1, 2, 4, 8)]

    assert likeness == sorted(likeness, reverse=True)
    assert likeness[0] < 0.999


def test_ssim_of_flat_greys_is_the_formula():
    dark, bright = (pyvips.Image.black(64, 64, bands=3) + value for value in (100, 110))
    dark, bright = (grey.cast("uchar").copy(interpretation="srgb") for grey in (dark, bright))

    # No variance: only the luminance term (2xy + C1) / (x2 + y2 + C1) is left.
    assert ssim(dark, bright) == pytest.approx(
        (2 * 100 * 110 + 6.5025) / (100**2 + 110**2 + 6.5025), abs=1e-4
    )


def test_ssim_refuses_pictures_of_different_sizes():
    with pytest.raises(ValueError, match="256 x 192"):
        ssim(_picture(), _picture(100, 75))
