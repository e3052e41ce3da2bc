"""What the list of buckets and a bucket's own page say from rows alone, and counting by the button."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from storage_admin import tasks
from storage_admin.buckets import usage
from storage_admin.models import Bucket, UsageSnapshot
from tests.factories import BucketFactory
from tests.storage_admin.conftest import address, in_role

pytestmark = pytest.mark.django_db

LIST = "/admin/storage_admin/bucket/"
COUNTS = {
    "STANDARD": {"objects": 2, "bytes": 1024, "older": 1, "older_bytes": 1024},
    "GLACIER": {"objects": 1, "bytes": 2048, "older": 0, "older_bytes": 0},
}


def count(bucket: Bucket, **fields: Any) -> UsageSnapshot:
    plain = {"counts": COUNTS, "markers": 3, "uploads": 4, "ended_at": timezone.now()}
    return UsageSnapshot.objects.create(bucket=bucket, **{**plain, **fields})


def checked(**fields: Any) -> Bucket:
    posture = {"passed": 8, "warned": 1, "failed": 0, "unknown": 1, "lacking": 0}
    plain = {
        "encryption": "AES256", "public": "unknown", "lifecycle_rules": 2, "versioning": "Suspended",
        "posture": posture, "posture_at": timezone.now(),
    }  # fmt: skip
    made: Bucket = BucketFactory(**{**plain, **fields})
    return made


def test_list_says_what_was_read_last(page) -> None:
    count(checked())

    text = page.get(LIST).text

    for words in ("AES256", "unknown", "2 rules", "Suspended", "1 warning", "4.0 KiB", "4 versions"):
        assert words in text, words
    assert "not read yet" not in text


def test_list_says_what_was_never_read(page) -> None:
    BucketFactory()

    text = page.get(LIST).text

    assert text.count("not read yet") == 4
    assert "not counted yet" in text
    assert "not checked yet" in text


def test_public_bucket_and_failed_checks_stand_out(page) -> None:
    open_one = checked(public="public", posture={"passed": 8, "failed": 2})
    other = checked()

    text = page.get(LIST).text
    only = page.get(LIST, {"posture": "failed"})

    assert '<span class="badge badge-failed">public</span>' in text
    assert '<span class="badge badge-failed">2 failed</span>' in text
    assert list(only.context["cl"].result_list) == [open_one]
    assert page.get(LIST, {"public": "unknown"}).context["cl"].result_list[0] == other


def test_list_asks_no_store_and_its_queries_do_not_grow(page, no_store, store_calls) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert page.get(LIST).status_code == 200
        return len(captured)

    count(checked())
    before = queries()
    for _number in range(5):
        count(checked())

    assert queries() == before
    assert store_calls == []


def test_page_of_a_bucket_tells_its_use_by_class(page, no_store, store_calls) -> None:
    row = checked()
    count(row)

    text = page.get(reverse("admin:storage_admin_bucket_change", args=[row.pk])).text

    assert '<th scope="row">GLACIER</th><td>1</td><td>2.0 KiB</td><td>0</td><td>0 B</td>' in text
    assert "Delete markers: 3, open uploads: 4" in text
    assert store_calls == []


def test_count_under_way_and_count_that_failed_are_told_beside_the_last_good_one(page) -> None:
    row = checked()
    count(row)
    later = count(row, ended_at=None, counts={})
    where = reverse("admin:storage_admin_bucket_change", args=[row.pk])

    assert "A count is under way" in page.get(where).text
    UsageSnapshot.objects.filter(pk=later.pk).update(ended_at=timezone.now(), error="No <keys>")
    text = page.get(where).text

    assert "did not come to its end: No &lt;keys&gt;" in text
    assert "GLACIER" in text
    assert usage.latest(row) != later


def test_button_begins_one_count(page, monkeypatch, django_capture_on_commit_callbacks) -> None:
    row = BucketFactory()
    sent: list[Any] = []
    monkeypatch.setattr(tasks, "send_count", sent.append)

    with django_capture_on_commit_callbacks(execute=True):
        for _press in range(2):
            response = page.post(address("count", row))

    assert response["Location"] == reverse("admin:storage_admin_bucket_usage", args=[row.pk])
    assert [one.snapshot for one in sent] == [UsageSnapshot.objects.get().pk]
    assert page.get(address("count", row)).status_code == 405


@pytest.mark.parametrize("role", ["Viewer", "Curator", "Storage operator", "Storage admin", "Auditor"])
def test_who_tends_objects_may_have_a_count_made(client: Client, role: str) -> None:
    row = BucketFactory()
    client.force_login(in_role(role))
    may = role in {"Storage operator", "Storage admin"}

    assert (client.post(address("count", row)).status_code == 302) is may
    assert UsageSnapshot.objects.exists() is may


def test_today_counts_buckets_with_failed_checks(page) -> None:
    checked(posture={"failed": 1})
    checked(posture={"failed": 1}, gone_since=timezone.now())
    checked()
    BucketFactory()

    board = page.get("/admin/").context["board"]

    card = next(one for one in board.waiting if str(one.card.label) == "Buckets with failed checks")
    assert card.count == 1
    assert page.get(card.card.url).context["cl"].result_count == 1
