"""Rules about photos hold in the database itself, and speak a sentence."""

from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from photos.choices import PhotoStatus
from photos.models import Photo, Rendition
from photos.querysets import LIVE
from tests.factories import PetFactory, PhotoFactory, RenditionFactory

pytestmark = pytest.mark.django_db

# Name of the constraint, what breaks it, and words of its sentence.
BROKEN = [
    ("photo_status_known", {"status": "lost"}, "no status"),
    ("photo_ready_has_facts", {"width": None}, "size and dimensions"),
    ("photo_ready_has_facts", {"height": 0}, "size and dimensions"),
    ("photo_ready_has_facts", {"bytes": 0}, "size and dimensions"),
    ("photo_ready_has_facts", {"sha256": ""}, "size and dimensions"),
    ("photo_ready_has_facts", {"etag": ""}, "size and dimensions"),
    ("photo_refusal_has_reason", {"status": "rejected", "reason": ""}, "needs a reason"),
    ("photo_refusal_has_reason", {"status": "failed", "reason": ""}, "needs a reason"),
    ("photo_processing_is_claimed", {"status": "processing"}, "the worker that claimed it"),
    ("photo_rotation_quarter", {"rotation": 45}, "quarters"),
    ("photo_sha256_form", {"sha256": "A" * 64}, "64 hexadecimal"),
    ("photo_sha256_form", {"sha256": "0" * 63}, "64 hexadecimal"),
    ("photo_location_on_earth", {"latitude": 91, "longitude": 0}, "±90"),
    ("photo_location_on_earth", {"latitude": 0, "longitude": -181}, "±180"),
    ("photo_location_on_earth", {"latitude": 1, "longitude": None}, "±90"),
    ("photo_main_has_pet", {"is_primary": True, "pet": None}, "Only a photo of a pet"),
]


@pytest.mark.parametrize(("name", "wrong", "words"), BROKEN)
def test_database_refuses_what_breaks_a_rule(name: str, wrong: dict, words: str) -> None:
    photo = PhotoFactory()

    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        Photo.objects.filter(pk=photo.pk).update(**wrong)


@pytest.mark.parametrize(("name", "wrong", "words"), BROKEN)
def test_form_says_which_rule_is_broken(name: str, wrong: dict, words: str) -> None:
    photo = PhotoFactory()
    for field, value in wrong.items():
        setattr(photo, field, value)

    with pytest.raises(ValidationError) as refusal:
        photo.validate_constraints()

    assert words in " ".join(refusal.value.messages)


@pytest.mark.parametrize("trait", ["stored", "pending", "processing", "failed", "rejected", "trashed"])
def test_every_trait_of_the_factory_is_a_photo_that_can_be(trait: str) -> None:
    photo = PhotoFactory(**{trait: True})

    photo.full_clean()

    assert photo.status == trait
    assert photo.is_live == Photo.objects.filter(LIVE, pk=photo.pk).exists()


def twins(**of_both: object) -> tuple[Photo, Photo]:
    first = PhotoFactory(**of_both)
    return first, PhotoFactory.build(**{"pet": first.pet, **of_both})


@pytest.mark.parametrize(
    ("same", "words"),
    [
        ({"is_primary": True}, "another main photo"),
        ({"sha256": "a" * 64}, "this very photo already"),
        ({"sha256": "b" * 64, "pet": None}, "waits for a pet already"),
        ({"bucket": "b", "key": "photos/k.jpg"}, "stored under this key"),
    ],
)
def test_twins_are_refused_by_database_and_form(same: dict, words: str) -> None:
    _first, second = twins(**same)

    with pytest.raises(ValidationError) as refusal:
        second.validate_constraints()
    with pytest.raises(IntegrityError), transaction.atomic():
        Photo.objects.bulk_create([second])

    assert words in " ".join(refusal.value.messages)


@pytest.mark.parametrize("status", [PhotoStatus.TRASHED, PhotoStatus.REJECTED, PhotoStatus.PENDING])
def test_twin_that_is_not_there_is_no_twin(status: PhotoStatus) -> None:
    first, second = twins(sha256="c" * 64)
    Photo.objects.filter(pk=first.pk).update(status=status, reason="so")

    Photo.objects.bulk_create([second])

    assert Photo.objects.filter(sha256="c" * 64).count() == 2


def test_same_picture_may_belong_to_two_pets() -> None:
    PhotoFactory(sha256="d" * 64)
    PhotoFactory(sha256="d" * 64, pet=PetFactory())

    assert Photo.objects.filter(sha256="d" * 64).count() == 2


def test_trashed_main_photo_does_not_stand_in_the_way() -> None:
    first, second = twins(is_primary=True)
    Photo.objects.filter(pk=first.pk).update(status=PhotoStatus.TRASHED)

    Photo.objects.bulk_create([second])

    assert Photo.objects.live().get(pet=first.pet).pk == second.pk


def test_rendition_exists_once_per_name_and_format() -> None:
    made = RenditionFactory()

    with pytest.raises(IntegrityError), transaction.atomic():
        RenditionFactory(photo=made.photo)


@pytest.mark.parametrize("field", ["width", "height", "bytes"])
def test_rendition_of_nothing_is_refused(field: str) -> None:
    made = RenditionFactory()

    with pytest.raises(IntegrityError, match="rendition_has_facts"), transaction.atomic():
        Rendition.objects.filter(pk=made.pk).update(**{field: 0})


def test_claim_is_given_to_one_of_two() -> None:
    photo = PhotoFactory(stored=True)
    now = timezone.now()

    answers = [Photo.objects.claim(photo.pk, token=uuid4(), now=now) for _worker in range(2)]

    photo.refresh_from_db()
    assert answers == [True, False]
    assert (photo.status, photo.attempts) == (PhotoStatus.PROCESSING, 1)


@pytest.mark.parametrize("trait", ["pending", "failed", "rejected", "trashed"])
def test_claim_is_given_for_stored_photos_only(trait: str) -> None:
    photo = PhotoFactory(**{trait: True})

    assert not Photo.objects.claim(photo.pk, token=uuid4(), now=timezone.now())


def test_purge_date_is_told_for_photos_in_the_trash_only(settings) -> None:
    settings.TRASH_DAYS = 30
    trashed, ready = PhotoFactory(trashed=True), PhotoFactory()

    assert (trashed.purge_at - trashed.status_changed_at).days == 30
    assert ready.purge_at is None
