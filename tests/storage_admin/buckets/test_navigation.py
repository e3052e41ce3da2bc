"""The pages of a bucket, offered on each of them: the same ways everywhere, each by its right."""

import re

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from storage_admin.buckets import navigation
from storage_admin.models import Bucket
from tests.factories import BucketFactory, JobFactory, UserFactory
from tests.storage_admin.conftest import address

pytestmark = pytest.mark.django_db

EVERY = [
    "Objects",
    "Time machine",
    "Settings",
    "Posture",
    "Who can see this?",
    "Jobs",
    "Usage",
    "History",
    "About",
]
NAV = re.compile(r'<nav class="modes bucket-nav".*?</nav>', re.DOTALL)
ENTRY = re.compile(r'<a href="([^"]*)"(?: aria-current="(\w+)")?>([^<]*)</a>')


def shown(text: str) -> list[tuple[str, str, str]]:
    """Return address, mark and label of each entry."""
    (nav,) = NAV.findall(text)
    return ENTRY.findall(nav)


def test_entry_of_the_page_is_marked_as_it_and_one_above_as_its_place(page: Client) -> None:
    bucket = BucketFactory()

    about = shown(page.get(address("change", bucket)).content.decode())
    kinds = shown(page.get(address("jobs", bucket)).content.decode())
    job = shown(page.get(f"/admin/storage_admin/job/{JobFactory(bucket=bucket).pk}/change/").content.decode())

    assert [label for _url, _mark, label in about] == EVERY
    assert [label for _url, mark, label in about if mark == "page"] == ["About"]
    assert [label for _url, mark, label in kinds if mark == "page"] == ["Jobs"]
    assert [(label, mark) for _url, mark, label in job if mark] == [("Jobs", "true")]


@pytest.mark.servers
@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("browse", "Objects"),
        ("time_machine", "Time machine"),
        ("settings", "Settings"),
        ("posture", "Posture"),
        ("visible", "Who can see this?"),
        ("changes", "History"),
    ],
)
def test_page_that_asks_the_store_has_the_ways_too(
    page: Client, bucket: Bucket, name: str, label: str
) -> None:
    found = shown(page.get(address(name, bucket)).content.decode())

    assert [label for _url, _mark, label in found] == [*EVERY[:6], "Reconciliation", *EVERY[6:]]
    assert [label for _url, mark, label in found if mark] == [label]


def test_way_to_jobs_needs_their_right() -> None:
    bucket, user = BucketFactory(), UserFactory()
    user.user_permissions.add(Permission.objects.get(codename="view_bucket"))

    offered = [str(one.label) for one in navigation.entries(bucket, user, "about", "/")]

    assert offered == [label for label in EVERY if label not in {"Jobs", "Usage"}]
