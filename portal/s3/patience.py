"""How long a page waits for a store: one budget for a request, which all its calls share.

One call may take `Timeouts.WEB`'s 7 s, and its second attempt as much again; a page makes several. No
time-out of a socket helps against a store that sends a byte a second, or a name server that is silent.
So, inside of `limited`, each call gets what is left of the page's time, whatever it waits for, and once
nothing is left every further one fails at once: the page tells in words what it could not learn.

Workers and commands have no budget. Nor has what a page moves on purpose: a copy within the store, the
body of a download. An upload has what is left for its answer, and more by its size. Threads are on the budget
when they are given the request's context, as `together.ask_all` does.

A call that is given up goes on in its thread until its own time-outs end it, and what comes is thrown
away. A write that was given up may therefore have been done: who tells of it must ask again.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from queue import Empty, SimpleQueue
from threading import BoundedSemaphore, Thread
from typing import Any, TypeVar

from botocore.exceptions import ReadTimeoutError

T = TypeVar("T")

PAGE_SECONDS = 8.0  # of the 10 in which every page must answer; the rest is for rows and HTML
LEAST_SECONDS = 0.25  # with less than this left nothing is begun
QUICK_SECONDS = 1.0
UPLOAD_BYTES_A_SECOND = 1_000_000  # slower than any way from a web server to its store
MAX_CALLS_WAITED_FOR = 64  # in one process, those that were given up included

_slots = BoundedSemaphore(MAX_CALLS_WAITED_FOR)


class Budget:
    """The seconds that one request may still wait for stores.

    Time passes by the clock. Where `has_much_to_do` (a form with a hundred files), what is answered
    quickly costs nothing: such a request is cut off for a slow store, never for its own length.
    """

    def __init__(
        self,
        seconds: float,
        *,
        has_much_to_do: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.whole = seconds
        self._clock = clock
        self._ends = clock() + seconds
        self._has_much_to_do = has_much_to_do

    @property
    def left(self) -> float:
        """Seconds, never below zero."""
        return max(0.0, self._ends - self._clock())

    @property
    def is_spent(self) -> bool:
        return self.left < LEAST_SECONDS

    def end(self) -> None:
        """Wait for nothing any more: a store was given up."""
        self._ends = self._clock()

    @contextmanager
    def spending(self, quick_seconds: float) -> Iterator[None]:
        """Give back what the block took, where much is to do: if it ends well, and within so many seconds."""
        began = self._clock()
        yield
        took = self._clock() - began
        if self._has_much_to_do and took < quick_seconds:
            self._ends += took

    def run(self, work: Callable[[], T], *, seconds: float, address: str) -> T:
        """Return what `work()` returns, or raise what it raises; after `seconds` it is a ReadTimeoutError."""
        if seconds < LEAST_SECONDS or not _slots.acquire(timeout=seconds):
            raise ReadTimeoutError(endpoint_url=address)
        answers: SimpleQueue[tuple[T | None, BaseException | None]] = SimpleQueue()
        context = copy_context()

        def call() -> None:
            try:
                answers.put((context.run(work), None))
            except BaseException as error:  # noqa: BLE001 - whatever it is, it is raised by who waits
                answers.put((None, error))
            finally:
                _slots.release()

        Thread(target=call, name="s3-call", daemon=True).start()
        try:
            answer, error = answers.get(timeout=seconds)
        except Empty:
            self.end()
            raise ReadTimeoutError(endpoint_url=address) from None
        if error is not None:
            raise error
        return answer  # type: ignore[return-value]  # None only where work() returned it


_current: ContextVar[Budget | None] = ContextVar("s3-patience", default=None)


@contextmanager
def limited(budget: Budget) -> Iterator[None]:
    """Let all calls inside the block share the budget."""
    token = _current.set(budget)
    try:
        yield
    finally:
        _current.reset(token)


def read_body(body: Any, count: int) -> bytes:
    """Return at most `count` bytes of an answer's body, within what is left of the page's time."""
    budget = _current.get()
    if budget is None:
        found: bytes = body.read(count)
        return found
    return budget.run(lambda: body.read(count), seconds=budget.left, address="its body")


class PatientSession:
    """Stands before a client's HTTP session, and asks it on the budget of the page, if there is one."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def send(self, request: Any) -> Any:
        budget = _current.get()
        if budget is None:
            return self._inner.send(request)
        more = seconds_for_its_bytes(request)
        with budget.spending(QUICK_SECONDS + more):
            if budget.is_spent or more < math.inf:
                seconds = 0 if budget.is_spent else budget.left + more
                return budget.run(lambda: self._inner.send(request), seconds=seconds, address=request.url)
            return self._inner.send(request)

    def close(self) -> None:
        self._inner.close()


def seconds_for_its_bytes(request: Any) -> float:
    """Return what a request may take for the bytes it moves; endless where the store moves them."""
    if "x-amz-copy-source" in request.headers:
        return math.inf
    if request.method == "POST" and "uploadId=" in request.url:  # the store puts the parts together
        return math.inf
    if request.method != "PUT":
        return 0.0
    names = ("X-Amz-Decoded-Content-Length", "Content-Length")
    sent = next((request.headers[name] for name in names if name in request.headers), 0)
    return int(sent) / UPLOAD_BYTES_A_SECOND


def make_patient(client: Any) -> None:
    """Let the client's calls keep to the budget of the page that makes them."""
    client._endpoint.http_session = PatientSession(client._endpoint.http_session)
    # By the service's name, as botocore's own handler: the first answer of the most special one counts.
    service = client.meta.service_model.service_id.hyphenize()
    client.meta.events.register_first(f"needs-retry.{service}", _no_retry_when_spent)


def _no_retry_when_spent(**_event: Any) -> bool | None:
    """Answer False, which ends the attempts, when the page's time is up; else leave it to botocore."""
    budget = _current.get()
    return False if budget is not None and budget.is_spent else None
