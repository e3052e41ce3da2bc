"""Reports as Amazon delivers them, read from a real store: what comes back, and what is refused."""

import gzip
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from portal.s3 import buckets, inventory_reports, session
from portal.s3.errors import BadContent, Conflict, StorageUnavailable, Unsupported
from portal.s3.inventory_reports import Report
from portal.s3.inventory_rows import Entry, Mark, Wanted, pieces
from tests import inventories
from tests.inventories import CONFIG_ID, WITHOUT_VERSIONS, as_csv, as_parquet, deliver, row
from tests.store import answering, refusal

pytestmark = pytest.mark.servers

AT = datetime(2024, 5, 2, 1, 0, tzinfo=UTC)
WRITERS = {"CSV": as_csv, "Parquet": as_parquet}
each_format = pytest.mark.parametrize("written", WRITERS)
HOSTILE = ["a b+c%20.jpg", "é/日本.jpg", "x&<>\"',.jpg", "//a", "a\rb\nc", "a\x01b", "%2F", "plain"]


@pytest.fixture
def there(photo_bucket: str) -> str:
    """A bucket for reports."""
    name = f"reports-{uuid4().hex[:12]}"
    buckets.create(name)
    return name


@pytest.fixture
def delivered(there: str) -> Callable[..., Report]:
    """Deliver a report of the bucket "pets", and find it."""

    def make(rows: list[inventories.Row], written: str = "CSV", files: int = 1, **options: Any) -> Report:
        columns = options.get("columns", tuple(inventories.CSV_NAMES))
        bodies = [WRITERS[written](rows[number::files], "pets", columns) for number in range(files)]
        deliver(there, "pets", bodies, at=AT, written=written, **options)
        return found(there)

    return make


def found(there: str) -> Report:
    report = inventory_reports.newest(there, "inventory", "pets", CONFIG_ID)
    assert report is not None
    return report


def entries(report: Report, **options: Any) -> list[Entry]:
    return [entry for piece in pieces(report, **options) for entry in piece.entries]


@each_format
def test_every_key_comes_back_as_it_was(delivered: Callable[..., Report], written: str) -> None:
    report = delivered([row(key) for key in HOSTILE], written)

    assert [one.key for one in entries(report)] == HOSTILE


@each_format
def test_rows_have_what_was_reported(delivered: Callable[..., Report], written: str) -> None:
    until = datetime(2031, 1, 2, 3, 4, 5, tzinfo=UTC)
    modified = datetime(2024, 2, 29, 23, 59, 58, 123_000, tzinfo=UTC)
    told = row(
        "a.jpg", version_id="v1", is_latest=False, size=2**40, last_modified_date=modified,
        e_tag="abc-2", storage_class="INTELLIGENT_TIERING", encryption_status="SSE-KMS",
        is_multipart_uploaded=True, checksum_algorithm="SHA256", object_lock_mode="GOVERNANCE",
        intelligent_tiering_access_tier="FREQUENT", object_lock_retain_until_date=until,
        object_lock_legal_hold_status="On",
    )  # fmt: skip
    marker = row("b.jpg", version_id="v2", is_delete_marker=True, size=None, e_tag=None, storage_class=None)
    report = delivered([told, marker], written)

    version, hidden = entries(report, every_column=True)

    assert version == Entry(
        "a.jpg", "v1", False, False, 2**40, modified, "abc-2", "INTELLIGENT_TIERING", "SSE-KMS", True,
        "SHA256", "FREQUENT", "GOVERNANCE", until, "On",
    )  # fmt: skip
    assert (hidden.is_marker, hidden.is_latest, hidden.bytes, hidden.etag) == (True, True, 0, "")
    assert entries(report)[0].encryption == ""  # not asked for


@each_format
def test_report_of_current_versions_names_no_version(delivered: Callable[..., Report], written: str) -> None:
    report = delivered([row("a.jpg")], written, columns=WITHOUT_VERSIONS)

    [one] = entries(report)

    assert not report.has_versions
    assert (one.version_id, one.is_latest, one.is_marker) == ("", True, False)


@each_format
def test_reading_goes_on_at_any_mark(delivered: Callable[..., Report], written: str) -> None:
    rows = [row(f"photos/{number:06}.jpg") for number in range(60_000)]
    report = delivered(rows, written, files=2)
    all_keys = [one.key for one in entries(report)]
    marks = [piece.onward for piece in pieces(report)]

    assert len(marks) > 4
    assert sorted(all_keys) == [one["key"] for one in rows]
    for place in (0, len(marks) // 2, len(marks) - 1):
        before = sum(piece.looked_at for piece, _n in zip(pieces(report), range(place + 1), strict=False))
        assert [one.key for one in entries(report, mark=marks[place])] == all_keys[before:]
    assert [one.key for one in entries(report, mark=Mark(0, 5))] == all_keys[5:]


@each_format
def test_only_what_is_wanted_is_given_out(delivered: Callable[..., Report], written: str) -> None:
    old = datetime(2020, 1, 1, tzinfo=UTC)
    report = delivered(
        [
            row("photos/cat 1.jpg", size=10, last_modified_date=old),
            row("photos/cat 2.png", size=2_000, storage_class="GLACIER"),
            row("photos/dog.jpg", version_id="v0", is_latest=False),
            row("photos/gone.jpg", is_delete_marker=True, size=None, storage_class=None),
        ],
        written,
    )

    def keys(**wanted: Any) -> list[str]:
        return [one.key.removeprefix("photos/") for one in entries(report, wanted=Wanted(**wanted))]

    assert keys(text="cat 1") == ["cat 1.jpg"]
    assert keys(text="photos/*.jpg") == ["cat 1.jpg", "dog.jpg", "gone.jpg"]
    assert keys(text="*.JPG") == []  # keys are told apart by case
    assert keys(least=11) == ["cat 2.png"]
    assert keys(least=3, most=10) == ["cat 1.jpg", "dog.jpg"]
    assert keys(storage_class="GLACIER") == ["cat 2.png"]
    assert keys(before=datetime(2021, 1, 1, tzinfo=UTC)) == ["cat 1.jpg"]
    assert keys(since=datetime(2021, 1, 1, tzinfo=UTC), only_current=True) == ["cat 2.png"]
    assert len(keys()) == 4


@each_format
def test_empty_report_has_no_rows(delivered: Callable[..., Report], written: str) -> None:
    assert entries(delivered([], written)) == []
    assert entries(delivered([], written, files=0)) == [] if written == "CSV" else True


def test_newest_complete_report_counts(there: str, photo_bucket: str) -> None:
    body = [as_csv([row("old.jpg")], "pets")]
    deliver(there, "pets", body, at=AT)
    deliver(there, "pets", body, at=AT + timedelta(days=1), checksum="")
    deliver(there, "pets", body, at=AT + timedelta(days=2), checksum="0" * 32)
    deliver(there, "pets-2", body, at=AT + timedelta(days=3))
    session.client().put_object(Bucket=there, Key=f"inventory/pets/{CONFIG_ID}/later/manifest.json", Body=b"")

    assert found(there).at == AT
    assert inventory_reports.newest(there, "inventory", "birds", CONFIG_ID) is None
    deliver(there, "pets", [as_csv([row("new.jpg")], "pets")], at=AT + timedelta(days=4))
    assert [one.key for one in entries(found(there))] == ["new.jpg"]


def test_prefix_may_be_empty(there: str) -> None:
    deliver(there, "pets", [], at=AT, prefix="")

    assert inventory_reports.newest(there, "", "pets", CONFIG_ID) is not None


def test_report_that_was_replaced_is_not_read_on(delivered: Callable[..., Report], there: str) -> None:
    report = delivered([row("a.jpg")])
    assert inventory_reports.opened(there, report.manifest, "pets", md5=report.md5) == report

    deliver(there, "pets", [], at=AT)

    with pytest.raises(Conflict):
        inventory_reports.opened(there, report.manifest, "pets", md5=report.md5)


def test_orc_is_refused_with_a_sentence(there: str) -> None:
    deliver(there, "pets", [], at=AT, written="ORC")

    with pytest.raises(Unsupported, match="ORC; the portal reads CSV and Parquet"):
        found(there)


@pytest.mark.parametrize(
    "manifest",
    [{"creationTimestamp": "soon"}, {"files": [{"key": "a"}]}, {"files": 3}, {"fileFormat": None}],
)
def test_manifest_that_is_none_is_refused(there: str, manifest: dict[str, Any]) -> None:
    deliver(there, "pets", [], at=AT, **manifest)

    with pytest.raises((BadContent, Unsupported)):
        found(there)


def test_manifest_of_another_bucket_is_refused(there: str) -> None:
    deliver(there, "pets", [], at=AT, sourceBucket="birds")

    with pytest.raises(BadContent, match="about the bucket birds"):
        found(there)


@each_format
def test_file_of_another_digest_gives_no_row(
    delivered: Callable[..., Report], there: str, written: str
) -> None:
    report = delivered([row("a.jpg")], written)
    other = WRITERS[written]([row("b.jpg")], "pets")
    session.client().put_object(Bucket=there, Key=report.files[0].key, Body=other)

    with pytest.raises(BadContent, match=r"its MD5 is another one|bytes, and should have"):
        next(pieces(report))


def test_file_in_parts_is_read_once_for_its_digest(there: str) -> None:
    """The ETag of such an object is no MD5."""
    body = as_csv([row("a.jpg")], "pets")
    deliver(there, "pets", [body], at=AT)
    report = found(there)
    client = session.client()
    name: Any = {"Bucket": there, "Key": report.files[0].key}
    upload = client.create_multipart_upload(**name)["UploadId"]
    part = client.upload_part(**name, UploadId=upload, PartNumber=1, Body=body)["ETag"]
    client.complete_multipart_upload(
        **name, UploadId=upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part}]}
    )
    assert "-1" in client.head_object(**name)["ETag"]

    assert [one.key for one in entries(report)] == ["a.jpg"]


CUT = as_csv([row(f"{number}.jpg", e_tag=uuid4().hex) for number in range(500)], "pets")[:-900]
LINE = (
    b'"pets","a.jpg","","true","false","3","2024-05-01T10:00:00.000Z","e","STANDARD","","","","","","",""\n'
)


@pytest.mark.parametrize(
    ("written", "body"),
    [
        pytest.param("CSV", b"no gzip at all", id="no gzip"),
        pytest.param("CSV", CUT, id="cut"),
        pytest.param("CSV", gzip.compress(b'"pets","a.jpg"\n'), id="too few columns"),
        pytest.param("CSV", gzip.compress(LINE.replace(b'"3"', b'"three"')), id="size"),
        pytest.param("CSV", gzip.compress(LINE.replace(b"2024-05-01T", b"yesterday")), id="time"),
        pytest.param("CSV", gzip.compress(LINE.replace(b'"true"', b'"perhaps"')), id="flag"),
        pytest.param("CSV", gzip.compress(LINE.replace(b"a.jpg", b"a%FF.jpg")), id="no UTF-8"),
        pytest.param("CSV", gzip.compress(b'"' + b"x" * 3_000_000), id="a line without an end"),
        pytest.param("Parquet", b"PAR1 nothing PAR1", id="no Parquet"),
        pytest.param("Parquet", as_parquet([row("a")], "pets")[:-9], id="cut Parquet"),
        pytest.param(
            "Parquet", as_parquet([row("a")], "pets", ["key", "size"]), id="Parquet without its columns"
        ),
    ],
)
def test_broken_file_is_an_error_in_words(there: str, written: str, body: bytes) -> None:
    deliver(there, "pets", [body], at=AT, written=written)

    with pytest.raises(BadContent, match=r"cannot be read: ."):
        entries(found(there))


def test_missing_column_is_named(delivered: Callable[..., Report]) -> None:
    report = delivered([row("a.jpg")], columns=("key", "size", "last_modified_date"))

    with pytest.raises(BadContent, match="has no e_tag, storage_class"):
        entries(report)


def test_outage_stays_an_outage(delivered: Callable[..., Report]) -> None:
    """Raised below pyarrow, and yet the seam's own error: a worker waits, and does not give the report up."""
    for written in WRITERS:
        report = delivered([row("a.jpg")], written)

        with answering("GetObject", refusal(503, "SlowDown")), pytest.raises(StorageUnavailable):
            entries(report)
