"""Keys that XML cannot write, and how stores that write them all the same misspell them."""

import re

# XML 1.0 has no way to write these; DeleteObjects names its keys in XML.
ILLEGAL_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
# What a version listing that ignores EncodingType (SeaweedFS) writes for characters that no XML holds.
UNSPELLED = "\ufffd"


def as_inexact_lists_spell(key: str) -> str:
    """Return how a version listing that ignores EncodingType writes the key."""
    return ILLEGAL_IN_XML.sub(UNSPELLED, key)
