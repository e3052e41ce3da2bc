"""How alike two pictures are: SSIM (Wang, Bovik, Sheikh, Simoncelli 2004) on luminance."""

import pyvips

# The paper's constants for 8-bit pictures, and its Gaussian window of 11 x 11.
_C1 = (0.01 * 255) ** 2
_C2 = (0.03 * 255) ** 2
_SIGMA = 1.5
_WINDOW_EDGE = 0.005


def ssim(one: pyvips.Image, other: pyvips.Image) -> float:
    """Return the mean structural similarity, 1.0 for equal pictures. Both must be sRGB of one size."""
    if (one.width, one.height) != (other.width, other.height):
        raise ValueError(
            f"{one.width} x {one.height} cannot be compared with {other.width} x {other.height}."
        )
    x, y = _luminance(one), _luminance(other)
    mean_x, mean_y = _local(x), _local(y)
    variance_x, variance_y = _local(x * x) - mean_x**2, _local(y * y) - mean_y**2
    covariance = _local(x * y) - mean_x * mean_y
    above = (mean_x * mean_y * 2 + _C1) * (covariance * 2 + _C2)
    below = (mean_x**2 + mean_y**2 + _C1) * (variance_x + variance_y + _C2)
    return float((above / below).avg())


def _luminance(picture: pyvips.Image) -> pyvips.Image:
    # Rec. 601, as the paper's reference code: gamma-coded values, no linear light.
    red, green, blue = picture.colourspace("srgb").extract_band(0, n=3).cast("float").bandsplit()
    return (red * 0.299 + green * 0.587 + blue * 0.114).copy_memory()


def _local(picture: pyvips.Image) -> pyvips.Image:
    return picture.gaussblur(_SIGMA, min_ampl=_WINDOW_EDGE, precision="float")
