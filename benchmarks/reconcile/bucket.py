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
NAMES = ("card", "full", "share", "tile")  # of renditions, in the order of their keys
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


def rendition_key(number: int, name: str) -> str:
    """Return the key of one of the photo's renditions."""
    return f"renditions/{photo_id(number)}/{name}-{'0' * 16}.webp"


def place_of(key: str, rows: int) -> int:
    """Return where the key stands in the list: all originals, and then the renditions photo by photo."""
    prefix, name = key.removeprefix("photos/unassigned/"), ""
    if key.startswith("renditions/"):
        prefix, name = key.removeprefix("renditions/").split("/")
    number = int(prefix[:8], 16)
    return rows + number * len(NAMES) + NAMES.index(name.partition("-")[0]) if name else number


def key_at(place: int, rows: int) -> str:
    """Return the key that stands there."""
    if place < rows:
        return key_of(place)
    number, which = divmod(place - rows, len(NAMES))
    return rendition_key(number, NAMES[which])


def version_of(number: int) -> str:
    """Return a version id of the length that Amazon's have."""
    return f"v{number:031x}"


def etag_of(number: int) -> str:
    """Return an ETag as of a PUT."""
    return f"{number * 0x9E3779B97F4A7C15 % 2**128:032x}"


def has_row(number: int) -> bool:
    """Whether the photo has a row; those without have an object."""
    return number % EVERY != 1


def entry_at(place: int, rows: int) -> str:
    """Return the list's entry, empty for those without an object."""
    is_original = place < rows
    number = place if is_original else (place - rows) // len(NAMES)
    if (is_original and number % EVERY == 0) or (not is_original and not has_row(number)):
        return ""
    size = SIZE + (number % EVERY == 2)
    return (
        f"<Version><Key>{key_at(place, rows)}</Key><VersionId>{version_of(place)}</VersionId>"
        f"<IsLatest>true</IsLatest><LastModified>{MODIFIED}</LastModified>"
        f"<ETag>&quot;{etag_of(place)}&quot;</ETag><Size>{size}</Size>"
        "<Owner><ID>a-canonical-user</ID></Owner><StorageClass>STANDARD</StorageClass></Version>"
    )


class _Lists(BaseHTTPRequestHandler):
    """Answers ListObjectVersions, and whose the objects are."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    rows = 0
    entries = 0

    def do_GET(self) -> None:
        asked = parse_qs(urlsplit(self.path).query, keep_blank_values=True)
        if "ownershipControls" in asked:
            self._answer(OWNER_ENFORCED)  # as of any bucket made since April 2023: no ACL is read
            return
        start = place_of(asked["key-marker"][0], self.rows) + 1 if "key-marker" in asked else 0
        end = min(start + 1_000, self.entries)
        onward = ""
        if end < self.entries:
            onward = (
                f"<NextKeyMarker>{key_at(end - 1, self.rows)}</NextKeyMarker>"
                f"<NextVersionIdMarker>{version_of(end - 1)}</NextVersionIdMarker>"
            )
        text = (
            '<?xml version="1.0" encoding="UTF-8"?>'
            '<ListVersionsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<Name>{BUCKET}</Name><EncodingType>url</EncodingType>"
            f"<IsTruncated>{'true' if onward else 'false'}</IsTruncated>{onward}"
            f"{''.join(entry_at(place, self.rows) for place in range(start, end))}</ListVersionsResult>"
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
def listed(rows: int, *, with_renditions: bool = False) -> Iterator[str]:
    """Yield the address of the server, which runs in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.reconcile.bucket", str(rows), str(int(with_renditions))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as server:
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.terminate()


def _serve(rows: int, *, with_renditions: bool) -> None:
    _Lists.rows = rows
    _Lists.entries = rows * (1 + len(NAMES)) if with_renditions else rows
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Lists)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    _serve(int(sys.argv[1]), with_renditions=sys.argv[2] == "1")
