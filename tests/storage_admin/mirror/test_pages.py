"""The mirror's pages say what both sides say now; who may not press, sees no button."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.local import ports
from storage_admin.mirror import writing
from storage_admin.models import MirrorCheck, MirrorItem
from tests.factories import PetFactory, PhotoFactory, UserFactory

STATUS = "admin:storage_admin_mirroritem_status"
SEE, CHECK = "storage_admin.view_mirroritem", "storage_admin.check_mirror"

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(client: Client) -> Any:
    """Fetch a page as somebody with these rights."""

    def get(name: str, *rights: str, post: bool = False) -> Any:
        client.force_login(UserFactory(rights=rights))
        return client.post(reverse(name)) if post else client.get(reverse(name))

    return get


@pytest.mark.servers
def test_status_tells_tables_and_what_is_due(mirror: str, page: Any) -> None:
    PetFactory()

    told = page(STATUS, SEE).content.decode()

    assert "ACTIVE" in told
    assert "1 item is due" in told
    assert "Compare both sides now" not in told


def test_service_that_is_away_is_a_calm_page(settings: Any, page: Any) -> None:
    settings.DYNAMODB_MIRROR = True
    settings.SERVICES_ENDPOINT_URL = f"http://127.0.0.1:{ports.pick(['closed'])['closed']}"

    answer = page(STATUS, SEE)

    assert answer.status_code == 200
    assert "does not answer" in answer.content.decode()


def test_mirror_that_is_off_is_silent(settings: Any, page: Any) -> None:
    settings.DYNAMODB_MIRROR = False

    assert "The mirror is off" in page(STATUS, SEE).content.decode()
    assert "mirroritem" not in page("admin:index", SEE).content.decode()


@pytest.mark.servers
def test_comparison_by_button_ends_equal(
    mirror: str, page: Any, django_capture_on_commit_callbacks: Any
) -> None:
    from_whom = page("admin:storage_admin_mirroritem_compare", SEE, CHECK, post=True)

    assert from_whom.status_code == 302
    assert MirrorCheck.objects.get().made_by_name.startswith("user")
    assert "under way" in page(STATUS, SEE, CHECK).content.decode()


@pytest.mark.parametrize("name", ["compare", "send"])
def test_buttons_want_their_right(settings: Any, page: Any, name: str) -> None:
    assert page(f"admin:storage_admin_mirroritem_{name}", SEE, post=True).status_code == 403
    assert not MirrorCheck.objects.exists()


def test_refused_items_are_listed_and_sent_again(settings: Any, page: Any) -> None:
    settings.DYNAMODB_MIRROR = True
    number = PetFactory().pk
    MirrorItem.objects.create(table="pets", item=number, changes=2, sent=1, error="<b>no</b>", attempts=4)
    told = page("admin:storage_admin_mirroritem_changelist", SEE).content.decode()
    assert "&lt;b&gt;no&lt;/b&gt;" in told

    page("admin:storage_admin_mirroritem_send", SEE, CHECK, post=True)

    assert list(writing.due().values_list("attempts", flat=True)) == [0]


def test_items_are_called_by_name_with_as_many_queries_for_one_as_for_many(
    settings: Any, client: Client
) -> None:
    settings.DYNAMODB_MIRROR = True
    client.force_login(UserFactory(rights=[SEE]))
    MirrorItem.objects.create(table="photos", item=uuid4())
    MirrorItem.objects.create(table="pets", item=PetFactory(name="<i>0").pk)
    counted = []
    for names in (["<i>1"], ["<i>2", "<i>3", "<i>4"]):
        for name in names:
            MirrorItem.objects.create(table="pets", item=PetFactory(name=name).pk)
            MirrorItem.objects.create(table="photos", item=PhotoFactory().pk)
        with CaptureQueriesContext(connection) as queries:
            told = client.get(reverse("admin:storage_admin_mirroritem_changelist")).content.decode()
        counted.append(len(queries))

    assert all(f"&lt;i&gt;{number}" in told for number in range(5))
    assert "(gone)" in told
    assert counted[0] == counted[1]


def test_today_counts_what_was_refused_and_what_waits_too_long(settings: Any, page: Any) -> None:
    settings.DYNAMODB_MIRROR = True
    long_ago = timezone.now() - timedelta(hours=1)
    for since, error in ((long_ago, "no"), (long_ago, ""), (timezone.now(), "")):
        MirrorItem.objects.create(table="pets", item=uuid4(), since=since, error=error)

    told = page("admin:index", SEE).content.decode()

    assert "Refused by DynamoDB" in told
    assert [writing.late().count(), writing.due().exclude(error="").count()] == [1, 1]
    settings.DYNAMODB_MIRROR = False
    assert "DynamoDB" not in page("admin:index", SEE).content.decode()
