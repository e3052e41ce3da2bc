"""A whole portal as real processes, to be hurt: store, queue, workers, timetable, and a driver.

The commands are the demo's own (`portal.local.plan`); only the waiting times are shorter.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import redis

from portal.local import plan, ports, seaweedfs, valkey
from portal.local.layout import DataDir
from portal.local.process import Child
from portal.local.supervisor import Unit
from portal.s3 import probe
from tests.servers import KEYS, Queue, running_queue

ROOT = Path(__file__).resolve().parents[2]
# How long the store is away in the test of that: 60 gives the full minute.
STORE_AWAY_SECONDS = int(os.environ.get("RESILIENCE_STORE_AWAY_SECONDS", "20"))
HEAL_SECONDS = 180  # no judgement of speed: with five other test processes beside, a minute was not enough
# Two seconds of work, but near a minute was seen on two cores with eighteen processes waiting for them.
START_SECONDS = 180
READY_WORDS = "ready."  # what a Celery worker logs when it takes tasks
SHORT_TIMES = {
    "SWEEP_SECONDS": "1",
    "REQUEUE_AFTER_SECONDS": "2",
    # Asked to stop at 7 s, killed at 12 s; a claim must outlive that.
    "PROCESSING_SECONDS": "12",
    "CLAIM_STALE_SECONDS": "13",
    "PROCESSING_MEMORY_BYTES": str(256 << 20),
    "JOB_STALE_SECONDS": "5",
}
# `portal.checks` guards the real times and sizes, and would refuse these.
TIMES_FOR_CHECKS = {"CLAIM_STALE_SECONDS": "90", "PROCESSING_MEMORY_BYTES": str(768 << 20)}


class Stack:
    """The running processes; tests stop, freeze and start them again."""

    def __init__(
        self, directory: Path, environment: dict[str, str], queue: Queue, store: "RestartableStore"
    ) -> None:
        self.directory = directory
        self.store = store
        self.environment = environment
        self.queue_port = queue.port
        units = plan.units(data=DataDir(directory), web_port=0, queue_port=None, store=None, demo_data=None)
        self.units: dict[str, Unit] = {unit.name: unit for unit in units}
        self.children: dict[str, Child] = {"store": store.child, "queue": queue.process}
        self._driver: subprocess.Popen[str] | None = None

    @property
    def worker(self) -> Child:
        """The worker that makes photos ready."""
        return self.children["worker-interactive"]

    def start(self, name: str, **environment: str) -> None:
        """Start a service of the plan; a worker is waited for until it takes tasks.

        Variables given here count for this process alone.
        """
        log = self.directory / "logs" / f"{name}.log"
        begin = log.stat().st_size if log.exists() else 0
        child = Child(
            name,
            self.units[name].command,
            log=log,
            environment=self.environment | environment,
            directory=ROOT,
        )
        child.start()
        self.children[name] = child
        if name.startswith("worker"):
            child.wait_until(lambda: READY_WORDS in _since(log, begin), limit_seconds=START_SECONDS)

    def run_step(self, name: str) -> None:
        """Run a step of the plan to its end."""
        environment = {**self.environment, **TIMES_FOR_CHECKS}
        subprocess.run(
            list(self.units[name].command), cwd=ROOT, env=environment, check=True, capture_output=True
        )

    def ask(self, command: str, **arguments: Any) -> Any:
        """Let the driver do something; return its answer."""
        driver = self._driving()
        assert driver.stdin is not None
        assert driver.stdout is not None
        driver.stdin.write(json.dumps({"do": command, **arguments}) + "\n")
        driver.stdin.flush()
        line = driver.stdout.readline()
        if not line:
            raise RuntimeError(f"The driver ended:\n{(self.directory / 'logs' / 'driver.log').read_text()}")
        return json.loads(line)

    def wait_for(self, ids: Iterable[str], *statuses: str, seconds: float = HEAL_SECONDS) -> dict[str, Any]:
        """Wait until all the photos have one of the statuses; return them. AssertionError when time ends."""
        ids = list(ids)
        deadline = time.monotonic() + seconds
        while True:
            found: dict[str, Any] = self.ask("look", ids=ids)
            assert set(found) == set(ids), "a photo's row is gone"
            if all(photo["status"] in statuses for photo in found.values()):
                return found
            assert time.monotonic() < deadline, (
                f"not {statuses} in {seconds:g} s: {found}\n{self.worker.log_tail(40)}"
            )
            time.sleep(0.1)

    def queued(self) -> int:
        """Return how many messages wait for the worker."""
        with redis.Redis(port=self.queue_port) as queue:
            return int(queue.llen("interactive"))

    def flush_queue(self) -> None:
        """Empty Redis."""
        with redis.Redis(port=self.queue_port) as queue:
            queue.flushall()

    @contextmanager
    def frozen(self, *names: str) -> Iterator[None]:
        """Stop processes without ending them: they hold their sockets and answer nothing."""
        for name in names:
            os.killpg(self.children[name].pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for name in names:
                if self.children[name].is_running():
                    os.killpg(self.children[name].pid, signal.SIGCONT)

    def pool_children(self) -> list[int]:
        """Return the process ids of the worker's children, which do the work."""
        listed = Path(f"/proc/{self.worker.pid}/task/{self.worker.pid}/children").read_text()
        return [int(pid) for pid in listed.split()]

    def _driving(self) -> "subprocess.Popen[str]":
        if self._driver is None:
            with (self.directory / "logs" / "driver.log").open("w") as log:
                self._driver = subprocess.Popen(
                    [sys.executable, "-m", "tests.resilience.driver"],
                    cwd=ROOT,
                    env=self.environment,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                )
        return self._driver

    def stop(self) -> None:
        """End everything, users before what they use."""
        if self._driver is not None:
            self._driver.kill()
            self._driver.communicate()
        for name in ("beat", "worker-interactive", "worker-bulk"):
            if name in self.children:
                self.children[name].kill()


class RestartableStore:
    """SeaweedFS on the same ports and data each time it is started."""

    def __init__(self, directory: Path) -> None:
        self.server = seaweedfs.SeaweedFS(directory, ports.pick(seaweedfs.PORT_NAMES), KEYS)
        self.child = Child(
            "SeaweedFS",
            self.server.command(),
            log=directory / "server.log",
            environment=self.server.environment(),
        )

    def start(self) -> None:
        self.server.prepare()
        self.child.start()
        self.child.wait_until(
            lambda: ports.accepts(self.server.ports["seaweedfs_s3"]), limit_seconds=START_SECONDS
        )
        probe.wait_for_writes(
            self.server.endpoint_url, KEYS.access_key, KEYS.secret_key, timeout_seconds=START_SECONDS
        )

    def stop(self) -> None:
        """Kill it, as a power cut would."""
        self.child.kill()
        self.server.remove_sockets()


@contextmanager
def scratch_database(directory: Path) -> Iterator[str]:
    """A database of its own beside the one that DATABASE_URL names; a SQLite file without one."""
    configured = os.environ.get("DATABASE_URL", "")
    if not configured.startswith("postgres"):
        yield f"sqlite:///{directory / 'portal.sqlite3'}"
        return
    name = f"resilience_{os.getpid()}"
    with psycopg.connect(configured, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            yield f"{configured.rpartition('/')[0]}/{name}"
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def running_stack(directory: Path) -> Iterator[Stack]:
    """Run the whole portal until the block ends."""
    (directory / "logs").mkdir(parents=True)
    with ExitStack() as running:
        database_url = running.enter_context(scratch_database(directory))
        queue = running.enter_context(running_queue(directory / "valkey"))
        store = RestartableStore(directory / "seaweedfs")
        running.callback(store.stop)
        store.start()
        environment = {
            **os.environ,
            **SHORT_TIMES,
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "PORTAL_DATA_DIR": str(directory),
            "DATABASE_URL": database_url,
            "REDIS_URL": valkey.url(queue.port),
            "AWS_ENDPOINT_URL_S3": store.server.endpoint_url,
            "AWS_ACCESS_KEY_ID": KEYS.access_key,
            "AWS_SECRET_ACCESS_KEY": KEYS.secret_key,
            "AWS_STORAGE_BUCKET_NAME": "resilience",
            "LOG_LEVEL": "INFO",
            "VIPS_CONCURRENCY": "1",
            "PYTHONUNBUFFERED": "1",
        }
        stack = Stack(directory, environment, queue, store)
        stack.run_step("migrate")
        stack.run_step("setup-storage")
        running.callback(stack.stop)
        for name in ("worker-interactive", "worker-bulk", "beat"):
            stack.start(name)
        yield stack


def _since(log: Path, begin: int) -> str:
    with log.open("rb") as file:
        file.seek(begin)
        return file.read().decode(errors="replace")
