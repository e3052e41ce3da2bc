"""What the demo consists of, and what each part waits for."""

import http.client
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from portal.local import seaweedfs, simulator, valkey
from portal.local.layout import DataDir
from portal.local.ports import LOOPBACK, accepts
from portal.local.seaweedfs import SeaweedFS
from portal.local.simulator import Simulator
from portal.local.supervisor import Service, Step, Unit

_CRASHES_FORGIVEN = 3
# Longer than a photo takes; a task that is cut off is found by the sweep and done again.
_WORKER_STOP_SECONDS = 15


@dataclass(frozen=True)
class DemoData:
    """How many pets to make, if `is_wanted()` once the tables are there."""

    pets: int
    is_wanted: Callable[[], bool]


def units(
    *,
    data: DataDir,
    web_port: int,
    queue_port: int | None,
    store: SeaweedFS | None,
    demo_data: DemoData | None,
    simulated: Simulator | None = None,
) -> list[Unit]:
    """Return the demo's steps and services. A queue or store that is None is somebody else's server."""
    servers: list[Unit] = []
    if store is not None:
        servers += [_store(store), _store_takes_writes()]
    if queue_port is not None:
        servers.append(_queue(queue_port, data.valkey))
    after_servers = tuple(unit.name for unit in servers)
    steps: list[Unit] = [
        _manage("migrate", "database tables", "migrate", "--no-input"),
        _manage("collectstatic", "static files", "collectstatic", "--no-input"),
        _manage("setup-storage", "photo bucket", "setup_storage", needs=after_servers),
        _manage("demo-users", "log-ins", "demo_users", needs=("migrate",)),
    ]
    prepared = ("migrate", "collectstatic", "setup-storage")
    running: list[Unit] = [
        _web(web_port, needs=prepared),
        _worker("interactive", concurrency=2, needs=prepared),
        _worker("bulk", concurrency=1, needs=prepared),
        _beat(needs=prepared),
    ]
    if demo_data is not None:
        # The page is up first: a hundred photos are minutes of work on a small machine.
        everything = (*(unit.name for unit in running), "demo-users")
        running.append(
            Step(
                name="demo-data",
                label="demo pets and photos",
                command=_manage_command("demo_data", "--pets", str(demo_data.pets)),
                needs=everything,
                is_wanted=demo_data.is_wanted,
                is_background=True,
            )
        )
    if simulated is not None:
        running += [
            _simulator(simulated),
            _samples(),
            _mirror(),
            _export(),
            *_arrivals(with_uploads=demo_data is not None),
        ]
    return [*servers, *steps, *running]


def _manage_command(*arguments: str) -> list[str]:
    return [sys.executable, "manage.py", *arguments]


def _manage(name: str, label: str, *arguments: str, needs: tuple[str, ...] = ()) -> Step:
    return Step(name=name, label=label, command=_manage_command(*arguments), needs=needs)


def _store(store: SeaweedFS) -> Service:
    return Service(
        name="seaweedfs",
        label="photo store (SeaweedFS)",
        command=store.command(),
        environment=store.environment(),
        is_ready=lambda: accepts(store.ports["seaweedfs_s3"]),
        limit_seconds=seaweedfs.START_SECONDS,
        stop_seconds=seaweedfs.STOP_SECONDS,
    )


def _store_takes_writes() -> Step:
    # Needs nothing: it asks until there is an answer, and has its imports done by then.
    return Step(
        name="store-probe",
        label="photo store takes writes",
        command=[sys.executable, "-m", "portal.s3.probe", str(seaweedfs.START_SECONDS)],
    )


def _simulator(simulated: Simulator) -> Service:
    # After the first page: nobody waits for it, and without it everything else goes on.
    return Service(
        name=simulator.NAME,
        label="Amazon S3, simulated (MiniStack)",
        command=simulated.command(),
        environment=simulated.environment(),
        needs=("web",),
        is_ready=lambda: accepts(simulated.port),
        limit_seconds=simulator.START_SECONDS,
        is_background=True,
    )


def _samples() -> Step:
    return Step(
        name="simulator-samples",
        label="samples in the simulated Amazon S3",
        command=_manage_command("simulator_samples"),
        needs=(simulator.NAME,),
        is_background=True,
    )


def _mirror() -> Step:
    # At each start: the simulator has forgotten what was sent to it.
    return Step(
        name="mirror",
        label="the mobile app's tables in the simulated DynamoDB",
        command=_manage_command("setup_dynamodb"),
        needs=(simulator.NAME,),
        is_background=True,
    )


def _export() -> Step:
    # At each start, for the same reason; with as many pets as there are by then.
    return Step(
        name="export",
        label="an export for analysis in the simulated Amazon S3",
        command=_manage_command("export_analytics"),
        needs=("simulator-samples", "migrate"),
        is_background=True,
    )


def _arrivals(*, with_uploads: bool) -> list[Unit]:
    # At each start: the simulator has forgotten its queue, and what was put into it.
    setup = Step(
        name="events",
        label="events of the simulated Amazon S3",
        command=_manage_command("setup_events"),
        needs=("simulator-samples",),
        is_background=True,
    )
    uploads = Step(
        name="outside-uploads",
        label="photos from another program",
        command=_manage_command("simulator_uploads"),
        needs=("events", "demo-data"),  # some name pets, which are there then
        is_background=True,
    )
    worker = _worker("events", concurrency=1, needs=("events",), is_background=True)
    return [setup, worker, uploads] if with_uploads else [setup, worker]


def _queue(port: int, directory: Path) -> Service:
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    program = valkey.find_server()
    return Service(
        name="valkey",
        label=f"queue ({program.name})",
        command=valkey.command(program, port=port, directory=directory),
        is_ready=lambda: valkey.answers(port),
        limit_seconds=valkey.START_SECONDS,
    )


def _web(port: int, *, needs: tuple[str, ...]) -> Service:
    options = [
        "--bind",
        f"{LOOPBACK}:{port}",
        "--worker-class",
        "gthread",
        "--workers",
        "2",
        "--threads",
        "4",
    ]
    return Service(
        name="web",
        label="web (gunicorn)",
        # No control socket: it would be one file in the home directory for all demos.
        command=[
            sys.executable,
            "-m",
            "gunicorn",
            "portal.wsgi:application",
            *options,
            "--no-control-socket",
        ],
        needs=needs,
        is_ready=lambda: _shows_a_page(port),
        restarts=_CRASHES_FORGIVEN,
    )


def _worker(queue: str, *, concurrency: int, needs: tuple[str, ...], is_background: bool = False) -> Service:
    options = ["--queues", queue, "--hostname", f"{queue}@%h", "--concurrency", str(concurrency)]
    # Workers that talk to each other start seconds later, and have nothing to say here.
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    return Service(
        name=f"worker-{queue}",
        label=f"worker for {queue} (Celery)",
        command=[sys.executable, "-m", "celery", "--app", "portal", "worker", *options, *quiet],
        needs=needs,
        restarts=_CRASHES_FORGIVEN,
        stop_seconds=_WORKER_STOP_SECONDS,
        is_background=is_background,
    )


def _beat(*, needs: tuple[str, ...]) -> Service:
    return Service(
        name="beat",
        label="timetable (Celery beat)",
        command=[sys.executable, "-m", "celery", "--app", "portal", "beat", "--pidfile="],
        needs=needs,
        restarts=_CRASHES_FORGIVEN,
    )


def _shows_a_page(port: int) -> bool:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=10)
    try:
        connection.request("GET", "/admin/login/")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
