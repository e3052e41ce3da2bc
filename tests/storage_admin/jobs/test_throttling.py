"""A store that is too busy for some keys of a batch: those alone are asked again, so often and no more."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from xml.sax.saxutils import escape

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from portal.s3 import objects, session
from portal.s3.session import Timeouts
from storage_admin.jobs.kind import ATTEMPTS
from storage_admin.models import JobState
from tests.resilience.faulty_store import BUSY
from tests.storage_admin.jobs.conftest import held

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]

ENTRY = re.compile(rb"<Object>.*?<Key>(.*?)</Key>(?:<VersionId>(.*?)</VersionId>)?.*?</Object>", re.DOTALL)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "DELETE_PAUSE_SECONDS", 0)
    monkeypatch.setattr("storage_admin.jobs.kind.PAUSE_SECONDS", 0)
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _seconds: None))


@contextmanager
def too_busy_for(keys: dict[str, int], bucket: str) -> Iterator[Counter[str]]:
    """Let the real store do a DeleteObjects but for these keys, so many times; count who is asked."""
    asked: Counter[str] = Counter()
    behind: Any = session.client()
    client: Any = session.client(timeouts=Timeouts.WORKER)

    def answer(request: Any, **_event: Any) -> AWSResponse:
        body = request.body if isinstance(request.body, bytes) else request.body.read()
        said = []
        for raw_key, version in ENTRY.findall(body):
            key = raw_key.decode()
            asked[key] += 1
            named = f"<Key>{escape(key)}</Key><VersionId>{version.decode()}</VersionId>"
            if asked[key] <= keys.get(key, 0):
                said.append(f"<Error>{named}<Code>SlowDown</Code><Message>slower</Message></Error>")
            else:
                behind.delete_object(Bucket=bucket, Key=key, VersionId=version.decode())
                said.append(f"<Deleted>{named}</Deleted>")
        return _answered(200, f"<DeleteResult>{''.join(said)}</DeleteResult>".encode())

    client.meta.events.register_first("before-send.s3.DeleteObjects", answer)
    try:
        yield asked
    finally:
        client.meta.events.unregister("before-send.s3.DeleteObjects", answer)


def _answered(status: int, body: bytes) -> Any:
    made: Any = AWSResponse("http://store.test/", status, HTTPHeaders(), None)
    made._content = body
    return made


@pytest.mark.parametrize("kind", ["destroy", "empty"])
def test_key_that_was_throttled_is_asked_again_alone(yard, put_in, planned, worked, kind) -> None:
    for name in ("a", "b", "c"):
        put_in(name)
    job = planned(kind, parameters={"which": "everything"} if kind == "destroy" else {})

    with too_busy_for({"b": 2}, yard.name) as asked:
        job = worked(job)

    assert (job.state, job.done, job.failed) == (JobState.DONE, 3, 0)
    assert asked == {"a": 1, "b": 3, "c": 1}
    assert held(yard)["versions"] == 0


def test_key_that_stays_throttled_fails_alone_after_its_attempts(yard, put_in, planned, worked) -> None:
    for name in ("a", "b", "c"):
        put_in(name)
    job = planned("destroy", parameters={"which": "everything"})

    with too_busy_for({"b": 1_000}, yard.name) as asked:
        job = worked(job)

    assert (job.state, job.done, job.failed) == (JobState.PARTIAL, 2, 1)
    assert [(item.key, item.code) for item in job.items.filter(outcome="failed")] == [("b", "SlowDown")]
    assert asked == {"a": 1, "b": objects.DELETE_ATTEMPTS, "c": 1}


def test_single_call_that_is_throttled_is_asked_again_alone(yard, put_in, planned, worked) -> None:
    for name in ("a", "b", "c"):
        put_in(name)
    job = planned("hide")
    asked: Counter[str] = Counter()
    client: Any = session.client()

    def answer(request: Any, **_event: Any) -> AWSResponse | None:
        if request.method != "DELETE":
            return None
        key = request.url.rpartition("/")[2].partition("?")[0]
        asked[key] += 1
        return _answered(503, BUSY) if key == "b" else None

    client.meta.events.register_first("before-send.s3.DeleteObject", answer)
    try:
        job = worked(job)
    finally:
        client.meta.events.unregister("before-send.s3.DeleteObject", answer)

    assert (job.state, job.done, job.failed) == (JobState.PARTIAL, 2, 1)
    assert asked["a"] == asked["c"] == 1
    # botocore asks by itself, too: the first of its attempts is seen twice by who hooks in.
    requests = Timeouts.WEB.value[2]
    assert ATTEMPTS * requests <= asked["b"] <= ATTEMPTS * (requests + 1)
