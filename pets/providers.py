"""What pets give to every page: the search field's hits, and cards on the Today page."""

from collections.abc import Iterator
from functools import partial

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from pets import search
from pets.choices import Status
from pets.models import Owner, Pet
from pets.owner_services import CONTACT_PERMISSION
from portal.counts import capped
from portal.search import MAX_HITS_PER_PROVIDER, Hit
from portal.today import Card, Tone


def find_pets(request: HttpRequest, text: str) -> Iterator[Hit]:
    """Yield live pets; a microchip that only resembles the text's is marked as a near miss."""
    if not request.user.has_perm("pets.view_pet"):
        return
    see_contact = request.user.has_perm(CONTACT_PERMISSION)
    found = search.find(text, pets=Pet.objects.live(), see_contact=see_contact)
    for pet in found.pets.select_related("owner")[: MAX_HITS_PER_PROVIDER + 1]:
        parts = [pet.get_species_display(), pet.get_status_display(), pet.microchip, str(pet.owner or "")]
        yield Hit(
            title=str(pet),
            url=reverse("admin:pets_pet_change", args=[pet.pk]),
            kind=_("Pets"),
            subtitle=", ".join(part for part in parts if part),
            is_near_miss=found.by.get(pet.pk) is search.Kind.NEAR_MISS,
        )


def find_owners(request: HttpRequest, text: str) -> Iterator[Hit]:
    """Yield owners by name, and by phone and e-mail for those who may see them."""
    if not request.user.has_perm("pets.view_owner"):
        return
    see_contact = request.user.has_perm(CONTACT_PERMISSION)
    owners = search.find_owners(text, owners=Owner.objects.all(), see_contact=see_contact)
    for owner in owners[: MAX_HITS_PER_PROVIDER + 1]:
        yield Hit(title=str(owner), url=reverse("admin:pets_owner_change", args=[owner.pk]), kind=_("Owners"))


def cards(request: HttpRequest) -> Iterator[Card]:
    """Yield how many pets are lost and found: both wait for somebody."""
    if not request.user.has_perm("pets.view_pet"):
        return
    waiting = {Status.LOST: _("Lost pets"), Status.FOUND: _("Found pets without an owner yet")}
    for status, label in waiting.items():
        pets = Pet.objects.live().filter(status=status)
        url = f"{reverse('admin:pets_pet_changelist')}?status__exact={status.value}"
        yield Card(label=label, count=partial(capped, pets), url=url, tone=Tone.INFO)
