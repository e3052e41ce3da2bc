"""A store in front of the store: it passes requests on, answers 503 to every n-th, or holds copies back."""

from __future__ import annotations

import http.client
import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

BUSY = (
    b"<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>"
)
HELD_SECONDS = 60  # at a gate, at most
# Of the connection, not of the message: each side has its own.
_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


class Gate:
    """Lets so many copies through (None: all), then holds each until it is opened, and drops those it held.

    So a worker can be met, and killed, at one certain place of its work. What was held never reaches
    the store: whoever sent it is dead by then.
    """

    def __init__(self, passes: int | None) -> None:
        self.numbers = itertools.count(1)
        self.passes = passes
        self.reached = threading.Event()
        self.opened = threading.Event()

    def wait(self) -> None:
        """Return where the copy may pass; ConnectionAbortedError once it was held in vain."""
        if self.passes is None or self.opened.is_set() or next(self.numbers) <= self.passes:
            return
        self.reached.set()
        self.opened.wait(HELD_SECONDS)
        raise ConnectionAbortedError

    def open(self) -> None:
        """Let everything through that comes from now on."""
        self.opened.set()


class FaultyStore(ThreadingHTTPServer):
    """Passes on to `upstream` as it comes, signatures and all: they cover the address of this server."""

    def __init__(self, upstream: str, every: int = 0, gate: Gate | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        self.upstream = urlsplit(upstream).netloc
        self.every = every  # 0: none is refused
        self.gate = gate or Gate(passes=None)
        self.refused = 0
        self.numbers = itertools.count(1)
        self.upstreams = threading.local()
        self.opened: list[http.client.HTTPConnection] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def connection(self) -> http.client.HTTPConnection:
        """Return this thread's connection to the store behind."""
        if not hasattr(self.upstreams, "connection"):
            self.upstreams.connection = http.client.HTTPConnection(self.upstream, timeout=60)
            self.opened.append(self.upstreams.connection)
        found: http.client.HTTPConnection = self.upstreams.connection
        return found


class _Passing(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FaultyStore

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if "x-amz-copy-source" in self.headers:
            self.server.gate.wait()
        if self.server.every and next(self.server.numbers) % self.server.every == 0:
            self.server.refused += 1
            self._answer(503, {"Content-Type": "application/xml"}, BUSY)
            return
        behind = self.server.connection()
        behind.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            behind.putheader(name, value)
        behind.endheaders(body or None)
        found = behind.getresponse()
        self._answer(found.status, dict(found.getheaders()), found.read())

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _pass  # noqa: N815 - names that http.server calls

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in _HOP:
                self.send_header(name, value)
        length = len(body) if self.command != "HEAD" else headers.get("Content-Length", "0")
        self.send_header("Content-Length", str(length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def handle(self) -> None:
        with suppress(ConnectionError):  # a worker was killed in the middle: that is the test
            super().handle()

    def log_message(self, *_said: object) -> None:
        """Say nothing."""


@contextmanager
def faulty_store(upstream: str, every: int = 0, gate: Gate | None = None) -> Iterator[FaultyStore]:
    """Run one until the block ends."""
    server = FaultyStore(upstream, every, gate)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.gate.open()
        server.shutdown()
        thread.join()
        server.server_close()
        for connection in server.opened:
            connection.close()
