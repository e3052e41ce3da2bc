"""The main job, as the README promises it: `demo`, log in, drop photos on a pet, see them; and again later.

Everything is real: the whole stack as `manage.py demo` starts it, chromium, photographs of
animals as a phone sends them. Tiles are judged by their pixels.
"""

import io
import os
import re
import signal
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image, ImageOps

from photos import drawing
from portal.local import ports
from tests.browser.conftest import PHONE, WATCH_POLICY

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.servers]

ROOT = Path(__file__).resolve().parents[2]
PHOTOGRAPHS = ROOT / "photos" / "demo_photos"
READY_MS = 60_000
STOP_SECONDS = 60
UPRIGHT = 1
SIDEWAYS = 6
# Mean difference of grey values (0 to 255) below which two small pictures are the same one.
SAME = 12
LOADED = "[...document.querySelectorAll('[data-tiles] img')].every(one => one.complete && one.naturalWidth)"


@contextmanager
def running_demo(data: Path) -> Iterator[tuple[str, str]]:
    """Run `manage.py demo` on the data directory; give its address and the curator's password."""
    # Neither the tests' own settings nor a developer's servers may reach it.
    foreign = ("AWS_", "S3_", "REDIS_", "CELERY_", "DATABASE_", "PORTAL_", "SECRET_KEY", "HTTPS_ONLY", "LOG_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    port = ports.pick(["web"], {})["web"]
    command = [sys.executable, "manage.py", "demo", "--no-data", "--port", str(port), "--data", str(data)]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    said: list[str] = []
    try:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            if "Ctrl-C" in line:
                break
        text = "".join(said)
        password = re.search(r"^\s+curator\s+(\S+)", text, re.MULTILINE)
        assert password, text
        yield f"http://127.0.0.1:{port}", password.group(1)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=STOP_SECONDS)
    assert process.returncode == 0, "".join(said)


def as_phone(name: str, *, orientation: int, format: str = "jpeg") -> bytes:  # noqa: A002 - drawing's word
    return drawing.as_from_phone(
        (PHOTOGRAPHS / name).read_bytes(),
        orientation=orientation,
        gps=(52.5, 13.4),
        taken_at=datetime(2026, 5, 17, 14, 3),  # noqa: DTZ001 - cameras know no zone
        camera="Example Phone",
        format=format,  # type: ignore[arg-type]  # one of drawing's two words
    )


def mirrored(name: str) -> bytes:
    """Return another photograph: the same one mirrored is another picture to a digest."""
    picture = ImageOps.mirror(Image.open(PHOTOGRAPHS / name).convert("RGB"))
    stored = io.BytesIO()
    picture.save(stored, "JPEG", quality=90)
    return stored.getvalue()


def five_files() -> dict[str, bytes]:
    return {
        "cat.jpg": as_phone("chelsea.jpg", orientation=UPRIGHT),
        "cat-sideways.heic": as_phone("chelsea.jpg", orientation=SIDEWAYS, format="heic"),
        "raccoon.jpg": as_phone("raccoon.jpg", orientation=SIDEWAYS),
        "mirrored.jpg": mirrored("raccoon.jpg"),
        "broken.jpg": as_phone("raccoon.jpg", orientation=UPRIGHT)[:40_000],
    }


def drop(page: "Page", files: dict[str, bytes]) -> None:
    """Drop files onto the upload, as from the desktop."""
    page.evaluate(
        """files => {
            const dragged = new DataTransfer();
            for (const [name, data] of Object.entries(files)) {
                const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
                dragged.items.add(new File([bytes], name));
            }
            document.querySelector("[data-drop]").dispatchEvent(
                new DragEvent("drop", {dataTransfer: dragged, bubbles: true, cancelable: true}));
        }""",
        {name: b64encode(data).decode() for name, data in files.items()},
    )


def sign_in(page: "Page", password: str) -> None:
    page.goto("/admin/login/")
    page.fill("#id_username", "curator")
    page.fill("#id_password", password)
    page.click("#login-form [type=submit]")
    page.wait_for_selector("#user-tools")


def small(data: bytes) -> Image.Image:
    """Return a square grey miniature, cut from the middle, for comparing."""
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    return ImageOps.fit(upright.convert("L"), (24, 24))


def difference(one: Image.Image, other: Image.Image) -> float:
    pairs = zip(one.tobytes(), other.tobytes(), strict=True)
    return sum(abs(a - b) for a, b in pairs) / (24 * 24)


def assert_upright(page: "Page", tile_url: str, original: Image.Image) -> None:
    """Hold the tile's pixels to the photograph: as it stands, and not as it lies."""
    answer = page.request.get(tile_url)
    assert answer.ok, answer.status_text
    tile = small(answer.body())
    assert difference(tile, original) < SAME
    for degrees in (90, 180, 270):
        assert difference(tile, original.rotate(degrees)) > SAME


def tiles(page: "Page") -> dict[str, str]:
    """Return the pet's tiles by caption, once all have loaded."""
    # Asked again and again from here: waiting inside the page would need `eval`, which its policy forbids.
    deadline = time.monotonic() + READY_MS / 1000
    while not page.evaluate(LOADED):
        assert time.monotonic() < deadline, "tiles did not load"
        page.wait_for_timeout(100)
    found = page.eval_on_selector_all("[data-tiles] li", "all => all.map(li => li.querySelector('img').src)")
    alts = page.eval_on_selector_all("[data-tiles] li", "all => all.map(li => li.querySelector('a').href)")
    return dict(zip(alts, found, strict=True))


def test_five_photos_from_a_phone_four_upright_tiles_one_refusal_and_all_there_after_a_restart(
    browser: "Browser", tmp_path: Path
) -> None:
    files = five_files()
    cat = small((PHOTOGRAPHS / "chelsea.jpg").read_bytes())
    raccoon = small((PHOTOGRAPHS / "raccoon.jpg").read_bytes())
    troubles: list[str] = []

    with running_demo(tmp_path) as (address, password):
        page = browser.new_page(base_url=address)
        page.add_init_script(WATCH_POLICY)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        sign_in(page, password)
        page.goto("/admin/pets/pet/add/")
        page.fill("#id_name", "Chelsea")
        page.select_option("#id_species", "cat")
        page.click("[name=_continue]")
        page.wait_for_selector("[data-drop]")
        pet_path = page.url.removeprefix(address)

        drop(page, files)
        page.locator("[data-summary]", has_text="4 ready, 1 refused").wait_for(timeout=READY_MS)

        refused = page.locator(".uploads li.refused")
        assert refused.count() == 1
        assert "broken.jpg" in refused.inner_text()
        assert "damaged or cut short" in refused.inner_text()
        first = tiles(page)
        assert len(first) == 4
        by_name = dict(zip(page.locator("[data-tiles] li").all_inner_texts(), first.values(), strict=True))
        assert_upright(page, by_name["cat.jpg"], cat)
        assert_upright(page, by_name["cat-sideways.heic"], cat)
        assert_upright(page, by_name["raccoon.jpg"], raccoon)
        assert_upright(page, by_name["mirrored.jpg"], ImageOps.mirror(raccoon))
        assert page.evaluate("window.portalViolations") == []
        page.close()

    with running_demo(tmp_path) as (address, password):
        page = browser.new_page(base_url=address, viewport=PHONE)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        sign_in(page, password)
        page.goto(pet_path)
        again = tiles(page)
        assert {href.rpartition("/admin/")[2] for href in again} == {
            href.rpartition("/admin/")[2] for href in first
        }
        for url in again.values():
            assert page.request.get(url).ok
        page.close()

    assert troubles == []
