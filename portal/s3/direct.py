"""Sends requests without a body over kept connections, in a fifth of the CPU that urllib3 takes.

That was nearly half of what a HEAD costs. Bodies, streamed answers, proxies, client certificates and
switched-off TLS checks are left to botocore's session, which is urllib3. What fails here fails as it does
there: by the same exceptions, which botocore then judges. Bodies of answers are read by `http.client`.
"""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import threading
import weakref
from collections.abc import Callable
from functools import cached_property
from typing import Any
from urllib.parse import SplitResult, urlsplit

from botocore.awsrequest import AWSResponse, HeadersDict
from botocore.exceptions import (
    BotoCoreError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
    SSLError,
)
from botocore.httpsession import get_cert_path
from urllib3.util import wait_for_read

from portal.s3.signing import host_of

_STATUS = re.compile(rb"HTTP/1\.([01]) +(\d{3})(?: ([^\r\n]*))?\r?\n")
_DIGITS = re.compile(r"[0-9]{1,18}")
_END_OF_HEADERS = {b"\r\n", b"\n", b""}
MOST_HEADERS = 200
MOST_BYTES_OF_LINE = 65_536  # as http.client has it
MOST_IDLE = 32  # connections kept by one client, as session.py allows urllib3

Address = tuple[str, str]  # scheme, and host with port
_PORTS = {"http": 80, "https": 443}


class DirectResponse(AWSResponse):
    """An answer that was read to its end."""

    def __init__(self, url: str, answer: _Answer, content: bytes) -> None:
        self.url = url
        self.status_code = answer.status
        self.told = answer.told
        self.lower = answer.lower
        self.raw = None
        self._content = content

    @cached_property
    def headers(self) -> Any:  # type: ignore[override]  # made when asked for: the light way does not
        return HeadersDict(self.told)


class _Answer(http.client.HTTPResponse):
    """Reads status and headers without the parser of e-mail, a third of the time of a request."""

    fp: Any
    told: dict[str, str]  # the headers as they came; of one that came twice, the values in a row
    lower: dict[str, str]  # the same by their names in lower case

    def __init__(self, connected: socket.socket, method: str) -> None:
        super().__init__(connected, method=method)
        self._is_of_head = method == "HEAD"

    def begin(self) -> None:
        """Read up to the body, which stays http.client's. HTTPException for what is no HTTP/1."""
        status = 100
        while status // 100 == 1:  # 1xx: the answer itself follows
            minor, status, self.reason = self._status_line()
            self._read_headers()
        self.code = self.status = status
        self.version = 10 + minor
        header = self.lower
        self.chunked = header.get("transfer-encoding", "").lower() == "chunked"
        self.chunk_left = None
        length = header.get("content-length", "")
        if length and not _DIGITS.fullmatch(length):
            raise http.client.HTTPException(f"a Content-Length of {length!r}")
        self.length = int(length) if length and not self.chunked else None
        if status in {204, 304} or self._is_of_head:
            self.length = 0
        wishes = header.get("connection", "").lower()
        is_kept = "close" not in wishes if minor else "keep-alive" in wishes
        self.will_close = not is_kept or (self.length is None and not self.chunked)

    def _status_line(self) -> tuple[int, int, str]:
        line = self.fp.readline(MOST_BYTES_OF_LINE)
        if not line:
            raise http.client.RemoteDisconnected("The store closed the connection without an answer.")
        found = _STATUS.fullmatch(line)
        if found is None:
            raise http.client.BadStatusLine(line[:100].decode("latin-1"))
        minor, status, reason = found.groups()
        return int(minor), int(status), (reason or b"").decode("latin-1").strip()

    def _read_headers(self) -> None:
        """Keep the headers, under the names that came first, as urllib3 does."""
        told: dict[str, str] = {}
        lower: dict[str, str] = {}
        names: dict[str, str] = {}
        readline = self.fp.readline
        for _number in range(MOST_HEADERS):
            line = readline(MOST_BYTES_OF_LINE + 1)
            if line in _END_OF_HEADERS:
                self.told, self.lower = told, lower
                return
            if len(line) > MOST_BYTES_OF_LINE:
                raise http.client.LineTooLong("header line")
            name, colon, value = line.decode("latin-1").partition(":")
            if not colon or not name or name[0] in " \t":
                raise http.client.HTTPException(f"no header: {name[:100]!r}")
            key, value = name.lower(), value.strip(" \t\r\n")
            if key in lower:
                value = f"{lower[key]}, {value}"
            told[names.setdefault(key, name)] = lower[key] = value
        raise http.client.HTTPException(f"more than {MOST_HEADERS} headers")


class DirectSession:
    """Stands before botocore's HTTP session: sends what is simple, and hands on the rest."""

    def __init__(self, inner: Any, when: Callable[[], bool] = lambda: True) -> None:
        self._inner = inner
        self._when = when
        self._direct: dict[str, bool] = {}
        self._lock = threading.Lock()
        self._idle: list[tuple[Address, socket.socket]] = []  # the last used at the end
        weakref.finalize(self, _close_all, self._idle)  # of a client that nobody closed, as urllib3's pools

    def send(self, request: Any) -> Any:
        parts = urlsplit(request.url)
        head = None
        is_simple = not request.body and not request.stream_output
        if is_simple and self._when() and self._is_direct(parts.scheme, request.url):
            head = _head(request, parts)
        if head is None:
            return self._inner.send(request)
        address = (parts.scheme, parts.netloc)
        connected = self._take(address) or self._connect(parts, request.url)
        answer = _Answer(connected, request.method)
        try:
            connected.sendall(head)
            answer.begin()
            content = answer.read()
        except BaseException as error:
            # Else a late answer would be taken for that to the next request. The answer's file, too:
            # as long as that is open, so is the socket.
            answer.close()
            connected.close()
            if isinstance(error, OSError | http.client.HTTPException):
                raise _as_botocore(error, request) from error
            raise
        if answer.will_close:
            connected.close()
        else:
            self._keep(address, connected)
        return DirectResponse(request.url, answer, content)

    def close(self) -> None:
        with self._lock:
            _close_all(self._idle)
        self._inner.close()

    def _is_direct(self, scheme: str, url: str) -> bool:
        if scheme not in self._direct:  # botocore's proxies are by the scheme, too
            self._direct[scheme] = (
                not self._inner._cert_file
                and self._inner._verify is not False
                and self._inner._proxy_config.proxy_url_for(url) is None
            )
        return self._direct[scheme]

    def _take(self, address: Address) -> socket.socket | None:
        """Return a kept connection that the other side has not closed meanwhile."""
        while True:
            with self._lock:
                at = next((n for n in reversed(range(len(self._idle))) if self._idle[n][0] == address), None)
                if at is None:
                    return None
                connected = self._idle.pop(at)[1]
            # Bytes that nobody asked for: the end of the connection, or an answer that is not ours.
            if not wait_for_read(connected, timeout=0.0):
                return connected
            connected.close()

    def _keep(self, address: Address, connected: socket.socket) -> None:
        with self._lock:
            self._idle.append((address, connected))
            surplus = self._idle.pop(0)[1] if len(self._idle) > MOST_IDLE else None
        if surplus is not None:
            surplus.close()

    def _connect(self, parts: SplitResult, url: str) -> socket.socket:
        host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
        timeout = self._inner._timeout
        try:
            connected = socket.create_connection((host, port), timeout=timeout.connect_timeout)
            try:
                connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if parts.scheme == "https":
                    connected = self._tls.wrap_socket(connected, server_hostname=host)
            except BaseException:
                connected.close()
                raise
        except ssl.SSLError as error:
            raise SSLError(endpoint_url=url, error=error) from error
        except TimeoutError as error:
            raise ConnectTimeoutError(endpoint_url=url, error=error) from error
        except OSError as error:
            raise EndpointConnectionError(endpoint_url=url, error=error) from error
        connected.settimeout(timeout.read_timeout)
        return connected

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=get_cert_path(self._inner._verify))


def send_directly(client: Any, *, when: Callable[[], bool]) -> None:
    """Let the client send what is simple by itself, while `when()`. Before `make_patient`."""
    client._endpoint.http_session = DirectSession(client._endpoint.http_session, when)


def _close_all(idle: list[tuple[Address, socket.socket]]) -> None:
    while idle:
        idle.pop()[1].close()


def _head(request: Any, parts: SplitResult) -> bytes | None:
    """Return the request as it is sent; None when a value would end its line, or the target has a space."""
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    host = host_of(parts.scheme, parts.netloc)
    lines = [f"{request.method} {target} HTTP/1.1", f"Host: {host}"]
    lines += [
        f"{name}: {value.decode() if isinstance(value, bytes) else value}"
        for name, value in request.headers.items()
    ]
    lines += ["Accept-Encoding: identity", "", ""]
    head = "\r\n".join(lines)
    ends = len(lines) - 1
    is_safe = head.count("\r") == head.count("\n") == ends and lines[0].count(" ") == 2
    return head.encode() if is_safe and "\0" not in head else None


def _as_botocore(error: Exception, request: Any) -> BotoCoreError:
    if isinstance(error, ssl.SSLError):
        return SSLError(endpoint_url=request.url, error=error)
    if isinstance(error, TimeoutError):
        return ReadTimeoutError(endpoint_url=request.url, error=error)
    return ConnectionClosedError(error=error, request=request, endpoint_url=request.url)
