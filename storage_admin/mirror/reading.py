"""What the app reads from the mirror: by owner and by pet, to the last page."""

from __future__ import annotations

from collections.abc import Iterator

from portal.aws import tables
from portal.aws.tables import Item
from storage_admin.mirror import items
from storage_admin.models import MirrorItem


def pets_of(owner_id: str, *, with_deleted: bool = False) -> Iterator[Item]:
    """Return all pets of the owner whom DynamoDB calls so, however many pages they fill."""
    return _living(tables.of_index(items.table(MirrorItem.Table.PETS), owner_id), with_deleted)


def photos_of(pet_id: str, *, with_deleted: bool = False) -> Iterator[Item]:
    """Return all photos of the pet, however many pages they fill."""
    return _living(tables.of_index(items.table(MirrorItem.Table.PHOTOS), pet_id), with_deleted)


def _living(found: Iterator[Item], with_deleted: bool) -> Iterator[Item]:
    return (one for one in found if with_deleted or one.get("Status") != items.DELETED)
