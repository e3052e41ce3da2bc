"""Brings tables that the app had before the portal into the portal: pets and owners, then photos.

Only what is not here yet: a row that exists is never changed by an item. Every item ends under one of
the words below, and those that are refused say why. Safe to repeat: the second run finds the first's
rows. A dry run reads, judges and counts the same, and writes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from pets import owner_services
from pets import services as pet_services
from pets.choices import Species, Status
from pets.errors import PetsError
from pets.models import Owner, Pet
from photos import recovery
from photos.errors import NotPossible
from photos.models import Photo
from portal.aws import tables
from portal.aws.tables import Item
from portal.s3 import objects
from portal.s3.errors import ObjectNotFound, S3Error, StorageUnavailable
from storage_admin.mirror import items
from storage_admin.models import MirroredOwner, MirrorItem

BROUGHT, PRESENT, REFUSED = "brought", "present", "refused"
# More refusals than a person reads at a terminal: the counts go on.
TOLD = 1_000
SNIFFED_BYTES = 64


@dataclass
class Report:
    """What became of the items, by table and word; `refusals` are (table, key, why), the first of them."""

    counts: dict[str, Counter[str]] = field(default_factory=dict)
    refusals: list[tuple[str, str, str]] = field(default_factory=list)

    def note(self, which: str, key: str, word: str, why: str = "") -> None:
        self.counts.setdefault(which, Counter())[word] += 1
        if word == REFUSED and len(self.refusals) < TOLD:
            self.refusals.append((which, key, why))


class NotThis(Exception):
    """This item is not brought, and why."""


def run(*, dry_run: bool, progress: Callable[[int], None] = lambda _count: None) -> Report:
    """Bring what both tables have, pets first. ServiceError and StorageUnavailable are raised as they are.

    `progress` is told how many items have been read so far.
    """
    report, read = Report(), 0
    for which, bring in ((MirrorItem.Table.PETS, _pet), (MirrorItem.Table.PHOTOS, _photo)):
        key = items.table(which).key
        for item in _every(which):
            try:
                brought = bring(item, dry_run)
            except NotThis as error:
                report.note(which, str(item.get(key, "")), REFUSED, str(error))
            else:
                report.note(which, str(item[key]), BROUGHT if brought else PRESENT)
            read += 1
            progress(read)
    return report


def _every(which: str) -> Iterator[Item]:
    for page, _onward in tables.pages(items.table(which)):
        yield from page


def _pet(item: Item, dry_run: bool) -> bool:
    number = _number(item.get("PetId"))
    if Pet.objects.filter(pk=number).exists():
        return False
    if not str(item.get("Name", "")).strip():
        raise NotThis(_("It has no name."))
    pet = Pet(
        pk=number,
        name=str(item["Name"]).strip(),
        species=_species(item.get("Type")),
        breed=str(item.get("Breed", ""))[:80],
        birth_date=_date(item.get("BirthDate")),
        status=_status(item.get("Status")),
    )
    kg = _kg(item.get("Weight"))
    with transaction.atomic():
        try:
            pet.owner = _owner(str(item.get("OwnerId", "")))
            pet_services.save_pet(actor=None, pet=pet)
            if kg is not None:
                pet_services.record_weight(actor=None, pet=pet, kg=kg)
            if item.get("Status") == items.DELETED:
                pet_services.trash_pet(actor=None, pet=pet)
        except (PetsError, ValidationError) as error:
            transaction.set_rollback(True)
            raise NotThis(_words(error)) from error
        if created := _moment(item.get("CreatedAt")):
            Pet.objects.filter(pk=pet.pk).update(created_at=created)
        if dry_run:
            transaction.set_rollback(True)
    return True


def _owner(owner_id: str) -> Owner | None:
    """Return the owner whom the app calls so; a new one until somebody gives the name."""
    if not owner_id:
        return None
    known = MirroredOwner.objects.select_related("owner").filter(app_id=owner_id).first()
    if known is not None:
        return known.owner
    owner = Owner(name=_("Owner %(id)s of the app") % {"id": owner_id})
    owner_services.save_owner(actor=None, owner=owner)
    MirroredOwner.objects.create(owner=owner, app_id=owner_id)
    return owner


def _photo(item: Item, dry_run: bool) -> bool:
    number = _number(item.get("PhotoId"))
    if Photo.objects.filter(pk=number).exists():
        return False
    key, bucket = str(item.get("S3Key", "")), settings.AWS_STORAGE_BUCKET_NAME
    if not key:
        raise NotThis(_("It has no S3Key."))
    try:
        found = objects.head(bucket, key, version_id=str(item.get("VersionId", "")))
        head = objects.first_bytes(bucket, key, SNIFFED_BYTES, version_id=found.version_id)
    except ObjectNotFound as error:
        raise NotThis(_("%(bucket)s has no object %(key)s.") % {"bucket": bucket, "key": key}) from error
    except StorageUnavailable:
        raise
    except S3Error as error:
        raise NotThis(str(error)) from error
    with transaction.atomic():
        try:
            recovery.attach_as(
                actor=None, number=number, pet=_pet_of(item), bucket=bucket, found=found, head=head
            )
        except NotPossible as error:
            transaction.set_rollback(True)
            raise NotThis(str(error)) from error
        if dry_run:
            transaction.set_rollback(True)
    return True


def _pet_of(item: Item) -> Pet | None:
    try:
        return Pet.objects.live().filter(pk=UUID(str(item.get("PetId", "")))).first()
    except ValueError:
        return None


def _number(text: Any) -> UUID:
    try:
        return UUID(str(text))
    except ValueError as error:
        raise NotThis(_("“%(text)s” is no UUID, as the portal's numbers are.") % {"text": text}) from error


def _species(text: Any) -> str:
    said = str(text or "").strip().lower()
    return said if said in Species.values else Species.OTHER


def _status(text: Any) -> str:
    said = str(text or "").strip().lower()
    return said if said in Status.values else Status.WITH_OWNER


def _date(text: Any) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(str(text)[:10])
    except ValueError as error:
        raise NotThis(_("“%(text)s” is no date.") % {"text": text}) from error


def _moment(text: Any) -> datetime | None:
    """Return when it was created, None for what is no moment or lies ahead: the row's own then."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    return found if found <= timezone.now() else None


def _kg(weight: Any) -> Decimal | None:
    """Return a weight to 10 g. NotThis for what is finer, for it would not be the same afterwards."""
    if weight is None:
        return None
    if not isinstance(weight, Decimal):
        raise NotThis(_("The weight “%(weight)s” is no number.") % {"weight": weight})
    if weight.as_tuple().exponent < -2 and weight != round(weight, 2):  # type: ignore[operator]  # finite
        raise NotThis(_("The weight %(weight)s kg is finer than 10 g.") % {"weight": weight})
    return round(weight, 2)


def _words(error: PetsError | ValidationError) -> str:
    return " ".join(error.messages) if isinstance(error, ValidationError) else str(error)
