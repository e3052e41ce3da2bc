"""Many small requests to a store, quickly: signed by botocore, but sent without its client (2 ms each)."""

import http.client
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote, urlsplit

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.servers import KEYS

THREADS = 12
_KEYS = Credentials(KEYS.access_key, KEYS.secret_key)


class Filler:
    """Sends the same kind of request for many keys of a bucket. RuntimeError when one is refused."""

    def __init__(self, endpoint_url: str, bucket: str) -> None:
        self.base = f"{endpoint_url}/{bucket}/"
        self.host = urlsplit(endpoint_url).netloc
        self.own = threading.local()
        self.opened: list[http.client.HTTPConnection] = []

    def send(self, method: str, keys: Iterable[str], body: bytes = b"", query: str = "") -> None:
        """Send one request for each key, several at a time."""
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(lambda key: self._one(method, key, body, query), keys))

    def close(self) -> None:
        for connection in self.opened:
            connection.close()

    def _one(self, method: str, key: str, body: bytes, query: str) -> None:
        request = AWSRequest(method, self.base + quote(key) + (f"?{query}=" if query else ""), data=body)
        S3SigV4Auth(_KEYS, "s3", "us-east-1").add_auth(request)
        connection = self._connection()
        address = urlsplit(str(request.url))
        connection.request(method, f"{address.path}?{address.query}", body, dict(request.headers.items()))
        answer = connection.getresponse()
        said = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {key}: {answer.status} {said.decode()}")

    def _connection(self) -> http.client.HTTPConnection:
        if not hasattr(self.own, "connection"):
            self.own.connection = http.client.HTTPConnection(self.host, timeout=60)
            self.opened.append(self.own.connection)
        found: http.client.HTTPConnection = self.own.connection
        return found
