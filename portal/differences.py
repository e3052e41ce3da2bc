"""What changed between two states, field by field: for people to read."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Difference:
    """One field; None where it was not there."""

    field: str
    old: str | None
    new: str | None

    @property
    def is_changed(self) -> bool:
        return self.old != self.new


def between(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> list[Difference]:
    """Return every field of either state, the former's first; nested ones as "outer.inner"."""
    old, new = dict(_flat(before or {})), dict(_flat(after or {}))
    return [Difference(field, old.get(field), new.get(field)) for field in {**old, **new}]


def _flat(state: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for name, value in state.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
