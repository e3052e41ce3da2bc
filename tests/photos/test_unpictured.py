"""Which pets have no photo is kept by the database, whoever writes the rows and how."""

from typing import Any

import pytest
from django.db import connection

from pets.models import Pet
from photos import unpictured
from photos.choices import PhotoStatus
from photos.models import PetWithoutPhoto, Photo, without_photo
from tests.factories import PetFactory, PhotoFactory

pytestmark = pytest.mark.django_db


def _without() -> set[Any]:
    return set(without_photo(Pet.objects.all()).values_list("pk", flat=True))


def test_pet_is_without_a_photo_until_it_has_one():
    pet = PetFactory()
    assert _without() == {pet.pk}

    PhotoFactory(pet=pet)

    assert _without() == set()


@pytest.mark.parametrize("status", [PhotoStatus.TRASHED, PhotoStatus.REJECTED])
def test_pet_is_without_a_photo_when_its_last_live_one_goes(status):
    one, other = PhotoFactory.create_batch(2, pet=PetFactory())

    Photo.objects.filter(pk=one.pk).update(status=status, reason="A sentence.")
    assert _without() == set()
    Photo.objects.filter(pk=other.pk).update(status=status, reason="A sentence.")

    assert _without() == {one.pet_id}


def test_restored_photo_counts_again():
    photo = PhotoFactory(trashed=True)
    assert _without() == {photo.pet_id}

    Photo.objects.update(status=PhotoStatus.READY)

    assert _without() == set()


def test_photo_that_changes_its_pet_counts_for_the_new_one():
    photo, empty = PhotoFactory(), PetFactory()
    old = photo.pet_id

    Photo.objects.update(pet=empty)
    assert _without() == {old}
    Photo.objects.update(pet=None)

    assert _without() == {old, empty.pk}


def test_rows_made_in_bulk_count_too():
    first, second, third = Pet.objects.bulk_create(PetFactory.build_batch(3))

    Photo.objects.bulk_create([PhotoFactory.build(pet=first), PhotoFactory.build(pet=second, trashed=True)])

    assert _without() == {second.pk, third.pk}


def test_deleted_pet_leaves_nothing_behind():
    PetFactory().delete()

    assert not PetWithoutPhoto.objects.exists()


@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite loses triggers when a table is made anew")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("model", [Pet, Photo])
def test_triggers_are_kept_when_sqlite_makes_a_table_anew(model):
    editor: Any
    with connection.schema_editor() as editor:
        editor._remake_table(model)
    pet = PetFactory()
    PhotoFactory(pet=PetFactory())

    unpictured.keep(using="default")

    assert _without() == {pet.pk}
    PhotoFactory(pet=pet)
    assert _without() == set()
