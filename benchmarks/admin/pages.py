"""The pages that are measured: what a person opens in a day, and what a curious one does to a list."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import Count
from django.urls import reverse

from pets.models import Owner, Pet
from photos.choices import PhotoStatus
from photos.models import Photo

CURATOR, SUPERUSER = "curator", "root"
AS_OURS: dict[str, object] = {}
# Stock takes its time: of each kind of search it is asked one.
ASKED_OF_STOCK = {
    "a microchip",
    "a common name (bella)",
    "an owner's name",
    "a file name",
    "a common pet (bella)",
}


@dataclass(frozen=True)
class Page:
    """One address of ours, and the stock one that shows the same, if there is one."""

    name: str
    url: str
    stock_url: str = ""
    user: str = CURATOR


def pages() -> list[Page]:
    """Return every page; the rows looked for are taken from the database."""
    return [*_pet_pages(), *_photo_pages(), *_other_pages()]


def _pet_pages() -> Iterator[Page]:
    yield _list("pets", "pets_pet", stock=AS_OURS)
    yield _list("pets", "pets_pet", user=SUPERUSER)
    yield _list("pets, page 90", "pets_pet", p=90, stock=AS_OURS)
    last = Pet.objects.live().count() // 50  # rows a page
    yield _list(f"pets, page {last}", "pets_pet", p=last)
    yield _list("pets by name", "pets_pet", o="3", stock={"o": "2"})
    yield _list("pets by name, page 90", "pets_pet", o="3", p=90, stock={"o": "2", "p": 90})
    yield _list("pets, status lost", "pets_pet", status__exact="lost", stock=AS_OURS)
    yield _list("pets, status with owner", "pets_pet", status__exact="with_owner")
    yield _list("pets, species ferret", "pets_pet", species__exact="ferret")
    yield _list("pets, species dog", "pets_pet", species__exact="dog")
    yield _list("pets, sex unknown", "pets_pet", sex__exact="unknown")
    yield _list("pets, lost reptiles", "pets_pet", status__exact="lost", species__exact="reptile")
    yield _list("pets without a photo", "pets_pet", photo="none")
    yield _list("pets without a photo, page 90", "pets_pet", photo="none", p=90)
    yield _list("pets in the trash", "pets_pet", trash="1")
    yield from _pet_searches()
    pet = Pet.objects.live().exclude(microchip="").exclude(owner=None).order_by("pk")[100]
    yield _form("pet's page", "pets_pet", pet.pk)
    yield _form("pet's page", "pets_pet", pet.pk, user=SUPERUSER)
    album = Photo.objects.values("pet").exclude(pet=None).annotate(n=Count("pk")).order_by("-n")[0]["pet"]
    yield _form("page of a pet with 2,000 photos", "pets_pet", album)
    yield _list("owners", "pets_owner", stock=AS_OURS)
    yield _list("owners: a name", "pets_owner", q="rosenberger")


def _pet_searches() -> Iterator[Page]:
    pet = (
        Pet.objects.live().exclude(microchip="").exclude(owner=None).select_related("owner").order_by("pk")[5]
    )
    rare = Pet.objects.live().values("name").annotate(n=Count("pk")).order_by("n", "name")[0]["name"]
    owner = pet.owner
    texts = {
        "a microchip": pet.microchip,
        "a microchip, two digits swapped": _swapped(pet.microchip),
        "a reference": pet.reference,
        "the beginning of a reference": pet.reference[:6],
        "a common name (bella)": "bella",
        "a rare name": rare,
        "two letters (be)": "be",
        "a name that is nobody's": "xqzzy",
        "a phone number": owner.phone if owner else "",
        "an owner's name": owner.name if owner else "",
        "a common pet and its owner (bella anna)": "bella anna",
        "an id": str(pet.pk),
    }
    for name, text in texts.items():
        yield _list(f"pets: {name}", "pets_pet", stock=AS_OURS if name in ASKED_OF_STOCK else None, q=text)


def _photo_pages() -> Iterator[Page]:
    yield _list("photos", "photos_photo", stock=AS_OURS)
    yield _list("photos", "photos_photo", user=SUPERUSER)
    yield _list("photos, page 90", "photos_photo", p=90, stock=AS_OURS)
    yield _list("photos, page 3,000", "photos_photo", p=3_000, stock=AS_OURS)
    last = Photo.objects.live().count() // 60
    yield _list(f"photos, page {last:,}", "photos_photo", p=last)
    for status in (PhotoStatus.READY, PhotoStatus.FAILED, PhotoStatus.REJECTED, PhotoStatus.TRASHED):
        stock: dict[str, object] = {"status__exact": status.value}
        yield _list(f"photos, {status.label}", "photos_photo", stock=stock, status=status.value)
    yield _list("photos under way", "photos_photo", status="under_way")
    yield _list("photos stuck", "photos_photo", status="stuck")
    yield _list("photos without a pet", "photos_photo", assigned="no")
    yield _list("photos published", "photos_photo", is_published__exact="1", stock=AS_OURS)
    yield _list("photos not published", "photos_photo", is_published__exact="0")
    yield _list("photos, AVIF", "photos_photo", content_type__exact="image/avif")
    yield _list("photos, JPEG", "photos_photo", content_type__exact="image/jpeg", stock=AS_OURS)
    yield _list(
        "photos ready and published", "photos_photo",
        stock={"status__exact": "ready", "is_published__exact": 1}, status="ready", is_published__exact=1,
    )  # fmt: skip
    yield _list(
        "photos failed, AVIF", "photos_photo",
        stock={"status__exact": "failed", "content_type__exact": "image/avif"},
        status="failed", content_type__exact="image/avif",
    )  # fmt: skip
    photo = Photo.objects.filter(status=PhotoStatus.READY, pet__owner__isnull=False).order_by("pk")[7]
    texts = {
        "a file name": photo.file_name,
        "the beginning of a file name (PXL_2025)": "PXL_2025",
        "a common file name (IMG_0001)": "IMG_0001",
        "a common pet (bella)": "bella",
        "a rare pet": Pet.objects.values("name").annotate(n=Count("pk")).order_by("n", "name")[0]["name"],
        "an owner": str(photo.pet.owner) if photo.pet else "",
        "a pet's microchip": Pet.objects.live().exclude(microchip="").order_by("pk")[9].microchip,
        "a key": photo.key,
        "an id": str(photo.pk),
    }
    for name, text in texts.items():
        yield _list(
            f"photos: {name}", "photos_photo", stock=AS_OURS if name in ASKED_OF_STOCK else None, q=text
        )
    yield _form("photo's page", "photos_photo", photo.pk)
    yield _form("photo's page", "photos_photo", photo.pk, user=SUPERUSER)


def _other_pages() -> Iterator[Page]:
    yield Page("Today", reverse("admin:index"))
    yield Page("Today", reverse("admin:index"), user=SUPERUSER)
    pet = Pet.objects.live().exclude(microchip="").order_by("pk")[11]
    owner = Owner.objects.order_by("pk")[13]
    photo = Photo.objects.order_by("pk")[17]
    for text in ("bella", "be", owner.name, owner.phone, _swapped(pet.microchip), photo.file_name, "xqzzy"):
        yield Page(f"search of every page: {text}", f"{reverse('admin:search')}?{urlencode({'q': text})}")
    choices = {"app_label": "photos", "model_name": "photo", "field_name": "pet", "term": "bel"}
    yield Page("choices of a pet: bel", f"{reverse('admin:autocomplete')}?{urlencode(choices)}")


def _list(
    name: str, model: str, *, user: str = CURATOR, stock: dict[str, object] | None = None, **query: object
) -> Page:
    """Return a list; `stock` is what stock is asked: a query, `AS_OURS`, or None for nothing."""
    url = f"{reverse(f'admin:{model}_changelist')}?{urlencode(query)}"
    stock_url = f"{reverse(f'stock:{model}_changelist')}?{urlencode(stock or query)}"
    return Page(name, url, "" if stock is None or user == SUPERUSER else stock_url, user)


def _form(name: str, model: str, key: object, *, user: str = CURATOR) -> Page:
    url, stock_url = (reverse(f"{site}:{model}_change", args=[key]) for site in ("admin", "stock"))
    return Page(name, url, "" if user == SUPERUSER else stock_url, user)


def _swapped(code: str) -> str:
    """Return the code with its last two different neighbours swapped."""
    for place in range(len(code) - 1, 4, -1):
        if code[place] != code[place - 1]:
            return f"{code[: place - 1]}{code[place]}{code[place - 1]}{code[place + 1 :]}"
    return code
