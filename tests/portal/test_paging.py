"""`portal.paging`: capped counts, late row lookup, and pages beyond the cap."""

import pytest
from django.core.paginator import EmptyPage, PageNotAnInteger

from pets.models import Pet
from portal import counts, paging
from portal.paging import CappedCount, LatePaginator, SearchPaginator
from tests.factories import PetFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def cap_of_ten(monkeypatch):
    monkeypatch.setattr(paging, "CAP", 10)
    monkeypatch.setattr(paging, "SEARCH_CAP", 10)
    monkeypatch.setattr(paging, "capped", lambda queryset: counts.capped(queryset, 10))


@pytest.fixture
def pets():
    Pet.objects.bulk_create([PetFactory.build(name=f"Pet {n:02}") for n in range(25)])
    return Pet.objects.order_by("name")


def _names(page):
    return [pet.name for pet in page]


def test_short_list_is_counted_exactly(pets):
    paginator = LatePaginator(pets[:0].model.objects.order_by("name"), 10)

    assert (paginator.count, paginator.num_pages, paginator.is_capped) == (25, 3, False)
    assert _names(paginator.page(3)) == [f"Pet {n}" for n in range(20, 25)]
    assert list(paginator.get_elided_page_range(1)) == [1, 2, 3]
    with pytest.raises(EmptyPage):
        paginator.page(4)


def test_empty_list_has_one_page():
    page = LatePaginator(Pet.objects.order_by("name"), 10).page(1)

    assert (list(page), page.has_next(), page.paginator.num_pages) == ([], False, 1)


def test_long_list_is_counted_to_the_cap(cap_of_ten, pets):
    paginator = LatePaginator(pets, 4)

    assert paginator.count == 11
    assert str(paginator.count) == f"{paginator.count}" == "%s" % paginator.count == "over 10"  # noqa: UP031 - gettext's way
    assert paginator.is_capped


def test_pages_beyond_the_cap_are_reached_one_after_the_other(cap_of_ten, pets):
    seen = []
    number = 1
    while True:
        page = LatePaginator(pets, 4).page(number)
        seen += _names(page)
        if not page.has_next():
            break
        assert page.next_page_number() in page.paginator.get_elided_page_range(number)
        number = page.next_page_number()

    assert seen == [f"Pet {n:02}" for n in range(25)]
    assert number == 7
    with pytest.raises(EmptyPage):
        page.next_page_number()


@pytest.mark.parametrize("number", [0, -1, 8, 10**30])
def test_page_that_is_none_is_refused(cap_of_ten, pets, number):
    with pytest.raises(EmptyPage):
        LatePaginator(pets, 4).page(number)


def test_page_number_that_is_no_number_is_refused(pets):
    with pytest.raises(PageNotAnInteger):
        LatePaginator(pets, 4).page("x")


def test_page_keeps_the_order_and_what_the_queryset_adds(pets, django_assert_num_queries):
    PetFactory(owned=True, name="Pet 99")
    paginator = LatePaginator(Pet.objects.select_related("owner").order_by("-name"), 3)

    with django_assert_num_queries(3):  # count, keys, rows
        page = paginator.page(1)
        owners = [pet.owner for pet in page]

    assert _names(page) == ["Pet 99", "Pet 24", "Pet 23"]
    assert owners[0] is not None


def test_page_reads_keys_before_rows(pets, django_assert_num_queries):
    with django_assert_num_queries(3) as queries:
        LatePaginator(pets, 3).page(2)

    _count, keys, rows = (query["sql"] for query in queries.captured_queries)
    assert "OFFSET 3" in keys
    assert "warning" not in keys
    assert "OFFSET" not in rows


def test_capped_count_compares_as_a_number():
    assert CappedCount(10_001) > 100
    assert str(CappedCount(10_001)) == "over 10,000"


def test_search_is_run_once_for_count_and_page(pets, django_assert_num_queries):
    with django_assert_num_queries(2):
        paginator = SearchPaginator(pets, 10)
        count, names = paginator.count, _names(paginator.page(2))

    assert (count, names) == (25, [f"Pet {n}" for n in range(10, 20)])


def test_search_has_the_pages_of_any_other_list(cap_of_ten, pets):
    for number in range(1, 8):
        found, listed = SearchPaginator(pets, 4).page(number), LatePaginator(pets, 4).page(number)

        assert (_names(found), found.has_next()) == (_names(listed), listed.has_next())
        assert str(found.paginator.count) == "over 10"
    with pytest.raises(EmptyPage):
        SearchPaginator(pets, 4).page(8)
