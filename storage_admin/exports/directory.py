"""The end of a ZIP, from the rows of its job: a list of what became of each object, and the directory.

Rows are read in streams, the list twice: a ZIP's header tells the CRC and length of what follows.
"""

from __future__ import annotations

import csv
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from portal.spreadsheet import Line, cell
from storage_admin.exports import names
from storage_admin.exports.assembling import Assembly
from storage_admin.exports.zip_format import Entry
from storage_admin.models import Job, JobItem

CHUNK_ROWS = 1_000
COLUMNS = ("outcome", "name", "key", "key, percent-encoded", "version", "bytes", "sha256", "reason")
SAFE_IN_KEYS = "/~"


@dataclass(frozen=True)
class Stored:
    """What the row of an object in the ZIP keeps, as JSON in its message. `modified` is ISO 8601."""

    key: str
    name: str
    offset: int
    bytes: int
    crc: int
    sha256: str
    version_id: str
    modified: str

    def as_text(self) -> str:
        return json.dumps([getattr(self, one) for one in self.__dataclass_fields__])

    @classmethod
    def from_text(cls, text: str) -> Stored:
        return cls(*json.loads(text))

    def entry(self) -> Entry:
        """Return its entry; where the name is not the key, the key stands in the comment, encoded."""
        comment = "" if self.name == self.key else f"key: {quote(self.key, safe=SAFE_IN_KEYS)}"
        moment = datetime.fromisoformat(self.modified)
        return Entry(self.name, self.offset, self.bytes, self.crc, moment, comment)


def finish(job: Job, assembly: Assembly) -> int:
    """Write list and directory; return how many entries there are. The same bytes whenever it is called."""
    crc, size = 0, 0
    for line in manifest(job):
        crc, size = zlib.crc32(line, crc), size + len(line)
    listed = assembly.add(Entry(names.MANIFEST, 0, size, crc, job.made_at), manifest(job))

    def entries() -> Iterator[Entry]:
        for item in _items(job, JobItem.Outcome.DONE):
            yield Stored.from_text(item.message).entry()
        yield listed

    return assembly.end(entries())


def manifest(job: Job) -> Iterator[bytes]:
    """Yield the list line by line: CSV in UTF-8 with a byte order mark, which no spreadsheet runs."""
    writer = csv.writer(Line())
    yield "\ufeff".encode()
    yield writer.writerow(COLUMNS).encode()
    for item in _items(job, JobItem.Outcome.DONE):
        one = Stored.from_text(item.message)
        cells = (one.name, one.key, quote(one.key, safe=SAFE_IN_KEYS), one.version_id)
        yield _line(writer, "stored", *cells, str(one.bytes), one.sha256, "")
    for item in _items(job, JobItem.Outcome.FAILED):
        reason = f"{item.code}: {item.message}"
        key = quote(item.key, safe=SAFE_IN_KEYS)
        yield _line(writer, "failed", "", item.key, key, item.version_id, str(item.bytes), "", reason)
    sentences = {code: said["sentence"] for code, said in job.plan.get("skips", {}).items()}
    for code, count in sorted(job.result.get("skips", {}).items()):
        reason = f"{count}: {sentences.get(code, code)}"
        yield _line(writer, "passed over", "", "", "", "", "", "", reason)


def _line(writer: csv.Writer, *texts: str) -> bytes:  # type: ignore[name-defined]  # typeshed's alone
    line: str = writer.writerow([cell(one) for one in texts])
    return line.encode("utf-8", "replace")


def _items(job: Job, outcome: JobItem.Outcome) -> Iterator[JobItem]:
    return job.items.filter(outcome=outcome).order_by("pk").iterator(chunk_size=CHUNK_ROWS)
