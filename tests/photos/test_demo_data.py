"""Made-up pets: the same for the same seed, again without doubles, never among real ones."""

import pytest
from django.core.management import CommandError, call_command

from pets.models import Pet
from photos.choices import PhotoStatus
from photos.models import Photo
from tests.factories import PetFactory

pytestmark = [pytest.mark.django_db, pytest.mark.servers]


def test_demo_data_makes_pets_with_photos_as_phones_send_them(photo_bucket: str) -> None:
    call_command("demo_data", pets=4, seed=7)

    assert Pet.objects.filter(reference__startswith="DEMO-7-").count() == 4
    assert Pet.objects.get(name="Chelsea").photos.get().file_name == "chelsea.jpg"
    assert set(Photo.objects.values_list("status", flat=True)) == {PhotoStatus.STORED}
    assert all(pet.status_changes.exists() for pet in Pet.objects.all())


def test_demo_data_twice_makes_nothing_twice(photo_bucket: str) -> None:
    call_command("demo_data", pets=3, seed=7)
    before = (Pet.objects.count(), Photo.objects.count())

    call_command("demo_data", pets=3, seed=7)

    assert (Pet.objects.count(), Photo.objects.count()) == before


def test_demo_data_refuses_where_real_pets_are(photo_bucket: str) -> None:
    PetFactory()

    with pytest.raises(CommandError, match="real pets are here"):
        call_command("demo_data", pets=1)

    assert Pet.objects.count() == 1


def test_demo_data_says_when_the_store_is_away(no_store: str) -> None:
    with pytest.raises(CommandError, match="does not answer"):
        call_command("demo_data", pets=2, seed=7)
