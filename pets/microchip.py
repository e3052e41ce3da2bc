"""Transponder codes of animals: ISO 11784, and the older ones that are still about.

An ISO code is 15 decimal digits as a reader shows it: three for the country (ISO 3166
numeric, 001 to 899) or for the manufacturer (900 to 998, given out by ICAR; 999 marks test
transponders), then twelve for a national number that has to fit into 38 bits.
Older chips show 10 characters (FDX-A: AVID Euro, Trovan, Destron) or 9 digits (AVID).

Pure: knows no Django. Sentences are `Sentence`s, which `pets.fields.say` translates.
"""

import re
from collections.abc import Iterator
from enum import StrEnum
from itertools import combinations
from string import ascii_uppercase, digits
from typing import Any, NamedTuple

ISO_DIGITS = 15
OLD_CHARACTERS = 10
LENGTHS = frozenset({9, OLD_CHARACTERS, ISO_DIGITS})
PREFIX_DIGITS = 3
FIRST_MANUFACTURER = 900
TEST_PREFIX = 999
NATIONAL_ID_MAX = 2**38 - 1  # 274,877,906,943: bits 27 to 64 of the code

_SEPARATORS = re.compile(r"[\s.\-\u2010-\u2015\u2212]+")
_ISO = re.compile(r"[0-9]{15}")
_OLD = re.compile(r"[0-9]{9}|[0-9A-Z]{10}")

# Countries whose chips are met most; any other is named by its number.
_COUNTRIES = {
    36: "Australia", 40: "Austria", 56: "Belgium", 76: "Brazil", 124: "Canada", 156: "China",
    191: "Croatia", 203: "Czechia", 208: "Denmark", 233: "Estonia", 246: "Finland", 250: "France",
    276: "Germany", 300: "Greece", 348: "Hungary", 372: "Ireland", 380: "Italy", 392: "Japan",
    428: "Latvia", 440: "Lithuania", 442: "Luxembourg", 528: "Netherlands", 554: "New Zealand",
    578: "Norway", 616: "Poland", 620: "Portugal", 642: "Romania", 643: "Russia", 688: "Serbia",
    703: "Slovakia", 705: "Slovenia", 724: "Spain", 752: "Sweden", 756: "Switzerland",
    792: "Turkey", 804: "Ukraine", 826: "United Kingdom", 840: "United States",
}  # fmt: skip


def _(text: str) -> str:
    """Mark a sentence for makemessages; it is translated where it is shown."""
    return text


class Sentence(NamedTuple):
    """A sentence in English with its values apart, so that it can be translated."""

    text: str
    values: dict[str, Any]

    def __str__(self) -> str:
        return self.text % self.values


class Kind(StrEnum):
    """What a code is; the last three are ISO."""

    NONE = "none"
    NON_ISO = "non-iso"
    COUNTRY = "country"
    MANUFACTURER = "manufacturer"
    TEST = "test"


class MicrochipError(ValueError):
    """The text is no transponder code; `sentence` says why, for a person."""

    def __init__(self, text: str, **values: Any) -> None:
        self.sentence = Sentence(text, values)
        super().__init__(str(self.sentence))


def normalise(text: str) -> str:
    """Return the code as it is stored: without blanks, dots and dashes, letters in upper case."""
    return _SEPARATORS.sub("", text).upper()


def check(text: str) -> Kind:
    """Return what kind of code a text holds (`Kind.NONE` when it is empty).

    Raises `MicrochipError` when no reader would show it.
    """
    code = normalise(text)
    if not code:
        return Kind.NONE
    if _OLD.fullmatch(code):
        return Kind.NON_ISO
    if len(code) != ISO_DIGITS:
        raise MicrochipError(
            _(
                "A microchip number has 15 digits (on older chips 10 characters or 9 digits); "
                "%(code)s has %(length)d characters."
            ),
            code=code,
            length=len(code),
        )
    if not _ISO.fullmatch(code):
        raise MicrochipError(
            _("A microchip number of 15 characters holds digits only; %(code)s does not."), code=code
        )
    prefix, national_id = int(code[:PREFIX_DIGITS]), int(code[PREFIX_DIGITS:])
    if prefix == 0:
        raise MicrochipError(
            _("%(code)s begins with 000, which is no country and no manufacturer."), code=code
        )
    if national_id > NATIONAL_ID_MAX:
        raise MicrochipError(
            _("The last twelve digits of a microchip number go up to %(most)d; %(code)s has %(found)d."),
            most=NATIONAL_ID_MAX,
            code=code,
            found=national_id,
        )
    if prefix == TEST_PREFIX:
        return Kind.TEST
    return Kind.MANUFACTURER if prefix >= FIRST_MANUFACTURER else Kind.COUNTRY


def is_code(text: str) -> bool:
    """Return whether a text holds a code that `check` accepts."""
    try:
        return check(text) is not Kind.NONE
    except MicrochipError:
        return False


def explain(text: str) -> Sentence:
    """Return in words what a code says about its origin. Raises `MicrochipError` as `check` does."""
    kind = check(text)
    prefix = normalise(text)[:PREFIX_DIGITS]
    if kind is Kind.NONE:
        return Sentence(_("No microchip."), {})
    if kind is Kind.NON_ISO:
        return Sentence(_("An older chip that is not ISO 11784; not every reader finds it."), {})
    if kind is Kind.TEST:
        return Sentence(_("999 marks a test chip; no registry knows it."), {})
    if kind is Kind.MANUFACTURER:
        return Sentence(_("ISO 11784, numbered by manufacturer %(prefix)s."), {"prefix": prefix})
    country = _COUNTRIES.get(int(prefix))
    if country is None:
        return Sentence(_("ISO 11784, country code %(prefix)s."), {"prefix": prefix})
    return Sentence(
        _("ISO 11784, country code %(prefix)s (%(country)s)."), {"prefix": prefix, "country": country}
    )


def near_misses(text: str) -> frozenset[str]:
    """Return the codes that one slip away from this one: one character wrong, or two swapped.

    Only codes that `check` accepts, never the code itself. The text need not be a code: a slip
    often makes an impossible one. At most 240 codes for 15 digits, 405 for 10 characters.
    """
    code = normalise(text)
    if len(code) not in LENGTHS:
        return frozenset()
    return frozenset(found for found in _slips(code) if found != code and is_code(found))


def _slips(code: str) -> Iterator[str]:
    alphabet = digits + ascii_uppercase if len(code) == OLD_CHARACTERS else digits
    for position in range(len(code)):
        for character in alphabet:
            yield f"{code[:position]}{character}{code[position + 1 :]}"
    for left, right in combinations(range(len(code)), 2):
        swapped = list(code)
        swapped[left], swapped[right] = code[right], code[left]
        yield "".join(swapped)
