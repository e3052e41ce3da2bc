"""Changes to owners: see `pets.services` for the conventions."""

from collections.abc import Collection

from django.db import transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext as _

from pets.changes import clean, difference
from pets.errors import OwnerInUseError
from pets.models import Owner
from portal import audit
from portal.access import Actor, require

CONTACT_PERMISSION = "pets.view_owner_contact"


def save_owner(*, actor: Actor, owner: Owner, fields: Collection[str] | None = None) -> Owner:
    """Store a new or changed owner; `fields` names what was changed (None: all).

    Contact data can be written only by those who may see it; the audit says that it
    changed, not what it was. Raises `PermissionDenied`, `InvalidError`.
    """
    is_new = owner._state.adding
    require(actor, "pets.add_owner" if is_new else "pets.change_owner")
    editable = [one.name for one in owner._meta.concrete_fields if one.editable and not one.primary_key]
    names = [name for name in editable if fields is None or name in fields]
    with transaction.atomic():
        stored = None if is_new else Owner.objects.select_for_update().get(pk=owner.pk)
        clean(owner)
        before, after = difference(stored, owner, names, hidden=Owner.CONTACT_FIELDS)
        if not is_new and not after:
            return owner
        if after.keys() & {*Owner.CONTACT_FIELDS}:
            require(actor, CONTACT_PERMISSION)
        owner.save(update_fields=None if is_new else [*after, "updated_at"])
        audit.record(
            "owner.created" if is_new else "owner.changed",
            actor=actor,
            target=owner,
            before=before,
            after=after,
        )
    return owner


def delete_owner(*, actor: Actor, owner: Owner) -> None:
    """Delete an owner for good. Raises `PermissionDenied`, and `OwnerInUseError` while pets are left."""
    require(actor, "pets.delete_owner")
    with transaction.atomic():
        audit.record("owner.deleted", actor=actor, target=owner, before={"owner": str(owner)})
        try:
            owner.delete()
        except ProtectedError as error:
            raise OwnerInUseError(
                _("%(owner)s still has pets, perhaps in the trash; give them another owner first.")
                % {"owner": owner}
            ) from error
