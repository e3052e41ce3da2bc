"""A scan over the real store: what it finds, what it must not find, and how it ends."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from photos.choices import PhotoStatus
from photos.models import Photo
from portal.s3 import listing, session
from portal.s3.errors import AccessRefused, StorageUnavailable
from storage_admin.models import Bucket, Finding, Scan, StagedEntry
from storage_admin.reconciliation import findings, from_list, scanning
from storage_admin.schedules.rounds import NEVER
from tests.factories import BucketFactory, PhotoFactory
from tests.storage_admin.reconciliation.conftest import found

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

Kept = Callable[..., Photo]
Scanned = Callable[..., Scan]


def test_rows_and_objects_that_agree_give_no_finding(house: Bucket, kept: Kept, scanned: Scanned) -> None:
    for _number in range(3):
        kept(renditions=True)

    scan = scanned()

    assert (scan.state, scan.problem, scan.alarm) == (Scan.State.COMPLETE, "", "")
    assert (scan.counts["rows"], scan.counts["objects"], scan.counts["entries"]) == (3, 6, 6)
    assert not found(house)
    assert not StagedEntry.objects.exists()


def test_each_disagreement_is_found_by_its_name(
    house: Bucket, kept: Kept, put_in: Any, scanned: Scanned
) -> None:
    good = [kept() for _number in range(12)]
    gone, hidden, other_size, other_etag = (kept() for _number in range(4))
    client = session.client()
    client.delete_object(Bucket=house.name, Key=gone.key, VersionId=gone.version_id)
    client.delete_object(Bucket=house.name, Key=hidden.key)
    Photo.objects.filter(pk=other_size.pk).update(bytes=99)
    Photo.objects.filter(pk=other_etag.pk).update(etag="0" * 32)
    without = kept(renditions=True)
    derived = without.renditions.get().key
    client.delete_object(Bucket=house.name, Key=derived)
    twin = kept(sha256=good[0].sha256, status=PhotoStatus.TRASHED)
    Photo.objects.filter(pk=twin.pk).update(status=PhotoStatus.STORED, pet=PhotoFactory().pet)
    put_in("photos/unassigned/stranger.jpg")
    loose = f"renditions/{uuid4()}/tile-0123456789abcdef.webp"
    put_in(loose)

    scanned()

    assert found(house) == {
        ("dangling", gone.key),
        ("hidden", hidden.key),
        ("wrong-size", other_size.key),
        ("wrong-etag", other_etag.key),
        ("missing-rendition", derived),
        ("orphan", "photos/unassigned/stranger.jpg"),
        ("loose-rendition", loose),
        ("duplicate", twin.key),
    }


def test_original_in_an_archive_class_is_found(
    house: Bucket, kept: Kept, put_in: Any, scanned: Scanned
) -> None:
    photo = kept(b"cold")
    stored = put_in(photo.key, b"cold", StorageClass="GLACIER")
    Photo.objects.filter(pk=photo.pk).update(version_id=stored["VersionId"])

    scanned()

    assert found(house) == {("archived", photo.key)}


def test_photo_that_is_uploaded_while_the_scan_runs_is_no_orphan(
    house: Bucket, kept: Kept, scanned: Scanned, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before its page was read, and after: neither an orphan nor dangling."""
    kept()
    uploaded = []
    whole = listing.versions_page

    def versions_page(*args: Any, **options: Any) -> Any:
        uploaded.append(kept())
        page = whole(*args, **options)
        uploaded.append(kept())
        Photo.objects.filter(pk__in=[one.pk for one in uploaded]).update(
            updated_at=timezone.now() + timedelta(seconds=2)
        )
        return page

    monkeypatch.setattr(listing, "versions_page", versions_page)

    scan = scanned()

    assert len(uploaded) == 2
    assert scan.state == Scan.State.COMPLETE
    assert not found(house)


def test_replacement_while_the_scan_runs_is_no_finding(
    house: Bucket, kept: Kept, put_in: Any, scanned: Scanned, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = kept()
    whole = listing.versions_page

    def versions_page(*args: Any, **options: Any) -> Any:
        page = whole(*args, **options)
        later = put_in(photo.key, b"a better file")
        Photo.objects.filter(pk=photo.pk).update(
            version_id=later["VersionId"], bytes=13, updated_at=timezone.now() + timedelta(seconds=2)
        )
        return page

    monkeypatch.setattr(listing, "versions_page", versions_page)

    scanned()

    assert not found(house)


@pytest.mark.parametrize("status", [PhotoStatus.PENDING, PhotoStatus.TRASHED, PhotoStatus.REJECTED])
@pytest.mark.parametrize("has_object", [True, False])
def test_photo_that_is_coming_or_going_is_no_finding(
    house: Bucket, kept: Kept, scanned: Scanned, status: str, has_object: bool
) -> None:
    photo = kept(status=status, reason="a test")
    if not has_object:
        session.client().delete_object(Bucket=house.name, Key=photo.key, VersionId=photo.version_id)

    scanned()

    assert not found(house)


def test_older_versions_and_hidden_strangers_are_no_orphans(
    house: Bucket, kept: Kept, put_in: Any, scanned: Scanned
) -> None:
    photo = kept(b"older")
    newer = put_in(photo.key, b"newer")
    Photo.objects.filter(pk=photo.pk).update(version_id=newer["VersionId"], etag=newer["ETag"].strip('"'))
    put_in("photos/purged.jpg")
    session.client().delete_object(Bucket=house.name, Key="photos/purged.jpg")

    scanned()

    assert not found(house)


def test_page_that_is_refused_leaves_the_scan_incomplete_and_no_finding(
    house: Bucket, kept: Kept, put_in: Any, scanned: Scanned, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _number in range(3):
        kept()
    put_in("photos/orphan.jpg")
    monkeypatch.setattr(listing, "LARGEST_PAGE", 2)
    whole, pages = listing.versions_page, []

    def versions_page(*args: Any, **options: Any) -> Any:
        pages.append(options["mark"])
        if len(pages) == 2:
            raise AccessRefused("No.", code="AccessDenied")
        return whole(*args, **options)

    monkeypatch.setattr(listing, "versions_page", versions_page)

    scan = scanned()

    assert scan.state == Scan.State.INCOMPLETE
    assert "AccessDenied" in scan.problem
    assert not Finding.objects.exists()
    assert not StagedEntry.objects.exists()


def test_outage_waits_and_the_scan_goes_on_from_the_same_page(
    house: Bucket, kept: Kept, put_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _number in range(5):
        kept()
    monkeypatch.setattr(listing, "LARGEST_PAGE", 2)
    monkeypatch.setattr(from_list, "PAGES_AT_ONCE", 1)
    whole, calls = listing.versions_page, []

    def versions_page(*args: Any, **options: Any) -> Any:
        calls.append(options["mark"])
        if len(calls) == 2:
            raise StorageUnavailable("away", code="SlowDown")
        return whole(*args, **options)

    monkeypatch.setattr(listing, "versions_page", versions_page)
    scan = scanning.begin(house)
    assert scan is not None

    assert scanning.work(scan.pk) is False
    scan.refresh_from_db()
    assert (scan.state, scan.claim) == (Scan.State.RUNNING, None)
    assert "SlowDown" in scan.problem
    Scan.objects.update(beat_at=timezone.now() - timedelta(hours=1))
    assert scanning.due(NEVER) == [scan.pk]
    while scanning.work(scan.pk):
        pass

    scan.refresh_from_db()
    assert (scan.state, scan.counts["entries"], scan.counts["rows"]) == (Scan.State.COMPLETE, 5, 5)
    assert calls[1] == calls[2]


def test_scan_that_takes_a_day_ends_as_incomplete_with_what_it_waited_for(house: Bucket) -> None:
    scan = scanning.begin(house)
    assert scan is not None
    Scan.objects.update(begun_at=timezone.now() - timedelta(hours=25), problem="The store does not answer.")

    assert scanning.work(scan.pk) is False

    scan.refresh_from_db()
    assert scan.state == Scan.State.INCOMPLETE
    assert scan.problem == "It did not end within 24 hours. The store does not answer."


def test_worker_that_was_taken_for_dead_writes_nothing_any_more(
    house: Bucket, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _number in range(4):
        kept()
    monkeypatch.setattr(listing, "LARGEST_PAGE", 2)
    monkeypatch.setattr(from_list, "PAGES_AT_ONCE", 1)
    scan = scanning.begin(house)
    assert scan is not None
    whole = listing.versions_page
    slept: list[bool] = []

    def versions_page(*args: Any, **options: Any) -> Any:
        page = whole(*args, **options)
        if not slept:
            slept.append(True)
            Scan.objects.update(beat_at=timezone.now() - timedelta(hours=1))
            while scanning.work(scan.pk):  # another worker, to the end
                pass
        return page

    monkeypatch.setattr(listing, "versions_page", versions_page)

    assert scanning.work(scan.pk) is False

    scan.refresh_from_db()
    assert (scan.state, scan.counts["entries"]) == (Scan.State.COMPLETE, 4)
    assert not StagedEntry.objects.exists()
    assert not found(house)


def test_key_whose_versions_span_two_pages_is_still_known_as_hidden(
    house: Bucket, kept: Kept, scanned: Scanned, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = kept()
    session.client().delete_object(Bucket=house.name, Key=photo.key)
    monkeypatch.setattr(listing, "LARGEST_PAGE", 1)

    scanned()

    assert found(house) == {("hidden", photo.key)}


def test_more_than_a_tenth_of_orphans_is_an_alarm(
    house: Bucket, kept: Kept, put_in: Any, scanned: Scanned
) -> None:
    for _number in range(9):
        kept()
    put_in("photos/one.jpg")
    assert scanned().alarm == ""

    put_in("photos/two.jpg")

    assert "18 % of all objects have no row" in scanned().alarm


def test_more_than_a_tenth_of_missing_originals_is_an_alarm(
    house: Bucket, kept: Kept, scanned: Scanned
) -> None:
    photos = [kept() for _number in range(5)]
    session.client().delete_object(Bucket=house.name, Key=photos[0].key, VersionId=photos[0].version_id)

    assert "20 % of all photos have no original" in scanned().alarm


def test_what_is_not_found_any_more_is_closed_and_what_comes_back_is_open_again(
    house: Bucket, kept: Kept, put_in: Any, scanned: Scanned
) -> None:
    kept()
    put_in("photos/orphan.jpg")
    scanned()
    session.client().delete_object(Bucket=house.name, Key="photos/orphan.jpg")
    scanned()
    [finding] = Finding.objects.all()
    assert finding.state == Finding.State.GONE

    client = session.client()
    marker = client.list_object_versions(Bucket=house.name, Prefix="photos/orphan")["DeleteMarkers"][0]
    client.delete_object(Bucket=house.name, Key="photos/orphan.jpg", VersionId=marker["VersionId"])
    before = timezone.now()
    scanned()

    [finding] = Finding.objects.all()
    assert finding.state == Finding.State.OPEN
    assert finding.found_at >= before


def test_more_findings_than_are_kept_are_counted_to_the_last(
    house: Bucket, put_in: Any, scanned: Scanned, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(findings, "MOST_KEPT", 2)
    for number in range(5):
        put_in(f"photos/{number}.jpg")

    scan = scanned()

    assert scan.counts["orphan"] == 5
    assert Finding.objects.count() == 2


def test_one_scan_is_at_work_at_a_time(house: Bucket) -> None:
    assert scanning.begin(house) is not None
    assert scanning.begin(house) is None


def test_round_is_one_scan_and_none_for_a_bucket_that_is_new(settings: Any) -> None:
    settings.AWS_STORAGE_BUCKET_NAME = "nightly"
    now = timezone.now()
    bucket = BucketFactory(name="nightly", first_seen=now)
    BucketFactory(name="another", first_seen=now - timedelta(days=9))
    assert scanning.due(NEVER) == []
    assert scanning.due(now) == []

    Bucket.objects.filter(pk=bucket.pk).update(first_seen=now - timedelta(days=2))
    [scan_id] = scanning.due(now)
    assert scanning.due(now) == []
    Scan.objects.update(state=Scan.State.COMPLETE, ended_at=timezone.now())
    assert scanning.due(now) == []

    assert scanning.due(timezone.now()) not in ([], [scan_id])
