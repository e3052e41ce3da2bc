"""A store that says what it is told to say, byte by byte, and keeps what it was asked."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO


class ScriptedStore:
    """Answers each request by the next of `answers`, the last again and again; empty: it hangs up."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self.answers: list[bytes] = []
        self.requests: list[bytes] = []
        self.connections = 0
        self._server = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        scheme = "https" if self._tls else "http"
        return f"{scheme}://127.0.0.1:{self._server.getsockname()[1]}"

    def hang_up(self) -> None:
        """Close what is open, as a store does with connections that are idle."""
        for connected in self._open:
            with suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self.hang_up()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connected, _address = self._server.accept()
                self.connections += 1
                self._open.append(connected)
                thread = threading.Thread(target=self._serve, args=(connected,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, connected: socket.socket) -> None:
        with (
            suppress(OSError),
            connected,
            self._secured(connected) as secured,
            secured.makefile("rb") as asked,
        ):
            while head := _head(asked):
                self.requests.append(head)
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                if not answer:
                    return
                secured.sendall(answer)

    def _secured(self, connected: socket.socket) -> socket.socket:
        return self._tls.wrap_socket(connected, server_side=True) if self._tls else connected


def _head(asked: IO[bytes]) -> bytes:
    """Return the next request's lines; nothing at the end of the connection."""
    lines: list[bytes] = []
    while (line := asked.readline()) not in {b"\r\n", b""}:
        lines.append(line)
    return b"".join(lines)


@contextmanager
def scripted_store(tls: ssl.SSLContext | None = None) -> Iterator[ScriptedStore]:
    """Run one until the block ends."""
    store = ScriptedStore(tls)
    try:
        yield store
    finally:
        store.close()


def answer(status: int, *headers: str, body: bytes = b"", length: int | None = None) -> bytes:
    """Return an answer as it goes over the wire."""
    lines = [f"HTTP/1.1 {status} Said", *headers]
    if not any(header.lower().startswith("transfer-encoding") for header in headers):
        lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
