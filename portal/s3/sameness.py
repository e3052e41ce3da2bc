"""Whether two configurations mean the same, however a store has written them down. Pure."""

import json
from datetime import UTC, datetime
from typing import Any


def key_of(value: Any) -> str:
    """Return a text that is the same for the same content: order of names and time zones do not count."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=_moment)


def without_empty(value: Any) -> Any:
    """Return the content without what says nothing: None, 0, false, empty texts, lists and objects."""
    if isinstance(value, dict):
        kept = {name: without_empty(inner) for name, inner in value.items()}
        return {name: inner for name, inner in kept.items() if inner}
    if isinstance(value, list | tuple):
        return [without_empty(inner) for inner in value]
    return value


def _moment(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    raise TypeError(f"{type(value).__name__} is in no configuration of S3")
