"""Work on many objects as an operator plays it: a killed worker in the middle, and the way back.

Real workers, a real queue, and the timetable that finds what a dead worker left. Plain boto3 counts
behind the portal's back.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config

from portal.local import plan
from portal.local.layout import DataDir
from portal.local.process import Child
from tests.browser.conftest import DESKTOP, PHONE, Windows
from tests.browser.server import ROOT, prepared_environment, serving
from tests.resilience.faulty_store import Gate, faulty_store
from tests.resilience.filling import Filler
from tests.servers import Queue, Store

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.servers]

OBJECTS = 230  # three batches of copies
KILLED_AFTER = 130  # copies, in the middle of the second batch
PATIENCE_MS = 60_000
READY_WORDS = "ready."
WORKER, BEAT = "worker-bulk", "beat"
# A dead worker's claim counts for seconds, and the timetable looks every second.
SHORT_TIMES = {"JOB_STALE_SECONDS": "5", "SWEEP_SECONDS": "1"}


class Workers:
    """The processes beside the web server; a worker sees the store through a gate, if there is one."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.directory = Path(environment["PORTAL_DATA_DIR"])
        self.environment = environment
        data = DataDir(self.directory)
        units = plan.units(data=data, web_port=0, queue_port=None, store=None, demo_data=None)
        self.commands = {unit.name: unit.command for unit in units}
        self.children: dict[str, Child] = {}

    def start(self, name: str, endpoint_url: str = "") -> None:
        """Start it, and wait until a worker takes tasks."""
        log = self.directory / f"{name}-{uuid4().hex[:6]}.log"
        seen = {"AWS_ENDPOINT_URL_S3": endpoint_url} if endpoint_url else {}
        child = Child(name, self.commands[name], log=log, environment=self.environment | seen, directory=ROOT)
        child.start()
        self.children[name] = child
        if name == WORKER:
            child.wait_until(lambda: READY_WORDS in log.read_text(errors="replace"), limit_seconds=180)

    def kill(self, name: str) -> None:
        """End it at once, as a power cut would: SIGKILL to it and its children."""
        self.children.pop(name).kill()

    def kill_all(self) -> None:
        for name in list(self.children):
            self.kill(name)


@pytest.fixture(scope="module")
def s3(seaweedfs: Store) -> Iterator[Any]:
    """Plain boto3, beside the portal."""
    client = boto3.client(
        "s3",
        endpoint_url=seaweedfs.endpoint_url,
        aws_access_key_id=seaweedfs.access_key,
        aws_secret_access_key=seaweedfs.secret_key,
        region_name="us-east-1",
        config=Config(s3={"addressing_style": "path"}),
    )
    yield client
    client.close()


@pytest.fixture(scope="module")
def bucket(s3: Any) -> str:
    name = f"jobs-{uuid4().hex[:8]}"
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


@pytest.fixture(scope="module")
def portal_at_work(
    browser: "Browser", bucket: str, seaweedfs: Store, valkey: Queue, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Windows, Workers]]:
    """A portal that knows the bucket, with its timetable; each test starts the worker that it needs."""
    environment = prepared_environment(
        tmp_path_factory.mktemp("jobs-portal"),
        AWS_ENDPOINT_URL_S3=seaweedfs.endpoint_url,
        S3_ADDRESSING_STYLE="path",
        S3_SERVER="seaweedfs",
        AWS_ACCESS_KEY_ID=seaweedfs.access_key,
        AWS_SECRET_ACCESS_KEY=seaweedfs.secret_key,
        AWS_STORAGE_BUCKET_NAME=f"photos-{uuid4().hex[:8]}",
        REDIS_URL=valkey.url,
        LOG_LEVEL="INFO",
        PYTHONUNBUFFERED="1",
        **SHORT_TIMES,
    )
    with ExitStack() as running:
        server = running.enter_context(serving(environment))
        workers = Workers(environment)
        running.callback(workers.kill_all)
        workers.start(BEAT)
        windows = Windows(browser, server, {})
        page = windows("ada")
        page.goto("/admin/storage_admin/bucket/")
        page.click("text=Look for buckets")
        page.wait_for_selector(".messagelist")
        # The store is that of all tests: its buckets may fill more than a page.
        page.goto(f"/admin/storage_admin/bucket/?q={bucket}")
        page.wait_for_selector(f"#result_list >> text={bucket}")
        yield windows, workers


@pytest.fixture
def window(portal_at_work: tuple[Windows, Workers]) -> Iterator[Windows]:
    """Windows on that portal. What any page's policy or script complains of fails the test."""
    windows, workers = portal_at_work
    yield windows
    if WORKER in workers.children:
        workers.kill(WORKER)
    for page in windows.open:
        windows.note_violations(page)
        page.context.close()
    windows.open.clear()
    assert not windows.troubles, "\n".join(windows.troubles)


@pytest.fixture
def workers(portal_at_work: tuple[Windows, Workers]) -> Workers:
    return portal_at_work[1]


def open_folder(page: "Page", bucket: str, folder: str) -> None:
    """Go there as people do: buckets, bucket, folder."""
    page.goto(f"/admin/storage_admin/bucket/?q={bucket}")
    page.click("#result_list a:has-text('Browse')")
    page.click(f".entry a:has-text('{folder}')")


def press(page: "Page", label: str) -> None:
    page.click(f"#job-form button:text-is('{label}')")


def wait_for_state(page: "Page", state: str) -> None:
    """Wait for what the page shows by itself: nobody reloads it."""
    page.wait_for_selector(f"#job-progress .badge:text-is('{state}')", timeout=PATIENCE_MS)


def start_planned(page: "Page", count: int) -> None:
    """Wait for the plan, which must name so many objects, and start it."""
    page.wait_for_selector(f"text={count} will be worked on", timeout=PATIENCE_MS)
    page.click("button:text-is('Start')")


def counted(page: "Page") -> dict[str, str]:
    """Return what the progress tells, by its label: the first number of each."""
    facts = page.locator("#job-progress .facts > div").all_inner_texts()
    pairs = (one.split("\n", 1) for one in facts)
    return {label.strip(): value.split()[0] for label, value in pairs}


def versions(s3: Any, bucket: str, prefix: str) -> list[Any]:
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix)
    return [one for page in pages for one in page.get("Versions", [])]


def state(s3: Any, bucket: str, prefix: str) -> dict[str, bytes]:
    found = s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
    return {one["Key"]: s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read() for one in found}


def test_class_change_survives_a_killed_worker_from_plan_to_report(
    window: Windows, workers: Workers, bucket: str, s3: Any, seaweedfs: Store
) -> None:
    names = [f"letters/{number:03}.txt" for number in range(OBJECTS)]
    filler = Filler(seaweedfs.endpoint_url, bucket)
    filler.send("PUT", [*names, "letters-of-others.txt"], b"dear mia")
    filler.close()
    page, gate = window("ada"), Gate(passes=KILLED_AFTER)
    with faulty_store(seaweedfs.endpoint_url, gate=gate) as held_back:
        workers.start(WORKER, held_back.url)

        open_folder(page, bucket, "letters/")
        page.click("text=Jobs for everything below this path")
        page.click("li:has-text('Change storage class') >> text=Go on")
        page.select_option("#id_storage_class", "STANDARD_IA")
        page.click("text=Plan it")
        start_planned(page, OBJECTS)
        assert gate.reached.wait(PATIENCE_MS / 1000)
        press(page, "Pause")
        wait_for_state(page, "pausing")
        workers.kill(WORKER)
        gate.open()
        workers.start(WORKER, held_back.url)
        wait_for_state(page, "paused")
        paused_at = counted(page)["Done"]
        press(page, "Resume")
        wait_for_state(page, "done")

    assert KILLED_AFTER < int(paused_at) < OBJECTS  # the batch was done to its end, and no other begun
    assert counted(page) == {"Done": str(OBJECTS), "Passed over": "0", "Failed": "0"}
    listed = s3.list_objects_v2(Bucket=bucket, Prefix="letters/")["Contents"]
    assert {one["Key"] for one in listed if one["StorageClass"] == "STANDARD_IA"} == set(names)
    # Each was copied once, although a batch was begun twice; what only begins so was not touched.
    assert len(versions(s3, bucket, "letters/")) == 2 * OBJECTS
    assert [one["StorageClass"] for one in versions(s3, bucket, "letters-")] == ["STANDARD"]
    assert set(state(s3, bucket, "letters/").values()) == {b"dear mia"}


def test_folder_is_rolled_back_by_the_time_machine_and_that_is_undone(
    window: Windows,
    workers: Workers,
    bucket: str,
    s3: Any,
    axe: "Callable[[Page], list[str]]",
) -> None:
    for name in (
        "cats/kept.txt",
        "cats/changed.txt",
        "cats/deleted.txt",
        "cats/deleted.txt.bak",
        "cats2.txt",
    ):
        s3.put_object(Bucket=bucket, Key=name, Body=name.encode())
    begins = int(time.time()) + 1  # the store cuts its times to seconds
    time.sleep(begins - time.time() + 0.02)
    when = datetime.fromtimestamp(begins - 1, tz=UTC)
    before = state(s3, bucket, "cats")
    s3.delete_object(Bucket=bucket, Key="cats/deleted.txt")
    s3.delete_object(Bucket=bucket, Key="cats2.txt")
    s3.put_object(Bucket=bucket, Key="cats/changed.txt", Body=b"worse")
    s3.put_object(Bucket=bucket, Key="cats/added.txt", Body=b"new")
    after = state(s3, bucket, "cats")
    workers.start(WORKER)
    page = window("ada")

    open_folder(page, bucket, "cats/")
    page.click("text=What changed here since")
    page.fill("#id_moment", f"{when:%Y-%m-%dT%H:%M:%S}")
    page.click("button:text-is('Look')")
    shown = page.locator(".objects tbody tr").all_inner_texts()
    assert [line.split()[0] for line in shown] == ["added.txt", "changed.txt", "deleted.txt"]
    found = axe(page)
    page.set_viewport_size(PHONE)
    found += axe(page)
    assert not found, "\n".join(found)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.set_viewport_size(DESKTOP)
    page.click("button:text-is('Roll everything back')")
    start_planned(page, 3)
    wait_for_state(page, "done")

    assert state(s3, bucket, "cats/") == {key: body for key, body in before.items() if key != "cats2.txt"}
    assert state(s3, bucket, "cats2") == {}  # a neighbour, deleted as well
    press(page, "Undo it")
    start_planned(page, 3)
    wait_for_state(page, "done")
    assert state(s3, bucket, "cats") == after
