"""What a file from outside says of itself. Its key and its metadata are whatever somebody wrote there.

Pure: no Django, no boto.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from uuid import UUID

NAME_LENGTH = 255
PET = "pet-id"


def pet_of(key: str, metadata: Mapping[str, str], prefix: str) -> UUID | None:
    """Return the pet that the metadata names, or else the folder: `incoming/<pet>/name.jpg`."""
    folder, slash, _rest = key.removeprefix(prefix).partition("/")
    return _uuid(metadata.get(PET, "")) or (_uuid(folder) if slash else None)


def file_name(key: str) -> str:
    """Return the key's last part as it may be shown: printable, at most 255 characters."""
    last = re.split(r"[/\\]", key)[-1]
    return "".join(letter for letter in last if letter.isprintable()).strip()[-NAME_LENGTH:] or "unnamed"


def is_file(key: str) -> bool:
    """Whether the key can be one of a file: no folder's placeholder, and no text that a row cannot hold."""
    return not key.endswith("/") and "\0" not in key


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text.strip())
    except ValueError:
        return None
