"""Loads one database and measures its pages; `benchmarks.admin` starts it as a process of its own.

DATABASE_URL=... python -m benchmarks.admin.measure --photos N --pets N --into results.json
"""

import argparse
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import connection
from django.db.utils import DatabaseError
from django.test import Client

from benchmarks.admin.loading import load
from benchmarks.admin.pages import CURATOR, SUPERUSER, pages
from portal.models import User
from portal.roles import CURATOR as CURATORS

REPEATS = 7
CAP_SECONDS = 60
# A peer that takes this long is measured once more, or not again.
SLOW_SECONDS, VERY_SLOW_SECONDS = 1, 5


@dataclass
class Timing:
    """What was seen of one page: milliseconds of each hit after the first, and the first one's queries."""

    times: list[float] = field(default_factory=list)
    # Processor time of ours and of the database's process: what an idle machine would take.
    cpu: float = 0
    queries: int = 0
    first: float = 0
    timed_out: bool = False

    @property
    def median(self) -> float:
        """The median in milliseconds; the first hit where there was no other."""
        return median(self.times or [self.first])


@dataclass
class Measured:
    """One page of ours beside the stock one."""

    name: str
    user: str
    ours: Timing
    stock: Timing | None


def main() -> None:
    """Load, warm up, measure, write the results as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--photos", type=int, required=True)
    parser.add_argument("--pets", type=int, required=True)
    parser.add_argument("--into", type=Path, required=True)
    parser.add_argument("--only", default="", help="measure only pages whose name holds this")
    parser.add_argument("--no-stock", action="store_true")
    options = parser.parse_args()

    load(photos=options.photos, pets=options.pets)
    settings.ROOT_URLCONF = "benchmarks.admin.stock"
    call_command("collectstatic", interactive=False, verbosity=0)
    clients = _clients()
    with _store_calls() as calls:
        measured = []
        for page in pages():
            if options.only in page.name:
                stock_url = "" if options.no_stock else page.stock_url
                one = _measure(clients[page.user], page.url, clients[SUPERUSER], stock_url)
                measured.append(asdict(Measured(page.name, page.user, *one)))
                print(_line(page.name, *one), flush=True)
    facts = {"database": _version(), "size": _size(), "store_calls": calls[0]}
    options.into.write_text(json.dumps({**facts, "pages": measured}))


def _measure(client: Client, url: str, stock_client: Client, stock_url: str) -> tuple[Timing, Timing | None]:
    """Hit both pages in turn, so that what else the machine does falls on both."""
    ours, stock = Timing(), Timing() if stock_url else None
    _first(client, url, ours)
    if stock is not None:
        _first(stock_client, stock_url, stock)
    for _unused in range(REPEATS):
        before = _cpu()
        ours.times.append(_hit(client, url))
        ours.cpu += (_cpu() - before) / REPEATS
        if stock is not None and len(stock.times) < _hits_worth(stock):
            stock.times.append(_hit(stock_client, stock_url))
    return ours, stock


def _hits_worth(stock: Timing) -> int:
    if stock.timed_out or stock.first > VERY_SLOW_SECONDS * 1000:
        return 0
    return 2 if stock.first > SLOW_SECONDS * 1000 else REPEATS


def _first(client: Client, url: str, timing: Timing) -> None:
    """Warm up, and count what the page asks the database."""

    def count(execute: Any, *args: Any) -> Any:
        timing.queries += 1
        return execute(*args)

    with _cut_off(), connection.execute_wrapper(count):
        try:
            timing.first = _hit(client, url)
        except DatabaseError as error:
            if "interrupt" not in str(error) and "cancel" not in str(error):
                raise
            timing.timed_out = True
            connection.close()


def _cpu() -> float:
    """Return milliseconds of processor time so far: ours, and PostgreSQL's where it runs on this machine."""
    spent = 1000 * time.process_time()
    if connection.vendor == "postgresql" and connection.connection is not None:
        schedule = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat")
        spent += int(schedule.read_text().split()[0]) / 1e6 if schedule.exists() else 0
    return spent


def _hit(client: Client, url: str) -> float:
    begin = time.perf_counter()
    response = client.get(url)
    taken = 1000 * (time.perf_counter() - begin)
    # The search opens an only hit at once; any other page is shown.
    if response.status_code not in ({200, 302} if "search/" in url else {200}):
        raise AssertionError(f"{url} answered {response.status_code}")
    return taken


@contextmanager
def _cut_off() -> Iterator[None]:
    """Cancel the statement that runs when the time is over."""
    connection.ensure_connection()
    raw = connection.connection
    cancel = raw.cancel_safe if connection.vendor == "postgresql" else raw.interrupt
    timer = threading.Timer(CAP_SECONDS, cancel)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@contextmanager
def _store_calls() -> Iterator[list[int]]:
    """Count what goes out to S3, in a list of one number; nothing leaves the machine."""
    calls = [0]

    def refuse(*_args: Any, **_kwargs: Any) -> None:
        calls[0] += 1
        raise ConnectionError("A list page asked the store.")

    with patch("botocore.httpsession.URLLib3Session.send", refuse):
        yield calls


def _clients() -> dict[str, Client]:
    """Return a browser for a curator and one for a superuser, both signed in."""
    curator, _created = User.objects.get_or_create(username=CURATOR, defaults={"is_staff": True})
    curator.groups.set(Group.objects.filter(name=CURATORS))
    clients = {}
    for user in (curator, User.objects.get(username=SUPERUSER)):
        clients[user.username] = Client(SERVER_NAME="localhost")
        clients[user.username].force_login(user, "django.contrib.auth.backends.ModelBackend")
    return clients


def _version() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT version()" if connection.vendor == "postgresql" else "SELECT sqlite_version()")
        version = cursor.fetchone()[0]
    return " ".join(version.split()[:2]) if connection.vendor == "postgresql" else f"SQLite {version}"


def _size() -> int:
    """The database's size in bytes."""
    sql = {
        "postgresql": "SELECT pg_database_size(current_database())",
        "sqlite": "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
    }
    with connection.cursor() as cursor:
        cursor.execute(sql[connection.vendor])
        return int(cursor.fetchone()[0])


def _line(name: str, ours: Timing, stock: Timing | None) -> str:
    beside = ""
    if stock is not None:
        beside = (
            "  stock > 60 s" if stock.timed_out else f"  stock {stock.median:.0f} ms, {stock.queries} queries"
        )
    return f"{name}: {ours.median:.0f} ms, CPU {ours.cpu:.0f} ms, {ours.queries} queries{beside}"
