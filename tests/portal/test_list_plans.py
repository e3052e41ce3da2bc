"""Each order and filter of the long lists has an index that fits: nothing is scanned whole or sorted.

SQLite's planner is asked, without statistics and with the parameters as they are bound: what it can
use then, it uses at a million rows. `python -m benchmarks.admin` measures both databases.
"""

from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.db.models import QuerySet
from django.test import RequestFactory

from pets.models import Owner, Pet
from photos.choices import PhotoStatus
from photos.models import Photo
from portal.audit import AuditEvent, record
from storage_admin.models import ShareLink
from tests.factories import BucketFactory, UserFactory

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "sqlite", reason="asks SQLite's planner"),
]


@pytest.fixture
def user():
    return UserFactory(superuser=True)


@pytest.fixture(autouse=True)
def choices(db):
    """A filter without a choice is not offered, and then not applied."""
    record("object.hidden", bucket="photos")
    BucketFactory()
    BucketFactory()


def _keys(model: Any, user: Any, query: dict[str, Any]) -> QuerySet[Any]:
    """Return what the list of a model asks for the keys of a page."""
    request = RequestFactory().get("/", query)
    request.user = user
    listed = admin.site.get_model_admin(model).get_changelist_instance(request)
    return listed.queryset.values_list("pk", flat=True)


@pytest.mark.parametrize(
    ("model", "query"),
    [
        (Pet, {}),
        (Pet, {"o": "2"}),
        (Pet, {"o": "-2"}),
        (Pet, {"o": "3"}),
        (Pet, {"status__exact": "lost"}),
        (Pet, {"species__exact": "cat"}),
        (Pet, {"sex__exact": "female"}),
        (Pet, {"status__exact": "lost", "species__exact": "cat"}),
        (Pet, {"trash": "1"}),
        (Owner, {}),
        (Owner, {"contact_consent__exact": "1"}),
        (Photo, {}),
        (Photo, {"o": "5"}),
        (Photo, {"status": PhotoStatus.READY.value}),
        (Photo, {"status": PhotoStatus.TRASHED.value}),
        (Photo, {"assigned": "no"}),
        (Photo, {"is_published__exact": "1"}),
        (Photo, {"content_type__exact": "image/png"}),
        (Photo, {"is_published__exact": "0", "content_type__exact": "image/png"}),
        (AuditEvent, {"action": "object.hidden"}),
        (AuditEvent, {"who": "vera"}),
        (AuditEvent, {"bucket": "photos"}),
        (AuditEvent, {"outcome": "refused"}),
        (AuditEvent, {"action": "object.hidden", "outcome": "failed"}),
        (ShareLink, {"bucket__id__exact": "1"}),
        (ShareLink, {"mine": "yes"}),
    ],
)
def test_page_is_read_off_an_index_in_order(model, query, user):
    plan = _keys(model, user, query).explain()

    assert "USING INDEX" in plan or "USING COVERING INDEX" in plan, plan
    # "FOR RIGHT PART OF ORDER BY" is harmless: it sorts what has the very same moment.
    assert "TEMP B-TREE FOR ORDER BY" not in plan, plan


@pytest.mark.parametrize(
    "query", [{}, {"from": "2026-01-01"}, {"to": "2026-12-31"}, {"from": "2026-01-01", "to": "2026-12-31"}]
)
def test_events_of_some_days_are_read_in_order_and_not_sorted(query, user):
    plan = _keys(AuditEvent, user, query).explain()

    assert "TEMP B-TREE" not in plan, plan


@pytest.mark.parametrize("query", [{"photo": "none"}, {"photo": "none", "status__exact": "lost"}])
def test_pets_without_a_photo_are_found_without_a_look_at_the_photos(query, user):
    assert "photos_photo" not in str(_keys(Pet, user, query).query)


def test_live_photos_are_asked_for_without_parameters():
    """A parameter hides from SQLite that a partial index fits."""
    _sql, parameters = Photo.objects.live().query.sql_with_params()

    assert parameters == ()


def test_photos_of_pets_are_found_by_the_index_that_sorts_them(user):
    pets = Pet.objects.filter(name="Bella").values("pk")

    plan = Photo.objects.live().filter(pet__in=pets).explain()

    assert "photo_pet_created" in plan, plan
