"""Changes to pets: permission, rules, and the change and its audit in one transaction.

`actor` is the user who asks, or None for the portal itself (demo data, imports), which may
do everything. A refusal is `PermissionDenied` or a `pets.errors.PetsError`.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from pets.changes import clean, difference
from pets.choices import Status
from pets.errors import InvalidError, NotRestorableError, TooManyError, TrashedError
from pets.models import Pet, StatusChange, WeightRecord
from pets.querysets import PetQuerySet
from portal import audit
from portal.access import Actor, require
from portal.display import count_text

# One request changes no more; each pet is a row to lock and a line in the audit.
MAX_AT_ONCE = 1_000


@dataclass
class Restored:
    """What a restore of several pets did: those that are back, and why the others are not."""

    pets: list[Pet] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)


def save_pet(
    *, actor: Actor, pet: Pet, fields: Collection[str] | None = None, place: str = "", note: str = ""
) -> Pet:
    """Store a new or changed pet; a new status goes into its history, with `place` and `note`.

    `fields` names what was changed, so that nothing else of the row is overwritten; None
    means every field. Raises `PermissionDenied`, `InvalidError`, `TrashedError`.
    """
    is_new = pet._state.adding
    require(actor, "pets.add_pet" if is_new else "pets.change_pet")
    if fields is not None:
        fields = {*fields} & {one.name for one in pet._meta.concrete_fields if one.editable}
    with transaction.atomic():
        stored = None if is_new else _lock(pet)
        clean(pet)
        changed = fields if fields is not None else _names(pet)
        before, after = difference(stored, pet, changed)
        if not is_new and not after:
            return pet
        _store(pet, None if is_new else after)
        if "status" in after:
            old = stored.status if stored else ""
            _add_status_change(actor=actor, pet=pet, old=old, place=place, note=note, at=timezone.now())
        audit.record(
            "pet.created" if is_new else "pet.changed", actor=actor, target=pet, before=before, after=after
        )
    return pet


def change_status(
    *,
    actor: Actor,
    pet: Pet,
    status: Status,
    at: datetime | None = None,
    place: str = "",
    note: str = "",
    deceased_date: date | None = None,
) -> StatusChange:
    """Give a pet another status and write it into its history; return the entry.

    `at` is when it happened (aware; default now). Any status but "deceased" clears the date
    of death. Raises `PermissionDenied`, `InvalidError`, `TrashedError`.
    """
    require(actor, "pets.change_pet")
    with transaction.atomic():
        stored = _lock(pet)
        before = {"status": stored.status}
        old, pet.status = stored.status, status
        pet.deceased_date = deceased_date or stored.deceased_date if status == Status.DECEASED else None
        clean(pet)
        change = _add_status_change(
            actor=actor, pet=pet, old=old, place=place, note=note, at=at or timezone.now()
        )
        _store(pet, ["status", "deceased_date"])
        after = {"status": pet.status, "place": place}
        audit.record("pet.status_changed", actor=actor, target=pet, before=before, after=after)
    return change


def record_weight(*, actor: Actor, pet: Pet, kg: Decimal, weighed_on: date | None = None) -> WeightRecord:
    """Add a weighing, in kilograms (default today).

    Raises `PermissionDenied`, `InvalidError`, `TrashedError`.
    """
    require(actor, "pets.add_weightrecord")
    with transaction.atomic():
        _lock(pet)
        record = WeightRecord(pet=pet, kg=kg, weighed_on=weighed_on or timezone.localdate(), by=actor)
        clean(record)
        record.save()
        after = {"kg": str(record.kg), "weighed_on": record.weighed_on.isoformat()}
        audit.record("pet.weighed", actor=actor, target=pet, after=after)
    return record


def trash_pets(*, actor: Actor, pets: PetQuerySet) -> datetime | None:
    """Move the live ones of `pets` to the trash; return the moment, which names the batch for `undo_trash`.

    None if there was nothing to move. Raises `PermissionDenied`, `TooManyError`.
    """
    require(actor, "pets.delete_pet")
    now = timezone.now()
    with transaction.atomic():
        # Ordered by key: two requests that lock the same pets do it in the same order.
        live = Pet.objects.live().filter(pk__in=_keys(pets.live()))
        chosen = list(live.select_for_update(of=("self",)).order_by("pk"))
        Pet.objects.filter(pk__in=[pet.pk for pet in chosen]).update(trashed_at=now, trashed_by=actor)
        for pet in chosen:
            audit.record("pet.trashed", actor=actor, target=pet, before={"pet": str(pet)})
    return now if chosen else None


def trash_pet(*, actor: Actor, pet: Pet) -> None:
    """Move one pet to the trash; nothing happens if it is there. Raises `PermissionDenied`."""
    trash_pets(actor=actor, pets=Pet.objects.filter(pk=pet.pk))
    pet.refresh_from_db(fields=["trashed_at", "trashed_by"])


def restore_pet(*, actor: Actor, pet: Pet) -> Pet:
    """Take a pet out of the trash; nothing happens if it is not there.

    Raises `PermissionDenied`, and `NotRestorableError` naming the live pet that carries its
    chip or its tracker by now.
    """
    require(actor, "pets.delete_pet")
    with transaction.atomic():
        stored = Pet.objects.select_for_update(of=("self",)).get(pk=pet.pk)
        if stored.is_live:
            return stored
        stored.trashed_at = stored.trashed_by = None
        try:
            stored.refuse_rivals()
            with transaction.atomic():
                stored.save(update_fields=["trashed_at", "trashed_by"])
        except (ValidationError, IntegrityError) as error:
            # IntegrityError: the other pet was stored since we looked.
            reason = " ".join(error.messages) if isinstance(error, ValidationError) else ""
            raise NotRestorableError(
                _("%(pet)s stays in the trash. %(reason)s")
                % {"pet": stored, "reason": reason or _("Another pet carries its chip or its tracker.")}
            ) from error
        audit.record("pet.restored", actor=actor, target=stored, after={"pet": str(stored)})
    return stored


def restore_pets(*, actor: Actor, pets: PetQuerySet) -> Restored:
    """Take the trashed ones of `pets` out of the trash, each by itself: one refusal stops no other.

    Raises `PermissionDenied`, `TooManyError`.
    """
    require(actor, "pets.delete_pet")
    done = Restored()
    for pet in Pet.objects.filter(pk__in=_keys(pets.trashed())):
        try:
            done.pets.append(restore_pet(actor=actor, pet=pet))
        except NotRestorableError as error:
            done.refusals.append(str(error))
    return done


def undo_trash(*, actor: Actor, moment: datetime) -> Restored:
    """Restore what this actor moved to the trash at that moment (see `trash_pets`)."""
    return restore_pets(actor=actor, pets=Pet.objects.filter(trashed_at=moment, trashed_by=actor))


def _lock(pet: Pet) -> Pet:
    """Return the row as it is stored, locked until the transaction ends; refuse one in the trash."""
    stored = Pet.objects.select_for_update(of=("self",)).get(pk=pet.pk)
    if not stored.is_live:
        raise TrashedError(_("%(pet)s is in the trash; restore it first.") % {"pet": stored})
    return stored


def _keys(pets: PetQuerySet) -> list[UUID]:
    keys = list(pets.order_by().values_list("pk", flat=True)[: MAX_AT_ONCE + 1])
    if len(keys) > MAX_AT_ONCE:
        raise TooManyError(
            _("More than %(most)s pets are chosen. Narrow the list with a filter and do it in parts.")
            % {"most": count_text(MAX_AT_ONCE)}
        )
    return keys


def _store(pet: Pet, changed: Collection[str] | None) -> None:
    """Save; a chip or reference that another request stored since the check is refused in words too."""
    try:
        with transaction.atomic():
            pet.save(update_fields=None if changed is None else [*changed, "updated_at"])
    except IntegrityError as error:
        clash = ValidationError(
            {NON_FIELD_ERRORS: [_("Somebody changed this at the same moment. Try again.")]}
        )
        raise InvalidError(clash) from error


def _add_status_change(
    *, actor: Actor, pet: Pet, old: str, place: str, note: str, at: datetime
) -> StatusChange:
    change = StatusChange(
        pet=pet, from_status=old, to_status=pet.status, at=at, by=actor, place=place, note=note
    )
    clean(change)
    change.save()
    return change


def _names(pet: Pet) -> Iterable[str]:
    return [one.name for one in pet._meta.concrete_fields if one.editable]
