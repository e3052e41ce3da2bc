"""What an object is called inside a ZIP: a name that every system can write, and none writes elsewhere.

A key may be anything; a name that is unpacked becomes a path. So nothing climbs (`..`), starts at a
root or a drive, holds a control character or what Windows refuses, or is longer than a file system
takes. Pure: no Django, no boto.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable

MANIFEST = "manifest.csv"
MAX_SEGMENT_BYTES = 200  # of the 255 that file systems take: programs add to names
_KEPT_ENDING_BYTES = 16
_DIGITS = 8
_REFUSED = re.compile(r'[\\:*?"<>|]')
# Names of devices, with or without an ending (Microsoft: Naming Files, Paths, and Namespaces).
_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)


def clean(key: str, *, is_folder: bool = False) -> str:
    """Return the key as a safe relative path; with a / at its end where it is an empty folder's."""
    segments = [_segment(one) for one in key.split("/") if one not in ("", ".")]
    name = "/".join(segments) or "_"
    return f"{name}/" if is_folder else name


def tell_apart(name: str, key: str) -> str:
    """Return the name with eight digits of the key's digest: another one for each key."""
    folder, slash, last = name.rstrip("/").rpartition("/")
    stem, dot, ending = last.rpartition(".")
    if not stem or len(ending) > _KEPT_ENDING_BYTES:
        stem, dot, ending = last, "", ""
    ends = "/" if name.endswith("/") else ""
    return f"{folder}{slash}{stem}~{_digits(key)}{dot}{ending}{ends}"


def folders_of(name: str) -> list[str]:
    """Return the folders that unpacking the name makes, the outermost first."""
    segments = name.split("/")[:-1]
    return ["/".join(segments[: end + 1]) for end in range(len(segments))]


def beside_files(name: str, is_file: Callable[[str], bool]) -> str:
    """Return the name with folders renamed that would have to stand where a file does."""
    *folders, last = name.split("/")
    changed: list[str] = []
    for original, path in zip(folders, folders_of(name), strict=True):
        changed.append(f"{original}~{_digits(path)}" if is_file(path) else original)
    return "/".join([*changed, last])


def mark(name: str) -> str:
    """Return what two names have in common that some system takes for one: 64 hex digits.

    Windows and macOS do not tell capitals apart, nor do some an accent in one character from one in two.
    """
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())
    return hashlib.sha256(folded.encode()).hexdigest()


def _segment(text: str) -> str:
    # Control characters, bidirectional overrides, surrogates, separators other than a blank.
    written = "".join(one if one.isprintable() else "_" for one in text)
    written = _REFUSED.sub("_", written)
    # Windows drops dots and blanks at the end: "..", too, is no climbing any more.
    kept = written.rstrip(". ")
    written = kept + "_" * (len(written) - len(kept))
    if _DEVICE.fullmatch(written):
        written = f"_{written}"
    return _shortened(written)


def _shortened(text: str) -> str:
    """Cut what is too long in its middle; digits of the digest keep such names apart."""
    if len(text.encode()) <= MAX_SEGMENT_BYTES:
        return text
    stem, dot, ending = text.rpartition(".")
    if not stem or len(ending.encode()) > _KEPT_ENDING_BYTES:
        stem, dot, ending = text, "", ""
    room = MAX_SEGMENT_BYTES - len(f"~{_digits(text)}{dot}{ending}".encode())
    return f"{stem.encode()[:room].decode(errors='ignore')}~{_digits(text)}{dot}{ending}"


def _digits(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
