"""What pets and photos look like in DynamoDB, as the mobile app knows them. No database, no network."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.conf import settings

from pets.models import Pet
from photos.choices import PhotoStatus
from photos.models import Photo
from portal.aws.tables import Item, Table
from storage_admin.models import MirrorItem

VERSION = "Version"
DELETED = "deleted"


def table(which: str) -> Table:
    """Return the table's name, key and index; `which` is a `MirrorItem.Table`."""
    prefix = settings.DYNAMODB_TABLE_PREFIX
    if which == MirrorItem.Table.PETS:
        return Table(f"{prefix}{settings.DYNAMODB_PETS_TABLE}", "PetId", "OwnerId-index", "OwnerId")
    return Table(f"{prefix}{settings.DYNAMODB_PHOTOS_TABLE}", "PhotoId", "PetId-index", "PetId")


def of_pet(pet: Pet, *, owner_id: str, kg: Decimal | None, version: int) -> Item:
    """Return the pet's item; one in the trash has the status “deleted”. Unknown values are left out."""
    return _given(
        PetId=str(pet.pk),
        OwnerId=owner_id,
        Name=pet.name,
        Type=pet.species,
        Breed=" / ".join(filter(None, (pet.breed, pet.second_breed))),
        BirthDate=_text(pet.birth_date),
        Weight=kg,
        CreatedAt=_text(pet.created_at),
        Status=DELETED if pet.trashed_at else pet.status,
        Version=Decimal(version),
    )


def of_photo(photo: Photo, *, version: int) -> Item:
    """Return the photo's item with its renditions, by name and format, as far as they are made."""
    return _given(
        PhotoId=str(photo.pk),
        PetId=str(photo.pet_id or ""),
        S3Key=photo.key,
        VersionId=photo.version_id,
        ContentType=photo.content_type,
        UploadedAt=_text(photo.created_at),
        Status=DELETED if photo.status == PhotoStatus.TRASHED else photo.status,
        Renditions=[
            {
                "Name": one.name,
                "Format": one.format,
                "S3Key": one.key,
                "Width": Decimal(one.width),
                "Height": Decimal(one.height),
                "Bytes": Decimal(one.bytes),
            }
            for one in sorted(photo.renditions.all(), key=lambda one: (one.name, one.format))
        ],
        Version=Decimal(version),
    )


def of_nothing(which: str, key: str, version: int) -> Item:
    """Return what stays of an item whose row is gone: that it is deleted, and nothing of anybody."""
    return {table(which).key: key, "Status": DELETED, VERSION: Decimal(version)}


def differences(mine: Item, theirs: Item) -> list[str]:
    """Return the names of what differs, the version aside."""
    names = (mine.keys() | theirs.keys()) - {VERSION}
    return sorted(name for name in names if mine.get(name) != theirs.get(name))


def _given(**values: Any) -> Item:
    # An index key may not be empty, and the app tells "unknown" by the attribute's absence.
    return {name: value for name, value in values.items() if value not in (None, "")}


def _text(moment: date | datetime | None) -> str:
    if isinstance(moment, datetime):
        return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return moment.isoformat() if moment else ""


def newest_weights(pets: Iterable[Pet]) -> dict[Any, Decimal]:
    """Return each pet's newest weight in kg; `weights` must be prefetched."""
    return {pet.pk: pet.weights.all()[0].kg for pet in pets if pet.weights.all()}
