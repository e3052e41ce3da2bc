"""The search field of every page: one hit opens, several are listed, a failure is told."""

from collections.abc import Iterable

import pytest
from django.http import HttpRequest
from django.test import Client

from portal import search
from portal.models import User
from portal.search import Hit

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_providers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "_providers", {})


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(User.objects.create_user("vera", is_staff=True))
    return client


def give(name: str, *hits: Hit) -> None:
    def find(request: HttpRequest, text: str) -> Iterable[Hit]:
        return [hit for hit in hits if text in hit.title]

    search.register(name, name, find)


def broken(request: HttpRequest, text: str) -> Iterable[Hit]:
    raise OSError("no answer")


def test_search_sends_anonymous_users_to_the_log_in(client: Client) -> None:
    assert client.get("/admin/search/", {"q": "x"}).status_code == 302


def test_one_hit_is_opened(staff: Client) -> None:
    give("Pets", Hit(title="Bella", url="/admin/bella/", kind="Pets"))

    response = staff.get("/admin/search/", {"q": " Bella "})

    assert response.status_code == 302
    assert response["Location"] == "/admin/bella/"


def test_several_hits_are_listed_by_kind(staff: Client) -> None:
    give("Pets", Hit(title="Bella", url="/1/", kind="Pets", subtitle="dog, lost"))
    give("Photos", Hit(title="Bella.jpg", url="/2/", kind="Photos"))

    response = staff.get("/admin/search/", {"q": "Bella"})

    assert list(response.context["results"].groups) == ["Pets", "Photos"]
    assert "dog, lost" in response.text


def test_near_miss_is_offered_and_not_opened(staff: Client) -> None:
    give("Pets", Hit(title="276098102345678", url="/1/", kind="Pets", is_near_miss=True))

    response = staff.get("/admin/search/", {"q": "276098"})

    assert response.status_code == 200
    assert "similar" in response.text


def test_provider_that_fails_is_named_and_stops_nothing(staff: Client, caplog) -> None:
    search.register("photos", "Photos", broken)
    give("Pets", Hit(title="Bella", url="/1/", kind="Pets"))

    response = staff.get("/admin/search/", {"q": "Bella"})

    # The one hit is not opened: the other kind might have held the wanted one.
    assert response.status_code == 200
    assert "Photos could not be searched just now" in response.text
    assert "Nothing was found" not in response.text


def test_nothing_found_says_what_can_be_typed(staff: Client) -> None:
    give("Pets")

    response = staff.get("/admin/search/", {"q": "zzz"})

    assert "Nothing was found." in response.text
    assert "chip number" in response.text


def test_empty_text_asks_no_provider(staff: Client, caplog) -> None:
    search.register("photos", "Photos", broken)

    response = staff.get("/admin/search/", {"q": "  "})

    assert response.context["results"].failed == []
    assert "What are you looking for?" in response.text


def test_long_answers_are_cut_and_said_so(staff: Client) -> None:
    give("Pets", *(Hit(title=f"Bella {number}", url="/1/", kind="Pets") for number in range(40)))

    response = staff.get("/admin/search/", {"q": "Bella"})

    assert len(response.context["results"].groups["Pets"]) == search.MAX_HITS_PER_PROVIDER
    assert "There are more: Pets" in response.text


def test_text_is_escaped_on_the_page(staff: Client) -> None:
    response = staff.get("/admin/search/", {"q": "<script>alert(1)</script>"})

    assert "<script>alert" not in response.text
