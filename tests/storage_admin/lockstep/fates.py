"""What can befall whoever calls the store: it dies at any call, before or after the store has acted.

Works below botocore, at the session that sends: retries, threads and everything above are the real ones.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from types import SimpleNamespace
from typing import Any

import pytest

from tests.store import _all_clients, refusal


class Crash(BaseException):
    """The process ends here. No Exception: nothing in the portal may catch it."""


class How(StrEnum):
    """What happens at the chosen call."""

    CRASH_BEFORE = "it dies before the store is asked"
    CRASH_AFTER = "it dies when the store has acted"
    OUTAGE = "the store is away from this call on"
    EXPIRED = "the keys have ended from this call on"
    REFUSED = "this one call is refused"
    LOST = "the store acts, and its answer is lost"


@dataclass(frozen=True)
class Fate:
    """`at`: which call of the step, from 1 on. A step with fewer calls goes well."""

    at: int
    how: How


class Fated:
    """Counts the calls of a process, over all its clients, and lets its fate befall it."""

    def __init__(self, fate: Fate) -> None:
        self.fate = fate
        self.calls = 0
        self.is_dead = False
        self._lock = threading.Lock()

    def send(self, inner: Any, request: Any) -> Any:
        with self._lock:
            self.calls += 1
            number = self.calls
        how = self.fate.how
        if self.is_dead or (number == self.fate.at and how is How.CRASH_BEFORE):
            self.is_dead = True
            raise Crash
        if number >= self.fate.at and how is How.OUTAGE:
            return refusal(503, "SlowDown")()
        if number >= self.fate.at and how is How.EXPIRED:
            return refusal(400, "ExpiredToken")()
        if number == self.fate.at and how is How.REFUSED:
            return refusal(403, "AccessDenied")()
        answer = inner.send(request)
        if number == self.fate.at:
            answer.content  # noqa: B018 - read to its end: the connection goes back to its pool
        if number == self.fate.at and how is How.CRASH_AFTER:
            self.is_dead = True
            raise Crash
        if number == self.fate.at and how is How.LOST:
            return refusal(500, "InternalError")()
        return answer


class _Session:
    """Stands before the HTTP session of one client."""

    def __init__(self, inner: Any, fated: Fated) -> None:
        self.inner = inner
        self.fated = fated

    def send(self, request: Any) -> Any:
        return self.fated.send(self.inner, request)


@contextmanager
def fated(fate: Fate | None) -> Iterator[Fated]:
    """Let the fate befall the calls inside of the block. What waits between two tries does not wait."""
    one = Fated(fate or Fate(0, How.LOST))
    if fate is None:
        yield one
        return
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _seconds: None))
        for client in _all_clients():
            patch.setattr(client._endpoint, "http_session", _Session(client._endpoint.http_session, one))
        yield one
