"""With the store down, slow, dripping or denying, every page answers in time, in words, never with 500."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from portal import health
from portal.aws import clients
from portal.models import User
from portal.s3.patience import LEAST_SECONDS, PAGE_SECONDS
from storage_admin.models import Bucket
from tests import factories
from tests.resilience import bad_stores
from tests.store import leave_store, use_store

pytestmark = [pytest.mark.servers, pytest.mark.django_db]

# What the issue allows a page. The budget is cut to a fraction for the walk: one call without it
# takes longer than this by itself (two attempts of 5 s), so who forgets it is found all the same.
MOST_SECONDS = 10
BUDGET_SECONDS = LEAST_SECONDS + 0.1

STORES: dict[str, Callable[[], AbstractContextManager[str]]] = {
    "down": bad_stores.closed,
    "silent": lambda: bad_stores.running(bad_stores.silent),
    "dripping": lambda: bad_stores.running(bad_stores.dripping),
    "slow": lambda: bad_stores.running(bad_stores.slow(BUDGET_SECONDS / 2)),
    "denying": lambda: bad_stores.running(bad_stores.denying),
}
# 302: it leads elsewhere, with a message. 304, 405 and 400 are answers to how the walk asks.
IN_WORDS = {200, 302, 304, 400, 403, 404, 405, 409, 422, 502, 503}
# Not pages of the portal's own, or without anything to do with a store.
NOT_WALKED = {"logout", "view_on_site", "app_list", "jsi18n", None}


@pytest.fixture(params=STORES)
def bad_store(request: pytest.FixtureRequest, settings: Any) -> Iterator[str]:
    """The name of how the store misbehaves, and Amazon's other services with it."""
    with STORES[request.param]() as address:
        use_store(settings, address, browser_endpoint_url="")
        settings.AWS_STORAGE_BUCKET_NAME = "pettracker-tests"
        settings.INVENTORY_BUCKET = "pettracker-reports"
        settings.SERVICES_ENDPOINT_URL = address
        settings.DYNAMODB_MIRROR = settings.S3_EVENTS = settings.ARRIVALS = True
        settings.GLUE_JOBS = ["report"]
        settings.ANALYTICS_BUCKET = "pettracker-figures"
        yield request.param
        clients.forget()
        leave_store()


@pytest.fixture
def root(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("root"))
    client.raise_request_exception = False  # a 500 is told beside its address
    return client


def patterns() -> Iterator[tuple[str, frozenset[str]]]:
    """Yield the full name and the arguments of every named address of the site."""

    def below(
        resolver: URLResolver, namespace: str, arguments: frozenset[str]
    ) -> Iterator[tuple[str, frozenset[str]]]:
        for one in resolver.url_patterns:
            taken = arguments | set(one.pattern.converters)
            if isinstance(one, URLResolver):
                inner = f"{one.namespace}:" if one.namespace else namespace
                yield from below(one, inner, taken)
            elif isinstance(one, URLPattern) and one.name not in NOT_WALKED:
                yield f"{namespace}{one.name}", taken

    return below(get_resolver(), "", frozenset())


class Walk:
    """One row of each kind, and the addresses that lead to them."""

    def __init__(self) -> None:
        self.photo = factories.PhotoFactory()
        self.bucket: Bucket = factories.BucketFactory(name=self.photo.bucket)
        self.job = factories.JobFactory(bucket=self.bucket)
        self.rows: dict[str, Any] = {
            "photos_photo": self.photo.pk,
            "pets_pet": self.photo.pet.pk,
            "storage_admin_bucket": self.bucket.pk,
            "storage_admin_job": self.job.pk,
        }

    def addresses(self) -> list[str]:
        """Return every address; those of rows that the walk has none of are no row's, and answer 404."""
        values = {
            "bucket_id": self.bucket.pk, "photo_id": self.photo.pk, "pet_id": self.photo.pet.pk,
            "link_id": 1, "change_id": 1, "job_id": self.job.pk, "run_id": 1, "pk": 1, "id": 1,
            "token": "x" * 43, "slug": "versioning", "name": "tile", "kind": "hide",
            "schedule": "trash",
        }  # fmt: skip
        query = f"key={self.photo.key}&version=v1&newest=v1&prefix=photos/&moment=2026-01-01T00:00"
        found = set()
        for name, arguments in patterns():
            short = name.rpartition(":")[2]
            row = next((pk for prefix, pk in self.rows.items() if short.startswith(prefix)), 1)
            given = {one: row if one == "object_id" else values[one] for one in arguments}
            found.add(f"{reverse(name, kwargs=given)}?{query}")
        return sorted(found)


def offences(client: Client, method: str, addresses: list[str]) -> list[str]:
    """Return the answers that came late, or not in words."""
    found = []
    for address in addresses:
        health.forget()
        began = time.monotonic()
        answer = getattr(client, method)(address)
        took = time.monotonic() - began
        if took > MOST_SECONDS or answer.status_code not in IN_WORDS:
            found.append(f"{method} {address}: {answer.status_code} after {took:.1f} s")
    return found


def test_every_page_answers_whatever_the_store_does(
    root: Client, bad_store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.middleware.PAGE_SECONDS", BUDGET_SECONDS)
    if bad_store == "down":  # refused at once: all the time goes into the pause before the second try
        monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _seconds: None))
    addresses = Walk().addresses()
    assert len(addresses) > 60

    assert offences(root, "get", addresses) == []


@pytest.mark.parametrize("bad_store", ["silent", "denying"], indirect=True)
def test_every_button_answers_whatever_the_store_does(
    root: Client, bad_store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.middleware.PAGE_SECONDS", BUDGET_SECONDS)
    addresses = [
        one for one in Walk().addresses() if "/bucket" in one or "/photo/" in one or "sharelink" in one
    ]

    assert offences(root, "post", addresses) == []


@pytest.mark.parametrize("bad_store", ["silent"], indirect=True)
def test_page_with_many_questions_ends_in_time_by_the_real_clock(root: Client, bad_store: str) -> None:
    walk = Walk()
    page = reverse("admin:storage_admin_bucket_object", args=[walk.bucket.pk])
    began = time.monotonic()

    answer = root.get(page, {"key": walk.photo.key})

    assert PAGE_SECONDS / 2 < time.monotonic() - began < MOST_SECONDS
    assert answer.status_code == 503
    assert "does not answer" in answer.content.decode()
