"""Many objects as one ZIP, on a real store: exact bytes, hostile keys, names, bounds."""

import hashlib
import io
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from portal.models import User
from portal.s3 import buckets, objects, parts, session
from portal.s3.buckets import Birth
from storage_admin.errors import NotPossible
from storage_admin.exports import assembling, contents, names, register
from storage_admin.jobs import services
from storage_admin.jobs.kinds import zipping
from storage_admin.jobs.kinds.zipping import ZipForm
from storage_admin.models import Bucket, Job, JobItem, JobState
from tests.factories import BucketFactory, JobFactory, PhotoFactory, UserFactory
from tests.storage_admin.exports.zips import (
    PARAMETERS,
    Planned,
    begun,
    listed,
    open_uploads,
    some_bytes,
    unpacked,
    worked_off,
    zip_of,
)
from tests.storage_admin.jobs.conftest import Put

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

Worked = Callable[[Job], Job]
MIB = 1024**2
HOSTILE = (
    "in/../../../etc/cron.d/x", "in/Grüße & Ünïcödé.jpg", "in/C:\\autoexec.bat", "in/IMG.JPG", "in/img.jpg",
    "in/line\nfeed.jpg", "in/=cmd()|'x'.csv", "in/con.txt", "in/manifest.csv",
)  # fmt: skip


def test_zip_holds_the_very_bytes_and_says_so_in_its_list(
    yard: Bucket, put_in: Put, zipped: Callable[..., Job]
) -> None:
    bodies = {f"in/{name}.jpg": some_bytes(1000 + seed, seed) for seed, name in enumerate("abc")}
    versions = {key: put_in(key, body) for key, body in bodies.items()}
    put_in("out/other.jpg")

    job = zipped()

    assert (job.state, job.done, job.failed) == (JobState.DONE, 3, 0)
    made = register.made(job)
    assert made is not None
    whole = zip_of(job)
    assert (made.bytes, made.entries) == (len(whole), 4)
    [version] = objects.versions(yard.name, "exports/")
    assert (version.key, version.version_id) == (register.key_of(job), made.version_id)
    files = unpacked(whole)
    lines = listed(files)
    del files["manifest.csv"]
    assert files == bodies
    assert [(one["key"], one["version"], one["bytes"], one["sha256"]) for one in lines] == [
        (key, versions[key], str(len(body)), hashlib.sha256(body).hexdigest()) for key, body in bodies.items()
    ]
    assert open_uploads(yard) == 0
    assert "parts" not in job.result["zip"]  # ten thousand of them would be read with each list of jobs


def test_hostile_keys_stay_inside_and_are_told_exactly(
    put_in: Put, planned: Planned, worked: Worked, tmp_path: Path
) -> None:
    there = []
    for number, key in enumerate(HOSTILE):
        try:
            put_in(key, str(number).encode())
        except Exception:  # noqa: BLE001 - a key that this store refuses cannot be packed
            continue
        there.append(key)
    selection = {"what": "keys", "keys": there}

    job = worked(planned("zip", selection=selection, parameters=PARAMETERS))

    whole = zip_of(job)
    files = unpacked(whole)
    marks = [names.mark(name) for name in files]
    assert len(set(marks)) == len(marks) == job.done + 1
    said = {one["key, percent-encoded"]: one["name"] for one in listed(files)}
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        comments = {one.filename: one.comment.decode() for one in archive.infolist()}
    for encoded, name in said.items():
        assert comments[name] in ("", f"key: {encoded}")
    (tmp_path / "made.zip").write_bytes(whole)
    out = tmp_path / "out"
    subprocess.run(["unzip", "-q", str(tmp_path / "made.zip"), "-d", str(out)], check=True, timeout=30)
    assert {str(one.relative_to(out)) for one in out.rglob("*") if one.is_file()} == set(files)
    assert {one.name for one in tmp_path.iterdir()} == {"made.zip", "out"}


def test_file_and_folder_of_one_name_stand_beside_each_other(put_in: Put, zipped: Callable[..., Job]) -> None:
    for key in ("in/a.d", "in/a.e", "in/b/"):
        put_in(key, b"" if key.endswith("/") else b"1")
    job = zipped()
    assert set(unpacked(zip_of(job))) == {"in/a.d", "in/a.e", "in/b/", "manifest.csv"}


def test_large_object_spans_parts_and_small_ones_share_one(
    yard: Bucket, put_in: Put, zipped: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = {"in/large.bin": some_bytes(19 * MIB), "in/z1.jpg": b"1", "in/z2.jpg": b"2"}
    for key, body in bodies.items():
        put_in(key, body)
    sent: list[int] = []
    whole_put = parts.put

    def noted(upload: Any, number: int, body: bytes) -> Any:
        sent.append(len(body))
        return whole_put(upload, number, body)

    monkeypatch.setattr(parts, "put", noted)

    job = zipped()

    files = unpacked(zip_of(job))
    assert {key: files[key] for key in bodies} == bodies
    assert sent[:2] == [8 * MIB, 8 * MIB]
    assert len(sent) == 4  # two full ones, the batch's end, and list and directory
    assert max(sent) <= assembling.PART_SIZES[0]


def test_batches_of_small_objects_are_filled_up_and_readable_by_others(
    put_in: Put, zipped: Callable[..., Job], small_batches: None, tmp_path: Path
) -> None:
    bodies = {f"in/{number}.jpg": some_bytes(300 + number, number) for number in range(5)}
    for key, body in bodies.items():
        put_in(key, body)

    job = zipped()

    whole = zip_of(job)
    files = unpacked(whole)
    assert {key: files[key] for key in bodies} == bodies
    assert len(whole) > 2 * parts.MIN_PART_BYTES  # three batches: each ends with a part
    (tmp_path / "made.zip").write_bytes(whole)
    tested = subprocess.run(
        ["unzip", "-t", str(tmp_path / "made.zip")],
        check=False, capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert (tested.returncode, "warning" in tested.stdout + tested.stderr) == (0, False)


def test_batch_ends_after_its_bytes_and_forgets_nothing(
    put_in: Put, zipped: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        put_in(f"in/{number}.jpg", b"x" * 100)
    monkeypatch.setattr(zipping.Zip, "batch_bytes", 150)
    batches: list[int] = []
    act = zipping.Zip.act

    def noted(self: Any, job: Job, targets: Any, beat: Any) -> Any:
        batches.append(len(targets))
        return act(self, job, targets, beat)

    monkeypatch.setattr(zipping.Zip, "act", noted)

    job = zipped()

    assert (job.done, batches) == (5, [2, 2, 1])


def test_object_that_goes_or_changes_fails_alone_and_the_zip_stays_valid(
    put_in: Put, planned: Planned, ada: User, yard: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "gone", "new", "z"):
        put_in(f"in/{name}.jpg", b"first")
    job = begun(planned, ada)
    act = zipping.Zip.act

    def meddle(self: Any, job: Job, targets: Any, beat: Any) -> Any:
        session.client().delete_object(Bucket=yard.name, Key="in/gone.jpg")
        put_in("in/new.jpg", b"other")
        return act(self, job, targets, beat)

    monkeypatch.setattr(zipping.Zip, "act", meddle)

    job = worked_off(job)

    assert (job.state, job.done, job.failed) == (JobState.PARTIAL, 2, 2)
    files = unpacked(zip_of(job))
    assert set(files) == {"in/a.jpg", "in/z.jpg", "manifest.csv"}
    failed = {one["key"]: one["reason"] for one in listed(files) if one["outcome"] == "failed"}
    assert set(failed) == {"in/gone.jpg", "in/new.jpg"}
    assert "changed" in failed["in/new.jpg"]
    assert set(job.items.filter(outcome=JobItem.Outcome.FAILED).values_list("key", flat=True)) == set(failed)


def test_large_object_that_changes_between_two_reads_fails_alone(
    put_in: Put, zipped: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in("in/large.bin", some_bytes(20_000))
    put_in("in/small.jpg", b"1")
    monkeypatch.setattr(contents, "SMALL_BYTES", 1000)
    read = contents.read

    def other(source: Any) -> Any:
        found = read(source)
        return found if found.held is not None else type(found)(**{**vars(found), "crc": 7})

    monkeypatch.setattr(contents, "read", other)

    job = zipped()

    assert (job.state, job.done, job.failed) == (JobState.PARTIAL, 1, 1)
    assert set(unpacked(zip_of(job))) == {"in/small.jpg", "manifest.csv"}


def test_object_read_twice_is_the_same_as_one_that_is_held(
    put_in: Put, zipped: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    body = some_bytes(20_000)
    put_in("in/large.bin", body)
    monkeypatch.setattr(contents, "SMALL_BYTES", 1000)

    job = zipped()

    assert unpacked(zip_of(job))["in/large.bin"] == body


def test_memory_holds_a_part_and_what_is_read_ahead(
    put_in: Put, zipped: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted: with 40 objects never more than the limit is waiting, however slowly parts go."""
    for number in range(40):
        put_in(f"in/{number:02}.jpg", b"x" * 1000)
    monkeypatch.setattr(contents, "AHEAD_BYTES", 3000)
    waiting: list[int] = []
    read, written = contents.read, zipping._written
    level = 0

    def noted_read(source: Any) -> Any:
        nonlocal level
        level += 1
        waiting.append(level)
        return read(source)

    def noted_written(*given: Any) -> Any:
        nonlocal level
        answer = written(*given)
        level -= 1
        return answer

    monkeypatch.setattr(contents, "read", noted_read)
    monkeypatch.setattr(zipping, "_written", noted_written)

    job = zipped()

    assert job.done == 40
    assert max(waiting) <= 4  # three that wait, and the one that is written


def test_zips_of_former_jobs_are_not_packed_again(put_in: Put, planned: Planned, worked: Worked) -> None:
    put_in("in/a.jpg")
    put_in("exports/own-job-1-20240101.zip")
    worked(planned("zip", parameters=PARAMETERS))

    job = planned("zip", parameters=PARAMETERS)

    assert job.total == 2
    assert job.plan["skips"]["export"]["count"] == 1


def test_zip_goes_into_another_bucket(put_in: Put, zipped: Callable[..., Job], yard: Bucket) -> None:
    there: Bucket = BucketFactory(name=f"{yard.name}-out")
    buckets.create(there.name, Birth())
    put_in("in/a.jpg")

    job = zipped(to=f"default/{there.name}", to_prefix="for/vet/")

    [version] = objects.versions(there.name, "")
    assert version.key == register.key_of(job)
    assert version.key.startswith("for/vet/")
    assert register.job_of(there, version.key) == job
    assert register.job_of(yard, version.key) is None


def test_more_than_an_upload_takes_is_refused_in_words(planned: Planned, put_in: Put, ada: User) -> None:
    put_in("in/a.jpg")
    job = planned("zip", "in/", parameters=PARAMETERS)
    Job.objects.filter(pk=job.pk).update(total_bytes=2 * 1024**4)
    job.refresh_from_db()

    with pytest.raises(NotPossible, match="10,000"):
        services.start(actor=ada, job=job)


def test_name_that_a_former_batch_took_is_told_apart(
    put_in: Put, zipped: Callable[..., Job], small_batches: None
) -> None:
    for key in ("in/A.jpg", "in/B.jpg", "in/C.jpg", "in/a.jpg"):
        put_in(key, key.encode())

    files = unpacked(zip_of(zipped()))

    del files["manifest.csv"]
    assert len({names.mark(name) for name in files}) == 4
    assert set(files.values()) == {b"in/A.jpg", b"in/B.jpg", b"in/C.jpg", b"in/a.jpg"}


def test_rights_are_those_to_the_bytes_and_to_write(yard: Bucket, settings: Any) -> None:
    reader = UserFactory(rights=["storage_admin.view_job", "storage_admin.download_object"])
    with pytest.raises(Exception, match="upload_object"):
        services.draft(actor=reader, kind="zip", bucket=yard, parameters=PARAMETERS)

    settings.AWS_STORAGE_BUCKET_NAME = yard.name
    writer = UserFactory(rights=["storage_admin.download_object", "storage_admin.upload_object"])
    with pytest.raises(Exception, match="download_original"):
        services.draft(actor=writer, kind="zip", bucket=yard, parameters=PARAMETERS)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("exports", "exports/"), ("a/b/", "a/b/"), ("photos/x", None), ("renditions", None), ("/x", None),
        ("a/../b", None), ("a//b", None), ("a\nb", None), ("", None),
    ],
)  # fmt: skip
def test_form_takes_paths_beside_the_photos(given: str, kept: str | None) -> None:
    form = ZipForm({"to": "", "to_prefix": given, "days": "7"})

    assert form.is_valid() == (kept is not None)
    assert form.cleaned_data.get("to_prefix") == kept


@pytest.mark.parametrize("days", ["0", "31", "x"])
def test_form_takes_days_within_a_month(days: str) -> None:
    assert not ZipForm({"to": "", "to_prefix": "exports/", "days": days}).is_valid()


def test_key_is_of_its_job_alone(yard: Bucket) -> None:
    job = JobFactory(kind="zip", bucket=yard, parameters=PARAMETERS)
    key = register.key_of(job)

    assert register.job_of(yard, key) == job
    assert register.job_of(yard, f"x{key}") is None
    assert register.job_of(yard, key.replace("exports/", "other/")) is None
    assert register.job_of(yard, "photos/a.jpg") is None


def test_photos_of_a_filtered_list_are_packed_as_their_rows_name_them(
    yard: Bucket, put_in: Put, planned: Planned, worked: Worked, settings: Any
) -> None:
    settings.AWS_STORAGE_BUCKET_NAME = yard.name
    for name in "abc":
        key = f"photos/{name}.jpg"
        version = put_in(key, name.encode())
        PhotoFactory(
            bucket=yard.name, key=key, version_id=version, etag=objects.head(yard.name, key).etag, bytes=1,
            content_type="image/webp" if name in "ab" else "image/jpeg",
        )  # fmt: skip
    selection = {"what": "originals", "filter": "content_type__exact=image%2Fwebp"}

    job = worked(planned("zip", selection=selection, parameters=PARAMETERS))

    files = unpacked(zip_of(job))
    del files["manifest.csv"]
    assert files == {"photos/a.jpg": b"a", "photos/b.jpg": b"b"}
