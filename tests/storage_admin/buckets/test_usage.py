"""Counting what lies in a bucket: in slices, by one worker at a time, to the end."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from portal.s3 import listing, session
from portal.s3.types import VersioningState
from storage_admin import tasks
from storage_admin.buckets import usage
from storage_admin.buckets.usage import Slice
from storage_admin.models import Bucket, UsageSnapshot
from tests.factories import BucketFactory
from tests.store import answering, refusal

pytestmark = [pytest.mark.django_db, pytest.mark.servers]


@pytest.fixture
def versioned(another_bucket) -> Bucket:
    return another_bucket(VersioningState.ENABLED)


def counted(bucket: Bucket) -> UsageSnapshot:
    """Count to the end, slice by slice, as workers would."""
    piece = usage.begin(bucket)
    while piece is not None:
        piece = usage.run(piece)
    return UsageSnapshot.objects.get(bucket=bucket)


def test_count_tells_classes_versions_markers_and_uploads_apart(versioned, put) -> None:
    put("a", b"12345", into=versioned.name)
    put("a", b"123", into=versioned.name)
    put("b", b"1", into=versioned.name, StorageClass="STANDARD_IA")
    session.client().delete_object(Bucket=versioned.name, Key="b")
    session.client().create_multipart_upload(Bucket=versioned.name, Key="c")

    found = counted(versioned)

    assert found.counts == {
        "STANDARD": {"objects": 1, "bytes": 3, "older": 1, "older_bytes": 5},
        "STANDARD_IA": {"objects": 0, "bytes": 0, "older": 1, "older_bytes": 1},
    }
    assert (found.markers, found.uploads, found.error) == (1, 1, "")
    assert found.ended_at is not None
    assert usage.latest(versioned) == found


def test_versions_of_a_key_that_span_pages_and_slices_are_counted_once(
    versioned, put, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(7):
        put("same", b"x" * number, into=versioned.name)
    put("z\x01é%2F", b"1", into=versioned.name)
    monkeypatch.setattr(usage, "PAGE", 2)
    ticks = iter(range(10_000))
    monkeypatch.setattr("storage_admin.buckets.usage.time.monotonic", lambda: float(next(ticks)))
    monkeypatch.setattr(usage, "SLICE_SECONDS", 2.0)  # one page a slice

    found = counted(versioned)

    assert found.counts["STANDARD"] == {"objects": 2, "bytes": 7, "older": 6, "older_bytes": 15}


def test_uploads_span_pages_too(versioned, monkeypatch: pytest.MonkeyPatch) -> None:
    client = session.client()
    for _number in range(3):
        client.create_multipart_upload(Bucket=versioned.name, Key="same")
    monkeypatch.setattr(usage, "UPLOADS_PAGE", 1)

    assert counted(versioned).uploads == 3


def test_one_count_at_a_time_for_a_bucket(bucket) -> None:
    first = usage.begin(bucket)

    assert first is not None
    assert usage.begin(bucket) is None


def test_message_that_comes_twice_counts_once(versioned, put) -> None:
    put("a", into=versioned.name)
    piece = usage.begin(versioned)
    assert piece is not None

    usage.run(piece)
    usage.run(piece)

    found = UsageSnapshot.objects.get(bucket=versioned)
    assert found.counts["STANDARD"]["objects"] == 1


def test_worker_that_was_taken_over_changes_nothing_more(versioned, put, monkeypatch) -> None:
    put("a", into=versioned.name)
    piece = usage.begin(versioned)
    assert piece is not None
    page = listing.versions_page

    def slow(*args: Any, **kwargs: Any) -> Any:
        """While this worker waits for the store, another takes the count over."""
        UsageSnapshot.objects.filter(pk=piece.snapshot).update(beat_at=timezone.now(), markers=7)
        return page(*args, **kwargs)

    monkeypatch.setattr(listing, "versions_page", slow)

    assert usage.run(piece) is None
    found = UsageSnapshot.objects.get(pk=piece.snapshot)
    assert (found.markers, found.counts, found.ended_at) == (7, {}, None)


def test_count_of_a_dead_worker_goes_on_where_it_was(versioned, put) -> None:
    put("a", into=versioned.name)
    put("b", into=versioned.name)
    piece = usage.begin(versioned)
    assert piece is not None
    long_ago = timezone.now() - timedelta(seconds=usage.STALE_SECONDS + 1)
    counts = {"STANDARD": {"objects": 1, "bytes": 5, "older": 0, "older_bytes": 0}}
    cursor = {"list": "versions", "key": "a", "id": ""}
    UsageSnapshot.objects.filter(pk=piece.snapshot).update(beat_at=long_ago, counts=counts, cursor=cursor)

    again, _photos = usage.due()  # the photo bucket has not been counted yet
    assert usage.due() == []  # it has been handed out
    assert usage.run(piece) is None
    usage.run(again)

    found = UsageSnapshot.objects.get(pk=piece.snapshot)
    assert found.counts["STANDARD"]["objects"] == 2
    assert found.ended_at is not None


def test_buckets_are_due_few_at_once_and_again_in_the_next_round(db) -> None:
    made = [BucketFactory() for _number in range(usage.AT_ONCE + 2)]
    BucketFactory(gone_since=timezone.now())
    BucketFactory(connection="forgotten")

    assert len(usage.due()) == usage.AT_ONCE
    assert usage.due() == []
    UsageSnapshot.objects.update(ended_at=timezone.now())
    rest = usage.due()

    assert {UsageSnapshot.objects.get(pk=one.snapshot).bucket_id for one in rest} == {
        made[-1].pk, made[-2].pk,
    }  # fmt: skip
    assert usage.due() == []  # nobody began another round
    UsageSnapshot.objects.update(ended_at=timezone.now())
    assert len(usage.due(timezone.now())) == usage.AT_ONCE


def test_store_that_is_away_costs_time_only(versioned, put) -> None:
    put("a", into=versioned.name)
    piece = usage.begin(versioned)
    assert piece is not None

    with answering("ListObjectVersions", refusal(503, "SlowDown")):
        assert usage.run(piece) is None

    found = UsageSnapshot.objects.get(pk=piece.snapshot)
    assert found.ended_at is None
    assert "SlowDown" in found.error
    usage.run(Slice(found.pk, found.beat_at.isoformat()))
    found.refresh_from_db()
    assert (found.error, found.counts["STANDARD"]["objects"]) == ("", 1)


def test_refusal_ends_the_count_and_is_kept(versioned) -> None:
    with answering("ListObjectVersions", refusal(403, "AccessDenied")):
        found = counted(versioned)

    assert found.ended_at is not None
    assert "AccessDenied" in found.error
    assert usage.latest(versioned) is None


def test_unexpected_end_is_kept_and_told(versioned, monkeypatch) -> None:
    def broken(*_args: Any, **_kwargs: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(listing, "versions_page", broken)
    piece = usage.begin(versioned)
    assert piece is not None

    with pytest.raises(ZeroDivisionError):
        usage.run(piece)

    found = UsageSnapshot.objects.get(bucket=versioned)
    assert found.ended_at is not None
    assert "ZeroDivisionError" in found.error


def test_connection_that_is_gone_ends_the_count_in_words() -> None:
    row = BucketFactory(connection="forgotten")
    piece = usage.begin(row)
    assert piece is not None

    usage.run(piece)

    assert "connection" in UsageSnapshot.objects.get(bucket=row).error


def test_task_counts_and_queues_the_rest(versioned, monkeypatch) -> None:
    sent: list[Slice] = []
    monkeypatch.setattr(tasks, "send_count", sent.append)
    monkeypatch.setattr(usage, "SLICE_SECONDS", -1.0)

    tasks.count_buckets()
    tasks.count_slice(sent[0].snapshot, sent[0].beat)

    assert [one.snapshot for one in sent] == [sent[0].snapshot] * 2
    assert sent[1].beat != sent[0].beat


def test_missing_queue_leaves_the_count_to_a_later_beat(bucket, monkeypatch) -> None:
    tasks.count_buckets()  # nobody listens at the tests' Redis

    assert UsageSnapshot.objects.filter(bucket=bucket, ended_at=None).exists()
