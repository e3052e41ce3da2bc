"""Keys say whose they are, and change with what they hold."""

from uuid import UUID

import pytest

from photos import keys, renditions
from photos.imaging import RenditionSpec
from tests.factories import PhotoFactory

PHOTO, PET = UUID(int=1), UUID(int=2)


def test_original_key_names_pet_photo_and_true_extension() -> None:
    assert keys.original_key(PHOTO, "jpg", PET) == f"photos/{PET}/{PHOTO}.jpg"
    assert keys.original_key(PHOTO, "heic", None) == f"photos/unassigned/{PHOTO}.heic"


def test_rendition_key_holds_the_digest() -> None:
    assert keys.rendition_key(PHOTO, "tile", "0a1b", "webp") == f"renditions/{PHOTO}/tile-0a1b.webp"
    assert keys.rendition_key(PHOTO, "tile", "0a1b", "webp").startswith(keys.renditions_prefix(PHOTO))


@pytest.mark.parametrize(
    ("key", "photo"),
    [
        (f"renditions/{PHOTO}/tile-0a1b.webp", PHOTO),
        (f"renditions/{PHOTO}/", PHOTO),
        ("renditions/other/tile.webp", None),
        (f"photos/{PHOTO}/x.jpg", None),
        (f"x/renditions/{PHOTO}/tile.webp", None),
    ],
)
def test_photo_of_a_rendition_is_in_its_key(key: str, photo: UUID | None) -> None:
    assert keys.photo_of_rendition(key) == photo


@pytest.mark.parametrize(
    ("prefix", "pet"),
    [
        (f"photos/{PET}/", PET),
        (f"photos/{PET}/deeper/", None),
        ("photos/unassigned/", None),
        ("photos/", None),
        (f"{PET}/", None),
    ],
)
def test_pet_of_a_folder_is_in_its_name(prefix: str, pet: UUID | None) -> None:
    assert keys.pet_of_folder(prefix) == pet


@pytest.mark.parametrize("other", [("b" * 64, 0, "r"), ("a" * 64, 90, "r"), ("a" * 64, 0, "s")])
def test_digest_changes_with_bytes_turn_and_recipe(other: tuple[str, int, str]) -> None:
    same = keys.source_digest("a" * 64, 0, "r")

    assert same == keys.source_digest("a" * 64, 0, "r")
    assert same != keys.source_digest(*other)
    assert len(same) == keys.DIGEST_LENGTH


@pytest.mark.django_db
def test_nothing_is_missing_where_all_renditions_are_there() -> None:
    photo = PhotoFactory(renditions=True)

    assert renditions.missing(photo, photo.sha256) == []


@pytest.mark.django_db
def test_missing_are_those_that_are_not_there() -> None:
    photo = PhotoFactory(renditions=True)
    photo.renditions.filter(name="card").delete()

    assert [spec.name for spec in renditions.missing(photo, photo.sha256)] == ["card"]


@pytest.mark.django_db
def test_all_are_missing_after_a_turn_or_for_other_bytes() -> None:
    photo = PhotoFactory(renditions=True)

    assert len(renditions.missing(photo, "f" * 64)) == 4
    photo.rotation = 90
    assert len(renditions.missing(photo, photo.sha256)) == 4


def test_closed_list_gives_the_sizes_of_the_settings() -> None:
    assert {spec.name for spec in renditions.specs()} == {"full", "share", "card", "tile"}
    assert RenditionSpec("tile", 160, "webp", square=True) in renditions.specs()
