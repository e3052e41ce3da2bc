"""Every rule of the models twice: as a sentence beside the field, and as what the database refuses."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError, connection, transaction
from django.utils import timezone

from pets.choices import Status
from pets.models import Owner, Pet, StatusChange, WeightRecord
from pets.models.pet import new_reference
from tests.factories import OwnerFactory, PetFactory, StatusChangeFactory, WeightRecordFactory

pytestmark = pytest.mark.django_db

# values that break the rule, field that is marked, words of the sentence
PET_RULES = {
    "reference": ({"reference": "PT_1"}, "reference", "letters A to Z"),
    "name": ({"name": ""}, "name", "be blank"),
    "species": ({"species": "dragon"}, "species", "not a valid choice"),
    "sex": ({"sex": "x"}, "sex", "not a valid choice"),
    "neutered": ({"neutered": "perhaps"}, "neutered", "not a valid choice"),
    "status": ({"status": "asleep"}, "status", "not a valid choice"),
    "second breed alone": ({"second_breed": "Collie"}, "second_breed", "needs a first one"),
    "estimate of nothing": ({"birth_date_estimated": True}, "birth_date_estimated", "can be estimated"),
    "died before born": (
        {"birth_date": date(2020, 1, 2), "deceased_date": date(2020, 1, 1), "status": Status.DECEASED},
        "deceased_date",
        "died before it was born",
    ),
    "died, status says no": ({"deceased_date": date(2020, 1, 1)}, "deceased_date", "has the status"),
    "chip of 14 digits": ({"microchip": "27609810234567"}, "microchip", "has 14 characters"),
    "chip of country 000": ({"microchip": "000098102345678"}, "microchip", "begins with 000"),
    "chip beyond 38 bits": ({"microchip": "276274877906944"}, "microchip", "go up to 274877906943"),
    "chip with letters": ({"microchip": "27609810234567X"}, "microchip", "digits only"),
    "tracker without vendor": ({"tracker_id": "A1"}, "tracker_id", "give both or none"),
    "vendor without tracker": ({"tracker_vendor": "Tractive"}, "tracker_id", "give both or none"),
}


@pytest.mark.parametrize(("values", "field", "words"), PET_RULES.values(), ids=PET_RULES)
def test_pet_rule_is_a_sentence_beside_its_field(values, field, words):
    pet = PetFactory.build(**values)

    with pytest.raises(ValidationError) as refusal:
        pet.full_clean()

    assert list(refusal.value.message_dict) == [field]
    assert words in " ".join(refusal.value.message_dict[field])


@pytest.mark.parametrize(("values", "field", "words"), PET_RULES.values(), ids=PET_RULES)
def test_pet_rule_is_kept_by_the_database(values, field, words):
    pet = PetFactory()

    with pytest.raises((IntegrityError, DataError)), transaction.atomic():
        Pet.objects.filter(pk=pet.pk).update(**values)
    with pytest.raises((IntegrityError, DataError)), transaction.atomic():
        Pet.objects.bulk_create([PetFactory.build(**values)])


@pytest.mark.parametrize("microchip", ["276098102345678", "999000000000001", "123456789", "00064C1A2B", ""])
def test_pet_microchip_is_accepted_by_model_and_database(microchip):
    pet = PetFactory.build(microchip=microchip)

    pet.full_clean()
    Pet.objects.bulk_create([pet])

    assert Pet.objects.get().microchip == microchip


def test_pet_codes_are_stored_in_one_spelling():
    pet = Pet.objects.create(
        name="Rex", species="dog", reference="pt-1a", microchip="276 0981-0234 5678",
        tracker_vendor="Tractive", tracker_id="ab 12", tag="t 9",
    )  # fmt: skip

    pet.refresh_from_db()

    assert (pet.reference, pet.microchip, pet.tracker_id, pet.tag) == (
        "PT-1A",
        "276098102345678",
        "AB12",
        "T9",
    )


@pytest.mark.parametrize("field", ["birth_date", "deceased_date"])
def test_pet_dates_are_not_in_the_future(field):
    pet = PetFactory.build(status=Status.DECEASED, **{field: timezone.localdate() + timedelta(days=1)})

    with pytest.raises(ValidationError) as refusal:
        pet.full_clean()

    assert "is in the future" in refusal.value.message_dict[field][0]


def test_pet_born_today_is_accepted_where_today_has_begun(monkeypatch):
    # Half past eleven in the evening in London is tomorrow in Auckland.
    monkeypatch.setattr(timezone, "now", lambda: datetime(2026, 3, 1, 23, 30, tzinfo=UTC))
    pet = PetFactory.build(birth_date=date(2026, 3, 2))

    with timezone.override("Pacific/Auckland"):
        pet.full_clean()
    with timezone.override("UTC"), pytest.raises(ValidationError, match="is in the future"):
        pet.full_clean()


def test_pet_deceased_needs_no_date():
    PetFactory.build(status=Status.DECEASED).full_clean()


def test_pet_reference_is_made_when_blank():
    pet = PetFactory(reference="")
    PetFactory.build(reference="").full_clean()

    assert pet.reference.startswith("PT-")
    assert len({new_reference() for _again in range(1000)}) == 1000


def test_pet_reference_is_unique_with_the_trash():
    PetFactory(reference="PT-1", trashed=True)

    with pytest.raises(ValidationError, match="perhaps in the trash"):
        PetFactory.build(reference="pt-1").full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        PetFactory(reference="PT-1")


CARRIED = {
    "microchip": {"microchip": "276098102345678"},
    "tracker_id": {"tracker_vendor": "Tractive", "tracker_id": "TR1"},
}


@pytest.mark.parametrize("field", CARRIED)
def test_pet_code_of_a_live_pet_is_refused_and_names_it(field):
    rex = PetFactory(name="Rex", **CARRIED[field])
    second = PetFactory.build(**CARRIED[field])

    with pytest.raises(ValidationError) as refusal:
        second.full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        second.save()

    assert str(rex) in refusal.value.message_dict[field][0]


@pytest.mark.parametrize("field", CARRIED)
def test_pet_code_of_a_trashed_pet_is_free(field):
    PetFactory(trashed=True, **CARRIED[field])
    second = PetFactory.build(**CARRIED[field])

    second.full_clean()
    second.save()

    assert Pet.objects.live().get() == second


@pytest.mark.parametrize("field", CARRIED)
def test_pet_code_cannot_come_back_from_the_trash_past_the_database(field):
    trashed = PetFactory(trashed=True, **CARRIED[field])
    PetFactory(**CARRIED[field])

    with pytest.raises(IntegrityError), transaction.atomic():
        Pet.objects.filter(pk=trashed.pk).update(trashed_at=None)


def test_pet_tracker_number_is_free_with_another_vendor_and_not_with_another_spelling():
    PetFactory(tracker_vendor="Tractive", tracker_id="TR1")

    PetFactory.build(tracker_vendor="Fi", tracker_id="TR1").full_clean()
    with pytest.raises(ValidationError):
        PetFactory.build(tracker_vendor="TRACTIVE", tracker_id="tr1").full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        PetFactory(tracker_vendor="tractive", tracker_id="TR1")


def test_pets_without_codes_do_not_clash():
    PetFactory.create_batch(2)

    assert Pet.objects.live().count() == 2


def test_pet_live_and_trashed_are_opposites_everywhere():
    live, trashed = PetFactory(), PetFactory(trashed=True)

    assert (live.is_live, trashed.is_live) == (True, False)
    assert list(Pet.objects.live()) == [live]
    assert list(Pet.objects.trashed()) == [trashed]
    assert Pet.objects.count() == 2


@pytest.mark.parametrize("kg", ["0", "-1", "10000", "1.234"])
def test_weight_out_of_range_is_refused(kg):
    record = WeightRecordFactory.build(pet=PetFactory(), kg=Decimal(kg))

    with pytest.raises(ValidationError) as refusal:
        record.full_clean()

    assert "kg" in refusal.value.message_dict


@pytest.mark.parametrize("kg", ["0", "-0.01"])
def test_weight_out_of_range_is_refused_by_the_database(kg):
    record = WeightRecordFactory()

    with pytest.raises(IntegrityError), transaction.atomic():
        WeightRecord.objects.filter(pk=record.pk).update(kg=Decimal(kg))


def test_weight_stays_as_it_was_written():
    record = WeightRecordFactory(kg=Decimal("25.50"))

    record.refresh_from_db()

    assert isinstance(record.kg, Decimal)
    assert str(record.kg) == "25.50"


@pytest.mark.parametrize(
    ("weighed_on", "words"),
    [(date(2019, 12, 31), "before the pet was born"), (date(2024, 1, 2), "after the pet died")],
)
def test_weight_lies_within_the_pets_life(weighed_on, words):
    pet = PetFactory(birth_date=date(2020, 1, 1), deceased_date=date(2024, 1, 1), status=Status.DECEASED)

    with pytest.raises(ValidationError, match=words):
        WeightRecordFactory.build(pet=pet, weighed_on=weighed_on).full_clean()


def test_weight_is_not_from_the_future():
    with pytest.raises(ValidationError, match="is in the future"):
        WeightRecordFactory.build(
            pet=PetFactory(), weighed_on=timezone.localdate() + timedelta(days=1)
        ).full_clean()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"from_status": Status.LOST, "to_status": Status.LOST}, "this status already"),
        ({"to_status": "asleep"}, "not a valid choice"),
    ],
)
def test_status_change_rule_by_sentence_and_database(values, words):
    change = StatusChangeFactory()

    with pytest.raises(ValidationError, match=words):
        StatusChangeFactory.build(pet=change.pet, **values).full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        StatusChange.objects.filter(pk=change.pk).update(**values)


def test_status_change_is_not_from_the_future_nor_before_a_later_one():
    change = StatusChangeFactory(at=timezone.now() - timedelta(days=1))

    with pytest.raises(ValidationError, match="in the future"):
        StatusChangeFactory.build(pet=change.pet, at=timezone.now() + timedelta(hours=1)).full_clean()
    with pytest.raises(ValidationError, match="A later change"):
        StatusChangeFactory.build(pet=change.pet, at=change.at - timedelta(days=1)).full_clean()


@pytest.mark.parametrize(
    ("typed", "digits"),
    [("+49 (0) 170/123-45.67", "491701234567"), ("0170 1234567", "01701234567"), ("", "")],
)
def test_owner_phone_digits_are_made_by_the_database(typed, digits):
    owner = OwnerFactory(phone=typed)
    owner.full_clean()

    assert Owner.objects.get(pk=owner.pk).phone_digits == digits


@pytest.mark.parametrize(("values", "field"), [({"phone": "call me"}, "phone"), ({"name": ""}, "name")])
def test_owner_rule_by_sentence_and_database(values, field):
    owner = OwnerFactory()

    with pytest.raises(ValidationError) as refusal:
        OwnerFactory.build(**values).full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        Owner.objects.filter(pk=owner.pk).update(**values)

    assert list(refusal.value.message_dict) == [field]


def test_every_constraint_speaks_to_a_person_and_names_a_field():
    for model in (Owner, Pet, StatusChange, WeightRecord):
        for constraint in model._meta.constraints:
            sentence = str(constraint.violation_error_message)
            assert sentence.endswith("."), constraint.name
            assert "violat" not in sentence.lower(), constraint.name
            assert model._meta.get_field(str(constraint.violation_error_code)), constraint.name


def test_every_constraint_is_in_the_database():
    for model in (Owner, Pet, StatusChange, WeightRecord):
        with connection.cursor() as cursor:
            present = connection.introspection.get_constraints(cursor, model._meta.db_table)
        wanted = {constraint.name for constraint in model._meta.constraints}
        assert wanted <= present.keys()
