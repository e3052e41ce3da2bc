"""One search field for everything: tells a chip, an id, a reference, a phone number and a name apart.

What is written like a code is looked up as a code, by index seeks in one query; only what is
found as none is looked up as a name. Owners' phone and e-mail are searched only for those
who may see them: otherwise a guess could be confirmed.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet, Value
from django.db.models.expressions import RawSQL

from pets import microchip
from pets.models import Owner, Pet
from pets.querysets import PetQuerySet, carries

# The unit of FTS5 and pg_trgm: a shorter text is looked up as the beginning of a name.
TRIGRAM = 3
MIN_PHONE_DIGITS = 5
# The last eight digits tell numbers apart; before them people write 0, 0049 or +49.
PHONE_TAIL_DIGITS = 8
# An identifier that finds more than this is none.
MAX_CODE_HITS = 200
MAX_WORDS = 5

_PHONE = re.compile(r"[0-9+(][0-9 ()/.\-]*")
_REFERENCE = re.compile(r"(?=.*[0-9]|PT-)[A-Z0-9][A-Z0-9\-]{1,23}")


class Kind(StrEnum):
    """What a text was found as; the value is also what the union query answers."""

    ID = "id"
    MICROCHIP = "microchip"
    REFERENCE = "reference"
    TRACKER = "tracker"
    TAG = "tag"
    PHONE = "phone"
    EMAIL = "email"
    NEAR_MISS = "near miss"


CONTACT_KINDS = frozenset({Kind.PHONE, Kind.EMAIL})


@dataclass(frozen=True)
class Found:
    """The pets a text stands for; `by` says as what each was found, and is empty for names."""

    pets: PetQuerySet
    by: dict[UUID, Kind] = field(default_factory=dict)

    @property
    def are_near_misses(self) -> bool:
        """Whether no pet has this microchip, and these have one that differs by a slip."""
        return Kind.NEAR_MISS in self.by.values()


def find(text: str, *, pets: PetQuerySet, see_contact: bool) -> Found:
    """Return which of `pets` a text stands for.

    `see_contact` says whether the searcher has `pets.view_owner_contact`. Codes are read
    here, in at most two queries; a search by name is left to the queryset.
    """
    text = _tidy(text)
    wanted = {
        kind: condition
        for kind, condition in _conditions(text).items()
        if see_contact or kind not in CONTACT_KINDS
    }
    near_miss = wanted.pop(Kind.NEAR_MISS, None)
    by = _read_codes(pets, wanted)
    if not by and near_miss is not None:
        by = _read_codes(pets, {Kind.NEAR_MISS: near_miss})
    if by:
        return Found(pets.filter(pk__in=list(by)), by)
    return Found(_named(pets, text))


def kinds(text: str) -> frozenset[Kind]:
    """Return what a text may be by its looks. Empty: it can only be a name."""
    return frozenset(_conditions(_tidy(text)))


def find_owners(text: str, *, owners: QuerySet[Owner], see_contact: bool) -> QuerySet[Owner]:
    """Return which of `owners` a text stands for: by name, and for those who may by phone and e-mail."""
    text = _tidy(text)
    for condition in (_email(text), _phone(text)):
        if see_contact and condition is not None:
            return owners.filter(condition)
    for word in text.split()[:MAX_WORDS]:
        owners = owners.filter(_owner_contains("name", word))
    return owners


def _tidy(text: str) -> str:
    return " ".join(text.replace("\0", " ").split())


def _read_codes(pets: PetQuerySet, wanted: dict[Kind, Q]) -> dict[UUID, Kind]:
    seeks = [
        pets.filter(condition).order_by().annotate(found_as=Value(kind.value)).values_list("pk", "found_as")
        for kind, condition in wanted.items()
    ]
    if not seeks:
        return {}
    rows = seeks[0].union(*seeks[1:], all=True)[:MAX_CODE_HITS] if seeks[1:] else seeks[0][:MAX_CODE_HITS]
    by: dict[UUID, Kind] = {}
    for key, found_as in rows:
        by.setdefault(key, Kind(found_as))
    return by


def _conditions(text: str) -> dict[Kind, Q]:
    """Return for each kind of code that the text may be how its pets are found."""
    found = {kind: reader(text) for kind, reader in _READERS.items()}
    return {kind: condition for kind, condition in found.items() if condition is not None}


def _read_id(text: str) -> Q | None:
    try:
        return Q(pk=UUID(text))
    except ValueError:
        return None


def _read_microchip(text: str) -> Q | None:
    code = microchip.normalise(text)
    return carries("microchip", {code}) if microchip.is_code(code) and _is_mostly_digits(code) else None


def _read_near_miss(text: str) -> Q | None:
    code = microchip.normalise(text)
    near = microchip.near_misses(code) if _is_mostly_digits(code) else None
    return carries("microchip", near) if near else None


def _read_reference(text: str) -> Q | None:
    # The beginning is enough, from the first dash on: "PT-4F".
    code = _capitals(text)
    if not _REFERENCE.fullmatch(code):
        return None
    if "-" not in code:
        return Q(reference=code)
    begins = Q(reference__startswith=code)
    # SQLite has no index for LIKE; "[" is the sign after "Z", the last that a reference holds.
    return (
        begins & Q(reference__gte=code, reference__lt=f"{code}[") if connection.vendor == "sqlite" else begins
    )


def _read_tracker(text: str) -> Q | None:
    return carries("tracker_id", {_capitals(text)}) if _has_digit(text) else None


def _read_tag(text: str) -> Q | None:
    # A tag without a digit bears a name: then the name finds it, and its namesakes too.
    return carries("tag", {_capitals(text)}) if _has_digit(text) else None


def _read_phone(text: str) -> Q | None:
    condition = _phone(text)
    return None if condition is None else Q(owner__in=Owner.objects.filter(condition).values("pk"))


def _read_email(text: str) -> Q | None:
    condition = _email(text)
    return None if condition is None else Q(owner__in=Owner.objects.filter(condition).values("pk"))


# In the order in which a pet that is found twice is called; near misses are a second query.
_READERS: dict[Kind, Callable[[str], Q | None]] = {
    Kind.ID: _read_id,
    Kind.MICROCHIP: _read_microchip,
    Kind.REFERENCE: _read_reference,
    Kind.TRACKER: _read_tracker,
    Kind.TAG: _read_tag,
    Kind.PHONE: _read_phone,
    Kind.EMAIL: _read_email,
    Kind.NEAR_MISS: _read_near_miss,
}


def _capitals(text: str) -> str:
    return "".join(text.split()).upper()


def _has_digit(text: str) -> bool:
    return any(map(str.isdigit, text))


def _is_mostly_digits(code: str) -> bool:
    """Tell a chip's ten characters from a name of ten letters."""
    return 2 * sum(map(str.isdigit, code)) > len(code)


def _phone(text: str) -> Q | None:
    if not _PHONE.fullmatch(text):
        return None
    digits = re.sub(r"[^0-9]", "", text.replace("(0)", ""))
    if len(digits) < MIN_PHONE_DIGITS:
        return None
    return _owner_contains("phone_digits", digits[-PHONE_TAIL_DIGITS:])


def _email(text: str) -> Q | None:
    return _owner_contains("email", text) if "@" in text and len(text) >= TRIGRAM else None


def _named(pets: PetQuerySet, text: str) -> PetQuerySet:
    """Every word stands in the pet's name or in its owner's: "bella schmidt".

    One or two letters are looked for at the beginning of the pet's name only.
    """
    words = sorted(text.split()[:MAX_WORDS], key=len, reverse=True)
    for number, word in enumerate(words):
        if len(word) < TRIGRAM:
            # Begins thousands of names: the list reads on in its own order until a page is full.
            pets = pets.filter(name__istartswith=word)
            continue
        if number and connection.vendor == "postgresql":
            # The longest word's pets are few: to look at each is less than to find this word's as well.
            pets = pets.filter(Q(name__icontains=word) | Q(owner__name__icontains=word))
            continue
        owned = Pet.objects.filter(owner__in=Owner.objects.filter(_owner_contains("name", word)).values("pk"))
        named = Pet.objects.filter(_pet_contains(word))
        # A union of keys, not an OR: each half keeps its own index.
        pets = pets.filter(
            pk__in=named.order_by().values("pk").union(owned.order_by().values("pk"), all=True)
        )
    return pets


def _pet_contains(text: str) -> Q:
    if connection.vendor == "sqlite":
        matching = (
            "SELECT r.pet_id FROM pets_petsearch s JOIN pets_petsearchrow r ON r.id = s.rowid"
            " WHERE pets_petsearch MATCH %s"
        )
        return Q(pk__in=RawSQL(matching, [_fts_phrase(text)]))  # noqa: S611 - the text is a parameter
    return Q(name__icontains=text)


def _owner_contains(column: str, text: str) -> Q:
    if len(text) < TRIGRAM:
        return Q(**{f"{column}__istartswith": text})
    if connection.vendor == "sqlite":
        matching = "SELECT rowid FROM pets_ownersearch WHERE pets_ownersearch MATCH %s"
        return Q(pk__in=RawSQL(matching, [f"{column} : {_fts_phrase(text)}"]))  # noqa: S611 - a parameter too
    # LIKE on digits needs no UPPER, and the index has none.
    return Q(**{f"{column}__{'contains' if column == 'phone_digits' else 'icontains'}": text})


def _fts_phrase(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
