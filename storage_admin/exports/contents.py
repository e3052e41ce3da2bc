"""What goes into a ZIP: each object's bytes as they were seen, under a name of its own.

A small object is read whole before its entry is begun, several at a time; a large one is read twice, once
for its CRC and digest and once for its bytes. So an object that cannot be read leaves nothing behind,
and headers tell CRC and length. In memory are at most AHEAD_BYTES of small ones.
"""

from __future__ import annotations

import hashlib
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.utils.translation import gettext as _

from portal.s3 import reading
from portal.s3.errors import BadContent
from storage_admin.exports import names
from storage_admin.models import Job, JobItem

SMALL_BYTES = 8 * 1024**2  # an object up to this size is held in memory
AHEAD_BYTES = 64 * 1024**2  # of small objects that wait for those before them
AHEAD = 8  # objects read at once; see `jobs.one_by_one.THREADS`
BEAT_SECONDS = 5
_CHUNK = 500  # marks in one query

Thing = TypeVar("Thing")
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Source:
    """Which bytes: the current version of the key, or the named one, as long as its ETag is this."""

    bucket: str
    alias: str
    key: str
    version_id: str
    etag: str
    bytes: int


@dataclass(frozen=True)
class Content:
    """One object that was read to its end. `held` is its bytes; None where they must be read again."""

    version_id: str
    crc: int
    sha256: str
    modified: datetime
    held: bytes | None


def read(source: Source) -> Content:
    """Read the object to its end; errors of the store as they are, Conflict where it was changed."""
    opened = _opened(source, source.version_id)
    digest, crc, held = hashlib.sha256(), 0, bytearray()
    is_small = source.bytes <= SMALL_BYTES
    for piece in opened.pieces:
        digest.update(piece)
        crc = zlib.crc32(piece, crc)
        if is_small:
            held += piece
    kept = bytes(held) if is_small else None
    return Content(opened.version_id, crc, digest.hexdigest(), opened.modified, kept)


def again(source: Source, content: Content) -> Iterator[bytes]:
    """Open the very version that was read; yield its bytes. BadContent at the end where they are others."""
    opened = _opened(source, content.version_id or source.version_id)

    def pieces() -> Iterator[bytes]:
        crc = 0
        for piece in opened.pieces:
            crc = zlib.crc32(piece, crc)
            yield piece
        if crc != content.crc:
            raise BadContent(_("The store sent other bytes when the object was read again."))

    return pieces()


def _opened(source: Source, version_id: str) -> reading.Opened:
    opened = reading.opened(
        source.bucket, source.key, if_etag=source.etag, version_id=version_id, alias=source.alias
    )
    if opened.length != source.bytes:
        opened.pieces.close()
        raise BadContent(_("The store has another size of it now than in its list."), code="Size")
    return opened


def in_order(
    things: Sequence[Thing],
    ask: Callable[[Thing], Answer],
    *,
    size: Callable[[Thing], int],
    beat: Callable[[], None],
) -> Iterator[tuple[Thing, Answer]]:
    """Yield each thing with its answer, in order; those behind are asked for already, in threads."""
    waiting: deque[tuple[Thing, Future[Answer]]] = deque()
    rest, ahead = deque(things), 0
    with ThreadPoolExecutor(AHEAD, thread_name_prefix="zip-read") as pool:
        try:
            while rest or waiting:
                while rest and len(waiting) < AHEAD and (not waiting or ahead + size(rest[0]) <= AHEAD_BYTES):
                    thing = rest.popleft()
                    ahead += size(thing)
                    waiting.append((thing, pool.submit(copy_context().run, ask, thing)))
                thing, asked = waiting.popleft()
                while wait([asked], BEAT_SECONDS).not_done:
                    beat()
                answer = asked.result()
                del asked  # it holds the bytes
                yield thing, answer
                ahead -= size(thing)
        finally:
            pool.shutdown(cancel_futures=True)


class Names:
    """Names for the keys of a batch, none twice in the ZIP. The rows of former batches know theirs."""

    def __init__(self, job: Job, keys: Iterable[tuple[str, bool]]) -> None:
        self._job = job
        self._cleaned = {key: names.clean(key, is_folder=is_folder) for key, is_folder in keys}
        paths = {path for name in self._cleaned.values() for path in (name, *names.folders_of(name))}
        self._looked_up = {names.mark(path) for path in paths}
        self._taken = {names.mark(names.MANIFEST)} | _taken_before(job, sorted(self._looked_up))

    def take(self, key: str) -> tuple[str, str]:
        """Return the key's name and the mark of it, by which the row of its outcome is found again."""
        wanted = name = names.beside_files(self._cleaned[key], self._is_taken)
        is_odd = key.endswith("/") and not name.endswith("/")  # bytes where others see a folder
        number = 0
        while is_odd or self._is_taken(name):
            name, is_odd = names.tell_apart(wanted, f"{key}{number or ''}"), False
            number += 1
        self._taken.add(mark := names.mark(name))
        return name, mark

    def _is_taken(self, name: str) -> bool:
        mark = names.mark(name)
        if mark not in self._looked_up:
            self._looked_up.add(mark)
            self._taken |= _taken_before(self._job, [mark])
        return mark in self._taken


def _taken_before(job: Job, marks: list[str]) -> set[str]:
    found: set[str] = set()
    done = job.items.filter(outcome=JobItem.Outcome.DONE)
    for start in range(0, len(marks), _CHUNK):
        found |= set(done.filter(code__in=marks[start : start + _CHUNK]).values_list("code", flat=True))
    return found
