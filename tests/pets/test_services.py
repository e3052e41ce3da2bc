"""Changes to pets and owners: permission, rules, history and audit together."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from pets import owner_services, services
from pets.choices import Status
from pets.errors import InvalidError, NotRestorableError, OwnerInUseError, TooManyError, TrashedError
from pets.models import Owner, Pet, StatusChange, WeightRecord
from portal import audit
from portal.audit import AuditEvent
from tests.factories import OwnerFactory, PetFactory, StatusChangeFactory, UserFactory

pytestmark = pytest.mark.django_db

CHIP = "276098102345678"


@pytest.fixture
def curator():
    return UserFactory(
        rights=[
            "pets.add_pet", "pets.change_pet", "pets.delete_pet", "pets.add_weightrecord",
            "pets.add_owner", "pets.change_owner", "pets.delete_owner", "pets.view_owner_contact",
        ]
    )  # fmt: skip


@pytest.fixture
def nobody():
    return UserFactory()


def _events(action):
    return list(AuditEvent.objects.filter(action=action))


def test_save_pet_stores_history_and_audit(curator):
    pet = services.save_pet(actor=curator, pet=PetFactory.build(status=Status.FOUND), place="Harbour")

    entry = StatusChange.objects.get(pet=pet)
    assert (entry.from_status, entry.to_status, entry.place, entry.by) == ("", "found", "Harbour", curator)
    (event,) = _events("pet.created")
    assert event.target_id == str(pet.pk)
    assert event.after["name"] == pet.name


def test_save_pet_stores_only_the_named_fields_and_notes_the_difference(curator):
    pet = PetFactory(name="Rex", colour="brown")
    Pet.objects.filter(pk=pet.pk).update(colour="black")
    pet.name = "Max"

    services.save_pet(actor=curator, pet=pet, fields=["name", "status_note"])

    pet.refresh_from_db()
    assert (pet.name, pet.colour) == ("Max", "black")
    (event,) = _events("pet.changed")
    assert (event.before, event.after) == ({"name": "Rex"}, {"name": "Max"})


def test_save_pet_writes_a_changed_status_into_the_history(curator):
    pet = PetFactory(status=Status.WITH_OWNER)
    pet.status = Status.LOST

    services.save_pet(actor=curator, pet=pet, fields=["status"], place="Park", note="chased a deer")

    entry = StatusChange.objects.get(pet=pet)
    assert (entry.from_status, entry.to_status) == ("with_owner", "lost")
    assert (entry.place, entry.note) == ("Park", "chased a deer")


def test_save_pet_without_a_change_leaves_no_trace(curator):
    pet = PetFactory()
    before = pet.updated_at

    services.save_pet(actor=curator, pet=pet, fields=["name"])

    pet.refresh_from_db()
    assert pet.updated_at == before
    assert not AuditEvent.objects.exists()


def test_save_pet_refuses_broken_rules_by_field_and_changes_nothing(curator):
    pet = PetFactory(name="Rex")
    pet.name, pet.microchip = "Max", "12"

    with pytest.raises(InvalidError, match="has 2 characters") as refusal:
        services.save_pet(actor=curator, pet=pet)

    assert list(refusal.value.errors) == ["microchip"]
    assert Pet.objects.get().name == "Rex"
    assert not AuditEvent.objects.exists()


def test_save_pet_refuses_in_words_what_another_request_stored_since_the_check(curator, monkeypatch):
    pet = PetFactory(name="Rex")
    PetFactory(microchip=CHIP)
    pet.microchip = CHIP
    monkeypatch.setattr(services, "clean", lambda row: None)

    with pytest.raises(InvalidError, match="at the same moment"):
        services.save_pet(actor=curator, pet=pet)

    assert Pet.objects.get(name="Rex").microchip == ""


def test_save_pet_refuses_a_pet_in_the_trash(curator):
    pet = PetFactory(trashed=True)
    pet.name = "Max"

    with pytest.raises(TrashedError, match="restore it first"):
        services.save_pet(actor=curator, pet=pet)


def test_change_status_records_when_where_and_who(curator):
    pet = PetFactory()
    yesterday = timezone.now() - timedelta(days=1)

    entry = services.change_status(
        actor=curator, pet=pet, status=Status.LOST, at=yesterday, place="Park", note="storm"
    )

    pet.refresh_from_db()
    assert pet.status == Status.LOST
    assert (entry.from_status, entry.at, entry.by) == ("with_owner", yesterday, curator)
    assert _events("pet.status_changed")[0].before == {"status": "with_owner"}


def test_change_status_to_deceased_and_back_keeps_the_date_in_step(curator):
    pet = PetFactory()

    services.change_status(actor=curator, pet=pet, status=Status.DECEASED, deceased_date=date(2024, 1, 1))
    assert Pet.objects.get().deceased_date == date(2024, 1, 1)
    services.change_status(actor=curator, pet=pet, status=Status.IN_CARE)

    assert Pet.objects.get().deceased_date is None


def test_change_status_to_the_same_is_refused_and_changes_nothing(curator):
    pet = PetFactory()

    with pytest.raises(InvalidError, match="this status already"):
        services.change_status(actor=curator, pet=pet, status=Status.WITH_OWNER)

    assert not StatusChange.objects.exists()


def test_record_weight_keeps_the_decimal_and_says_who(curator):
    pet = PetFactory()

    services.record_weight(actor=curator, pet=pet, kg=Decimal("25.50"))

    record = WeightRecord.objects.get()
    assert (str(record.kg), record.by, record.weighed_on) == ("25.50", curator, timezone.localdate())
    assert _events("pet.weighed")[0].after["kg"] == "25.50"


@pytest.mark.parametrize("kg", [Decimal(0), Decimal("12.345")])
def test_record_weight_refuses_what_is_no_weight(curator, kg):
    with pytest.raises(InvalidError):
        services.record_weight(actor=curator, pet=PetFactory(), kg=kg)

    assert not WeightRecord.objects.exists()


def test_trash_and_restore_leave_the_pet_as_it_was(curator):
    pet = PetFactory(chipped=True, name="Rex")
    updated = pet.updated_at

    services.trash_pet(actor=curator, pet=pet)
    assert not Pet.objects.live().exists()
    assert pet.trashed_by == curator
    services.restore_pet(actor=curator, pet=pet)

    restored = Pet.objects.live().get()
    assert (restored.updated_at, restored.trashed_by) == (updated, None)
    assert [event.action for event in AuditEvent.objects.order_by("id")] == ["pet.trashed", "pet.restored"]


def test_trash_twice_is_one_trace(curator):
    pet = PetFactory()

    services.trash_pet(actor=curator, pet=pet)
    first = pet.trashed_at
    services.trash_pet(actor=curator, pet=pet)

    assert pet.trashed_at == first
    assert len(_events("pet.trashed")) == 1


def test_restore_is_refused_by_name_when_the_chip_was_given_away(curator):
    old = PetFactory(name="Old", microchip=CHIP, trashed=True)
    rex = PetFactory(name="Rex", microchip=CHIP)

    with pytest.raises(NotRestorableError) as refusal:
        services.restore_pet(actor=curator, pet=old)

    assert str(rex) in str(refusal.value)
    assert CHIP in str(refusal.value)
    assert list(Pet.objects.trashed()) == [old]
    assert not AuditEvent.objects.exists()


def test_restore_is_refused_in_words_when_the_rival_comes_after_the_look(curator, monkeypatch):
    old = PetFactory(microchip=CHIP, trashed=True)
    PetFactory(microchip=CHIP)
    monkeypatch.setattr(Pet, "refuse_rivals", lambda pet: None)

    with pytest.raises(NotRestorableError, match="Another pet carries"):
        services.restore_pet(actor=curator, pet=old)

    assert Pet.objects.trashed().get() == old


def test_restore_of_several_stops_at_no_refusal(curator):
    PetFactory(name="Old", microchip=CHIP, trashed=True)
    PetFactory(name="Rex", microchip=CHIP)
    free = PetFactory(trashed=True)

    done = services.restore_pets(actor=curator, pets=Pet.objects.all())

    assert done.pets == [free]
    assert len(done.refusals) == 1


def test_undo_trash_takes_back_the_batch_and_nothing_else(curator):
    batch = PetFactory.create_batch(3)
    before = PetFactory(trashed=True)

    moment = services.trash_pets(actor=curator, pets=Pet.objects.live())
    assert moment is not None
    done = services.undo_trash(actor=curator, moment=moment)

    assert {pet.pk for pet in done.pets} == {pet.pk for pet in batch}
    assert list(Pet.objects.trashed()) == [before]


def test_undo_trash_takes_back_nothing_of_somebody_else(curator):
    PetFactory()
    moment = services.trash_pets(actor=UserFactory(superuser=True), pets=Pet.objects.live())

    assert moment is not None
    assert services.undo_trash(actor=curator, moment=moment).pets == []


def test_trash_of_too_many_is_refused_before_anything_moves(curator, monkeypatch):
    monkeypatch.setattr(services, "MAX_AT_ONCE", 2)
    PetFactory.create_batch(3)

    with pytest.raises(TooManyError, match="More than 2 pets"):
        services.trash_pets(actor=curator, pets=Pet.objects.all())

    assert Pet.objects.live().count() == 3


def test_trash_of_nothing_is_no_moment(curator):
    assert services.trash_pets(actor=curator, pets=Pet.objects.none()) is None


@pytest.mark.parametrize(
    "attempt",
    [
        lambda actor: services.save_pet(actor=actor, pet=PetFactory.build()),
        lambda actor: services.save_pet(actor=actor, pet=PetFactory()),
        lambda actor: services.change_status(actor=actor, pet=PetFactory(), status=Status.LOST),
        lambda actor: services.record_weight(actor=actor, pet=PetFactory(), kg=Decimal(1)),
        lambda actor: services.trash_pet(actor=actor, pet=PetFactory()),
        lambda actor: services.restore_pet(actor=actor, pet=PetFactory(trashed=True)),
        lambda actor: services.restore_pets(actor=actor, pets=Pet.objects.all()),
        lambda actor: owner_services.save_owner(actor=actor, owner=OwnerFactory.build()),
        lambda actor: owner_services.save_owner(actor=actor, owner=OwnerFactory()),
        lambda actor: owner_services.delete_owner(actor=actor, owner=OwnerFactory()),
    ],
)
def test_service_refuses_who_lacks_the_right_and_serves_the_portal(attempt, nobody):
    with pytest.raises(PermissionDenied, match=r"pets\.\w+"):
        attempt(nobody)
    assert not AuditEvent.objects.exists()

    attempt(None)


def test_failed_audit_takes_the_change_back(curator, monkeypatch):
    pet = PetFactory()

    def fail(*args, **kwargs):
        raise ValidationError("the audit is full")

    monkeypatch.setattr(audit, "record", fail)
    for attempt in (
        lambda: services.change_status(actor=curator, pet=pet, status=Status.LOST),
        lambda: services.record_weight(actor=curator, pet=pet, kg=Decimal(1)),
        lambda: services.trash_pet(actor=curator, pet=pet),
    ):
        with pytest.raises(ValidationError):
            attempt()

    stored = Pet.objects.get()
    assert (stored.status, stored.is_live) == (Status.WITH_OWNER, True)
    assert not StatusChange.objects.exists()
    assert not WeightRecord.objects.exists()


def test_history_of_a_user_who_leaves_stays():
    leaver = UserFactory()
    change = StatusChangeFactory(by=leaver)

    leaver.delete()

    change.refresh_from_db()
    assert change.by is None


def test_save_owner_masks_contact_data_in_the_audit(curator):
    owner = owner_services.save_owner(actor=curator, owner=OwnerFactory.build(contactable=True, name="Ann"))
    owner.phone, owner.name = "+49 30 7654321", "Anna"
    owner_services.save_owner(actor=curator, owner=owner)

    created, changed = AuditEvent.objects.order_by("id")
    told = f"{created.after} {changed.before} {changed.after}"
    assert changed.after == {"name": "Anna", "phone": "•••"}
    for secret in ("1234567", "7654321", "ann@example.org", "Hidden Lane"):
        assert secret not in told


def test_save_owner_refuses_contact_data_from_who_may_not_see_it():
    blind = UserFactory(rights=["pets.change_owner"])
    owner = OwnerFactory(contactable=True)
    owner.phone, owner.name = "", "Anna"

    with pytest.raises(PermissionDenied, match="view_owner_contact"):
        owner_services.save_owner(actor=blind, owner=owner)
    owner_services.save_owner(actor=blind, owner=owner, fields=["name"])

    stored = Owner.objects.get()
    assert (stored.name, stored.phone) == ("Anna", "+49 170 1234567")


def test_delete_owner_with_pets_is_refused_in_words(curator):
    pet = PetFactory(owned=True, trashed=True)

    with pytest.raises(OwnerInUseError, match="still has pets"):
        owner_services.delete_owner(actor=curator, owner=pet.owner)

    assert Owner.objects.exists()
    assert not AuditEvent.objects.exists()


def test_delete_owner_leaves_a_trace(curator):
    owner = OwnerFactory(name="Ann")

    owner_services.delete_owner(actor=curator, owner=owner)

    assert not Owner.objects.exists()
    assert _events("owner.deleted")[0].before == {"owner": "Ann"}
