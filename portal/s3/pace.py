"""How fast bulk work asks a store: a limit for all workers together, and slower while the store is busy.

Inside of `bulk()`, which a slice of a job, a scan or a count is, each request waits its turn; pages and
uploads never do.

* The limit of the connection (requests a second, 0 for none) is kept in Django's cache: every process
  takes requests out of the same second, by the clock of its host. Where the cache is away, each process
  keeps the limit for itself.
* Whatever the limit: after an answer that throttles (429, 503, SlowDown beside a key) the process leaves a
  gap between two requests, twice as long after each second in which that happens; each other answer
  shortens it. So a process finds by itself what the store bears.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import structlog
from django.core.cache import cache
from redis.exceptions import RedisError

logger = structlog.get_logger(__name__)

THROTTLED = {429, 503}  # 429 is not Amazon's, but how R2 and others throttle
FIRST_GAP_SECONDS = 0.01
MOST_GAP_SECONDS = (
    0.25  # of a hundred targets with a few calls each: a batch still ends within its task's time
)
SHORTER_BY = 0.95  # by each answer that does not throttle: 13 in a second make good for one that does
SHARES = 20  # a process takes a twentieth of the second's requests at once, not to ask the cache for each

_is_bulk: ContextVar[bool] = ContextVar("s3-bulk", default=False)


@contextmanager
def bulk() -> Iterator[None]:
    """Let all requests inside the block wait their turn. Threads are in it if given the context."""
    token = _is_bulk.set(True)
    try:
        yield
    finally:
        _is_bulk.reset(token)


def is_bulk() -> bool:
    """Whether this is bulk work."""
    return _is_bulk.get()


class Pace:
    """The pace of this process at one connection; `limit` is in requests a second, 0 for none."""

    def __init__(self, alias: str, limit: int) -> None:
        self._alias = alias
        self._limit = limit
        self._lock = threading.Lock()
        self._gap = 0.0
        self._next = 0.0  # when the next request may go, by the clock that only goes on
        self._slowed_at = -1.0
        self._second = 0  # that `_left` belongs to
        self._left = 0
        self._is_used_up = False

    def wait(self) -> None:
        """Return when the next request may be sent."""
        while (pause := self._pause()) > 0:
            time.sleep(pause)
        with self._lock:
            now = time.monotonic()
            start = max(now, self._next)
            self._next = start + self._gap
        if start > now:
            time.sleep(start - now)

    def note(self, *, throttled: bool) -> None:
        """Take in what an answer said of the pace."""
        with self._lock:
            if not throttled:
                self._gap = self._gap * SHORTER_BY if self._gap > FIRST_GAP_SECONDS / 2 else 0.0
                return
            now = time.monotonic()
            if self._slowed_at >= 0 and now - self._slowed_at < 1:
                return  # eight threads are told the same at once: that counts once
            self._slowed_at = now
            self._gap = min(max(self._gap * 2, FIRST_GAP_SECONDS), MOST_GAP_SECONDS)
        logger.info("s3_slowed_down", connection=self._alias, gap_seconds=round(self._gap, 3))

    def _pause(self) -> float:
        """Take a request out of this second; return the seconds to wait where it has none left, else 0."""
        if not self._limit:
            return 0
        with self._lock:
            now = time.time()
            if int(now) != self._second:
                self._second, self._left, self._is_used_up = int(now), 0, False
            if not self._left and not self._is_used_up:
                self._left, self._is_used_up = self._share()
            if self._left:
                self._left -= 1
                return 0
            # Not all threads of all workers at the same moment.
            return self._second + 1 - now + random.uniform(0, 0.05)  # noqa: S311 - jitter

    def _share(self) -> tuple[int, bool]:
        """Take some of this second's requests for this process; return them, and whether they are all."""
        wanted = max(1, self._limit // SHARES)
        name = f"s3-requests:{self._alias}:{self._second}"
        try:
            cache.add(name, 0, timeout=10)
            taken = cache.incr(name, wanted) - wanted
        except (RedisError, OSError, ValueError) as error:
            logger.warning("s3_limit_not_shared", connection=self._alias, error=str(error))
            return self._limit, True
        share = min(wanted, max(0, self._limit - taken))
        return share, share < wanted


_lock = threading.Lock()
_paces: dict[str, Pace] = {}


def of(alias: str, limit: int) -> Pace:
    """Return the one pace that all clients of the connection share in this process."""
    with _lock:
        found = _paces.get(alias)
        if found is None or found._limit != limit:
            found = _paces[alias] = Pace(alias, limit)
        return found


def slow_down(alias: str) -> None:
    """Take in that the store throttled inside of an answer: beside a key of a DeleteObjects."""
    if _is_bulk.get() and alias in _paces:
        _paces[alias].note(throttled=True)


class _PacedSession:
    """Stands before a client's HTTP session; bulk work waits here for its turn."""

    def __init__(self, inner: Any, pace: Pace) -> None:
        self._inner = inner
        self._pace = pace

    def send(self, request: Any) -> Any:
        if not _is_bulk.get():
            return self._inner.send(request)
        self._pace.wait()
        answer = self._inner.send(request)
        self._pace.note(throttled=answer.status_code in THROTTLED)
        return answer

    def close(self) -> None:
        self._inner.close()


def pace_bulk(client: Any, alias: str, limit: int) -> None:
    """Let the client's bulk calls keep to the pace of the connection."""
    client._endpoint.http_session = _PacedSession(client._endpoint.http_session, of(alias, limit))
