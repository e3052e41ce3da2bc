"""The bucket that is compared: as numbers, and as a server that lists it the way S3 does."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

ROOT = Path(__file__).resolve().parents[2]
BUCKET = "pettracker-photos"
EVERY = 1_000  # of so many rows one differs in each way
MODIFIED = "2026-01-01T00:00:00.000Z"
SIZE = 3_000_000
OWNER_ENFORCED = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<OwnershipControls xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    "<Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule></OwnershipControls>"
)


def photo_id(number: int) -> UUID:
    """Return ids whose order is that of the numbers, for the list must be sorted."""
    return UUID(int=(number << 96) | (0x4 << 76) | (0x8 << 60) | number)


def key_of(number: int) -> str:
    """Return the key of the photo's original."""
    return f"photos/unassigned/{photo_id(number)}.jpg"


def number_of(key: str) -> int:
    """Return which photo's key this is."""
    return int(key.removeprefix("photos/unassigned/")[:8], 16)


def version_of(number: int) -> str:
    """Return a version id of the length that Amazon's have."""
    return f"v{number:031x}"


def etag_of(number: int) -> str:
    """Return an ETag as of a PUT."""
    return f"{number * 0x9E3779B97F4A7C15 % 2**128:032x}"


def has_row(number: int) -> bool:
    """Whether the photo has a row; those without have an object."""
    return number % EVERY != 1


def entry_of(number: int) -> str:
    """Return the list's entry, empty for those without an object."""
    if number % EVERY == 0:
        return ""
    size = SIZE + (number % EVERY == 2)
    return (
        f"<Version><Key>{key_of(number)}</Key><VersionId>{version_of(number)}</VersionId>"
        f"<IsLatest>true</IsLatest><LastModified>{MODIFIED}</LastModified>"
        f"<ETag>&quot;{etag_of(number)}&quot;</ETag><Size>{size}</Size>"
        "<Owner><ID>a-canonical-user</ID></Owner><StorageClass>STANDARD</StorageClass></Version>"
    )


class _Lists(BaseHTTPRequestHandler):
    """Answers ListObjectVersions, and whose the objects are."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    rows = 0

    def do_GET(self) -> None:
        asked = parse_qs(urlsplit(self.path).query, keep_blank_values=True)
        if "ownershipControls" in asked:
            self._answer(OWNER_ENFORCED)  # as of any bucket made since April 2023: no ACL is read
            return
        start = number_of(asked["key-marker"][0]) + 1 if "key-marker" in asked else 0
        end = min(start + 1_000, self.rows)
        onward = ""
        if end < self.rows:
            onward = (
                f"<NextKeyMarker>{key_of(end - 1)}</NextKeyMarker>"
                f"<NextVersionIdMarker>{version_of(end - 1)}</NextVersionIdMarker>"
            )
        text = (
            '<?xml version="1.0" encoding="UTF-8"?>'
            '<ListVersionsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<Name>{BUCKET}</Name><EncodingType>url</EncodingType>"
            f"<IsTruncated>{'true' if onward else 'false'}</IsTruncated>{onward}"
            f"{''.join(map(entry_of, range(start, end)))}</ListVersionsResult>"
        )
        self._answer(text)

    def _answer(self, text: str) -> None:
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: Any) -> None:
        """Say nothing."""


@contextmanager
def listed(rows: int) -> Iterator[str]:
    """Yield the address of the server, which runs in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.reconcile.bucket", str(rows)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as server:
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.terminate()


def _serve(rows: int) -> None:
    _Lists.rows = rows
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Lists)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
