"""Two real stores: MiniStack, which sends events to its own queues, and SeaweedFS, which tells nothing.

`amazon`: the photos live in MiniStack, in a bucket of each test's own. `outside`: they live in SeaweedFS, and
another program's bucket is in MiniStack.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command

from photos import tasks
from portal.aws import clients, queues
from portal.local import ports
from portal.s3 import buckets, session
from portal.s3.buckets import Birth
from storage_admin.arrivals import consuming, queue_state
from storage_admin.arrivals.sources import Source
from storage_admin.models import Bucket
from tests import pictures
from tests.contract import stores
from tests.factories import BucketFactory

ENOUGH_SECONDS = 20.0


def picture() -> bytes:
    """Return a good JPEG whose bytes nobody has seen before."""
    return pictures.jpeg(comment=uuid4().bytes)


@dataclass(frozen=True)
class Place:
    """A bucket, and what another program does there."""

    source: Source

    def put(self, key: str, body: bytes = b"", **options: Any) -> dict[str, Any]:
        client: Any = session.client(self.source.connection)
        answer: dict[str, Any] = client.put_object(
            Bucket=self.source.bucket, Key=key, Body=body or picture(), **options
        )
        return answer

    def delete(self, key: str, version_id: str = "") -> None:
        named = {"VersionId": version_id} if version_id else {}
        client: Any = session.client(self.source.connection)
        client.delete_object(Bucket=self.source.bucket, Key=key, **named)

    def keys(self, prefix: str = "") -> list[str]:
        answer = session.client(self.source.connection).list_objects_v2(
            Bucket=self.source.bucket, Prefix=prefix
        )
        return [one["Key"] for one in answer.get("Contents", [])]


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of photos that were queued, instead of a queue."""
    sent: list[str] = []
    monkeypatch.setattr(tasks.process, "delay", sent.append)
    return sent


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that waits a second for messages, and puts off for none."""
    monkeypatch.setattr(consuming, "WAIT_SECONDS", 1)
    monkeypatch.setattr(consuming, "_FIRST_PAUSE_SECONDS", 0)


@pytest.fixture
def events_on(settings: Any, quick: None, queued: list[str]) -> Iterator[None]:
    """Arrivals and events are on, with a queue of this test's own."""
    settings.ARRIVALS = settings.S3_EVENTS = True
    settings.EVENTS_QUEUE = f"events-{uuid4().hex[:12]}"
    yield
    clients.forget()


@pytest.fixture
def amazon(
    amazon_like: Callable[..., Bucket], ministack: stores.Endpoint, settings: Any, events_on: None
) -> Place:
    """The photos' own bucket, which sends events."""
    row = amazon_like(Birth())
    settings.AWS_STORAGE_BUCKET_NAME = row.name
    settings.SERVICES_ENDPOINT_URL = ministack.endpoint_url
    call_command("setup_events")
    return Place(Source("default", row.name))


@pytest.fixture
def outside(photo_bucket: str, ministack: stores.Endpoint, settings: Any, events_on: None, db: None) -> Place:
    """Another program's bucket, which sends events; photos are in SeaweedFS, in one of this test's own."""
    settings.S3_CONNECTIONS["default"]["server"] = "seaweedfs"
    settings.S3_CONNECTIONS["outside"] = {
        **settings.S3_CONNECTIONS["default"],
        "endpoint_url": ministack.endpoint_url,
        "browser_endpoint_url": "",
        "server": "ministack",
    }
    settings.SERVICES_ENDPOINT_URL = ministack.endpoint_url
    house, name = f"house-{uuid4().hex[:12]}", f"outside-{uuid4().hex[:12]}"
    buckets.create(house, Birth())
    BucketFactory(name=house)
    settings.AWS_STORAGE_BUCKET_NAME = house
    buckets.create(name, alias="outside")
    settings.ARRIVALS_SOURCES = [house, f"outside/{name}"]
    call_command("setup_events")
    return Place(Source("outside", name))


@pytest.fixture
def house(outside: Place, settings: Any) -> Place:
    """The photos' own bucket, in SeaweedFS, which tells nothing."""
    return Place(Source("default", settings.AWS_STORAGE_BUCKET_NAME))


@pytest.fixture
def read(django_capture_on_commit_callbacks: Any) -> Callable[..., consuming.Read]:
    """Let a worker read the queue until nothing is left in it, and return what it did."""

    def work() -> consuming.Read:
        done = consuming.Read()
        with django_capture_on_commit_callbacks(execute=True):
            for _slice in range(int(ENOUGH_SECONDS)):
                part = consuming.work(2.0)  # of which it waits for one
                done.handled += part.handled
                done.put_off += part.put_off
                queue, _dead = queue_state.both()
                if not queues.depth(queue).total:
                    break
        return done

    return work


@pytest.fixture
def no_queue(settings: Any) -> Iterator[None]:
    """A service that is away: its port is closed."""
    clients.forget()
    settings.SERVICES_ENDPOINT_URL = f"http://127.0.0.1:{ports.pick(['closed'])['closed']}"
    yield
    clients.forget()
