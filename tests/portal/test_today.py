"""Today: what needs a person, counted; what cannot be counted is never shown as nothing."""

from collections.abc import Iterable

import pytest
from django.db import DatabaseError
from django.http import HttpRequest
from django.test import Client

from portal import today
from portal.counts import capped
from portal.models import User
from portal.today import Card, Tone

pytestmark = pytest.mark.django_db


def broken() -> int:
    raise DatabaseError("the disk is gone")


@pytest.fixture(autouse=True)
def no_providers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(today, "_providers", [])


@pytest.fixture
def page(client: Client):
    client.force_login(User.objects.create_user("vera", is_staff=True))
    return lambda: client.get("/admin/").text


def give(*cards: Card) -> None:
    @today.register
    def provider(request: HttpRequest) -> Iterable[Card]:
        return cards


def test_card_shows_its_number_label_help_and_link(page) -> None:
    give(
        Card(label="Failed photos", count=lambda: 1234, url="/admin/failed/", tone=Tone.URGENT, help="Look.")
    )

    html = page()

    assert "1,234" in html
    assert "Failed photos" in html
    assert 'href="/admin/failed/"' in html
    assert "Look." in html


def test_card_that_cannot_be_counted_says_unknown_and_never_zero(page, caplog) -> None:
    give(Card(label="Stuck", count=broken, url="/x/"))

    html = page()

    assert "unknown" in html
    assert "may be more than none" in html
    assert "Nothing is waiting" not in html


def test_one_broken_card_leaves_the_others(page, caplog) -> None:
    give(Card(label="Stuck", count=broken, url="/x/"), Card(label="Unassigned", count=lambda: 7, url="/y/"))

    assert '<span class="number">7</span>' in page()


def test_zero_is_listed_as_clear_and_not_as_work(rf) -> None:
    give(Card(label="Failed jobs", count=lambda: 0, url="/x/"))

    board = today.board(rf.get("/"))

    assert board.waiting == []
    assert [shown.card.label for shown in board.clear] == ["Failed jobs"]


def test_empty_board_says_so_in_a_sentence(page) -> None:
    give(Card(label="Failed jobs", count=lambda: 0, url="/x/"))

    html = page()

    assert "Nothing is waiting for you" in html
    assert "Failed jobs" in html


def test_urgent_cards_come_first_and_totals_stand_apart(rf) -> None:
    give(
        Card(label="later", count=lambda: 1, url="/"),
        Card(label="all", count=lambda: 0, url="/", tone=Tone.INFO),
        Card(label="now", count=lambda: 1, url="/", tone=Tone.URGENT),
    )

    board = today.board(rf.get("/"))

    assert [shown.card.label for shown in board.waiting] == ["now", "later"]
    assert [shown.card.label for shown in board.totals] == ["all"]


def test_capped_counts_read_over(page) -> None:
    give(Card(label="Without a photo", count=lambda: 10_001, url="/"))

    assert "over 10,000" in page()


def test_capped_stops_one_above_the_cap(django_assert_num_queries) -> None:
    User.objects.bulk_create(User(username=f"user{number}") for number in range(5))

    with django_assert_num_queries(1) as queries:
        found = capped(User.objects.all(), cap=3)

    assert found == 4
    assert "LIMIT 4" in queries[0]["sql"]


def test_provider_registered_twice_shows_once(rf) -> None:
    def provider(request: HttpRequest) -> Iterable[Card]:
        return [Card(label="once", count=lambda: 1, url="/")]

    today.register(provider)
    today.register(provider)

    assert len(today.board(rf.get("/")).waiting) == 1
