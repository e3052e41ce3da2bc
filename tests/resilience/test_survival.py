"""Workers, queue and store are killed, emptied and stopped: every photo becomes ready, none is lost."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import pictures
from tests.resilience.stack import STORE_AWAY_SECONDS, Stack

pytestmark = pytest.mark.servers

WEB_PATIENCE_SECONDS = 25  # gunicorn's is 30
Uploads = Callable[[int], list[str]]


def assert_all_ready(stack: Stack, ids: list[str]) -> None:
    found = stack.wait_for(ids, "ready", "failed", "rejected")

    assert {photo["status"] for photo in found.values()} == {"ready"}, found
    assert all(stack.ask("stored_renditions", photo=photo) == 4 for photo in ids)


def test_worker_child_killed_in_mid_photo_costs_time_and_no_photo(stack: Stack, uploads: Uploads) -> None:
    # A store that holds its breath keeps two photos in work for as long as it takes to kill.
    with stack.frozen("worker-interactive"):
        ids = uploads(3)
        with stack.frozen("store"):
            os.killpg(stack.worker.pid, signal.SIGCONT)
            in_work = _processing(stack, ids)
            for child in stack.pool_children():
                os.kill(child, signal.SIGKILL)

    assert_all_ready(stack, ids)
    assert in_work
    assert stack.worker.is_running()


def test_worker_killed_in_mid_photo_costs_time_and_no_photo(stack: Stack, uploads: Uploads) -> None:
    with stack.frozen("worker-interactive"):
        ids = uploads(3)
        with stack.frozen("store"):
            os.killpg(stack.worker.pid, signal.SIGCONT)
            in_work = _processing(stack, ids)
            stack.worker.kill()

    stack.start("worker-interactive")

    assert_all_ready(stack, ids)
    assert in_work


def test_emptied_queue_costs_time_and_no_photo(stack: Stack, uploads: Uploads) -> None:
    with stack.frozen("worker-interactive", "worker-bulk"):
        ids = uploads(6)
        assert stack.queued() >= 4  # two or so went to the frozen worker's open request
        stack.flush_queue()
        assert stack.queued() == 0

    assert_all_ready(stack, ids)


def test_queue_that_hangs_delays_an_upload_by_seconds_and_costs_no_photo(
    stack: Stack, uploads: Uploads
) -> None:
    with stack.frozen("queue"):
        began = time.monotonic()
        ids = uploads(1)
        waited = time.monotonic() - began

    assert waited < WEB_PATIENCE_SECONDS
    assert_all_ready(stack, ids)


def test_store_that_hangs_and_then_dies_costs_time_and_no_photo(stack: Stack, uploads: Uploads) -> None:
    with stack.frozen("worker-interactive"):
        ids = uploads(6)
        with stack.frozen("store"):
            os.killpg(stack.worker.pid, signal.SIGCONT)
            time.sleep(STORE_AWAY_SECONDS / 2)
    assert any(photo["status"] != "ready" for photo in stack.ask("look", ids=ids).values())

    with stack.frozen("worker-interactive"):
        ids += uploads(3)
        stack.store.stop()
        os.killpg(stack.worker.pid, signal.SIGCONT)
        time.sleep(STORE_AWAY_SECONDS / 2)
        without_store = stack.ask("look", ids=ids)
        stack.store.start()

    assert "stored" in {photo["status"] for photo in without_store.values()}
    assert not {"failed", "rejected"} & {photo["status"] for photo in without_store.values()}
    assert_all_ready(stack, ids)


def test_hostile_files_are_refused_and_the_worker_lives_on(
    stack: Stack, uploads: Uploads, tmp_path: Path
) -> None:
    worker = stack.worker.pid
    hostile = {
        "bomb.png": pictures.png_bomb(),
        "hungry.png": pictures.hungry_png(),
        "frames.gif": pictures.gif_of(5_000),
        "lying.jpg": pictures.lying_jpeg(60_000, 60_000),
        "short.jpg": pictures.truncated(pictures.jpeg(2000, 1500)),
    }
    sent = {}
    for name, data in hostile.items():
        (tmp_path / name).write_bytes(data)
        sent[name] = stack.ask("send", file=str(tmp_path / name), name=name)["photo"]
    ids = uploads(3)

    assert_all_ready(stack, ids)
    found = stack.wait_for(sent.values(), "ready", "failed", "rejected")
    outcome = {name: found[photo] for name, photo in sent.items()}
    assert outcome["bomb.png"]["status"] == "rejected"
    assert "900,000,000" in outcome["bomb.png"]["reason"]
    assert outcome["frames.gif"]["status"] == "rejected"
    assert "5,000" in outcome["frames.gif"]["reason"]
    assert outcome["lying.jpg"]["status"] == "rejected"
    assert outcome["short.jpg"]["status"] == "rejected"
    assert outcome["hungry.png"]["status"] == "rejected"
    assert "memory" in outcome["hungry.png"]["reason"]
    assert stack.worker.pid == worker
    assert stack.worker.is_running()


def test_same_picture_side_by_side_becomes_ready_once(stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "twin.jpg"
    file.write_bytes(pictures.jpeg(640, 480, comment=str(tmp_path).encode()))
    pet = stack.ask("add_pet", name="Twin")

    answers = stack.ask("send_side_by_side", file=str(file), pet=pet, people=2)

    ids = [answer["photo"] for answer in answers if "photo" in answer]
    found = stack.wait_for(ids, "ready", "rejected", "failed")
    ready = [photo for photo in found.values() if photo["status"] == "ready"]
    refused = [photo for photo in found.values() if photo["status"] == "rejected"]
    refused += [answer for answer in answers if answer.get("refused") == "duplicate"]
    assert len(ready) == 1, (answers, found)
    assert len(refused) == 1, (answers, found)
    assert "very picture" in refused[0]["reason"]


def _processing(stack: Stack, ids: list[str]) -> list[str]:
    """Wait until a worker has at least one of the photos in work; return which."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        busy = [photo for photo, row in stack.ask("look", ids=ids).items() if row["status"] == "processing"]
        if busy:
            return busy
        time.sleep(0.05)
    raise AssertionError(f"nothing in work: {stack.worker.log_tail()}")
