"""`pets.search`: what a text is taken for, and that the index follows the rows."""

from typing import Any

import pytest
from django.db import connection, models
from django.db.migrations.executor import MigrationExecutor

from pets import search, search_index
from pets.models import Owner, Pet
from pets.search import Kind
from tests.factories import OwnerFactory, PetFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def rex():
    owner = OwnerFactory(name="Ann Müller", phone="+49 (0) 170-1234567", email="ann@example.org")
    return PetFactory(
        name="Rexi", reference="PT-4F7K-9M2X", microchip="276098102345678", owner=owner,
        tracker_vendor="Tractive", tracker_id="ABC123", tag="T99",
    )  # fmt: skip


@pytest.fixture
def others():
    # Codes of their own: a random one begins with PT-4 once in thirty times.
    codes = {"Bella": "PT-AAAA-AAAA", "Max": "PT-BBBB-BBBB", "Mia": "PT-CCCC-CCCC"}
    return [PetFactory(name=name, reference=code) for name, code in codes.items()]


def _find(text, *, see_contact=True):
    return search.find(text, pets=Pet.objects.live(), see_contact=see_contact)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("276098102345678", Kind.MICROCHIP),
        ("276 0981-0234.5678", Kind.MICROCHIP),
        ("PT-4F7K-9M2X", Kind.REFERENCE),
        ("pt-4f7k", Kind.REFERENCE),
        ("PT-4", Kind.REFERENCE),
        ("abc 123", Kind.TRACKER),
        ("t99", Kind.TAG),
        ("0170 1234567", Kind.PHONE),
        ("+49 170 1234567", Kind.PHONE),
        ("0049 (0)170 / 123 45 67", Kind.PHONE),
        ("34567", Kind.PHONE),
        ("ANN@example", Kind.EMAIL),
        ("276098102345679", Kind.NEAR_MISS),
        ("726098102345678", Kind.NEAR_MISS),
    ],
)
def test_find_tells_codes_apart(rex, others, text, kind):
    found = _find(text)

    assert list(found.pets) == [rex]
    assert found.by == {rex.pk: kind}


def test_find_reads_an_id(rex, others):
    for text in (str(rex.pk), rex.pk.hex.upper()):
        assert _find(text).by == {rex.pk: Kind.ID}


@pytest.mark.parametrize(
    "text",
    ["Rexi", "rex", "exi", "RE", "r", "müller", "MÜLL", "ann", "rexi müller", "müller rexi", " rexi  "],
)
def test_find_reads_names_of_pet_and_owner(rex, others, text):
    found = _find(text)

    assert list(found.pets) == [rex]
    assert found.by == {}


@pytest.mark.parametrize(
    "text",
    ["rexi bella", "xyz", '"', "'; DROP TABLE pets_pet", "%", "_exi", "a*", "NEAR(", "a\0b", "-", "x" * 500],
)
def test_find_takes_signs_literally(rex, others, text):
    assert list(_find(text).pets) == []


def test_find_without_text_is_every_pet(rex, others):
    assert _find("  ").pets.count() == 4


@pytest.mark.parametrize("text", ["0170 1234567", "34567", "ann@example.org", "ann@"])
def test_find_never_confirms_contact_data_to_who_may_not_see_it(rex, text):
    found = _find(text, see_contact=False)

    assert list(found.pets) == []
    assert list(search.find_owners(text, owners=Owner.objects.all(), see_contact=False)) == []


def test_find_owners_by_name_for_all_and_by_contact_data_for_some(rex):
    ann = rex.owner
    for text in ("ann", "müll", "0170 1234567", "ANN@example"):
        assert list(search.find_owners(text, owners=Owner.objects.all(), see_contact=True)) == [ann]
    assert list(search.find_owners("ann", owners=Owner.objects.all(), see_contact=False)) == [ann]


def test_find_offers_near_misses_only_where_nothing_fits_exactly(rex):
    close = PetFactory(microchip="276098102345679")

    assert _find("276098102345678").by == {rex.pk: Kind.MICROCHIP}
    assert _find("276098102345670").by == {rex.pk: Kind.NEAR_MISS, close.pk: Kind.NEAR_MISS}
    assert _find("276098102345670").are_near_misses


def test_find_offers_the_chip_behind_an_impossible_number(rex):
    # The first digit of the national number wrong: more than 38 bits.
    assert _find("276998102345678").by == {rex.pk: Kind.NEAR_MISS}


def test_find_shows_everything_that_a_number_fits():
    by_chip = PetFactory(microchip="123456789")
    by_phone = PetFactory(owner=OwnerFactory(phone="123456789"))

    assert _find("123456789").by == {by_chip.pk: Kind.MICROCHIP, by_phone.pk: Kind.PHONE}


def test_find_takes_a_name_of_ten_letters_for_a_name():
    pet = PetFactory(name="Strawberry")

    assert list(_find("strawberry").pets) == [pet]
    assert search.kinds("strawberry") == frozenset()


def test_find_stays_within_the_pets_it_is_given(rex):
    Pet.objects.update(trashed_at=rex.created_at)

    for text in ("276098102345678", "276098102345679", "rexi", str(rex.pk)):
        assert list(_find(text).pets) == []
        assert list(search.find(text, pets=Pet.objects.trashed(), see_contact=True).pets) == [rex]


@pytest.mark.parametrize("text", ["276098102345678", "pt-4f", "0170 1234567", "rexi", "276098102345679"])
def test_find_costs_at_most_three_queries(rex, others, text, django_assert_max_num_queries):
    with django_assert_max_num_queries(3):
        list(_find(text).pets)


def test_index_follows_changes_however_they_are_made(rex):
    Pet.objects.bulk_create([PetFactory.build(name="Sparky")])
    assert _find("spark").pets.count() == 1
    Pet.objects.filter(name="Sparky").update(name="Bolt")
    assert (_find("spark").pets.count(), _find("bolt").pets.count()) == (0, 1)
    Owner.objects.update(name="Zoe", phone="0151 99999999")
    assert (_find("müller").pets.count(), _find("zoe").pets.count()) == (0, 1)
    assert (_find("0170 1234567").pets.count(), _find("0151 99999999").pets.count()) == (0, 1)
    Pet.objects.all().delete()
    assert _find("bolt").pets.count() == 0


@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite loses triggers when a table is made anew")
@pytest.mark.django_db(transaction=True)
def test_index_is_kept_when_sqlite_makes_the_table_anew():
    PetFactory(name="Rexi")
    field = models.CharField(max_length=80, default="")
    field.set_attributes_from_name("extra")
    editor: Any
    with connection.schema_editor() as editor:
        editor._remake_table(Pet, create_field=field)
        editor._remake_table(Pet)
    assert search_index._SQLITE_TRIGGERS.keys() - _triggers()

    search_index.keep(using="default")
    PetFactory(name="Roxy")

    assert search_index._SQLITE_TRIGGERS.keys() <= _triggers()
    assert _find("exi").pets.count() == 1
    assert _find("oxy").pets.count() == 1


def _triggers():
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        return {name for (name,) in cursor.fetchall()}


@pytest.mark.django_db(transaction=True)
def test_search_migration_goes_back_and_forth():
    PetFactory(name="Rexi")
    try:
        MigrationExecutor(connection).migrate([("pets", "0001_initial")])
        tables = connection.introspection.table_names()
        assert "pets_pet" in tables
        assert "pets_petsearch" not in tables
        Pet.objects.create(name="Roxy", species="dog")  # no trigger is left behind
    finally:
        executor = MigrationExecutor(connection)
        executor.migrate(executor.loader.graph.leaf_nodes())

    assert _find("exi").pets.count() == 1
    assert _find("oxy").pets.count() == 1


@pytest.mark.skipif(connection.vendor != "postgresql", reason="asks PostgreSQL's planner")
def test_name_search_can_use_the_trigram_index():
    with connection.cursor() as cursor:
        # Of an empty table the planner would read any index whole; only a bitmap needs a condition.
        for way in ("seqscan", "indexscan", "indexonlyscan"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
    assert "pet_name_trigrams" in Pet.objects.filter(name__icontains="rex").explain()
    assert "owner_phone_trigrams" in Owner.objects.filter(phone_digits__contains="1234567").explain()
