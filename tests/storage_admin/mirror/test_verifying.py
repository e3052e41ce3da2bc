"""After a comparison both sides are equal, whatever had happened to either."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from pets.models import Pet
from portal.aws import tables
from portal.aws.clients import client
from storage_admin.mirror import items, reading, verifying, writing
from storage_admin.models import MirrorCheck, MirrorItem
from tests.factories import OwnerFactory, PetFactory, PhotoFactory

PETS, PHOTOS = MirrorItem.Table.PETS, MirrorItem.Table.PHOTOS

pytestmark = [pytest.mark.servers, pytest.mark.django_db]


def compared(*, repairs: bool = True) -> MirrorCheck:
    check = verifying.begin("ada", repairs=repairs)
    while verifying.work(check.pk):
        continue
    check.refresh_from_db()
    assert check.ended_at is not None
    return check


def remove(row: Any) -> None:
    table = items.table(PETS if isinstance(row, Pet) else PHOTOS)
    client("dynamodb").delete_item(TableName=table.name, Key={table.key: {"S": str(row.pk)}})


def test_equal_sides_are_told_equal(mirror: str) -> None:
    PetFactory.create_batch(3)
    PhotoFactory(renditions=True)
    writing.work()

    check = compared()

    assert (check.met, check.found) == (5, {})
    assert not writing.due().exists()


def test_what_is_missing_differs_or_runs_ahead_is_mended(mirror: str) -> None:
    missing, differs, stale, fine = PetFactory.create_batch(4)
    photo = PhotoFactory()
    writing.work()
    remove(missing)
    remove(photo)
    table = items.table(PETS)
    changed = tables.get(table, str(differs.pk)) | {"Name": "Somebody wrote this", "Version": Decimal(1)}
    tables.put_many(
        table, [changed, tables.get(table, str(stale.pk)) | {"Version": Decimal(99), "Name": "x"}]
    )

    found = compared().found
    writing.work()

    assert found == {"missing": 2, "differs": 1, "stale": 1}
    assert compared().found == {}
    assert tables.get(table, str(stale.pk))["Name"] == stale.name
    assert tables.get(table, str(fine.pk))["Version"] == Decimal(1)


def test_item_without_a_row_is_told_and_left(mirror: str) -> None:
    table = items.table(PETS)
    for name in (str(uuid4()), "app-17"):
        tables.put_many(table, [{"PetId": name, "Name": "From the app"}])

    assert compared().found == {"unknown": 2}
    assert tables.get(table, "app-17")["Name"] == "From the app"


def test_comparison_without_repair_sends_nothing(mirror: str) -> None:
    pet = PetFactory()
    writing.work()
    remove(pet)

    assert compared(repairs=False).found == {"missing": 1}
    assert not writing.due().exists()


def test_page_that_is_empty_is_not_the_end(mirror: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scan reads so many bytes a page, and may find nothing in them (DynamoDB's own statement)."""
    PetFactory.create_batch(3)
    writing.work()
    table = items.table(PETS)
    real = tables.pages

    def with_an_empty_one(asked: Any, *, start: Any = None) -> Any:
        if asked == table and start is None:
            yield [], {"PetId": {"S": "\x00"}}
            return
        yield from real(asked, start=None if start == {"PetId": {"S": "\x00"}} else start)

    monkeypatch.setattr(tables, "pages", with_an_empty_one)

    assert compared().met == 3


def test_interrupted_comparison_goes_on_from_its_page(mirror: str, monkeypatch: pytest.MonkeyPatch) -> None:
    PetFactory.create_batch(2)
    PhotoFactory()
    writing.work()
    check = verifying.begin("ada")

    assert verifying.work(check.pk, seconds=-1)  # not a single page
    verifying._page(check)  # the pets; then the worker dies

    again = compared()
    assert (again.pk, again.met, again.found) == (check.pk, 4, {})


def test_all_pets_of_an_owner_come_back(mirror: str) -> None:
    owner = OwnerFactory()
    Pet.objects.bulk_create(
        Pet(name=f"Pet {number}", species="dog", owner=owner, breed="long words " * 7)
        for number in range(2_500)
    )
    writing.work(seconds=120)

    found = list(reading.pets_of(str(owner.pk)))

    assert len({one["PetId"] for one in found}) == len(found) == 2_500


def test_deleted_pets_are_left_out(mirror: str) -> None:
    pet = PetFactory(owner=OwnerFactory(), trashed=True)
    writing.work()

    assert list(reading.pets_of(str(pet.owner_id))) == []
    assert [one["PetId"] for one in reading.pets_of(str(pet.owner_id), with_deleted=True)] == [str(pet.pk)]


def test_comparison_is_due_once_a_day(mirror: str) -> None:
    PetFactory()
    assert verifying.due() == []  # nothing was sent yet: perhaps there are no tables
    writing.work()
    first = verifying.due()
    assert len(first) == 1
    assert verifying.due() == []

    MirrorCheck.objects.update(beat_at=timezone.now() - timedelta(hours=1))
    assert verifying.due() == first  # its worker died

    MirrorCheck.objects.update(begun_at=timezone.now() - timedelta(hours=2), ended_at=timezone.now())
    assert verifying.due() == []
    MirrorCheck.objects.update(error="Refused")
    assert verifying.due() not in ([], first)
