"""Rows as a shelter association has them after years: skewed, with odd cases, the same for every run.

Values are written as both databases take them: UUIDs as 32 hexadecimal digits, moments as UTC text.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model

from pets.choices import Neutered, Sex, Species, Status
from pets.models import Owner, Pet, StatusChange, WeightRecord
from photos import keys, renditions
from photos.choices import PhotoStatus
from photos.models import Photo, Rendition

SEED = 20_260
PETS_PER_OWNER = 2.5
CHIP_SPAN = 1_234_567
YEARS = 5
CHIPPED, TRASHED_PETS, PICTURED = 0.7, 0.01, 0.85
# One pet has an album: its page and its list must not depend on it.
ALBUM = 2_000
UNASSIGNED = 0.01
PUBLISHED = 0.03
CAPTIONED = 0.2
LOG_ENTRIES = 100_000

FIRST = ["Anna", "Ben", "Clara", "David", "Emma", "Felix", "Greta", "Hugo", "Ida", "Jan", "Karla", "Leo"]
LAST_BEGIN = ["Schmidt", "Müller", "Weber", "Berg", "Stein", "Wald", "Bach", "Kauf", "Zimmer", "Rosen"]
LAST_END = ["", "mann", "er", "feld", "hausen", "bauer", "meister", "berger", "thal", "ow", "ski", "ke", "el"]
# The first is the commonest, as in every register of pets.
NAMES = [
    "Bella", "Luna", "Max", "Charlie", "Milo", "Rocky", "Buddy", "Nala", "Simba", "Balu", "Lucky", "Sammy",
    "Kira", "Emma", "Leo", "Lilly", "Paul", "Mia", "Oskar", "Findus", "Mimi", "Felix", "Tiger", "Minka",
    "Susi", "Rex", "Bruno", "Amy", "Maja", "Sam", "Jack", "Coco", "Lola", "Rosie", "Daisy", "Molly", "Ruby",
    "Toby", "Oliver", "Shadow", "Smokey", "Ginger", "Pepper", "Gizmo", "Oreo", "Cookie", "Ziggy", "Loki",
    "Thor", "Zeus",
]  # fmt: skip
SYLLABLES = [consonant + vowel for consonant in "bklmnrtvsd" for vowel in "aeiou"]
CAPTIONS = ["in the garden", "asleep", "with a ball", "on arrival", "after the bath", "at the vet's"]
CAMERAS = ["Apple iPhone 14", "samsung SM-G991B", "Google Pixel 8", "Canon EOS 250D", ""]
STATUSES = {
    PhotoStatus.READY: 97.0,
    PhotoStatus.TRASHED: 1.2,
    PhotoStatus.REJECTED: 1.0,
    PhotoStatus.FAILED: 0.4,
    PhotoStatus.PENDING: 0.25,
    PhotoStatus.STORED: 0.1,
    PhotoStatus.PROCESSING: 0.05,
}
TYPES = {
    "image/jpeg": 78,
    "image/heic": 14,
    "image/png": 4,
    "image/webp": 3,
    "image/gif": 0.5,
    "image/avif": 0.5,
}
EXTENSIONS = {"image/jpeg": "jpg"}


@dataclass(frozen=True)
class Table:
    """The rows of one table, made while they are read."""

    model: type[Model]
    columns: tuple[str, ...]
    rows: Iterator[tuple[Any, ...]]


class Rows:
    """All rows. Read the tables in the order of `tables`: photos want pets that exist."""

    def __init__(self, *, photos: int, pets: int, user_id: int, now: datetime | None = None) -> None:
        self.random = random.Random(SEED)
        self.photos, self.pets, self.owners = photos, pets, max(1, int(pets / PETS_PER_OWNER))
        self.user_id = user_id
        # Asked now: while rows flow into PostgreSQL, its connection answers nothing else.
        self.pet_type_id = ContentType.objects.get_for_model(Pet).pk
        self.now = now or datetime.now(UTC)
        self.pet_ids = [self._uuid() for _unused in range(pets)]

    def tables(self) -> Iterator[Table]:
        """Yield the tables, those that others point at first."""
        yield Table(Owner, OWNER, self._owners())
        yield Table(Pet, PET, self._pets())
        yield Table(
            StatusChange, ("pet_id", "from_status", "to_status", "at", "place", "note"), self._statuses()
        )
        yield Table(WeightRecord, ("pet_id", "kg", "weighed_on", "recorded_at"), self._weights())
        yield Table(Photo, PHOTO, self._photos())
        yield Table(Rendition, RENDITION, self._tiles())
        yield Table(LogEntry, LOG_ENTRY, self._log_entries())

    def _owners(self) -> Iterator[tuple[Any, ...]]:
        pick = self.random
        for number in range(self.owners):
            first, last = pick.choice(FIRST), pick.choice(LAST_BEGIN) + pick.choice(LAST_END)
            phone = f"+49 {pick.randint(150, 179)} {pick.randint(1_000_000, 9_999_999)}"
            email = f"{first}.{last}{number}@example.org".lower().replace("ü", "ue")
            at = self._moment(pick.random())
            yield (number + 1, f"{first} {last}", phone, email, "", pick.random() < 0.6, "", at, at)

    def _pets(self) -> Iterator[tuple[Any, ...]]:
        pick = self.random
        ranks = [1 / (rank + 3) for rank in range(len(NAMES))]
        common = iter(pick.choices(NAMES, ranks, k=self.pets))
        species = iter(pick.choices(list(Species.values), [50, 34, 6, 4, 1, 3, 1, 0.5, 0.5], k=self.pets))
        sexes = iter(pick.choices(list(Sex.values), [46, 46, 8], k=self.pets))
        statuses = iter(pick.choices(list(Status.values), [80, 2, 1, 3, 9, 5], k=self.pets))
        for number, pet_id in enumerate(self.pet_ids):
            name = next(common)
            if pick.random() < 0.4:
                name = "".join(pick.choices(SYLLABLES, k=3)).title()
            # Each from a span of its own: no two alike, and gaps between them.
            chip = (
                f"276{CHIP_SPAN * number + pick.randrange(CHIP_SPAN):012}" if pick.random() < CHIPPED else ""
            )
            changed = self._moment(number / self.pets)
            trashed = changed if pick.random() < TRASHED_PETS else None
            owner = pick.randint(1, self.owners) if pick.random() < 0.9 else None
            code = f"PT-{number // 46_656:04}-{number % 46_656:05}"
            yield (
                pet_id, code, name, next(species), "", "", next(sexes), Neutered.UNKNOWN.value, False, "", "",
                chip, "", "", "", next(statuses), "", owner, "", changed, changed, trashed,
            )  # fmt: skip

    def _statuses(self) -> Iterator[tuple[Any, ...]]:
        for number, pet_id in enumerate(self.pet_ids):
            yield (pet_id, "", Status.WITH_OWNER.value, self._moment(number / self.pets), "", "")

    def _weights(self) -> Iterator[tuple[Any, ...]]:
        for number, pet_id in enumerate(self.pet_ids[::2]):
            at = self._moment(2 * number / self.pets)
            yield (pet_id, f"{self.random.randint(200, 4_000) / 100:.2f}", at[:10], at)

    def _photos(self) -> Iterator[tuple[Any, ...]]:
        pick = self.random
        pictured = pick.sample(self.pet_ids, max(1, int(self.pets * PICTURED)))
        statuses = pick.choices(list(STATUSES), list(STATUSES.values()), k=self.photos)
        types = pick.choices(list(TYPES), list(TYPES.values()), k=self.photos)
        cameras = pick.choices(CAMERAS, k=self.photos)
        with_main: set[str] = set()
        for number, (photo_id, status, kind) in enumerate(
            zip(self._photo_ids(), statuses, types, strict=True)
        ):
            pet = pictured[0] if number < ALBUM else pick.choice(pictured)
            pet_id = None if pick.random() < UNASSIGNED else pet
            is_main = pet_id is not None and status == PhotoStatus.READY and pet_id not in with_main
            if is_main:
                with_main.add(str(pet_id))
            is_published = status == PhotoStatus.READY and pick.random() < PUBLISHED
            caption = f"{pick.choice(NAMES)} {pick.choice(CAPTIONS)}" if pick.random() < CAPTIONED else ""
            extension = EXTENSIONS.get(kind, kind.rpartition("/")[2])
            created = self._moment(number / self.photos)
            # What is known of the file once it has arrived.
            facts = (f"v{number:030}", f"{pick.getrandbits(128):032x}", f"{pick.getrandbits(256):064x}")
            facts = facts if status != PhotoStatus.PENDING else ("", "", "")
            pixels = (4_032, 3_024) if status in {PhotoStatus.READY, PhotoStatus.TRASHED} else (None, None)
            reason = "A sentence." if status in {PhotoStatus.REJECTED, PhotoStatus.FAILED} else ""
            claim = (photo_id, created) if status == PhotoStatus.PROCESSING else (None, None)
            yield (
                photo_id, pet_id, caption, "", 0, is_main, is_published, 0, "pettracker-photos",
                keys.original_key(UUID(photo_id), extension, UUID(pet_id) if pet_id else None), *facts,
                pick.randint(500_000, 8_000_000), kind, *pixels, self._file_name(number, created, extension),
                created[:19], cameras[number], status.value, reason, 1, *claim, created, created,
                self.user_id, "ann", created, created, "[]",
            )  # fmt: skip

    def _file_name(self, number: int, created: str, extension: str) -> str:
        """Cameras start anew at IMG_9999; phones write the moment."""
        if number % 2:
            return f"IMG_{number % 10_000:04}.{extension}"
        return f"PXL_{created[:10].replace('-', '')}_{number:09}.{extension}"

    def _tiles(self) -> Iterator[tuple[Any, ...]]:
        """One rendition a photo: lists read no other. Those of unfinished photos are never looked at."""
        at = self._moment(0)
        for photo_id in self._photo_ids():
            digest = photo_id[: keys.DIGEST_LENGTH]
            key = keys.rendition_key(UUID(photo_id), renditions.TILE, digest, "webp")
            yield (photo_id, renditions.TILE, "webp", key, 160, 160, 4_321, digest, at)

    def _log_entries(self) -> Iterator[tuple[Any, ...]]:
        for number in range(min(LOG_ENTRIES, self.pets)):
            at = self._moment(number / LOG_ENTRIES)
            yield (at, self.user_id, self.pet_type_id, self.pet_ids[number], "A pet", 2, "[]")

    def _photo_ids(self) -> Iterator[str]:
        pick = random.Random(SEED + 1)
        for _unused in range(self.photos):
            yield f"{pick.getrandbits(128):032x}"

    def _uuid(self) -> str:
        return f"{self.random.getrandbits(128):032x}"

    def _moment(self, share: float) -> str:
        """Return a moment of the last years; 1.0 is now."""
        moment = self.now - timedelta(days=365 * YEARS) * (1 - share)
        return moment.strftime("%Y-%m-%d %H:%M:%S.%f")


OWNER = ("id", "name", "phone", "email", "address", "contact_consent", "note", "created_at", "updated_at")
PET = (
    "id", "reference", "name", "species", "breed", "second_breed", "sex", "neutered", "birth_date_estimated",
    "colour", "markings", "microchip", "tracker_vendor", "tracker_id", "tag", "status", "warning", "owner_id",
    "notes", "created_at", "updated_at", "trashed_at",
)  # fmt: skip
STATUS_CHANGE = ("pet_id", "from_status", "to_status", "at", "place", "note")
WEIGHT = ("pet_id", "kg", "weighed_on", "recorded_at")
PHOTO = (
    "id", "pet_id", "caption", "alt_text", "position", "is_primary", "is_published", "rotation", "bucket",
    "key", "version_id", "etag", "sha256", "bytes", "content_type", "width", "height", "file_name",
    "taken_at", "camera", "status", "reason", "attempts", "claim", "claimed_at", "queued_at",
    "status_changed_at", "uploaded_by_id", "uploaded_by_name", "created_at", "updated_at",
    "refused_versions",
)  # fmt: skip
RENDITION = ("photo_id", "name", "format", "key", "width", "height", "bytes", "digest", "created_at")
LOG_ENTRY = (
    "action_time", "user_id", "content_type_id", "object_id", "object_repr", "action_flag", "change_message",
)  # fmt: skip
