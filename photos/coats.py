"""The colours of the demo's pets."""

from dataclasses import dataclass

Colour = tuple[int, int, int]

DARK: Colour = (38, 30, 30)
WHITE: Colour = (250, 248, 244)
PINK: Colour = (232, 160, 160)


@dataclass(frozen=True)
class Coat:
    """A pet's colours: most of it, belly and muzzle, patches or stripes, and the eyes."""

    main: Colour
    light: Colour
    mark: Colour
    eyes: Colour


_CREAM, _SNOW, _SAND = (240, 222, 190), (246, 243, 236), (222, 190, 140)
COATS: dict[str, tuple[Coat, ...]] = {
    "dog": (
        Coat((196, 140, 84), _CREAM, (120, 78, 44), (84, 52, 30)),
        Coat((58, 52, 54), (222, 168, 104), (30, 27, 29), (98, 60, 32)),
        Coat(_SNOW, WHITE, (150, 96, 56), (70, 44, 28)),
        Coat((128, 82, 50), (196, 146, 100), (92, 56, 34), (150, 108, 52)),
        Coat((150, 152, 158), WHITE, (80, 82, 90), (110, 150, 190)),
    ),
    "cat": (
        Coat((222, 150, 76), _CREAM, (186, 108, 42), (120, 160, 60)),
        Coat((122, 118, 112), (226, 220, 210), (72, 68, 66), (170, 176, 60)),
        Coat((46, 44, 50), (70, 68, 76), (34, 32, 38), (226, 190, 50)),
        Coat(_SNOW, WHITE, (204, 140, 84), (90, 150, 200)),
        Coat((226, 208, 182), _CREAM, (96, 70, 56), (70, 140, 210)),
    ),
    "rabbit": (
        Coat((168, 132, 98), _CREAM, (124, 92, 64), DARK),
        Coat(_SNOW, WHITE, (90, 84, 84), (150, 60, 60)),
        Coat((128, 128, 134), (220, 220, 222), (86, 86, 94), DARK),
        Coat(_SAND, _CREAM, (180, 132, 84), DARK),
    ),
    "rodent": (
        Coat((206, 150, 92), WHITE, (150, 98, 56), DARK),
        Coat((140, 136, 134), WHITE, (92, 88, 88), DARK),
        Coat(_CREAM, WHITE, (196, 140, 90), (120, 40, 40)),
    ),
    "ferret": (
        Coat((178, 146, 108), _CREAM, (78, 58, 48), DARK),
        Coat((232, 220, 196), WHITE, (190, 164, 124), (140, 50, 50)),
    ),
    "bird": (
        Coat((84, 176, 90), (244, 224, 96), (40, 96, 70), DARK),
        Coat((96, 160, 220), WHITE, (50, 84, 150), DARK),
        Coat((246, 210, 70), (252, 236, 150), (222, 140, 50), DARK),
        Coat((166, 168, 176), WHITE, (200, 60, 60), DARK),
    ),
    "reptile": (
        Coat((126, 138, 72), (206, 194, 124), (84, 70, 40), DARK),
        Coat((150, 122, 72), (216, 190, 120), (86, 62, 36), DARK),
    ),
    "horse": (
        Coat((132, 78, 46), WHITE, (44, 32, 28), (50, 34, 26)),
        Coat((216, 204, 190), WHITE, (120, 112, 108), (46, 36, 30)),
        Coat((62, 50, 46), (210, 200, 190), (32, 26, 26), (60, 38, 26)),
    ),
    "other": (
        Coat((150, 122, 98), (234, 212, 180), (86, 68, 56), DARK),
        Coat((190, 170, 150), (246, 232, 210), (120, 96, 80), DARK),
    ),
}
COLLARS: tuple[Colour, ...] = ((196, 48, 56), (44, 104, 176), (54, 140, 92), (232, 160, 40), (130, 70, 150))


def darker(colour: Colour, by: float) -> Colour:
    """Return the colour with `by` (0..1) of its light taken away; negative adds white."""
    toward = 0 if by > 0 else 255
    red, green, blue = (round(value + (toward - value) * abs(by)) for value in colour)
    return red, green, blue
