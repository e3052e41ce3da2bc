"""The photo bucket for tests, in a real SeaweedFS, and the faults that a store can have.

`photo_bucket` points the portal's settings at it; `store_calls` counts what is asked of any
store; `answering` makes one operation fail the way S3 says it, below botocore's own retries.
"""

import io
import itertools
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from portal.local import ports
from portal.s3 import buckets, renewal, session, unrelated
from portal.s3.photo_bucket import prepare
from portal.s3.session import Timeouts
from tests.servers import Store

BUCKET = f"photos-{os.getpid()}-{uuid4().hex[:8]}"
LEFT_ALONE_SECONDS = 2
_made: dict[str, tuple[dict[Any, Any], dict[Any, Any]]] = {}


def use_store(
    settings: Any, endpoint_url: str, *, browser_endpoint_url: str = "", region: str = "us-east-1"
) -> None:
    """Point the portal at a store: settings, clients, and the storage that Django made of them."""
    settings.S3_CONNECTIONS = {
        "default": {
            "endpoint_url": endpoint_url,
            "browser_endpoint_url": browser_endpoint_url,
            "region": region,
            "addressing_style": "path",
            "checksums": "when_supported",
        }
    }
    settings.STORAGES = dict(settings.STORAGES)  # Django then forgets the storages it made
    # Making a client takes a tenth of a second or more: one set of them for each address.
    address = f"{endpoint_url} {browser_endpoint_url}"
    sessions, clients = _made.setdefault(address, ({}, {}))
    # A thread that a page gave up waiting for may have made its client when the settings were back.
    for key in [key for key, one in clients.items() if key[1] == session.DEFAULT]:
        if clients[key].meta.endpoint_url not in {endpoint_url, browser_endpoint_url}:
            clients.pop(key).close()
    session._sessions, session._clients = sessions, clients


def leave_store() -> None:
    """Forget the clients, but not for the next test with the same store.

    Waits a little for threads that still ask: they read settings that are about to change.
    """
    for thread in threading.enumerate():
        if thread.name.startswith("ask"):
            thread.join(LEFT_ALONE_SECONDS)
    session._sessions, session._clients = {}, {}


@pytest.fixture
def photo_bucket(seaweedfs: Store, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of a versioned bucket that browsers reach; shared by all tests of this process."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", seaweedfs.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", seaweedfs.secret_key)
    settings.AWS_STORAGE_BUCKET_NAME = BUCKET
    use_store(settings, seaweedfs.endpoint_url, browser_endpoint_url=seaweedfs.endpoint_url)
    if not buckets.exists(BUCKET):
        prepare([])
    yield BUCKET
    leave_store()


@pytest.fixture
def private_store(photo_bucket: str, seaweedfs: Store, settings: Any) -> str:
    """The same bucket, but browsers cannot reach it: the portal passes bytes on."""
    use_store(settings, seaweedfs.endpoint_url)
    return photo_bucket


@pytest.fixture
def no_store(settings: Any) -> Iterator[str]:
    """A store that is away: its port is closed."""
    settings.AWS_STORAGE_BUCKET_NAME = BUCKET
    address = f"http://127.0.0.1:{ports.pick(['closed'])['closed']}"
    use_store(settings, address, browser_endpoint_url=address)
    yield address
    leave_store()


@pytest.fixture
def store_calls() -> Iterator[list[str]]:
    """The operations that are asked of a store, by name, as they happen."""
    called: list[str] = []

    def note(model: Any, **_event: Any) -> None:
        if not unrelated.asking.get():  # which a client does once: the first test with it would count more
            called.append(model.name)

    events = [client.meta.events for client in _all_clients()]
    for event in events:
        event.register("before-call.s3", note)
    yield called
    for event in events:
        event.unregister("before-call.s3", note)


@contextmanager
def answering(operation: str, answer: Callable[[], Any], *, times: int | None = None) -> Iterator[None]:
    """Let `answer()` speak for the store whenever this operation is sent, or the first `times` times.

    What it returns is the response; None lets the request through; what it raises is the fault.
    """
    count = itertools.count(1)

    def hook(**_event: Any) -> Any:
        if unrelated.asking.get():  # which a client does once: the first test with it would meet more
            return None
        return answer() if times is None or next(count) <= times else None

    events = [client.meta.events for client in _all_clients()]
    for event in events:
        event.register_first(f"before-send.s3.{operation}", hook)  # also before moto
    try:
        with pytest.MonkeyPatch.context() as patch:
            # botocore tries again as ever, but without the seconds in between.
            patch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _seconds: None))
            yield
    finally:
        for event in events:
            event.unregister(f"before-send.s3.{operation}", hook)


def keep_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let keys that are over make no new clients: `answering` speaks through those that are there."""
    monkeypatch.setattr(renewal, "OVER", frozenset())
    monkeypatch.setattr(session, "renew", lambda _alias="": None)


def refusal(status: int, code: str, *, body: str = "") -> Callable[[], AWSResponse]:
    """Return an answer for `answering`: an error as S3 sends it, or another body."""
    sent = (body or f"<Error><Code>{code}</Code><Message>for a test</Message></Error>").encode()

    class Raw(io.BytesIO):
        def stream(self, **_options: Any) -> Iterator[bytes]:
            yield self.read()

    return lambda: AWSResponse("http://store.test/", status, HTTPHeaders(), Raw(sent))


def _all_clients() -> list[Any]:
    made = itertools.product(Timeouts, (False, True))
    return [session.client(timeouts=timeouts, for_browser=browser) for timeouts, browser in made]
