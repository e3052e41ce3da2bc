"""Names of buckets, by the rules of S3 (UG:bucketnamingrules); imports nothing of boto."""

import re
import secrets

from django.utils.translation import gettext as _

LEAST_LETTERS, MOST_LETTERS = 3, 63
SUFFIX_LETTERS = 10
_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
_SHAPE = re.compile(r"[a-z0-9][a-z0-9.-]*[a-z0-9]")
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")
_TAKEN_PREFIXES = ("xn--", "sthree-", "amzn-s3-demo-")
_TAKEN_SUFFIXES = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3", "-an")


def faults(name: str) -> list[str]:
    """Return what S3 would refuse in the name, as sentences; none for a good name."""
    found = []
    if not LEAST_LETTERS <= len(name) <= MOST_LETTERS:
        found.append(
            _("The name has %(count)d characters; S3 allows %(least)d to %(most)d.")
            % {"count": len(name), "least": LEAST_LETTERS, "most": MOST_LETTERS}
        )
    if not _SHAPE.fullmatch(name):
        found.append(_("Only a-z, 0-9, dots and hyphens are allowed, with a letter or digit at both ends."))
    if ".." in name:
        found.append(_("Two dots must not follow each other."))
    if _ADDRESS.fullmatch(name):
        found.append(_("The name must not look like an IP address."))
    if name.startswith(_TAKEN_PREFIXES):
        found.append(
            _("Names that begin with %(words)s are Amazon's own.") % {"words": _listed(_TAKEN_PREFIXES)}
        )
    if name.endswith(_TAKEN_SUFFIXES):
        found.append(_("Names that end in %(words)s are Amazon's own.") % {"words": _listed(_TAKEN_SUFFIXES)})
    return found


def with_suffix(prefix: str) -> str:
    """Return the prefix with a random end, so that nobody can have taken or foreseen the name."""
    room = MOST_LETTERS - SUFFIX_LETTERS - 1
    suffix = "".join(secrets.choice(_ALPHABET) for _letter in range(SUFFIX_LETTERS))
    return f"{prefix[:room].rstrip('.-')}-{suffix}"


def _listed(words: tuple[str, ...]) -> str:
    return ", ".join(words)
