"""What the Today page shows of photos: what needs a person."""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from pets.models import Pet
from photos import filters
from photos.choices import PhotoStatus
from photos.models import Photo, without_photo
from portal.counts import capped
from portal.today import Card, Tone


def cards(request: HttpRequest) -> Iterable[Card]:
    """Yield the cards for those who may see photos; each links to the list with just these."""
    if not request.user.has_perm("photos.view_photo"):
        return
    photos = Photo.objects.all()

    def card(label: Any, found: QuerySet[Any], query: str, tone: Tone, help_text: Any) -> Card:
        url = f"{reverse('admin:photos_photo_changelist')}?{query}"
        return Card(label=label, count=lambda: capped(found), url=url, tone=tone, help=help_text)

    yield card(
        _("Failed photos"),
        photos.filter(status=PhotoStatus.FAILED),
        f"status={PhotoStatus.FAILED}",
        Tone.URGENT,
        _("Something unexpected; the originals are safe. Look, and try again."),
    )
    yield card(
        _("Stuck photos"),
        photos.stuck(),
        f"status={filters.STUCK}",
        Tone.URGENT,
        _("Waiting for a worker for long. Are the workers running?"),
    )
    yield card(
        _("Photos without a pet"),
        photos.live().filter(pet__isnull=True),
        "assigned=no",
        Tone.ATTENTION,
        _("Say which pet they show."),
    )
    yield card(
        _("Refused photos"),
        photos.filter(status=PhotoStatus.REJECTED),
        f"status={PhotoStatus.REJECTED}",
        Tone.INFO,
        _("Files that were no usable pictures, with the reason for each."),
    )
    if request.user.has_perm("pets.view_pet"):
        yield Card(
            label=_("Pets without a photo"),
            count=lambda: capped(without_photo(Pet.objects.live())),
            url=f"{reverse('admin:pets_pet_changelist')}?photo=none",
            tone=Tone.ATTENTION,
            help=_("A lost pet without a picture is hard to find."),
        )
