"""A scan by an inventory report: it makes suspicious, and row and store of now decide."""

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Q
from django.test import Client
from django.utils import timezone

from photos.models import Photo
from portal.s3 import buckets, session
from portal.s3.buckets import Birth
from storage_admin.errors import NotPossible
from storage_admin.models import Bucket, Finding, Scan, StagedEntry, Suspicion, UsageSnapshot
from storage_admin.reconciliation import findings, from_report, scanning, services
from tests import inventories
from tests.factories import PhotoFactory
from tests.inventories import as_csv, as_parquet, deliver, rows_of
from tests.storage_admin.conftest import address
from tests.storage_admin.reconciliation.conftest import found
from tests.store import answering, refusal

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

Kept = Callable[..., Photo]
DAY = timedelta(days=1)


@pytest.fixture
def reported(house: Bucket, settings: Any) -> Callable[..., None]:
    """Deliver a report of what lies in the bucket now, or of these rows; it is of yesterday unless told."""
    settings.INVENTORY_BUCKET = f"reports-{uuid4().hex[:12]}"
    buckets.create(settings.INVENTORY_BUCKET)

    def make(rows: list[inventories.Row] | None = None, *, written: str = "CSV", **options: Any) -> None:
        writer = {"CSV": as_csv, "Parquet": as_parquet}[written]
        rows = rows_of(house.name) if rows is None else rows
        columns = options.get("columns", tuple(inventories.CSV_NAMES))
        files = [writer(rows[start::2][::-1], house.name, columns) for start in range(2)]  # in no order
        options.setdefault("at", timezone.now() - DAY)
        deliver(settings.INVENTORY_BUCKET, house.name, files, written=written, **options)

    return make


@pytest.fixture
def compared(house: Bucket) -> Callable[..., Scan]:
    """Compare with the newest report, to the end."""

    def run(**options: Any) -> Scan:
        scan = services.begin(actor=None, bucket=house, from_inventory=True, **options)
        while scanning.work(scan.pk):
            pass
        scan.refresh_from_db()
        return scan

    return run


def old(rows: list[inventories.Row]) -> list[inventories.Row]:
    """Return the rows as of objects that were there before yesterday's report."""
    return [row | {"last_modified_date": timezone.now() - 2 * DAY} for row in rows]


@pytest.mark.parametrize("written", ["CSV", "Parquet"])
def test_same_disagreements_are_found_as_by_the_list(
    house: Bucket, kept: Kept, put_in: Any, reported: Any, compared: Any, written: str
) -> None:
    for _number in range(12):
        kept(renditions=True)
    gone, hidden, other_size, other_etag = (kept() for _number in range(4))
    client = session.client()
    client.delete_object(Bucket=house.name, Key=gone.key, VersionId=gone.version_id)
    client.delete_object(Bucket=house.name, Key=hidden.key)
    Photo.objects.filter(pk=other_size.pk).update(bytes=99)
    Photo.objects.filter(pk=other_etag.pk).update(etag="0" * 32)
    without = kept(renditions=True)
    derived = without.renditions.get().key
    client.delete_object(Bucket=house.name, Key=derived)
    put_in("photos/unassigned/stranger.jpg")
    loose = f"renditions/{uuid4()}/tile-0123456789abcdef.webp"
    put_in(loose)
    reported(old(rows_of(house.name)), written=written)

    scan = compared()

    assert (scan.state, scan.problem) == (Scan.State.COMPLETE, "")
    assert found(house) == {
        ("dangling", gone.key),
        ("hidden", hidden.key),
        ("wrong-size", other_size.key),
        ("wrong-etag", other_etag.key),
        ("missing-rendition", derived),
        ("orphan", "photos/unassigned/stranger.jpg"),
        ("loose-rendition", loose),
    }
    assert scan.counts["asked"] == 7
    assert scan.counts["rows"] == 17
    assert not StagedEntry.objects.exists()
    assert not Suspicion.objects.exists()


@pytest.mark.parametrize(("most", "hours"), [(2, 47), (3, 47), (2, 49)], ids=["big", "small", "old"])
def test_nightly_round_compares_a_big_bucket_with_its_report_if_one_is_fresh(
    house: Bucket, kept: Kept, reported: Any, settings: Any, most: int, hours: int
) -> None:
    settings.INVENTORY_OBJECTS = most
    photos = [kept() for _number in range(3)]
    UsageSnapshot.objects.create(
        bucket=house, ended_at=timezone.now(), markers=1,
        counts={"STANDARD": {"objects": 1, "bytes": 1, "older": 1, "older_bytes": 1}},
    )  # fmt: skip
    reported(old(rows_of(house.name)), at=timezone.now() - timedelta(hours=hours))
    session.client().delete_object(Bucket=house.name, Key=photos[0].key, VersionId=photos[0].version_id)

    [begun] = scanning.due(timezone.now())
    while scanning.work(begun):
        pass

    scan = Scan.objects.get(pk=begun)
    assert scan.state == Scan.State.COMPLETE
    assert bool(scan.report) is (most == 2 and hours == 47)
    # What went since the report is found by the next one; who lists finds it now.
    assert found(house) == (set() if scan.report else {("dangling", photos[0].key)})


def test_only_suspicions_are_asked_of_the_store(
    house: Bucket, kept: Kept, reported: Any, compared: Any, store_calls: list[str]
) -> None:
    for _number in range(5):
        kept()
    reported(old(rows_of(house.name)))
    store_calls.clear()

    scan = compared()

    assert (scan.state, scan.counts["asked"], scan.counts["objects"]) == (Scan.State.COMPLETE, 0, 5)
    assert store_calls.count("ListObjectVersions") == 0


def test_what_a_report_says_wrongly_is_no_finding(
    house: Bucket, kept: Kept, put_in: Any, reported: Any, compared: Any
) -> None:
    """Deleted since, put right since, put there since: the report speaks of a day that is over."""
    photos = [kept() for _number in range(4)]
    put_in("photos/unassigned/stranger.jpg")
    rows = old(rows_of(house.name))
    missing, other_size, wrong_etag, hidden = photos
    rows = [row for row in rows if row["key"] != missing.key]
    for row in rows:
        if row["key"] == other_size.key:
            row["size"] = 1
        if row["key"] == wrong_etag.key:
            row["e_tag"] = "f" * 32
        if row["key"] == hidden.key:
            row["is_latest"] = False
    rows.append(inventories.row(hidden.key, version_id="m", is_delete_marker=True, storage_class=None))
    reported(rows)
    session.client().delete_object(Bucket=house.name, Key="photos/unassigned/stranger.jpg")

    scan = compared()

    assert scan.counts["asked"] == 5
    assert scan.state == Scan.State.COMPLETE
    assert not found(house)


def test_rows_and_objects_younger_than_the_report_are_left_out(
    house: Bucket, kept: Kept, put_in: Any, reported: Any, compared: Any
) -> None:
    kept()
    reported(old(rows_of(house.name)))
    young = kept()  # its row is old, its object the report does not know: asked, and there
    changed = kept()
    Photo.objects.filter(pk=changed.pk).update(updated_at=timezone.now(), etag="0" * 32)
    put_in("photos/unassigned/stranger-of-today.jpg")

    scan = compared()

    assert scan.counts["asked"] == 1
    assert scan.counts["rows"] == 2
    assert not found(house)
    assert young.key


def test_object_that_got_its_row_meanwhile_is_no_orphan(
    house: Bucket, kept: Kept, reported: Any, compared: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = kept()
    reported(old(rows_of(house.name)))
    Photo.objects.filter(pk=photo.pk).update(key="photos/unassigned/elsewhere.jpg")
    ask = from_report.ask

    def answered(scan: Scan) -> Any:
        Photo.objects.filter(pk=photo.pk).update(key=photo.key)
        return ask(scan)

    monkeypatch.setattr(from_report, "ask", answered)

    scan = compared()

    assert scan.counts["asked"] == 2
    assert not found(house)


def test_standing_findings_are_asked_about_and_closed_only_when_they_are_gone(
    house: Bucket, kept: Kept, put_in: Any, reported: Any, compared: Any, scanned: Any
) -> None:
    """The report is older than both: silence of it about them proves nothing."""
    kept()
    reported(old(rows_of(house.name)))
    put_in("photos/unassigned/stays.jpg")
    put_in("photos/unassigned/goes.jpg")
    scanned()
    assert len(found(house)) == 2
    session.client().delete_object(Bucket=house.name, Key="photos/unassigned/goes.jpg")

    scan = compared()

    assert found(house) == {("orphan", "photos/unassigned/stays.jpg")}
    assert Finding.objects.get(key="photos/unassigned/stays.jpg").scan == scan
    assert Finding.objects.get(key="photos/unassigned/goes.jpg").state == Finding.State.GONE


def test_ignored_finding_that_the_report_does_not_know_stays_ignored(
    house: Bucket, kept: Kept, put_in: Any, reported: Any, compared: Any, scanned: Any
) -> None:
    kept()
    reported(old(rows_of(house.name)))
    put_in("photos/unassigned/stays.jpg")
    scanned()
    services.ignore(actor=None, bucket=house, chosen=Q(kind="orphan"))

    compared()

    assert Finding.objects.get().state == Finding.State.IGNORED


def test_too_many_suspicions_count_as_if_they_held(
    house: Bucket, kept: Kept, put_in: Any, reported: Any, compared: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the alarm would be silent just when a whole bucket has no rows."""
    monkeypatch.setattr(findings, "MOST_KEPT", 2)
    monkeypatch.setattr(from_report, "MOST_KEPT", 2)
    for number in range(6):
        put_in(f"photos/unassigned/{number}.jpg")
    reported(old(rows_of(house.name)))

    scan = compared()

    assert scan.counts["orphan"] == 6
    assert scan.counts["asked"] == 2
    assert scan.alarm


def test_scan_goes_on_wherever_its_worker_stopped(
    house: Bucket, kept: Kept, put_in: Any, reported: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(from_report, "BATCH", 1)
    for _number in range(3):
        kept()
    put_in("photos/unassigned/stranger.jpg")
    put_in("photos/unassigned/other.jpg")
    gone = kept()
    reported(old(rows_of(house.name)))
    session.client().delete_object(Bucket=house.name, Key=gone.key, VersionId=gone.version_id)
    scan = services.begin(actor=None, bucket=house, from_inventory=True)
    slices = 0

    while scanning.work(scan.pk, seconds=0):
        slices += 1

    scan.refresh_from_db()
    assert slices > 15
    assert (scan.state, scan.counts["entries"], scan.counts["asked"]) == (Scan.State.COMPLETE, 6, 2)
    assert {kind for kind, _key in found(house)} == {"orphan"}


def test_outage_while_asking_waits(house: Bucket, kept: Kept, put_in: Any, reported: Any) -> None:
    kept()
    put_in("photos/unassigned/stranger.jpg")
    reported(old(rows_of(house.name)))
    scan = services.begin(actor=None, bucket=house, from_inventory=True)

    with answering("ListObjectVersions", refusal(503, "SlowDown")):
        assert not scanning.work(scan.pk)

    scan.refresh_from_db()
    assert scan.state == Scan.State.RUNNING
    assert "does not answer" in scan.problem
    while scanning.work(scan.pk):
        pass
    assert found(house) == {("orphan", "photos/unassigned/stranger.jpg")}


def test_report_that_is_replaced_or_broken_ends_the_scan_without_a_word_about_any_object(
    house: Bucket, kept: Kept, put_in: Any, reported: Any, settings: Any
) -> None:
    kept()
    put_in("photos/unassigned/stranger.jpg")
    at = timezone.now() - DAY
    reported(old(rows_of(house.name)), at=at)
    scan = services.begin(actor=None, bucket=house, from_inventory=True)
    reported([], at=at)

    assert not scanning.work(scan.pk)

    scan.refresh_from_db()
    assert scan.state == Scan.State.INCOMPLETE
    assert "replaced" in scan.problem
    assert not Finding.objects.exists()


def test_report_of_current_versions_does_for_a_bucket_without_versions_alone(
    house: Bucket, reported: Any, compared: Any
) -> None:
    reported([], columns=inventories.WITHOUT_VERSIONS)

    with pytest.raises(NotPossible, match="needs one of all versions"):
        compared()

    assert not Scan.objects.exists()


def test_unversioned_bucket_is_compared_with_current_versions(
    photo_bucket: str, settings: Any, house: Bucket, reported: Any, compared: Any, put_in: Any
) -> None:
    name = f"plain-{uuid4().hex[:12]}"
    buckets.create(name, Birth(versioned=False))
    Bucket.objects.filter(pk=house.pk).update(name=name)
    house.name = settings.AWS_STORAGE_BUCKET_NAME = name
    answer = put_in("photos/unassigned/a.jpg", b"abc")
    PhotoFactory(
        pet=None, bucket=name, key="photos/unassigned/a.jpg", bytes=3, etag=answer["ETag"].strip('"'),
        version_id="",
    )  # fmt: skip
    Photo.objects.update(updated_at=timezone.now() - 3 * DAY)
    reported(old(rows_of(name)), columns=inventories.WITHOUT_VERSIONS)

    scan = compared()

    assert (scan.state, scan.counts["rows"], scan.counts["asked"]) == (Scan.State.COMPLETE, 1, 0)
    assert not found(house)


def test_without_a_report_nothing_begins(house: Bucket, settings: Any) -> None:
    for name, words in (("", "INVENTORY_BUCKET is not set"), ("nowhere-at-all", "is not there")):
        settings.INVENTORY_BUCKET = name
        with pytest.raises(NotPossible, match=words):
            services.begin(actor=None, bucket=house, from_inventory=True)
    settings.INVENTORY_BUCKET = house.name
    with pytest.raises(NotPossible, match="no complete report below"):
        services.begin(actor=None, bucket=house, from_inventory=True)
    assert not Scan.objects.exists()


def test_command_compares_with_the_report_and_says_of_when_it_is(
    house: Bucket, kept: Kept, put_in: Any, reported: Any
) -> None:
    kept()
    put_in("photos/unassigned/stranger.jpg")
    reported(old(rows_of(house.name)))
    said = StringIO()

    with pytest.raises(CommandError, match="rows and objects differ"):
        call_command("reconcile_bucket", "--inventory", stdout=said)

    assert "By the report of" in said.getvalue()
    assert "1 keys asked again" in said.getvalue()


def test_button_is_offered_where_reports_are_expected(
    page: Client, house: Bucket, reported: Any, settings: Any, kept: Kept
) -> None:
    kept()
    reported(old(rows_of(house.name)))
    assert "Compare with the newest inventory report" in page.get(address("reconciliation", house)).text

    response = page.post(address("reconciliation_begin", house), {"inventory": "1"}, follow=True)

    assert "A worker compares rows and objects" in response.text
    assert "with the report of" in response.text
    assert Scan.objects.get().report_at is not None
    settings.INVENTORY_BUCKET = ""
    assert "inventory report" not in page.get(address("reconciliation", house)).text
