"""The pages by role, and silence where events and arrivals are off. None of these asks a store or a queue."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from portal.local import ports
from portal.roles import ROLES
from storage_admin.arrivals import queue_state
from storage_admin.models import Arrival, EventQueue
from tests.factories import ArrivalFactory, UserFactory
from tests.storage_admin.conftest import in_role

pytestmark = pytest.mark.django_db

LIST = "admin:storage_admin_arrival_changelist"
EVENTS = "admin:storage_admin_arrival_events"
SEE = "storage_admin.view_arrival"


@pytest.fixture
def asks_nobody(settings: Any) -> None:
    """Events and arrivals are on, and nothing answers: whoever asks gets an error."""
    settings.ARRIVALS = settings.S3_EVENTS = True
    settings.SERVICES_ENDPOINT_URL = f"http://127.0.0.1:{ports.pick(['closed'])['closed']}"


@pytest.mark.parametrize("role", ROLES)
def test_role_sees_the_list_or_not(client: Client, asks_nobody: None, role: str) -> None:
    ArrivalFactory()
    user = in_role(role)
    client.force_login(user)

    assert client.get(reverse(LIST)).status_code == (200 if user.has_perm(SEE) else 403)
    assert ("arrival" in client.get(reverse("admin:index")).content.decode()) is user.has_perm(SEE)


def test_off_is_silent(client: Client) -> None:
    client.force_login(UserFactory(rights=[SEE]))

    today, events = (client.get(reverse(name)).content.decode() for name in ("admin:index", EVENTS))

    assert "arrival" not in today
    assert "Events are off (S3_EVENTS)" in events
    assert "not taken in (ARRIVALS)" in events


def test_list_shows_keys_and_reasons_literally(client: Client, asks_nobody: None) -> None:
    ArrivalFactory(key="incoming/<b>\n.jpg", state=Arrival.State.REFUSED, reason="<i>no</i>")
    ArrivalFactory(key="incoming/other.jpg")
    client.force_login(UserFactory(rights=[SEE]))

    told = client.get(reverse(LIST), {"state__exact": "refused"}).content.decode()

    assert "&lt;b&gt;" in told
    assert "<b>" not in told
    assert "&lt;i&gt;no&lt;/i&gt;" in told
    assert "other.jpg" not in told


def test_today_reads_rows_alone(
    client: Client, asks_nobody: None, django_assert_max_num_queries: Any
) -> None:
    EventQueue.objects.create(name=queue_state.names()[0], waiting=12, dead=3)
    ArrivalFactory(state=Arrival.State.REFUSED, reason="no picture")
    client.force_login(UserFactory(rights=[SEE]))

    with django_assert_max_num_queries(40):
        told = client.get(reverse("admin:index")).content.decode()

    for words in ("minutes behind", "that wait", "nobody could handle", "refused lately"):
        assert words in told


def test_file_that_waits_for_long_is_on_today(client: Client, asks_nobody: None) -> None:
    arrival = ArrivalFactory()
    Arrival.objects.filter(pk=arrival.pk).update(seen_at=arrival.seen_at.replace(year=2020))
    client.force_login(UserFactory(rights=[SEE]))

    told = client.get(reverse("admin:index")).content.decode()

    assert "state__exact=pending" in told
