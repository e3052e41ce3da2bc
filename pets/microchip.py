"""Transponder codes of animals: ISO 11784, and the older ones that are still about.

An ISO code is 15 decimal digits as a reader shows it: three for the country (ISO 3166
numeric, 001 to 899) or for the manufacturer (900 to 998, given out by ICAR; 999 marks test
transponders), then twelve for a national number that has to fit into 38 bits.
Older chips show 10 characters (FDX-A: AVID Euro, Trovan, Destron) or 9 digits (AVID).
"""

import re
from collections.abc import Iterator
from enum import StrEnum
from itertools import combinations

ISO_DIGITS = 15
COUNTRY_DIGITS = 3
FIRST_MANUFACTURER = 900
TEST_CODE = 999
NATIONAL_ID_MAX = 2**38 - 1  # 274,877,906,943: ISO 11784 bits 27 to 64

_SEPARATORS = re.compile(r"[\s.\-\u2010-\u2015\u2212]+")
_ISO = re.compile(r"[0-9]{15}")
_OLD = re.compile(r"[0-9]{9}|[0-9A-Z]{10}")

# Only those that ship chips in numbers; any other country or manufacturer is shown by its number.
_COUNTRIES = {
    36: "Australia", 40: "Austria", 56: "Belgium", 76: "Brazil", 124: "Canada", 156: "China", 191: "Croatia",
    203: "Czechia", 208: "Denmark", 233: "Estonia", 246: "Finland", 250: "France", 276: "Germany", 300: "Greece",
    348: "Hungary", 372: "Ireland", 380: "Italy", 392: "Japan", 428: "Latvia", 440: "Lithuania", 442: "Luxembourg",
    528: "Netherlands", 554: "New Zealand", 578: "Norway", 616: "Poland", 620: "Portugal", 642: "Romania",
    643: "Russia", 688: "Serbia", 703: "Slovakia", 705: "Slovenia", 724: "Spain", 752: "Sweden",
    756: "Switzerland", 792: "Turkey", 804: "Ukraine", 826: "United Kingdom", 840: "United States",
}  # fmt: skip


class Kind(StrEnum):
    """What a code is; every kind but the first three is ISO."""

    NONE = "none"
    NON_ISO = "non-iso"
    COUNTRY = "country"
    MANUFACTURER = "manufacturer"
    TEST = "test"


class BadMicrochip(ValueError):
    """The text is no transponder code; the message says why, for a person."""


def normalise(text: str) -> str:
    """Return the code as it is stored: without blanks, dots and dashes, letters upper case."""
    return _SEPARATORS.sub("", text).upper()


def check(text: str) -> Kind:
    """Return what kind of code a text holds (`Kind.NONE` when it is empty).

    Raises `BadMicrochip` when no reader would show it.
    """
    code = normalise(text)
    if not code:
        return Kind.NONE
    if _OLD.fullmatch(code):
        return Kind.NON_ISO
    if not _ISO.fullmatch(code):
        raise BadMicrochip(
            f"A microchip number has 15 digits (or, on older chips, 10 characters or 9 digits); "
            f"{code} has {len(code)} characters."
            if len(code) != ISO_DIGITS
            else f"A microchip number of 15 characters holds digits only; {code} holds something else."
        )
    prefix, national_id = int(code[:COUNTRY_DIGITS]), int(code[COUNTRY_DIGITS:])
    if prefix == 0:
        raise BadMicrochip(f"{code} begins with 000, which is no country and no manufacturer.")
    if national_id > NATIONAL_ID_MAX:
        raise BadMicrochip(
            f"The last twelve digits of a microchip number go up to {NATIONAL_ID_MAX}; {code} has {national_id}."
        )
    if prefix == TEST_CODE:
        return Kind.TEST
    return Kind.MANUFACTURER if prefix >= FIRST_MANUFACTURER else Kind.COUNTRY


def is_valid(text: str) -> bool:
    """Return whether a text is a code that `check` accepts."""
    try:
        return check(text) is not Kind.NONE
    except BadMicrochip:
        return False
