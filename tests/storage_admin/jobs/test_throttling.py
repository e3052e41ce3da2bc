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
from storage_admin.jobs import one_by_one
from storage_admin.jobs.one_by_one import ATTEMPTS, LATER_SECONDS
from storage_admin.models import JobState
from tests.resilience.faulty_store import BUSY
from tests.storage_admin.jobs.conftest import held

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]

ENTRY = re.compile(rb"<Object>.*?<Key>(.*?)</Key>(?:<VersionId>(.*?)</VersionId>)?.*?</Object>", re.DOTALL)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "DELETE_PAUSE_SECONDS", 0)
    monkeypatch.setattr(one_by_one, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(one_by_one, "_rest", lambda _seconds, _beat: None)
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


@contextmanager
def too_busy_to_hide(key: str, times: int) -> Iterator[Counter[str]]:
    """Let the store answer 503 to the first so many requests to hide this key; count who is asked.

    botocore asks by itself, too: the first of its attempts is seen twice by who hooks in.
    """
    asked: Counter[str] = Counter()
    client: Any = session.client()

    def answer(request: Any, **_event: Any) -> AWSResponse | None:
        if request.method != "DELETE":
            return None
        named = request.url.rpartition("/")[2].partition("?")[0]
        asked[named] += 1
        return _answered(503, BUSY) if named == key and asked[named] <= times else None

    client.meta.events.register_first("before-send.s3.DeleteObject", answer)
    try:
        yield asked
    finally:
        client.meta.events.unregister("before-send.s3.DeleteObject", answer)


def test_single_call_that_is_throttled_is_asked_again_alone(yard, put_in, planned, worked) -> None:
    for name in ("a", "b", "c"):
        put_in(name)
    job = planned("hide")

    with too_busy_to_hide("b", 1_000) as asked:
        job = worked(job)

    assert (job.state, job.done, job.failed) == (JobState.PARTIAL, 2, 1)
    assert asked["a"] == asked["c"] == 1
    requests, waves = Timeouts.WEB.value[2], 1 + len(LATER_SECONDS)
    assert waves * ATTEMPTS * requests <= asked["b"] <= waves * ATTEMPTS * (requests + 1)


def test_single_call_that_was_throttled_each_time_goes_through_after_the_others(
    yard, put_in, planned, worked, monkeypatch
) -> None:
    for name in ("a", "b", "c"):
        put_in(name)
    job = planned("hide")
    rests: list[float] = []
    monkeypatch.setattr(one_by_one, "_rest", lambda seconds, _beat: rests.append(seconds))

    with too_busy_to_hide("b", ATTEMPTS * (Timeouts.WEB.value[2] + 1)) as asked:
        job = worked(job)

    assert (job.state, job.done, job.failed) == (JobState.DONE, 3, 0)
    assert asked["a"] == asked["c"] == 1
    assert rests
    assert rests == list(LATER_SECONDS[: len(rests)])
    assert held(yard)["markers"] == 3
