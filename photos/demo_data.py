"""Made-up owners, pets and photos. They go the way that real ones go: through the services.

The same seed makes the same pets. Photos are stored as a phone would send them (turned by
EXIF, with a place), so that the whole path runs on real input.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from django.core.files.base import ContentFile
from django.utils import timezone

from pets import owner_services
from pets import services as pet_services
from pets.choices import Neutered, Sex, Species, Status
from pets.models import Owner, Pet
from photos import drawing, upload
from photos.errors import UploadRefused

REFERENCE_PREFIX = "DEMO-"
REAL_PHOTOS = Path(__file__).parent / "demo_photos"
HOME = (52.5200, 13.4050)  # latitude, longitude; photos are taken within a few kilometres

# fmt: off
_NAMES = (
    "Bella", "Luna", "Milo", "Rocky", "Coco", "Nala", "Simba", "Oskar", "Emma", "Balu", "Lotte", "Paul",
    "Frieda", "Momo", "Findus", "Karlo", "Lilly", "Sam", "Maja", "Leo", "Pepper", "Nero", "Kira", "Willi",
    "Tilda", "Hugo", "Polly", "Anton", "Minka", "Rudi", "Fips", "Hexe", "Schröder", "Piet", "Smilla", "Ida",
)
_SURNAMES = (
    "Schmidt", "Kaya", "Nowak", "Rossi", "Weber", "Dubois", "Larsen", "Haddad", "Vogel", "Novák", "Okafor",
    "Brandt", "Kim", "Moreau",
)
_FIRST_NAMES = (
    "Anna", "Mehmet", "Julia", "Piotr", "Chiara", "Lars", "Amira", "Jonas", "Eva", "Tom", "Ngozi", "Petra",
    "Minh", "Lucie",
)
# fmt: on
_BREEDS = {
    Species.DOG: ("Labrador", "Dachshund", "Border collie", "Poodle", "Beagle", "German shepherd"),
    Species.CAT: ("European shorthair", "Siamese", "Maine Coon", "British shorthair", "Persian"),
    Species.RABBIT: ("Dutch", "Lop", "Netherland dwarf"),
    Species.BIRD: ("Budgerigar", "Cockatiel", "Canary"),
    Species.RODENT: ("Guinea pig", "Golden hamster"),
    Species.FERRET: ("",),
    Species.REPTILE: ("Bearded dragon", "Greek tortoise"),
    Species.HORSE: ("Haflinger", "Icelandic"),
}
# The first pets are those whose photographs are real (see demo_photos/SOURCES.md).
_REAL_PETS = {"Chelsea": "chelsea.jpg", "Rocket": "raccoon.jpg"}
_REAL_KINDS = ((Species.CAT, "European shorthair"), (Species.OTHER, "Raccoon"))
# Kilograms of a grown animal, from and to.
_WEIGHTS = {
    Species.DOG: (6, 38),
    Species.CAT: (3, 7),
    Species.RABBIT: (1, 4),
    Species.BIRD: (0.04, 0.5),
    Species.RODENT: (0.1, 1.2),
    Species.FERRET: (0.7, 2),
    Species.REPTILE: (0.3, 4),
    Species.HORSE: (380, 560),
    Species.OTHER: (4, 9),
}
_COLOURS = ("black", "white", "brown", "ginger", "grey", "tricolour", "cream", "brindle")
_WARNINGS = ("Bites when cornered", "Diabetic: insulin at 8 and 20", "Escapes over fences", "Deaf")
_PLACES = ("Park am See", "Main station", "Allotments north", "Shelter gate", "Lindenstraße")
_CAMERAS = ("Apple iPhone 14", "samsung SM-S911B", "Google Pixel 8", "Fairphone 5")


@dataclass(frozen=True)
class Made:
    """One pet that was made, and how many photos it was given."""

    pet: Pet
    photos: int


def foreign_pets() -> int:
    """Return how many pets are there that this module did not make."""
    return Pet.objects.exclude(reference__startswith=REFERENCE_PREFIX).count()


def make(*, pets: int, seed: int) -> Iterator[Made]:
    """Make the pets one after the other; one that is there already is left as it is."""
    dice = random.Random(seed)  # noqa: S311 - the same dice again, not a secret
    owners = [_owner(dice) for _number in range(max(1, pets // 3))] if pets else []
    for number in range(pets):
        pet_dice = random.Random(f"{seed}:{number}")  # noqa: S311
        reference = f"{REFERENCE_PREFIX}{seed}-{number + 1:05}"
        if not Pet.objects.filter(reference=reference).exists():
            pet = _pet(pet_dice, reference, owners, number)
            yield Made(pet, _photos(pet_dice, pet))


def _owner(dice: random.Random) -> Owner:
    name = f"{dice.choice(_FIRST_NAMES)} {dice.choice(_SURNAMES)}"
    phone = f"+49 30 {dice.randrange(10**6, 10**7)}"
    known = Owner.objects.filter(name=name, phone=phone).first()
    owner = known or Owner(
        name=name,
        phone=phone,
        email=f"{name.split(maxsplit=1)[0].lower()}.{dice.randrange(1000)}@example.org",
        address=f"Musterweg {dice.randrange(1, 99)}, 10115 Berlin",
        contact_consent=dice.random() < 0.8,
    )
    if known is None:
        owner_services.save_owner(actor=None, owner=owner)
    return owner


def _pet(dice: random.Random, reference: str, owners: list[Owner], number: int) -> Pet:
    species = dice.choices([*_BREEDS, Species.DOG, Species.CAT], weights=[6, 6, 2, 2, 1, 1, 1, 1, 4, 4])[0]
    name, breed = dice.choice(_NAMES), dice.choice(_BREEDS[species])
    if number < len(_REAL_PETS):
        name, species, breed = list(_REAL_PETS)[number], *_REAL_KINDS[number]
    born = timezone.localdate() - timedelta(days=dice.randrange(90, 4500))
    status = dice.choices(
        [Status.WITH_OWNER, Status.LOST, Status.FOUND, Status.IN_CARE, Status.ADOPTED],
        weights=[5, 2, 2, 3, 1],
    )[0]
    pet = Pet(
        reference=reference,
        name=name,
        species=species,
        breed=breed,
        sex=dice.choice(Sex.values),
        neutered=dice.choice(Neutered.values),
        birth_date=born,
        birth_date_estimated=dice.random() < 0.3,
        colour=dice.choice(_COLOURS),
        microchip=f"276{dice.randrange(10**11, 2 * 10**11):012}" if dice.random() < 0.75 else "",
        status=Status.IN_CARE,
        warning=dice.choice(_WARNINGS) if dice.random() < 0.15 else "",
        owner=dice.choice(owners) if status in {Status.WITH_OWNER, Status.LOST, Status.ADOPTED} else None,
    )
    pet_services.save_pet(actor=None, pet=pet, place=dice.choice(_PLACES))
    if status != Status.IN_CARE:
        pet_services.change_status(actor=None, pet=pet, status=status, place=dice.choice(_PLACES))
    lightest, heaviest = _WEIGHTS[species]
    for months in (9, 4, 0):
        weighed_on = timezone.localdate() - timedelta(days=30 * months)
        if weighed_on >= born:
            kg = Decimal(str(round(max(0.01, dice.uniform(lightest, heaviest)), 2)))
            pet_services.record_weight(actor=None, pet=pet, kg=kg, weighed_on=weighed_on)
    return pet


def _photos(dice: random.Random, pet: Pet) -> int:
    taken = 0
    for name, data in _real(dice, pet) if pet.name in _REAL_PETS else _drawn(dice, pet):
        try:
            upload.receive(actor=None, pet=pet, upload=ContentFile(data, name), file_name=name)
        except UploadRefused:
            continue  # the same picture of an earlier run that was stopped half-way
        taken += 1
    return taken


def _real(dice: random.Random, pet: Pet) -> Iterator[tuple[str, bytes]]:
    name = _REAL_PETS[pet.name]
    yield name, _sent(dice, (REAL_PHOTOS / name).read_bytes(), datetime(2026, 5, 17, 14, 3))  # noqa: DTZ001 - as below


def _drawn(dice: random.Random, pet: Pet) -> Iterator[tuple[str, bytes]]:
    # One pet in eight has no photo: the Today page has something to say.
    looks = dice.randrange(10**9)
    for pose in range(dice.choices([0, 1, 2, 3], weights=[1, 3, 3, 1])[0]):
        width, height = dice.choice([(1600, 1200), (1200, 1600), (2000, 1500)])
        drawn = drawing.draw_pet(pet.species, looks, pose=pose, width=width, height=height)
        when = datetime(2026, 1, 1) + timedelta(minutes=dice.randrange(400_000))  # noqa: DTZ001 - cameras know no zone
        yield f"IMG_{when:%Y%m%d_%H%M%S}.jpg", _sent(dice, drawn, when)


def _sent(dice: random.Random, jpeg: bytes, taken_at: datetime) -> bytes:
    """Return the picture as a phone sends it: turned by EXIF, with place and camera."""
    return drawing.as_from_phone(
        jpeg,
        orientation=dice.choice([1, 3, 6, 8]),
        gps=(HOME[0] + dice.uniform(-0.05, 0.05), HOME[1] + dice.uniform(-0.08, 0.08)),
        taken_at=taken_at,
        camera=dice.choice(_CAMERAS),
    )
