"""Looking for buckets: a row for each, kept when the bucket goes; and the list, which asks nobody."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core import serializers
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.s3 import buckets, session
from portal.s3.errors import StorageUnavailable
from storage_admin import tasks
from storage_admin.buckets import looking
from storage_admin.models import Bucket
from tests.factories import BucketFactory
from tests.storage_admin.conftest import in_role
from tests.store import answering, refusal

pytestmark = pytest.mark.django_db

LIST, LOOK = "/admin/storage_admin/bucket/", "/admin/storage_admin/bucket/look/"


@pytest.fixture
def second_connection(photo_bucket: str, settings: Any) -> str:
    """Another connection; here it leads to the same store."""
    settings.S3_CONNECTIONS = {**settings.S3_CONNECTIONS, "archive": settings.S3_CONNECTIONS["default"]}
    return "archive"


@pytest.mark.servers
def test_look_keeps_a_row_for_each_bucket(photo_bucket) -> None:
    found = looking.look()

    row = Bucket.objects.get(name=photo_bucket)
    assert photo_bucket in found.new
    assert (row.connection, row.region, row.gone_since) == ("default", "us-east-1", None)
    assert row.last_checked is not None
    assert looking.look().new == []


@pytest.mark.servers
def test_look_asks_every_connection(photo_bucket, second_connection) -> None:
    looking.look()

    assert set(Bucket.objects.filter(name=photo_bucket).values_list("connection", flat=True)) == {
        "default",
        second_connection,
    }


@pytest.mark.servers
def test_look_pages_through_the_buckets(photo_bucket, monkeypatch, store_calls) -> None:
    wanted = {f"paged-{uuid4().hex[:10]}" for _ in range(3)}
    for name in wanted:
        session.client().create_bucket(Bucket=name)
    monkeypatch.setattr(buckets, "LIST_PAGE", 2)
    store_calls.clear()

    looking.look()

    assert wanted <= set(Bucket.objects.values_list("name", flat=True))
    assert store_calls.count("ListBuckets") > 1


@pytest.mark.servers
def test_bucket_that_is_gone_keeps_its_row_and_may_come_back(photo_bucket) -> None:
    name = f"shortlived-{uuid4().hex[:10]}"
    session.client().create_bucket(Bucket=name)
    looking.look()
    session.client().delete_bucket(Bucket=name)

    assert name in looking.look().gone
    assert Bucket.objects.get(name=name).gone_since is not None
    session.client().create_bucket(Bucket=name)
    looking.look()
    assert Bucket.objects.get(name=name).gone_since is None
    session.client().delete_bucket(Bucket=name)


@pytest.mark.servers
def test_keys_that_may_not_list_buckets_still_find_the_photo_bucket(photo_bucket) -> None:
    other = BucketFactory(name="not-asked")

    with answering("ListBuckets", refusal(403, "AccessDenied")):
        found = looking.look()

    assert found.new == [photo_bucket]
    other.refresh_from_db()
    assert other.gone_since is None


def test_connection_that_fails_stops_nothing_and_marks_nothing_as_gone(no_store) -> None:
    row = BucketFactory()

    found = looking.look()

    assert isinstance(found.errors["default"], StorageUnavailable)
    row.refresh_from_db()
    assert row.gone_since is None
    assert "does not answer" in row.last_error


@pytest.mark.servers
def test_task_looks_when_nobody_has_and_not_again_at_once(photo_bucket, store_calls) -> None:
    tasks.look_for_buckets()
    assert "ListBuckets" in store_calls
    store_calls.clear()

    tasks.look_for_buckets()
    assert store_calls == []

    Bucket.objects.update(last_checked=timezone.now() - timedelta(minutes=looking.LOOK_AGAIN_MINUTES + 1))
    tasks.look_for_buckets()
    assert "ListBuckets" in store_calls


@pytest.mark.servers
def test_button_looks_and_tells(page, photo_bucket) -> None:
    BucketFactory(name="was-here-once")

    response = page.post(LOOK, follow=True)

    assert photo_bucket in response.text
    assert "Gone: was-here-once" in response.text


def test_button_while_the_store_is_away_gives_the_calm_page(page, no_store) -> None:
    assert page.post(LOOK).status_code == 503


@pytest.mark.servers
def test_button_tells_a_refusal_with_its_code(page, photo_bucket, settings) -> None:
    settings.AWS_STORAGE_BUCKET_NAME = f"no-such-{uuid4()}"

    with answering("ListBuckets", refusal(403, "AccessDenied")):
        response = page.post(LOOK, follow=True)

    assert "Default: The store refused access" in response.text
    assert "(AccessDenied)" in response.text


@pytest.mark.parametrize("role", ["Viewer", "Curator"])
def test_buckets_are_for_those_who_look_after_storage(client, role) -> None:
    client.force_login(in_role(role))

    assert client.get(LIST).status_code == 403
    assert client.post(LOOK).status_code == 403


@pytest.mark.servers
def test_list_and_page_of_a_bucket_ask_the_store_nothing(page, photo_bucket, store_calls) -> None:
    row = BucketFactory(versioning="Suspended")

    listed, shown = page.get(LIST), page.get(f"{LIST}{row.pk}/change/")

    assert store_calls == []
    for text in (listed.text, shown.text):
        assert "Suspended" in text
        assert f"/bucket/{row.pk}/browse/" in text


def test_list_costs_the_same_queries_however_many_buckets(page) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page.get(LIST)
        return len(captured)

    BucketFactory()
    before = queries()
    BucketFactory.create_batch(8)

    assert queries() == before


def test_list_shows_what_is_wrong(page) -> None:
    BucketFactory(gone_since=timezone.now())
    BucketFactory(last_error="<b>refused</b>")
    BucketFactory(connection="former")

    text = page.get(LIST).text

    for shown in ("gone", "&lt;b&gt;refused&lt;/b&gt;", "connection gone", "not read yet"):
        assert shown in text


def test_empty_list_says_what_will_happen(page) -> None:
    assert "looks for buckets by itself" in page.get(LIST).text


def test_bucket_is_one_by_connection_and_name() -> None:
    row = BucketFactory(connection="a", name="same")
    BucketFactory(connection="b", name="same")

    assert Bucket.objects.get_by_natural_key(*row.natural_key()) == row
    [copy] = serializers.deserialize("json", serializers.serialize("json", [row]))
    assert copy.object == row
    with pytest.raises(IntegrityError):
        BucketFactory(connection="a", name="same")
