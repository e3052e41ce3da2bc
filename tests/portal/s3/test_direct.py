"""Requests over connections of our own: what is kept, what is read, and how they fail."""

import gc
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, HeadersDict
from botocore.exceptions import (
    ConnectionClosedError,
    EndpointConnectionError,
    HTTPClientError,
    ReadTimeoutError,
    SSLError,
)
from botocore.httpsession import URLLib3Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from portal.local import ports
from portal.s3.direct import DirectSession
from tests.portal.s3.scripted_store import ScriptedStore, answer, scripted_store


@pytest.fixture
def store() -> Iterator[ScriptedStore]:
    with scripted_store() as running:
        yield running


def _botocores(**options: Any) -> Any:
    return URLLib3Session(**options)


@pytest.fixture
def session() -> Iterator[DirectSession]:
    made = DirectSession(_botocores(timeout=(1, 0.3)))
    yield made
    made.close()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The path of a key and a certificate for 127.0.0.1 that it signed itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "store.test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "store.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + made.public_bytes(Encoding.PEM))
    return str(path)


@pytest.fixture
def with_tls(certificate: str) -> Iterator[tuple[str, str]]:
    """The address of a store that speaks TLS, and the path of the certificate it shows."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    with scripted_store(context) as running:
        running.answers = [answer(200)]
        yield running.url, certificate


def request(url: str, method: str = "GET", headers: dict[str, str] | None = None, **more: Any) -> Any:
    sent: Any = HeadersDict(headers or {})
    return AWSPreparedRequest(method, url, sent, more.get("body"), more.get("stream", False))


def test_connection_is_kept(store, session) -> None:
    store.answers = [answer(200, body=b"one"), answer(200, body=b"two")]

    said = [session.send(request(f"{store.url}/a")).content for _ in range(2)]

    assert (said, store.connections) == ([b"one", b"two"], 1)


def test_connection_that_the_store_closed_meanwhile_is_not_used(store, session) -> None:
    store.answers = [answer(200)]
    session.send(request(f"{store.url}/a"))
    store.hang_up()

    assert session.send(request(f"{store.url}/a")).status_code == 200
    assert store.connections == 2


def test_connection_is_closed_where_the_store_says_so(store, session) -> None:
    store.answers = [answer(200, "Connection: close")]

    for _ in range(2):
        session.send(request(f"{store.url}/a"))

    assert store.connections == 2


@pytest.mark.parametrize(
    ("said", "content"),
    [
        (answer(200, "Transfer-Encoding: chunked", body=b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"), b"abcde"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + answer(200, body=b"after"), b"after"),
        (b"HTTP/1.1 204 \r\n\r\n", b""),
        (b"HTTP/1.1 200\nContent-Length: 2\n\nok", b"ok"),
    ],
    ids=["chunked", "after a 100", "204", "bare line feeds"],
)
def test_body_is_read(store, session, said, content) -> None:
    store.answers = [said]

    assert session.send(request(f"{store.url}/a")).content == content
    assert session.send(request(f"{store.url}/a")).content == content  # and nothing of it is left over
    assert store.connections == 1


def test_answer_to_head_has_no_body_whatever_its_length_says(store, session) -> None:
    store.answers = [answer(200, length=1_000_000)]

    found = session.send(request(f"{store.url}/a", "HEAD"))

    assert (found.content, found.headers["content-length"]) == (b"", "1000000")


def test_header_that_comes_twice_is_one_with_both_values(store, session) -> None:
    store.answers = [answer(200, "x-amz-meta-A: one", "X-Amz-Meta-a:  two ", "x-odd: a:b")]

    found = session.send(request(f"{store.url}/a"))

    assert (found.headers["x-amz-meta-a"], found.headers["x-odd"]) == ("one, two", "a:b")


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"SSH-2.0-OpenSSH_9\r\n",
        b"HTTP/1.1 200 OK\r\nno header\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        answer(200, *[f"x-{n}: 1" for n in range(300)]),
        b"HTTP/1.1 200 OK\r\nx: " + b"a" * 70_000 + b"\r\n\r\n",
    ],
    ids=["nothing", "another protocol", "a line without a colon", "negative length", "too many", "too long"],
)
def test_what_is_no_answer_is_a_closed_connection(store, session, said) -> None:
    store.answers = [said]

    with pytest.raises(ConnectionClosedError):
        session.send(request(f"{store.url}/a"))


def test_body_that_ends_early_is_an_error(store, session) -> None:
    store.answers = [answer(200, "Connection: close", body=b"half", length=8)]

    with pytest.raises(HTTPClientError):
        session.send(request(f"{store.url}/a"))


def test_late_answer_is_not_that_to_the_next_request(store, session) -> None:
    store.answers = [b"HTTP/1.1 200 OK\r\n", answer(200, body=b"second")]
    with pytest.raises(ReadTimeoutError):
        session.send(request(f"{store.url}/a"))

    assert session.send(request(f"{store.url}/b")).content == b"second"


def test_closed_port_is_told(session) -> None:
    with pytest.raises(EndpointConnectionError):
        session.send(request(f"http://127.0.0.1:{ports.pick(['none'])['none']}/a"))


def test_certificate_that_nobody_vouches_for_is_refused(with_tls, session) -> None:
    url, _certificate = with_tls

    with pytest.raises(SSLError):
        session.send(request(f"{url}/a"))


def test_certificate_of_the_given_authority_is_taken(with_tls) -> None:
    url, certificate = with_tls
    session = DirectSession(_botocores(verify=certificate, timeout=(1, 1)))

    assert session.send(request(f"{url}/a")).status_code == 200
    session.close()


def test_certificate_for_another_name_is_refused(with_tls) -> None:
    url, certificate = with_tls
    session = DirectSession(_botocores(verify=certificate, timeout=(1, 1)))

    with pytest.raises(SSLError):
        session.send(request(f"{url.replace('127.0.0.1', 'localhost')}/a"))


@pytest.mark.parametrize(
    ("how", "more"),
    [("a body", {"body": b"bytes"}), ("a streamed answer", {"stream": True})],
)
def test_what_is_not_simple_is_left_to_botocore(store, session, monkeypatch, how, more) -> None:
    handed: list[Any] = []
    monkeypatch.setattr(session._inner, "send", handed.append)

    session.send(request(f"{store.url}/a", "PUT", **more))

    assert (len(handed), store.connections) == (1, 0), how


def test_proxy_is_left_to_botocore(store, monkeypatch) -> None:
    inner, handed = _botocores(proxies={"http": "http://proxy.test:3128"}), list[Any]()
    monkeypatch.setattr(inner, "send", handed.append)

    DirectSession(inner).send(request(f"{store.url}/a"))

    assert (len(handed), store.connections) == (1, 0)


@pytest.mark.parametrize("value", ["a\r\nX-Injected: 1", "a\nb", "a\0b"])
def test_value_that_would_end_its_line_is_never_sent(store, session, monkeypatch, value) -> None:
    handed: list[Any] = []
    monkeypatch.setattr(session._inner, "send", handed.append)

    session.send(request(f"{store.url}/a", headers={"x-amz-meta-a": value}))

    assert (len(handed), store.connections) == (1, 0)


def test_sockets_are_closed_with_the_client(store, session) -> None:
    store.answers = [answer(200)]
    session.send(request(f"{store.url}/a"))
    kept: socket.socket = session._idle[0][1]

    session.close()

    assert kept.fileno() == -1


def test_sockets_of_a_client_that_nobody_closed_are_closed(store) -> None:
    store.answers = [answer(200)]
    forgotten = DirectSession(_botocores(timeout=(1, 1)))
    forgotten.send(request(f"{store.url}/a"))
    kept: socket.socket = forgotten._idle[0][1]

    del forgotten
    gc.collect()

    assert kept.fileno() == -1
