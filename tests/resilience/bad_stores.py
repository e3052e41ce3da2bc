"""Stores that misbehave: real sockets, so that what a page waits for is what it would wait for."""

import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from portal.local import ports

# A byte comes long before any socket's time-out ends, and the last of them not today.
DRIP_SECONDS = 0.05
_ENDLESS = b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: 1000000\r\n\r\n"

Answer = Callable[[Any, threading.Event], None]


def silent(_connection: Any, stopping: threading.Event) -> None:
    """Accept, and never say anything."""
    stopping.wait()


def dripping(connection: Any, stopping: threading.Event) -> None:
    """Answer a byte at a time, for ever."""
    sent = 0
    while not stopping.wait(DRIP_SECONDS):
        connection.sendall(_ENDLESS[sent : sent + 1] or b" ")
        sent += 1


def slow(seconds: float) -> Answer:
    """Answer each request after so many seconds, and then that it is too busy."""

    def answer(connection: Any, stopping: threading.Event) -> None:
        if not stopping.wait(seconds):
            _say(connection, 503, "SlowDown")

    return answer


def denying(connection: Any, _stopping: threading.Event) -> None:
    """Refuse everything."""
    _say(connection, 403, "AccessDenied")


@contextmanager
def running(answer: Answer) -> Iterator[str]:
    """Run a store that gives this answer to every request; return its address."""
    stopping = threading.Event()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            try:
                self.request.recv(65_536)
                answer(self.request, stopping)
            except OSError:
                return  # who asked has given up

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        request_queue_size = 128

    with Server((ports.LOOPBACK, 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://{ports.LOOPBACK}:{server.server_address[1]}"
        finally:
            stopping.set()
            server.shutdown()
            thread.join()


@contextmanager
def closed() -> Iterator[str]:
    """The address of a store that is down."""
    yield f"http://{ports.LOOPBACK}:{ports.pick(['closed'])['closed']}"


def _say(connection: Any, status: int, code: str) -> None:
    body = f"<Error><Code>{code}</Code><Message>for a test</Message></Error>".encode()
    head = f"HTTP/1.1 {status} {code}\r\nContent-Type: application/xml\r\nConnection: close\r\n"
    connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
