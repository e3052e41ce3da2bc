"""Bulk work keeps to its connection's limit, and slows down while the store throttles."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.core.cache import cache
from redis.exceptions import ConnectionError as RedisIsAway

from portal.s3 import objects, pace, session
from portal.s3.pace import MOST_GAP_SECONDS, Pace
from tests.store import refusal, use_store


class Clock:
    """Stands in for `time`, and passes only where somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.slept = 0.0

    def time(self) -> float:
        return self.now

    monotonic = time

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds
        self.slept += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(pace, "time", made)
    return made


@pytest.fixture(autouse=True)
def memory(settings: Any) -> None:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    cache.clear()


def test_limit_is_kept_by_all_processes_together(clock) -> None:
    one, other = Pace("store", 40), Pace("store", 40)

    for _ in range(60):
        one.wait()
        other.wait()

    assert 2 <= clock.slept < 3.2  # 120 requests: the seconds of the first two forties must be over


def test_no_limit_waits_for_nothing(clock) -> None:
    free = Pace("store", 0)

    for _ in range(1_000):
        free.wait()

    assert clock.slept == 0


def test_small_limit_is_kept_exactly(clock) -> None:
    slow = Pace("store", 3)

    for _ in range(7):
        slow.wait()

    assert 2 <= clock.slept < 2.2


def test_limit_is_the_process_own_where_the_cache_is_away(clock, monkeypatch) -> None:
    def away(*_asked: object, **_more: object) -> None:
        raise RedisIsAway

    monkeypatch.setattr(pace, "cache", SimpleNamespace(add=away, incr=away))
    alone = Pace("store", 10)

    for _ in range(25):
        alone.wait()

    assert 2 <= clock.slept < 2.2


def test_gap_grows_once_a_second_while_the_store_throttles_and_ends_afterwards(clock) -> None:
    paced = Pace("store", 0)
    for _ in range(8):
        paced.note(throttled=True)  # all threads at once
    first = paced._gap

    for _ in range(20):
        clock.now += 1
        paced.note(throttled=True)
    most = paced._gap
    for _ in range(200):
        paced.note(throttled=False)

    assert (first, most, paced._gap) == (pace.FIRST_GAP_SECONDS, MOST_GAP_SECONDS, 0)


def test_gap_lies_between_two_requests(clock) -> None:
    paced = Pace("store", 0)
    paced.note(throttled=True)

    for _ in range(11):
        paced.wait()

    assert clock.slept == pytest.approx(10 * pace.FIRST_GAP_SECONDS)


@pytest.mark.servers
def test_pages_are_never_held_back(photo_bucket, settings, monkeypatch) -> None:
    waited: list[int] = []
    monkeypatch.setattr(Pace, "wait", lambda _self: waited.append(1))
    objects.put(photo_bucket, "paced.jpg", b"photo", content_type="image/jpeg", overwrite=True)
    objects.head(photo_bucket, "paced.jpg")
    assert not waited

    with pace.bulk():
        objects.head(photo_bucket, "paced.jpg")

    assert waited == [1]


@pytest.mark.servers
def test_throttled_answer_slows_down(photo_bucket, monkeypatch) -> None:
    noted: list[bool] = []
    monkeypatch.setattr(Pace, "note", lambda _self, *, throttled: noted.append(throttled))
    objects.put(photo_bucket, "slowed.jpg", b"photo", content_type="image/jpeg", overwrite=True)
    client: Any = session.client()
    sender = client._endpoint.http_session
    monkeypatch.setattr(sender, "_inner", SimpleNamespace(send=_one_503(sender._inner), close=lambda: None))
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _seconds: None))

    with pace.bulk():
        objects.head(photo_bucket, "slowed.jpg")

    assert noted == [True, False]


def _one_503(inner: Any) -> Any:
    said = [refusal(503, "SlowDown")()]
    return lambda request: said.pop() if said else inner.send(request)


def test_connection_says_its_limit(settings) -> None:
    use_store(settings, "http://127.0.0.1:9")
    settings.S3_CONNECTIONS["default"]["requests_a_second"] = 50

    assert session.connection().requests_a_second == 50
