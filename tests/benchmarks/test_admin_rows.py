"""The rows of `python -m benchmarks.admin` fit the tables as they are now."""

import pytest

from benchmarks.admin.loading import fill
from benchmarks.admin.rows import Rows
from pets.models import Pet
from photos import display
from photos.choices import PhotoStatus
from photos.models import Photo, without_photo
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def test_rows_fit_the_tables():
    for table in Rows(photos=3_000, pets=200, user_id=UserFactory().pk).tables():
        fill(table)

    assert (Photo.objects.count(), Pet.objects.count()) == (3_000, 200)
    assert {"ready", "trashed", "rejected"} <= set(Photo.objects.values_list("status", flat=True))
    assert 0 < without_photo(Pet.objects.all()).count() < 100
    ready = display.with_tiles(Photo.objects.filter(status=PhotoStatus.READY))
    assert all(photo.shown for photo in ready)  # type: ignore[attr-defined]  # by `with_tiles`
