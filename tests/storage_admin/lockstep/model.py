"""S3 as a versioned bucket behaves, in plain Python: entries of each key, the newest first.

What a step did to the real bucket is told as a `Change` of each key that it touched; the model takes it
over only after the test has said that the step may do so. That no other change can hide is checked here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import md5


@dataclass(frozen=True)
class Entry:
    """A version with its bytes, or a delete marker, which has none."""

    version_id: str
    body: bytes = b""
    is_marker: bool = False

    @property
    def etag(self) -> str:
        """As S3 has it for what was sent in one piece."""
        return "" if self.is_marker else md5(self.body, usedforsecurity=False).hexdigest()


@dataclass(frozen=True)
class Change:
    """What became of one key: entries that are new, and entries that are gone; both newest first."""

    appeared: tuple[Entry, ...] = ()
    vanished: tuple[Entry, ...] = ()


Entries = tuple[Entry, ...]
Named = tuple[str, str]  # a key and a version id


@dataclass
class Model:
    """What the bucket holds, and all that it ever held."""

    entries: dict[str, Entries] = field(default_factory=dict)
    ever: dict[Named, Entry] = field(default_factory=dict)

    def of(self, key: str) -> Entries:
        return self.entries.get(key, ())

    def below(self, prefix: str) -> Iterable[tuple[str, Entry]]:
        """Yield the entries of every key that begins so."""
        return ((key, one) for key, found in self.entries.items() if key.startswith(prefix) for one in found)

    def holds(self, named: Named) -> bool:
        key, version_id = named
        return any(one.version_id == version_id for one in self.of(key))

    def shown(self, key: str) -> bytes | None:
        """Return what a plain GET of the key brings; None where it is hidden, or not there."""
        newest = self.of(key)[:1]
        return newest[0].body if newest and not newest[0].is_marker else None

    def changes(self, observed: Mapping[str, Entries]) -> dict[str, Change]:
        """Tell what a step did, by key. AssertionError for what no call to S3 can do."""
        found = {}
        for key in sorted(self.entries.keys() | observed.keys()):
            before, after = self.of(key), observed.get(key, ())
            if before == after:
                continue
            stayed = tuple(one for one in before if one in after)
            appeared, rest = after[: len(after) - len(stayed)], after[len(after) - len(stayed) :]
            assert rest == stayed, f"{key}: {before} became {after}"  # bytes, kind and order stay
            vanished = tuple(one for one in before if one not in after)
            assert not {one.version_id for one in appeared} & {one.version_id for one in vanished}
            found[key] = Change(appeared, vanished)
        return found

    def take_over(self, observed: Mapping[str, Entries]) -> None:
        """Be as the bucket is."""
        self.entries = dict(observed)
        self.ever |= {(key, one.version_id): one for key, found in observed.items() for one in found}
