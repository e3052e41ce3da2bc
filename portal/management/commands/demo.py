"""`manage.py demo`: the whole portal on this machine, with nothing to install or configure.

Its start is special: `manage.py` calls `portal.local.environment.prepare` before settings
are read, because here nothing needs to be set, SECRET_KEY neither.
"""

import os
import sys
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from portal.local import environment, plan, ports, seaweedfs, simulator, state
from portal.local.errors import LocalError, PortTaken
from portal.local.layout import DataDir
from portal.local.lock import DataLock
from portal.local.seaweedfs import SeaweedFS
from portal.local.simulator import Simulator
from portal.local.supervisor import Supervisor
from portal.management.commands.demo_users import LOGINS

DEFAULT_PORT = 8000
DEFAULT_PETS = 24


class Command(BaseCommand):
    help = (
        "Run the whole portal here: photo store, queue, workers and web, as child processes on loopback. "
        "Data is kept in the data directory and found again. With DATABASE_URL, REDIS_URL or "
        "AWS_ENDPOINT_URL_S3 set, that server is used in place of the embedded one. Beside the embedded "
        "photo store there is a simulated Amazon S3 to try the storage console on; it keeps nothing."
    )
    requires_system_checks = []  # `migrate`, the first child, makes them

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=_port, help=f"web port (default: {DEFAULT_PORT}, or a free one)")
        parser.add_argument("--data", help="data directory (default: PORTAL_DATA_DIR, or .portal)")
        parser.add_argument("--pets", type=int, default=DEFAULT_PETS, help="how many pets to make up")
        parser.add_argument("--no-data", action="store_true", help="make no pets and photos up")
        parser.add_argument("--reset", action="store_true", help="throw all data away first")
        parser.add_argument("--no-input", action="store_true", help="with --reset: do not ask")

    def handle(self, *args: Any, **options: Any) -> None:
        data = DataDir(settings.PORTAL_DATA_DIR)
        try:
            data.create()
            with DataLock(data.lock) as lock:
                if options["reset"]:
                    self._reset(data, ask=not options["no_input"])
                demo_data = None
                if not options["no_data"]:
                    demo_data = plan.DemoData(options["pets"], is_wanted=_has_no_pets)
                code = self._run(data, lock, port=options["port"], demo_data=demo_data)
        except (LocalError, OSError) as error:
            raise CommandError(str(error)) from error
        if code:
            sys.exit(code)

    def _reset(self, data: DataDir, *, ask: bool) -> None:
        found = [entry.name for entry in data.entries()]
        if not found:
            return
        self.stdout.write(f"This deletes every pet and photo of the demo in {data.root}: {', '.join(found)}.")
        if ask and not _says_yes():
            raise CommandError("Nothing was deleted.")
        data.clear()

    def _run(
        self, data: DataDir, lock: DataLock, *, port: int | None, demo_data: plan.DemoData | None
    ) -> int:
        found = state.load(data.state)
        found.add_passwords(login.name for login in LOGINS)
        found.ports = ports.pick([*seaweedfs.PORT_NAMES, simulator.NAME, "queue", "web"], found.ports)
        found.ports["web"] = _web_port(port, found.ports["web"])
        state.save(found, data.state)

        store = None if environment.is_given("AWS_ENDPOINT_URL_S3") else _store(data, found)
        simulated = None if store is None else self._simulator(data, found)
        queue_port = None if environment.is_given("REDIS_URL") else found.ports["queue"]
        address = f"http://{ports.LOOPBACK}:{found.ports['web']}/"
        lock.describe(address)
        supervisor = Supervisor(
            plan.units(
                data=data,
                web_port=found.ports["web"],
                queue_port=queue_port,
                store=store,
                demo_data=demo_data,
                simulated=simulated,
            ),
            environment=environment.for_children(
                os.environ,
                state=found,
                root=data.root,
                web_port=found.ports["web"],
                queue_port=queue_port,
                store=store,
                simulator=simulated,
            ),
            directory=settings.BASE_DIR,
            logs=data.logs,
            say=self._say,
            keep_open=[lock.descriptor],
        )
        self._say(f"Starting PetTracker; data and logs are in {data.root}")
        for name in ("DATABASE_URL", "REDIS_URL", "AWS_ENDPOINT_URL_S3"):
            if environment.is_given(name):
                self._say(f"Using the server that {name} names.")
        try:
            return supervisor.run(lambda: self._welcome(address, found))
        finally:
            if store is not None:
                store.remove_sockets()

    def _simulator(self, data: DataDir, found: state.State) -> Simulator | None:
        if not simulator.is_installed():
            self._say("No simulated Amazon S3 this time: the package ministack is not installed.")
            return None
        simulated = Simulator(data.simulator, found.ports[simulator.NAME])
        simulated.prepare()
        return simulated

    def _welcome(self, address: str, found: state.State) -> None:
        width = max(len(login.name) for login in LOGINS)
        rows = [
            f"  {login.name:<{width}}  {found.passwords[login.name]}  {login.role or 'superuser'}"
            for login in LOGINS
        ]
        self._say("\n".join(["", f"PetTracker is at {address}", "", *rows, "", "Ctrl-C stops it.", ""]))

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()  # who reads through a pipe waits for the address


def _says_yes() -> bool:
    try:
        return input("Type yes to go on: ").strip().lower() == "yes"
    except EOFError:  # nobody is at the terminal
        return False


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65_535:
        raise ArgumentTypeError(f"{text} is not a port number (1 to 65535).")
    return int(text)


def _web_port(asked: int | None, fallback: int) -> int:
    """Return the port asked for, else the default one, else `fallback`. Raises PortTaken."""
    if asked is not None:
        if not ports.is_free(asked):
            raise PortTaken(f"Port {asked} is taken by another program.")
        return asked
    return DEFAULT_PORT if ports.is_free(DEFAULT_PORT) else fallback


def _store(data: DataDir, found: state.State) -> SeaweedFS:
    store = SeaweedFS(
        directory=Path(data.seaweedfs),
        ports={name: found.ports[name] for name in seaweedfs.PORT_NAMES},
        keys=seaweedfs.Keys(found.s3_access_key, found.s3_secret_key, found.s3_encryption_passphrase),
    )
    store.prepare()
    return store


def _has_no_pets() -> bool:
    """Return whether the database, which the `migrate` step has made, holds no pet."""
    try:
        return not apps.get_model("pets", "Pet")._default_manager.exists()
    finally:
        connection.close()  # the supervisor runs for days and needs it no more
