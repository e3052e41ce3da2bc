"""The shapes of the demo's pets, as strokes of a pencil. No image library: `photos.drawing` lends the pencil.

Coordinates: origin in the middle, x to the right, y down, 1.0 is the picture's short side.
A pet sits between -0.5 and 0.5 and looks at whoever holds the camera.
"""

import math
from collections.abc import Callable
from random import Random
from typing import Protocol

from photos.coats import COATS, COLLARS, DARK, PINK, WHITE, Coat, Colour, darker

Point = tuple[float, float]


class Pencil(Protocol):
    """What the shapes are drawn with."""

    def oval(self, centre: Point, radii: Point, colour: Colour, *, turn: float = 0) -> None:
        """Fill an oval, turned clockwise by degrees."""

    def shape(self, points: list[Point], colour: Colour) -> None:
        """Fill a polygon."""

    def stroke(self, points: list[Point], colour: Colour, width: float) -> None:
        """Draw a line through points."""

    def tilt(self, degrees: float, around: Point) -> None:
        """Turn all that follows, clockwise; 0 ends it."""


def sketch(pencil: Pencil, species: str, random: Random) -> None:
    """Draw one pet of a species (unknown ones as a hedgehog); equal states of `random` draw equal pets."""
    coat = random.choice(COATS.get(species, COATS["other"]))
    _ANIMALS.get(species, _hedgehog)(pencil, coat, random)


def _dog(pencil: Pencil, coat: Coat, random: Random) -> None:
    _sitting_body(pencil, coat, random, girth=random.uniform(0.22, 0.28))
    _collar(pencil, random)
    pencil.tilt(random.uniform(-14, 14), (0, 0.08))
    pricked = random.random() < 0.35
    ears = coat.mark if random.random() < 0.7 else darker(coat.main, 0.15)
    if pricked:
        _pointed_ears(pencil, ears, PINK, height=0.2, spread=0.14)
    _head(pencil, coat, (0.2, 0.19))
    if random.random() < 0.5:
        pencil.oval((-0.09, -0.1), (0.075, 0.085), coat.mark, turn=20)
    if not pricked:
        for side in (-1, 1):
            pencil.oval((side * 0.205, -0.04), (0.065, 0.15), ears, turn=-side * random.uniform(8, 24))
    pencil.oval((0, 0.02), (0.105, 0.085), coat.light)
    _eyes(pencil, coat, (0.085, -0.09), 0.03)
    pencil.oval((0, -0.02), (0.04, 0.028), DARK)
    _mouth(pencil, 0.008, 0.045)
    if random.random() < 0.5:
        pencil.oval((0.008, 0.1), (0.026, 0.045), (226, 110, 120))
    pencil.tilt(0, (0, 0))


def _cat(pencil: Pencil, coat: Coat, random: Random) -> None:
    side = random.choice((-1, 1))
    tail = [(side * (0.2 + 0.14 * math.sin(step / 8)), 0.42 - step * 0.02) for step in range(22)]
    pencil.stroke(tail, darker(coat.main, 0.08), 0.07)
    _sitting_body(pencil, coat, random, girth=random.uniform(0.19, 0.25))
    if random.random() < 0.6:
        _collar(pencil, random)
    pencil.tilt(random.uniform(-12, 12), (0, 0.08))
    _pointed_ears(pencil, coat.main, PINK, height=0.17, spread=0.13)
    _head(pencil, coat, (0.2, 0.165))
    for step in (-2, -1, 0, 1, 2) if random.random() < 0.7 else ():
        pencil.stroke([(step * 0.035, -0.215 + abs(step) * 0.012), (step * 0.024, -0.15)], coat.mark, 0.014)
    pencil.oval((-0.04, 0.0), (0.055, 0.045), coat.light)
    pencil.oval((0.04, 0.0), (0.055, 0.045), coat.light)
    _eyes(pencil, coat, (0.082, -0.085), 0.038, slit=True)
    pencil.shape([(-0.022, -0.035), (0.022, -0.035), (0, -0.01)], PINK)
    _mouth(pencil, -0.01, 0.03)
    _whiskers(pencil, -0.005, 0.2)
    pencil.tilt(0, (0, 0))


def _rabbit(pencil: Pencil, coat: Coat, random: Random) -> None:
    pencil.oval((0, 0.32), (0.25, 0.2), coat.main)
    pencil.oval((0, 0.36), (0.15, 0.14), coat.light)
    pencil.tilt(random.uniform(-8, 8), (0, 0.1))
    lop = random.random() < 0.4
    for side in (-1, 1):
        centre, turn = (
            ((side * 0.19, 0.06), side * 14) if lop else ((side * 0.075, -0.3), side * random.uniform(4, 16))
        )
        pencil.oval(centre, (0.052, 0.18), coat.main, turn=turn)
        pencil.oval(centre, (0.026, 0.14), darker(PINK, -0.2), turn=turn)
    _head(pencil, coat, (0.16, 0.165), (0, -0.02))
    if random.random() < 0.5:
        pencil.oval((0.09, -0.06), (0.06, 0.075), coat.mark)
    pencil.oval((0, 0.06), (0.085, 0.07), coat.light)
    _eyes(pencil, coat, (0.095, -0.04), 0.03)
    pencil.shape([(-0.018, 0.025), (0.018, 0.025), (0, 0.046)], PINK)
    _mouth(pencil, 0.045, 0.026)
    _whiskers(pencil, 0.05, 0.16)
    pencil.tilt(0, (0, 0))
    for side in (-1, 1):
        pencil.oval((side * 0.1, 0.49), (0.085, 0.04), coat.light)


def _rodent(pencil: Pencil, coat: Coat, random: Random) -> None:
    for side in (-1, 1):
        pencil.oval((side * 0.17, -0.13), (0.075, 0.075), coat.main)
        pencil.oval((side * 0.17, -0.13), (0.045, 0.045), PINK)
    pencil.oval((0, 0.22), (0.29, 0.27), coat.main)
    pencil.oval((0, 0.3), (0.2, 0.19), coat.light)
    _head(pencil, coat, (0.22, 0.18), (0, 0.0))
    if random.random() < 0.6:
        pencil.oval((-0.1, -0.04), (0.085, 0.095), coat.mark)
    pencil.oval((0, 0.07), (0.12, 0.085), coat.light)
    _eyes(pencil, coat, (0.105, -0.02), 0.03)
    pencil.oval((0, 0.03), (0.02, 0.015), PINK)
    _mouth(pencil, 0.045, 0.026)
    _whiskers(pencil, 0.05, 0.2)
    for side in (-1, 1):
        pencil.oval((side * 0.07, 0.25), (0.035, 0.045), PINK)
        pencil.oval((side * 0.12, 0.48), (0.07, 0.028), PINK)


def _ferret(pencil: Pencil, coat: Coat, random: Random) -> None:
    lean = random.choice((-1, 1)) * 0.08
    spine = [(lean * math.sin(step / 4), 0.48 - step * 0.05) for step in range(12)]
    pencil.stroke(spine, coat.main, 0.26)
    pencil.oval((lean / 2, 0.4), (0.09, 0.13), coat.light)
    for side in (-1, 1):
        pencil.oval((side * 0.1, 0.54), (0.075, 0.035), coat.mark)
        pencil.oval((side * 0.1, 0.16), (0.032, 0.07), coat.mark, turn=side * 24)
    pencil.tilt(random.uniform(-10, 10), (0, 0))
    for side in (-1, 1):
        pencil.oval((side * 0.12, -0.2), (0.05, 0.05), coat.main)
        pencil.oval((side * 0.12, -0.2), (0.028, 0.028), PINK)
    _head(pencil, Coat(coat.light, coat.light, coat.mark, coat.eyes), (0.15, 0.15), (0, -0.12))
    pencil.shape([(-0.14, -0.17), (0.14, -0.17), (0.11, -0.07), (0, -0.11), (-0.11, -0.07)], coat.mark)
    _eyes(pencil, coat, (0.066, -0.12), 0.024)
    pencil.oval((0, -0.035), (0.024, 0.018), darker(PINK, 0.25))
    _mouth(pencil, -0.018, 0.026)
    _whiskers(pencil, -0.02, 0.15)
    pencil.tilt(0, (0, 0))


def _bird(pencil: Pencil, coat: Coat, random: Random) -> None:
    pencil.stroke([(-0.6, 0.36), (0.0, 0.34), (0.6, 0.3)], (112, 80, 54), 0.045)
    pencil.shape([(-0.1, 0.16), (-0.36, 0.5), (-0.26, 0.54), (0.02, 0.26)], coat.mark)
    pencil.oval((0.0, 0.1), (0.19, 0.26), coat.main, turn=18)
    pencil.oval((0.07, 0.14), (0.11, 0.18), coat.light, turn=18)
    for number in range(4):
        wing = darker(coat.mark, -0.1 * number)
        pencil.oval(
            (-0.08 - 0.012 * number, 0.15 - 0.03 * number), (0.09, 0.19 - 0.025 * number), wing, turn=24
        )
    pencil.tilt(random.uniform(-10, 10), (0.08, -0.1))
    pencil.oval((0.09, -0.17), (0.135, 0.13), coat.main)
    pencil.oval((0.15, -0.12), (0.06, 0.06), coat.light)
    if random.random() < 0.5:
        pencil.shape([(0.02, -0.28), (-0.08, -0.42), (0.06, -0.32), (0.02, -0.44), (0.12, -0.29)], coat.mark)
    pencil.shape([(0.19, -0.21), (0.3, -0.15), (0.2, -0.12)], (232, 150, 50))
    pencil.oval((0.125, -0.2), (0.03, 0.03), WHITE)
    pencil.oval((0.13, -0.2), (0.02, 0.02), DARK)
    pencil.oval((0.137, -0.208), (0.006, 0.006), WHITE)
    pencil.tilt(0, (0, 0))
    for foot in (0.0, 0.09):
        pencil.stroke([(foot, 0.3), (foot + 0.02, 0.36)], (232, 150, 50), 0.022)


def _reptile(pencil: Pencil, coat: Coat, random: Random) -> None:
    for across, turn in ((-0.26, 30), (-0.12, 8), (0.12, -8), (0.24, -30)):
        pencil.oval((across, 0.34), (0.055, 0.11), coat.main, turn=turn)
    pencil.tilt(random.uniform(-8, 8), (0.3, 0.2))
    pencil.oval((0.36, 0.14), (0.1, 0.085), coat.main)
    pencil.oval((0.4, 0.11), (0.018, 0.02), DARK)
    pencil.oval((0.405, 0.104), (0.006, 0.006), WHITE)
    pencil.stroke([(0.4, 0.17), (0.45, 0.155)], DARK, 0.008)
    pencil.tilt(0, (0, 0))
    dome = [(0.36 * math.cos(angle / 20), 0.26 - 0.4 * math.sin(angle / 20)) for angle in range(64)]
    pencil.shape(dome, coat.mark)
    for row, (count, height) in enumerate(((5, 0.17), (4, 0.02), (2, -0.08))):
        for number in range(count):
            across = (number - (count - 1) / 2) * (0.13 + 0.006 * row)
            _hexagon(pencil, (across, height), 0.064, coat.light if (row + number) % 2 else coat.main)
    pencil.oval((0, 0.28), (0.37, 0.045), darker(coat.light, 0.2))


def _horse(pencil: Pencil, coat: Coat, random: Random) -> None:
    pencil.shape([(-0.2, -0.1), (-0.46, 0.62), (0.3, 0.62), (0.14, 0.0)], darker(coat.main, 0.1))
    pencil.tilt(random.uniform(-8, 8), (0, 0.1))
    for lock in range(9):
        height = -0.3 + lock * 0.1
        pencil.oval((-0.17 - lock * 0.022, height), (0.05, 0.11), coat.mark, turn=random.uniform(-4, 28))
    _pointed_ears(pencil, coat.main, darker(PINK, 0.2), height=0.15, spread=0.085, base=-0.24)
    pencil.oval((0, -0.14), (0.145, 0.17), coat.main)
    pencil.shape([(-0.135, -0.1), (0.135, -0.1), (0.095, 0.3), (-0.095, 0.3)], coat.main)
    pencil.oval((0, 0.3), (0.115, 0.1), darker(coat.main, 0.25))
    if random.random() < 0.7:
        pencil.oval((0, 0.02), (random.uniform(0.02, 0.05), 0.2), coat.light)
    for across in (-0.05, 0.0, 0.05):
        pencil.oval((across, -0.25), (0.035, 0.09), coat.mark, turn=across * 300)
    _eyes(pencil, coat, (0.112, -0.08), 0.026)
    for side in (-1, 1):
        pencil.oval((side * 0.05, 0.3), (0.016, 0.026), DARK, turn=side * 20)
    pencil.stroke([(-0.05, 0.37), (0.0, 0.38), (0.05, 0.37)], DARK, 0.008)
    pencil.tilt(0, (0, 0))


def _hedgehog(pencil: Pencil, coat: Coat, random: Random) -> None:
    for ring in (0.4, 0.36, 0.32):
        for number in range(44):
            angle = math.pi * (0.94 + 1.12 * number / 43) + random.uniform(-0.03, 0.03)
            tip = (ring * math.cos(angle), 0.26 + ring * 1.05 * math.sin(angle))
            root = (0.2 * math.cos(angle), 0.26 + 0.2 * math.sin(angle))
            pencil.stroke([root, tip], darker(coat.mark, random.uniform(-0.35, 0.25)), 0.014)
    pencil.oval((0, 0.26), (0.3, 0.24), coat.mark)
    for side in (-1, 1):
        pencil.oval((side * 0.17, 0.06), (0.055, 0.055), coat.main)
    pencil.oval((0, 0.2), (0.2, 0.19), coat.light)
    _eyes(pencil, coat, (0.08, 0.15), 0.024)
    pencil.oval((0, 0.23), (0.032, 0.026), DARK)
    _mouth(pencil, 0.25, 0.03)
    for side in (-1, 1):
        pencil.oval((side * 0.12, 0.46), (0.06, 0.035), coat.light)


_ANIMALS: dict[str, Callable[[Pencil, Coat, Random], None]] = {
    "dog": _dog,
    "cat": _cat,
    "rabbit": _rabbit,
    "rodent": _rodent,
    "ferret": _ferret,
    "bird": _bird,
    "reptile": _reptile,
    "horse": _horse,
}


def _sitting_body(pencil: Pencil, coat: Coat, random: Random, *, girth: float) -> None:
    pencil.oval((0, 0.34), (girth, 0.25), darker(coat.main, 0.06))
    if random.random() < 0.5:
        pencil.oval((girth * 0.6, 0.34), (0.07, 0.11), coat.mark, turn=-15)
    pencil.oval((0, 0.3), (girth * 0.55, 0.2), coat.light)
    for side in (-1, 1):
        pencil.oval((side * 0.085, 0.4), (0.06, 0.16), coat.main)
        pencil.oval((side * 0.085, 0.53), (0.075, 0.04), coat.light)


def _head(pencil: Pencil, coat: Coat, radii: Point, centre: Point = (0, -0.07)) -> None:
    # The darker rim sets the head off from a body of the same colour.
    pencil.oval((centre[0], centre[1] + 0.008), (radii[0] + 0.008, radii[1] + 0.008), darker(coat.main, 0.22))
    pencil.oval(centre, radii, coat.main)


def _pointed_ears(
    pencil: Pencil, colour: Colour, inside: Colour, *, height: float, spread: float, base: float = -0.13
) -> None:
    for side in (-1, 1):
        foot = side * spread
        tip = (foot + side * 0.05, base - height)
        pencil.shape([(foot - 0.08, base), tip, (foot + 0.075, base + 0.03)], colour)
        small = (foot + side * 0.042, base - height * 0.72)
        pencil.shape([(foot - 0.042, base), small, (foot + 0.042, base + 0.01)], inside)


def _eyes(pencil: Pencil, coat: Coat, place: Point, radius: float, *, slit: bool = False) -> None:
    for side in (-1, 1):
        at = (side * place[0], place[1])
        pencil.oval(at, (radius * 1.25, radius * 1.2), DARK)
        pencil.oval(at, (radius, radius), coat.eyes)
        pencil.oval(at, (radius * (0.35 if slit else 0.62), radius * (0.9 if slit else 0.62)), (18, 14, 16))
        pencil.oval((at[0] + radius * 0.3, at[1] - radius * 0.35), (radius * 0.25, radius * 0.25), WHITE)


def _mouth(pencil: Pencil, top: float, width: float) -> None:
    for side in (-1, 1):
        curve = [
            (side * width * step / 4, top + 0.03 * math.sin(step / 4 * math.pi * 0.8)) for step in range(5)
        ]
        pencil.stroke(curve, DARK, 0.008)


def _whiskers(pencil: Pencil, height: float, length: float) -> None:
    for side in (-1, 1):
        for slope in (-0.25, 0.0, 0.25):
            start, end = (side * 0.06, height), (side * (0.06 + length), height + slope * length - 0.02)
            pencil.stroke([start, end], (246, 244, 240), 0.004)


def _hexagon(pencil: Pencil, centre: Point, radius: float, colour: Colour) -> None:
    corners = [(math.cos(math.pi / 3 * side), math.sin(math.pi / 3 * side)) for side in range(6)]
    pencil.shape([(centre[0] + radius * x, centre[1] + radius * y) for x, y in corners], colour)


def _collar(pencil: Pencil, random: Random) -> None:
    pencil.stroke([(-0.12, 0.13), (0.0, 0.165), (0.12, 0.13)], random.choice(COLLARS), 0.04)
    pencil.oval((0, 0.2), (0.026, 0.026), (226, 190, 80))
