"""The pets' pages: lists, change pages, trash and restore, histories."""

from datetime import date
from urllib.parse import urlencode

import pytest
from django.contrib.admin import site
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from pets import services
from pets.choices import Status
from pets.errors import TrashedError
from pets.models import Pet, StatusChange, WeightRecord
from portal import paging
from tests.factories import (
    OwnerFactory,
    PetFactory,
    StatusChangeFactory,
    UserFactory,
    WeightRecordFactory,
)

pytestmark = pytest.mark.django_db

CHIP = "276098102345678"
LIST = "admin:pets_pet_changelist"
VIEWER = ["pets.view_pet", "pets.view_owner", "pets.view_weightrecord", "pets.view_statuschange"]
CURATOR = [
    *VIEWER,
    *("pets.add_pet", "pets.change_pet", "pets.delete_pet", "pets.add_weightrecord", "pets.add_statuschange"),
]


@pytest.fixture
def viewer(client):
    user = UserFactory(rights=VIEWER)
    client.force_login(user)
    return client


@pytest.fixture
def curator(client):
    user = UserFactory(rights=CURATOR)
    client.force_login(user)
    return client


def _shown(response):
    return [pet.name for pet in response.context["cl"].result_list]


def _list(client, **query):
    return client.get(f"{reverse(LIST)}?{urlencode(query)}")


def _page(pet, name="change"):
    return reverse(f"admin:pets_pet_{name}", args=[pet.pk])


def _form(pet=None, **values):
    inlines = {
        f"{prefix}-{part}_FORMS": 0
        for prefix in ("status_changes", "weights")
        for part in ("TOTAL", "INITIAL")
    }
    kept = {
        "name": "Rex", "species": "dog", "sex": "unknown", "neutered": "unknown", "status": "with_owner",
        "reference": pet.reference if pet else "",
    }  # fmt: skip
    return {**inlines, **kept, **values}


def test_list_shows_live_pets_newest_first(viewer):
    PetFactory(name="Old")
    PetFactory(name="Gone", trashed=True)
    PetFactory(name="New", chipped=True, owned=True)

    response = _list(viewer)

    assert _shown(response) == ["New", "Old"]
    assert Pet.objects.get(name="New").microchip in response.text


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"status__exact": "lost"}, ["Lost"]),
        ({"species__exact": "cat"}, ["Cat"]),
        ({"sex__exact": "female"}, ["She"]),
        ({"trash": "1"}, ["Gone"]),
        ({"q": CHIP}, ["Chip"]),
        ({"q": "276098102345687"}, ["Chip"]),
        ({"q": "she"}, ["She"]),
        ({"q": "gone"}, []),
        ({"q": "gone", "trash": "1"}, ["Gone"]),
        ({"q": "she", "status__exact": "lost"}, []),
    ],
)
def test_list_filters_and_searches(viewer, query, names):
    PetFactory(name="Lost", status=Status.LOST)
    PetFactory(name="Cat", species="cat")
    PetFactory(name="She", sex="female")
    PetFactory(name="Gone", trashed=True)
    PetFactory(name="Chip", microchip=CHIP)

    assert _shown(_list(viewer, **query)) == names


def test_list_says_when_a_microchip_only_resembles(viewer):
    PetFactory(microchip=CHIP)

    assert "No pet has exactly this microchip" in _list(viewer, q="276098102345687").text
    assert "No pet has exactly this microchip" not in _list(viewer, q=CHIP).text


@pytest.mark.parametrize(
    "query", [{}, {"q": "pet"}, {"q": CHIP}, {"status__exact": "with_owner"}, {"trash": "1"}, {"o": "2"}]
)
def test_list_costs_the_same_number_of_queries_for_3_and_60_pets(curator, query):
    def fill(count):
        for number in range(count):
            PetFactory(owned=True, chipped=True)
            PetFactory(name=f"pet {number}", trashed=True, owned=True)

    def cost():
        with CaptureQueriesContext(connection) as queries:
            assert _list(curator, **query).status_code == 200
        return len(queries)

    fill(3)
    cost()  # content types are cached by the first request
    few = cost()
    fill(57)

    assert cost() == few <= 12


def test_list_counts_no_further_than_the_cap(viewer, monkeypatch):
    monkeypatch.setattr(paging, "CAP", 120)
    monkeypatch.setattr(paging, "capped", lambda queryset: min(queryset.count(), 121))
    Pet.objects.bulk_create([PetFactory.build() for _each in range(250)])

    first, last = _list(viewer), _list(viewer, p=3)

    assert "over 120 pets" in first.text
    assert "121 pets" not in first.text
    assert len(_shown(last)) == 50
    assert "?p=3" in _list(viewer, p=2).text


@pytest.mark.parametrize("page", ["4", "99999999999999999999999999", "x", "-1"])
def test_list_page_that_is_none_leads_back(viewer, page):
    PetFactory()

    assert _list(viewer, p=page).status_code in {200, 302}


def test_add_makes_reference_and_history(curator):
    response = curator.post(
        reverse("admin:pets_pet_add"),
        _form(status="found", status_place="Harbour", microchip="276 098 102 345 678"),
    )

    pet = Pet.objects.get()
    assert response.status_code == 302
    assert pet.reference.startswith("PT-")
    assert pet.microchip == CHIP
    assert StatusChange.objects.get().place == "Harbour"


def test_add_form_shows_no_reference_before_there_is_one(curator):
    assert (
        "PT-"
        not in curator.get(reverse("admin:pets_pet_add")).context["adminform"].form["reference"].as_widget()
    )


def test_change_puts_each_refusal_beside_its_field(curator):
    rex, pet = PetFactory(name="Rex", microchip=CHIP), PetFactory()

    response = curator.post(_page(pet), _form(pet, microchip=CHIP, second_breed="Collie", tracker_id="A1"))

    errors = response.context["adminform"].form.errors
    assert str(rex) in errors["microchip"][0]
    assert {"microchip", "second_breed", "tracker_id"} == errors.keys()
    assert Pet.objects.get(pk=pet.pk).microchip == ""


def test_change_keeps_the_reference_when_it_is_emptied(curator):
    pet = PetFactory()

    curator.post(_page(pet), _form(reference="", name="Max"))

    stored = Pet.objects.get()
    assert (stored.name, stored.reference) == ("Max", pet.reference)


def test_change_of_status_goes_into_the_history(curator):
    pet = PetFactory(name="Rex")

    curator.post(_page(pet), _form(pet, status="lost", status_place="Park"))

    entry = StatusChange.objects.get()
    assert (entry.from_status, entry.to_status, entry.place) == ("with_owner", "lost", "Park")


def test_change_refused_by_a_service_is_a_sentence_on_the_same_page(curator, monkeypatch):
    pet = PetFactory()

    def refuse(**_values):
        raise TrashedError("Rex is in the trash; restore it first.")

    monkeypatch.setattr(services, "save_pet", refuse)
    response = curator.post(_page(pet), _form(pet, name="Max"), follow=True)

    assert response.redirect_chain[-1][0] == _page(pet)
    assert "restore it first" in response.text


def test_page_shows_warning_on_top_and_chip_in_words(viewer):
    pet = PetFactory(warning="Bites <men>", microchip=CHIP)

    page = viewer.get(_page(pet)).text

    assert page.index("Bites &lt;men&gt;") < page.index('id="pet_form"')
    assert "country code 276 (Germany)" in page


def test_page_shows_newest_of_the_histories_and_no_way_to_change_them(curator, django_assert_max_num_queries):
    pet = PetFactory(birth_date=date(2000, 1, 1))
    for day in range(1, 29):
        WeightRecordFactory(pet=pet, weighed_on=date(2024, 1, day))
    StatusChangeFactory(pet=pet, place="Park")

    with django_assert_max_num_queries(20):
        page = curator.get(_page(pet)).text

    assert "Park" in page
    assert "Jan. 28, 2024" in page
    assert "Jan. 1, 2024" not in page
    assert 'name="weights-0-kg"' not in page


def test_page_offers_no_button_that_deletes_the_owner(client):
    client.force_login(UserFactory(superuser=True))

    page = client.get(_page(PetFactory(owned=True))).text

    assert 'id="change_id_owner"' in page
    assert 'id="delete_id_owner"' not in page


def test_page_posts_nothing_of_the_histories(curator):
    pet = PetFactory(name="Rex")
    WeightRecordFactory(pet=pet)
    form = curator.get(_page(pet))

    assert 'name="weights-INITIAL_FORMS" value="0"' in form.text
    assert "weights-0-id" not in form.text
    assert curator.post(_page(pet), _form(pet, name="Max")).status_code == 302
    assert WeightRecord.objects.count() == 1


def test_viewer_sees_the_page_and_can_change_nothing(viewer):
    pet = PetFactory(name="Rex")

    page = viewer.get(_page(pet))

    assert page.status_code == 200
    assert 'name="_save"' not in page.text
    assert "Move to the trash" not in page.text
    for name in ("delete", "restore"):
        assert viewer.post(_page(pet, name)).status_code == 403
    for name in ("status", "weight"):
        assert viewer.get(_page(pet, name)).status_code == 403
    assert viewer.post(_page(pet), _form(pet, name="Max")).status_code == 403
    assert (
        viewer.post(reverse("admin:pets_pet_undo_trash") + "?moment=2026-01-01T00:00:00Z").status_code == 403
    )
    assert Pet.objects.live().get().name == "Rex"


def test_trash_of_one_is_done_at_once_and_offers_undo(curator):
    pet = PetFactory(name="Rex")

    response = curator.post(_page(pet, "delete"), follow=True)

    assert _shown(response) == []
    assert Pet.objects.trashed().get() == pet
    assert f'formaction="{_page(pet, "restore")}"' in response.text
    undone = curator.post(_page(pet, "restore"), follow=True)
    assert "is back" in undone.text
    assert Pet.objects.live().get() == pet


@pytest.mark.parametrize("name", ["delete", "restore"])
def test_trash_and_restore_take_only_a_button_press(curator, name):
    pet = PetFactory(trashed=name == "restore")

    assert curator.get(_page(pet, name)).status_code == 405
    assert Pet.objects.get().is_live is (name == "delete")


def test_trash_button_carries_a_csrf_token(curator):
    pet = PetFactory()
    strict = type(curator)(enforce_csrf_checks=True)
    strict.force_login(UserFactory(rights=CURATOR))

    assert strict.post(_page(pet, "delete")).status_code == 403
    token = strict.get(_page(pet)).context["csrf_token"]
    strict.post(_page(pet, "delete"), {"csrfmiddlewaretoken": str(token)})

    assert not Pet.objects.live().exists()


def test_trashed_page_says_so_offers_restore_and_changes_nothing(curator):
    pet = PetFactory(name="Rex", trashed=True, trashed_by=UserFactory(username="kim"))

    page = curator.get(_page(pet)).text

    assert "In the trash since" in page
    assert "kim" in page
    assert "Restore" in page
    assert 'name="_save"' not in page
    assert curator.post(_page(pet), _form(pet, name="Max")).status_code == 403


def test_restore_is_refused_in_words_when_the_chip_was_given_away(curator):
    old = PetFactory(name="Old", microchip=CHIP, trashed=True)
    rex = PetFactory(name="Rex", microchip=CHIP)

    response = curator.post(_page(old, "restore"), follow=True)

    assert str(rex) in response.text
    assert Pet.objects.trashed().get() == old


def _act(client, action, pets, *, query="", **extra):
    chosen = {"action": action, ACTION_CHECKBOX_NAME: [str(pet.pk) for pet in pets], **extra}
    return client.post(reverse(LIST) + query, chosen, follow=True)


def test_trash_of_several_asks_with_the_count_and_then_offers_undo(curator):
    pets = PetFactory.create_batch(3)

    asked = _act(curator, "trash_selected", pets[:2])
    assert "2 pets are moved to the trash" in asked.text
    assert str(pets[0]) in asked.text
    assert Pet.objects.live().count() == 3

    done = _act(curator, "trash_selected", pets[:2], confirmed="yes")
    assert "2 pets are in the trash" in done.text
    assert Pet.objects.live().get() == pets[2]

    undo = done.text.split('formaction="')[1].split('"')[0].replace("&amp;", "&")
    assert "2 pets are back" in curator.post(undo, follow=True).text
    assert Pet.objects.live().count() == 3


def test_trash_of_all_that_match_is_not_only_the_page(curator):
    PetFactory.create_batch(3, species="cat")
    dog = PetFactory()
    cats = Pet.objects.filter(species="cat")

    _act(
        curator,
        "trash_selected",
        cats[:1],
        query="?species__exact=cat",
        select_across="1",
        confirmed="yes",
        index="0",
    )

    assert Pet.objects.live().get() == dog


def test_trash_of_too_many_says_so_and_moves_nothing(curator, monkeypatch):
    monkeypatch.setattr(services, "MAX_AT_ONCE", 2)
    pets = PetFactory.create_batch(3)

    assert "at most 2 go at once" in _act(curator, "trash_selected", pets).text
    assert "More than 2 pets" in _act(curator, "trash_selected", pets, confirmed="yes").text
    assert Pet.objects.live().count() == 3


def test_restore_of_several_says_what_stays_and_why(curator):
    old = PetFactory(name="Old", microchip=CHIP, trashed=True)
    free = PetFactory(trashed=True)
    rex = PetFactory(name="Rex", microchip=CHIP)

    asked = _act(curator, "restore_selected", [old, free], query="?trash=1")
    done = _act(curator, "restore_selected", [old, free], query="?trash=1", confirmed="yes")

    assert "2 pets are taken out of the trash" in asked.text
    assert "1 pet is back" in done.text
    assert str(rex) in done.text
    assert Pet.objects.trashed().get() == old


def test_actions_fit_the_list_and_the_right(curator, viewer):
    def offered(client, **query):
        form = _list(client, **query).context["action_form"]
        return {value for value, _label in form.fields["action"].choices if value} if form else set()

    PetFactory()
    PetFactory(trashed=True)

    viewer.force_login(UserFactory(rights=VIEWER))
    assert offered(viewer) == set()
    curator.force_login(UserFactory(rights=CURATOR))
    assert offered(curator) == {"trash_selected"}
    assert offered(curator, trash="1") == {"restore_selected"}


def test_action_is_refused_to_who_lacks_the_right(viewer):
    pets = PetFactory.create_batch(2)

    _act(viewer, "trash_selected", pets, confirmed="yes")

    assert Pet.objects.live().count() == 2


def test_deleting_by_the_admins_own_ways_only_trashes(rf):
    request = rf.post("/")
    request.user = UserFactory(superuser=True)
    admin = site.get_model_admin(Pet)
    first, second = PetFactory.create_batch(2)

    admin.delete_model(request, first)
    admin.delete_queryset(request, Pet.objects.filter(pk=second.pk))

    assert Pet.objects.trashed().count() == 2


@pytest.mark.parametrize("moment", ["", "x", "2026-13-01T00:00:00Z", "2026-01-01T00:00:00"])
def test_undo_of_no_moment_is_not_found(curator, moment):
    assert (
        curator.post(f"{reverse('admin:pets_pet_undo_trash')}?{urlencode({'moment': moment})}").status_code
        == 404
    )


def test_status_page_records_what_happened(curator):
    pet = PetFactory()
    values = {"status": "lost", "at_0": "2026-01-02", "at_1": "10:30", "place": "Park", "note": "storm"}

    response = curator.post(_page(pet, "status"), values, follow=True)

    entry = StatusChange.objects.get()
    assert (entry.to_status, entry.place, entry.at.isoformat()) == (
        "lost",
        "Park",
        "2026-01-02T10:30:00+00:00",
    )
    assert Pet.objects.get().status == "lost"
    assert "is recorded" in response.text


def test_status_page_takes_now_when_no_moment_is_given_also_twice_a_minute(curator):
    pet = PetFactory()

    for status in ("lost", "found"):
        assert curator.post(_page(pet, "status"), {"status": status}).status_code == 302

    assert [entry.to_status for entry in StatusChange.objects.all()] == ["found", "lost"]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"status": "with_owner"}, "has this status already"),
        ({"at_0": "2999-01-02"}, "in the future"),
        ({"deceased_date": "2999-01-02", "status": "deceased"}, "is in the future"),
        ({"status": "asleep"}, "valid choice"),
    ],
)
def test_status_page_refuses_in_words(curator, values, words):
    pet = PetFactory()

    page = curator.get(_page(pet, "status"))
    response = curator.post(
        _page(pet, "status"), {"status": "lost", "at_0": "2026-01-02", "at_1": "10:30", **values}
    )

    assert page.status_code == 200
    assert words in response.text
    assert not StatusChange.objects.exists()


def test_weight_page_records_a_decimal(curator):
    pet = PetFactory()

    assert curator.get(_page(pet, "weight")).status_code == 200
    curator.post(_page(pet, "weight"), {"kg": "25.50", "weighed_on": "2026-01-02"})

    assert str(WeightRecord.objects.get().kg) == "25.50"
    assert "25.50" in curator.get(_page(pet)).text


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"kg": "0"}, "at least 0.01"),
        ({"kg": "heavy"}, "number"),
        ({"weighed_on": "1999-01-01"}, "before the pet was born"),
    ],
)
def test_weight_page_refuses_in_words(curator, values, words):
    pet = PetFactory(birth_date=date(2020, 1, 1))

    response = curator.post(_page(pet, "weight"), {"kg": "1", "weighed_on": "2026-01-02", **values})

    assert words in response.text
    assert not WeightRecord.objects.exists()


@pytest.mark.parametrize("name", ["status", "weight"])
def test_entry_pages_refuse_a_pet_in_the_trash_in_words(curator, name):
    pet = PetFactory(trashed=True)
    values = {"kg": "1", "weighed_on": "2026-01-02", "status": "lost", "at_0": "2026-01-02", "at_1": "10:30"}

    assert "restore it first" in curator.post(_page(pet, name), values).text


def test_pages_of_a_pet_that_is_none_are_not_found(curator):
    pet = PetFactory.build()

    for name in ("delete", "restore"):
        assert curator.post(_page(pet, name)).status_code == 404
    for name in ("status", "weight"):
        assert curator.get(_page(pet, name)).status_code == 404


def test_site_search_opens_the_pet_of_a_chip_and_only_offers_a_near_miss(viewer):
    pet = PetFactory(name="Rex", microchip=CHIP)
    PetFactory(name="Gone", microchip=CHIP, trashed=True)

    assert viewer.get(reverse("admin:search"), {"q": CHIP}).url == _page(pet)
    offered = viewer.get(reverse("admin:search"), {"q": "276098102345687"})
    assert offered.status_code == 200
    assert _page(pet) in offered.text


def test_site_search_shows_only_what_its_user_may_see(client):
    PetFactory(name="Rex", owner=OwnerFactory(name="Rexford"))
    client.force_login(UserFactory())

    assert "Rexford" not in client.get(reverse("admin:search"), {"q": "rex"}).text


def test_today_counts_lost_pets_and_links_to_just_these(viewer):
    PetFactory(name="Lost", status=Status.LOST)
    PetFactory(status=Status.LOST, trashed=True)

    board = viewer.get(reverse("admin:index")).context["board"]

    lost = next(one for one in board.totals if one.card.label == "Lost pets")
    assert lost.count == 1
    assert _shown(viewer.get(lost.card.url)) == ["Lost"]
