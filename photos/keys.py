"""Object keys of photos and renditions. Pure: no Django, no boto.

    photos/<pet or "unassigned">/<photo>.<true extension>
    renditions/<photo>/<name>-<digest>.<extension>

A key never changes after it is made: a photo that moves to another pet keeps its key.
"""

import hashlib
from uuid import UUID

ORIGINALS = "photos/"
RENDITIONS = "renditions/"
UNASSIGNED = "unassigned"
DIGEST_LENGTH = 16  # hex digits: 64 bits tell the few renditions of one photo apart


def original_key(photo: UUID, extension: str, pet: UUID | None) -> str:
    """Return the key of a photo's original."""
    return f"{ORIGINALS}{pet or UNASSIGNED}/{photo}.{extension}"


def renditions_prefix(photo: UUID) -> str:
    """Return what all rendition keys of a photo start with."""
    return f"{RENDITIONS}{photo}/"


def rendition_key(photo: UUID, name: str, digest: str, extension: str) -> str:
    """Return the key of a rendition; its digest makes a replaced or rotated photo a new address."""
    return f"{renditions_prefix(photo)}{name}-{digest}.{extension}"


def photo_of_rendition(key: str) -> UUID | None:
    """Return the photo whose rendition, or folder of renditions, has this key; None for any other key."""
    if not key.startswith(RENDITIONS):
        return None
    return _uuid(key.removeprefix(RENDITIONS).partition("/")[0])


def photo_of_original(key: str) -> UUID | None:
    """Return the photo whose original has this key; None for any other key."""
    folder, _slash, name = key.removeprefix(ORIGINALS).partition("/")
    stem, dot, extension = name.partition(".")
    if not (key.startswith(ORIGINALS) and folder and dot and extension) or "/" in name:
        return None
    return _uuid(stem)


def pet_of_folder(prefix: str) -> UUID | None:
    """Return the pet whose originals are filed below `photos/<pet>/`; None for any other folder."""
    folder, _slash, rest = prefix.removeprefix(ORIGINALS).partition("/")
    return None if rest or not prefix.startswith(ORIGINALS) else _uuid(folder)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def source_digest(sha256: str, rotation: int, recipe: str) -> str:
    """Return the digest of what a rendition is made from: the bytes, the turn, and the recipe."""
    text = f"{sha256}:{rotation}:{recipe}"
    return hashlib.sha256(text.encode()).hexdigest()[:DIGEST_LENGTH]
