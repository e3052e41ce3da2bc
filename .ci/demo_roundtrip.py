"""Prove `manage.py demo` as a stranger would: `VENV/bin/python .ci/demo_roundtrip.py`.

Starts the demo in an empty directory with nothing set, signs in over HTTP, uploads photos
in both ways (straight to the store, and through the form), waits until they are ready,
fetches their tiles, stops the demo, starts it again and finds everything.
"""

import argparse
import io
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from person import NotGiven, Person
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
GIVE_UP_SECONDS = 180
SIDEWAYS = 6  # EXIF orientation: turn a quarter to the right to see it upright
TILE_SIDE = 160


class Failed(Exception):
    """What was promised did not happen."""


def check(holds: bool, sentence: str) -> None:
    """Tell a promise that was kept; stop at one that was not."""
    if not holds:
        raise Failed(sentence)
    print(f"ok    {sentence}", flush=True)


# --- The demo as a process ---------------------------------------------------


@dataclass(frozen=True)
class Demo:
    """A running demo and what it printed."""

    url: str
    passwords: dict[str, str]
    process: "subprocess.Popen[str]"
    start_seconds: float

    def sign_in(self, name: str) -> Person:
        return Person(self.url, name, self.passwords[name])


def command(data: Path, port: int) -> list[str]:
    demo = [sys.executable, str(ROOT / "manage.py"), "demo", "--no-data"]
    return [*demo, "--data", str(data), "--port", str(port)]


@contextmanager
def running_demo(data: Path, port: int) -> Iterator[Demo]:
    """Start the demo, wait for its address, and stop it as Ctrl-C does."""
    began = time.monotonic()
    process = subprocess.Popen(
        command(data, port),
        env={"PATH": os.environ["PATH"]},  # nothing else is set
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    too_late = threading.Timer(GIVE_UP_SECONDS, process.terminate)
    too_late.start()
    try:
        said = _read_until_up(process)
        yield Demo(f"http://127.0.0.1:{port}", _passwords(said), process, time.monotonic() - began)
    finally:
        too_late.cancel()
        process.send_signal(signal.SIGINT)
        print(
            "".join(
                f"      {line}\n" for line in process.communicate(timeout=GIVE_UP_SECONDS)[0].splitlines()
            )
        )
    check(process.returncode == 0, "the demo stops with code 0")
    check(not _listens(port), "nobody listens on its port any more")


def _read_until_up(process: "subprocess.Popen[str]") -> list[str]:
    said: list[str] = []
    assert process.stdout is not None
    for line in process.stdout:
        print(f"      {line}", end="", flush=True)
        said.append(line)
        if line.startswith("Ctrl-C"):
            return said
    raise Failed("the demo ended before it was up")


def _passwords(said: list[str]) -> dict[str, str]:
    """Read the log-ins from the table: name, password, role."""
    rows = [line.split() for line in said if line.startswith("  ")]
    return {row[0]: row[1] for row in rows if len(row) >= 3 and row[1].count("-") == 2}


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


# --- What is proved ----------------------------------------------------------


def sideways_photo(colour: str) -> bytes:
    """Return a JPEG as a phone held upright sends it: lying on its side, with a tag that says so.

    Upright, its upper half is `colour` and its lower half black.
    """
    upright = Image.new("RGB", (900, 1200), "black")
    upright.paste(colour, (0, 0, 900, 600))
    exif = Image.Exif()
    exif[0x0112] = SIDEWAYS
    sent = io.BytesIO()
    upright.transpose(Image.Transpose.ROTATE_90).save(sent, "JPEG", quality=90, exif=exif)
    return sent.getvalue()


def check_photo(person: Person, photo: str, colour: tuple[int, int, int]) -> None:
    """Check that the photo is ready, and its tile small and upright."""
    found = person.wait_until_settled(photo)
    check(found["status"] == "ready", f"the photo is {found['status']} {found['reason']}".rstrip())
    tile = person.picture(found["tile"])
    check((tile.format, tile.size) == ("WEBP", (TILE_SIDE, TILE_SIDE)), "its tile is WebP of 160 x 160")
    top, bottom = (tile.convert("RGB").getpixel((TILE_SIDE // 2, y)) for y in (20, TILE_SIDE - 20))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    near = all(abs(one - other) < 40 for one, other in zip(top, colour, strict=True))
    check(near and max(bottom) < 40, "the tile is upright")


def prove(data: Path, start_limit_seconds: float) -> None:
    port = free_port()
    with running_demo(data, port) as demo:
        check(
            demo.start_seconds <= start_limit_seconds, f"the first page is up in {demo.start_seconds:.1f} s"
        )
        second = subprocess.run(command(data, free_port()), capture_output=True, text=True, check=False)
        check(second.returncode == 1 and demo.url in second.stderr, "a second demo names the first")

        pet = demo.sign_in("curator").add_pet("Rex")
        photographer = demo.sign_in("photographer")
        straight = photographer.upload_straight(pet, "straight.jpg", sideways_photo("red"))
        if "photo" not in straight:
            raise Failed(f"refused: {straight}")
        check_photo(photographer, straight["photo"], (255, 0, 0))

        files = {"form.jpg": sideways_photo("blue"), "broken.jpg": b"this is no photo"}
        good, broken = photographer.upload_by_form(pet, files)
        check("broken.jpg" in broken.get("error", ""), f"a broken file is refused: {broken.get('error')}")
        if "photo" not in good:
            raise Failed(f"refused: {good}")
        check_photo(photographer, good["photo"], (0, 0, 255))

    with running_demo(data, port) as demo:
        check(demo.start_seconds <= start_limit_seconds, f"it is up again in {demo.start_seconds:.1f} s")
        photographer = demo.sign_in("photographer")
        check("Rex" in photographer.get(f"/admin/pets/pet/{pet}/change/"), "the pet is found again")
        check_photo(photographer, straight["photo"], (255, 0, 0))
        check_photo(photographer, good["photo"], (0, 0, 255))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--start-limit", type=float, default=30, help="seconds until the first page (30)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pettracker-demo-") as directory:
        try:
            prove(Path(directory) / "data", options.start_limit)
        except (Failed, NotGiven) as failure:
            for log in sorted(Path(directory).glob("data/logs/*.log")):
                print(f"--- {log.name}\n{log.read_text(errors='replace')[-3000:]}")
            sys.exit(f"FAILED  {failure}")


if __name__ == "__main__":
    main()
