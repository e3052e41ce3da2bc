"""An owner's phone, e-mail and address: only with `pets.view_owner_contact`, in every place."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from pets.models import Owner
from pets.owner_services import CONTACT_PERMISSION
from portal.audit import AuditEvent
from tests.factories import OwnerFactory, PetFactory, UserFactory

pytestmark = pytest.mark.django_db

LIST = "/admin/pets/owner/"
RIGHTS = [
    "pets.view_owner",
    "pets.add_owner",
    "pets.change_owner",
    "pets.delete_owner",
    "pets.view_pet",
    "pets.change_pet",
    "portal.view_auditevent",
]
SECRETS = ("1234567", "ann@example.org", "Hidden Lane")


@pytest.fixture
def ann():
    return OwnerFactory(name="Ann", contactable=True)


@pytest.fixture
def pet(ann):
    return PetFactory(name="Rex", owner=ann)


@pytest.fixture
def blind(client):
    client.force_login(UserFactory(rights=RIGHTS))
    return client


@pytest.fixture
def seeing(client):
    client.force_login(UserFactory(rights=[*RIGHTS, CONTACT_PERMISSION]))
    return client


def _pages(owner, pet):
    return {
        "list": LIST,
        "form": reverse("admin:pets_owner_change", args=[owner.pk]),
        "history": reverse("admin:pets_owner_history", args=[owner.pk]),
        "delete": reverse("admin:pets_owner_delete", args=[owner.pk]),
        "pet list": reverse("admin:pets_pet_changelist"),
        "pet form": reverse("admin:pets_pet_change", args=[pet.pk]),
        "audit": reverse("admin:portal_auditevent_changelist"),
        "autocomplete": _autocomplete(""),
        "search": reverse("admin:search") + "?q=ann",
    }


def _autocomplete(term):
    query = f"?app_label=pets&model_name=pet&field_name=owner&term={term}"
    return reverse("admin:autocomplete") + query


@pytest.mark.parametrize(
    "place",
    ["list", "form", "history", "delete", "pet list", "pet form", "audit", "autocomplete", "search"],
)
def test_contact_data_is_on_no_page_without_the_right(blind, ann, pet, place):
    blind.post(_pages(ann, pet)["form"], {"name": "Ann B", "note": "called"})

    page = blind.get(_pages(ann, pet)[place], follow=True)

    assert page.status_code == 200
    for secret in SECRETS:
        assert secret not in page.text


def test_contact_data_is_on_list_and_form_with_the_right(seeing, ann):
    assert SECRETS[0] in seeing.get(LIST).text
    form = seeing.get(reverse("admin:pets_owner_change", args=[ann.pk])).text
    for secret in SECRETS:
        assert secret in form


@pytest.mark.parametrize("text", ["0170 1234567", "34567", "ann@example.org", "ann@", "Hidden"])
def test_contact_data_is_not_searched_without_the_right(blind, ann, pet, text):
    for page in (LIST, reverse("admin:pets_pet_changelist")):
        assert list(blind.get(page, {"q": text}).context["cl"].result_list) == []
    assert blind.get(_autocomplete(text)).json()["results"] == []
    assert reverse("admin:pets_owner_change", args=[ann.pk]) not in blind.get(
        reverse("admin:search"), {"q": text}, follow=True
    ).text  # fmt: skip


@pytest.mark.parametrize("text", ["0170 1234567", "34567", "ann@example.org"])
def test_contact_data_is_searched_with_the_right(seeing, ann, pet, text):
    assert list(seeing.get(LIST, {"q": text}).context["cl"].result_list) == [ann]
    assert list(seeing.get(reverse("admin:pets_pet_changelist"), {"q": text}).context["cl"].result_list) == [
        pet
    ]
    assert [hit["text"] for hit in seeing.get(_autocomplete(text)).json()["results"]] == ["Ann"]


@pytest.mark.parametrize(
    "lookup",
    [
        "phone__startswith=%2B49",
        "email__contains=ann",
        "address__gt=A",
        "phone_digits__startswith=49",
        "phone=1",
    ],
)
def test_contact_data_cannot_be_guessed_by_filters_in_the_address(blind, ann, lookup):
    assert blind.get(f"{LIST}?{lookup}").status_code == 400


@pytest.mark.parametrize("lookup", ["owner__phone__startswith=%2B49", "owner__email__contains=ann"])
def test_contact_data_cannot_be_guessed_through_the_pets(blind, seeing, pet, lookup):
    for client in (blind, seeing):
        assert client.get(f"{reverse('admin:pets_pet_changelist')}?{lookup}").status_code == 400


def test_contact_data_cannot_be_written_without_the_right(blind, ann):
    blind.post(
        reverse("admin:pets_owner_change", args=[ann.pk]),
        {"name": "Anna", "phone": "1", "email": "", "address": "", "note": ""},
    )

    stored = Owner.objects.get()
    assert (stored.name, stored.phone, stored.address) == ("Anna", "+49 170 1234567", "Hidden Lane 5")


def test_contact_data_that_changes_is_not_repeated_by_histories(seeing, ann, pet):
    pages = _pages(ann, pet)
    values = {
        "name": "Ann",
        "phone": "+49 30 7654321",
        "email": "new@example.org",
        "address": "x",
        "note": "",
    }

    assert seeing.post(pages["form"], values).status_code == 302

    told = seeing.get(pages["history"]).text + str(list(AuditEvent.objects.values_list("before", "after")))
    for secret in (*SECRETS, "7654321", "new@example.org"):
        assert secret not in told


def test_owner_list_costs_the_same_number_of_queries_for_3_and_60_owners(seeing):
    def cost():
        with CaptureQueriesContext(connection) as queries:
            assert seeing.get(LIST).status_code == 200
        return len(queries)

    OwnerFactory.create_batch(3)
    cost()  # content types are cached by the first request
    few = cost()
    OwnerFactory.create_batch(57)

    assert cost() == few <= 12


def test_owner_with_pets_is_not_deleted_and_the_page_says_why(seeing, ann, pet):
    page = reverse("admin:pets_owner_delete", args=[ann.pk])

    assert "belong to the owner" in seeing.get(page).text
    assert seeing.post(page, {"post": "yes"}).status_code in {200, 302, 403}
    assert Owner.objects.get() == ann


def test_owner_without_pets_is_deleted(seeing, ann):
    seeing.post(reverse("admin:pets_owner_delete", args=[ann.pk]), {"post": "yes"})

    assert not Owner.objects.exists()


def test_owners_pets_are_one_click_away(blind, ann, pet):
    PetFactory(name="Other", owned=True)

    shown = blind.get(reverse("admin:pets_pet_changelist"), {"owner__id__exact": ann.pk})

    assert list(shown.context["cl"].result_list) == [pet]


def test_autocomplete_of_pets_offers_live_ones_only(client, settings):
    client.force_login(UserFactory(superuser=True))
    PetFactory(name="Rex")
    PetFactory(name="Rexford", trashed=True)

    query = "?app_label=photos&model_name=photo&field_name=pet&term=rex"
    hits = client.get(reverse("admin:autocomplete") + query).json()["results"]

    assert [hit["text"].split(" (")[0] for hit in hits] == ["Rex"]
