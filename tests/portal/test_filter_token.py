"""A filter token means exactly what the admin's list shows, far from any request."""

from typing import Any
from urllib.parse import parse_qs

import pytest
from django.http import QueryDict
from django.test import Client

from pets.owner_services import CONTACT_PERMISSION
from photos.models import Photo
from portal import filter_token
from portal.filter_token import FilterInvalid
from tests.factories import OwnerFactory, PetFactory, PhotoFactory, UserFactory

pytestmark = pytest.mark.django_db

LIST = "/admin/photos/photo/"


@pytest.fixture
def album() -> dict[str, Photo]:
    """A photo for each thing that the list can ask for."""
    mia = PetFactory(name="Mia", owner=OwnerFactory(name="Ann Miller", phone="+49 170 1234567"))
    return {
        "mia": PhotoFactory(pet=mia, is_published=True),
        "waiting": PhotoFactory(pet=None, stored=True),
        "webp": PhotoFactory(content_type="image/webp", file_name="b.webp"),
        "failed": PhotoFactory(failed=True),
        "refused": PhotoFactory(rejected=True),
        "pending": PhotoFactory(pending=True),
        "trash": PhotoFactory(trashed=True),
    }


QUERIES = [
    "",
    "status=ready",
    "status=under_way",
    "status=stuck",
    "status=failed",
    "status=rejected",
    "status=trashed",
    "assigned=no",
    "is_published__exact=1",
    "is_published__exact=0",
    "content_type__exact=image%2Fwebp",
    "q=mia",
    "q=IMG_0",
    "q=b.webp",
    "q=ann+miller&status=ready",
    "status=ready&is_published__exact=1&p=3&o=-5&all=",
    "pet__isnull=True",
    "bytes__gte=12345",
    "file_name__startswith=b",
]


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("sees_contact", [True, False])
def test_token_selects_what_the_list_shows(
    client: Client, album: dict[str, Photo], query: str, sees_contact: bool
) -> None:
    rights = ["photos.view_photo", *([CONTACT_PERMISSION] if sees_contact else [])]
    client.force_login(UserFactory(rights=rights))
    shown = client.get(f"{LIST}?{query}".replace("p=3&", "")).context["cl"]

    token = filter_token.canonical(QueryDict(query))
    found = filter_token.matching(Photo, token, rights)

    assert {photo.pk for photo in found} == {photo.pk for photo in shown.queryset}
    assert found.filter(pk__gt="0" * 32).order_by("pk").count() == shown.queryset.count()


def test_queries_of_these_tests_tell_photos_apart(album: dict[str, Photo]) -> None:
    """Else the test above would hold for a token that means nothing."""
    tokens = [filter_token.canonical(QueryDict(query)) for query in QUERIES]
    found = {token: frozenset(filter_token.matching(Photo, token).values_list("pk")) for token in tokens}

    assert len(set(found.values())) >= 10
    assert len(found[""]) == 5  # neither refused nor in the trash


def test_search_by_contact_data_needs_its_right(album: dict[str, Photo]) -> None:
    token = "q=%2B49+170+1234567"

    with_right = filter_token.matching(Photo, token, [CONTACT_PERMISSION])

    assert [photo.pk for photo in with_right] == [album["mia"].pk]
    assert not filter_token.matching(Photo, token)


def test_token_has_one_spelling_and_nothing_of_the_page() -> None:
    one = filter_token.canonical(QueryDict("status=ready&assigned=no&p=2&o=1&_facets=&q=&e=1"))
    other = filter_token.canonical(QueryDict("assigned=no&status=ready"))

    assert one == other == "assigned=no&status=ready"
    assert parse_qs(filter_token.canonical(QueryDict("q=a%26b%2B"))) == {"q": ["a&b+"]}


@pytest.mark.parametrize(
    "token",
    [
        "status=vanished",
        "assigned=maybe",
        "content_type__exact=image%2Fbmp",
        "species=dog",
        "pet__owner__phone=1",
        "is_published__exact=perhaps",
        "id__exact=no-uuid",
        "q=a%00b",
    ],
)
def test_token_that_the_list_does_not_take_is_refused_in_words(token: str) -> None:
    with pytest.raises(FilterInvalid, match=r"list"):
        filter_token.matching(Photo, token)


def test_words_are_those_of_the_list() -> None:
    assert filter_token.words(Photo, "") == [("status", "all but the trash")]
    assert filter_token.words(Photo, "assigned=no&q=mia&status=ready") == [
        ("status", "ready"),
        ("pet", "not known yet"),
        ("search", "mia"),
    ]
    assert ("bytes__gte", "5") in filter_token.words(Photo, "bytes__gte=5")


def test_nobodys_rights_are_asked_of_the_database(
    album: dict[str, Photo], django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(1):
        list(filter_token.matching(Photo, "status=ready").order_by("pk")[:10])
