"""Making renditions: what is missing, or all anew, without a photo that ever stops being ready."""

import io
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.base import ContentFile
from django.core.management import call_command
from PIL import Image

from photos import deriving, imaging, processing, renditions, tasks, upload
from photos.choices import PhotoStatus
from photos.models import Photo
from portal.models import User
from portal.s3 import objects, session
from portal.s3.errors import StorageUnavailable
from storage_admin import purge
from storage_admin.errors import NotPossible
from storage_admin.jobs import running, services
from storage_admin.jobs.kinds.renditions import MakeRenditions
from storage_admin.models import Bucket, Job, JobState
from tests import pictures
from tests.factories import BucketFactory, PetFactory, PhotoFactory
from tests.store import answering, refusal

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

Planned = Callable[..., Job]
Worked = Callable[[Job], Job]
Shot = Callable[..., Photo]


@pytest.fixture
def pet() -> Any:
    return PetFactory()


@pytest.fixture
def shot(bucket: Bucket, pet: Any, monkeypatch: pytest.MonkeyPatch) -> Shot:
    """Upload a photo of the pet and make it ready."""
    monkeypatch.setattr(tasks.process, "delay", lambda _photo_id: None)

    def make(data: bytes | None = None) -> Photo:
        file = ContentFile(data or pictures.jpeg(comment=uuid4().bytes), name="cat.jpg")
        photo = upload.receive(actor=None, pet=pet, upload=file, file_name="cat.jpg")
        processing.process(str(photo.pk))
        photo.refresh_from_db()
        assert photo.status == PhotoStatus.READY
        return photo

    return make


@pytest.fixture
def planned(bucket: Bucket, pet: Any, ada: User) -> Planned:
    """Plan the job for the photos of this test's pet alone: the bucket is shared."""

    def make(which: str = "missing", **options: Any) -> Job:
        job = services.draft(
            actor=ada, kind="make-renditions", bucket=bucket, prefix=f"photos/{pet.pk}/",
            parameters={"which": which}, **options,
        )  # fmt: skip
        while running.work(job.pk):
            pass
        job.refresh_from_db()
        return job

    return make


def shown(photo: Photo) -> dict[str, tuple[str, int]]:
    """Return the key and the width of each rendition."""
    return {made.name: (made.key, made.width) for made in photo.renditions.all()}


def change_settings(monkeypatch: pytest.MonkeyPatch, entries: list[dict[str, Any]]) -> None:
    """Let the settings want other renditions than those that were made."""
    specs = tuple(imaging.RenditionSpec(**entry) for entry in entries)
    monkeypatch.setattr(renditions, "specs", lambda: specs)


def test_missing_ones_are_made_and_complete_photos_passed_over(
    shot: Shot, planned: Planned, worked: Worked
) -> None:
    complete, lacking = shot(), shot()
    before = shown(lacking)
    lacking.renditions.filter(name__in=["tile", "card"]).delete()

    job = planned()
    worked(job)

    assert (job.total, job.plan["requests"]) == (1, {"GetObject": 1, "PutObject": 4})
    assert (job.state, job.done, job.failed) == (JobState.DONE, 1, 0)
    assert job.result["skips"] == {"complete": 1}
    assert shown(lacking) == before
    assert shown(complete)
    lacking.refresh_from_db()
    assert lacking.status == PhotoStatus.READY


def test_changed_settings_make_what_is_there_missing(
    shot: Shot, planned: Planned, worked: Worked, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = shot(pictures.jpeg(width=900, height=600, comment=uuid4().bytes))
    assert planned().total == 0
    before = shown(photo)
    wanted: list[dict[str, Any]] = [dict(entry) for entry in settings.RENDITIONS]
    for entry in wanted:
        if entry["name"] == "tile":
            entry |= {"longest_side": 96, "format": "jpeg"}
    change_settings(monkeypatch, wanted)

    job = worked(planned())

    after = shown(photo)
    assert (job.state, job.done) == (JobState.DONE, 1)
    assert after["tile"][1] == 96
    assert {name: after[name] for name in after if name != "tile"} == {
        name: before[name] for name in before if name != "tile"
    }
    assert photo.renditions.filter(name="tile").count() == 1
    with Image.open(io.BytesIO(objects.read(photo.bucket, after["tile"][0]))) as opened:
        assert opened.format == "JPEG"
    monkeypatch.setattr(purge, "LEFTOVERS_GRACE_SECONDS", -1)
    purge.remove_leftovers()
    left = {one.key for one in objects.versions(photo.bucket, f"renditions/{photo.pk}/")}
    assert left == {key for key, _width in after.values()}


def test_all_anew_repairs_a_damaged_one_and_writes_no_equal_one(
    shot: Shot, planned: Planned, worked: Worked, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = shot()
    key = shown(photo)["tile"][0]
    good = objects.read(photo.bucket, key)
    objects.put(photo.bucket, key, b"damaged", content_type="image/webp", overwrite=True)

    job = worked(planned("all"))

    versions = list(objects.versions(photo.bucket, f"renditions/{photo.pk}/"))
    assert (job.state, job.done) == (JobState.DONE, 1)
    assert objects.read(photo.bucket, key) == good
    assert len(versions) == len(shown(photo)) + 2  # of the tile: as it was, damaged, and anew
    monkeypatch.setattr(purge, "LEFTOVERS_GRACE_SECONDS", -1)
    purge.remove_leftovers()
    kept = [one.key for one in objects.versions(photo.bucket, f"renditions/{photo.pk}/")]
    assert sorted(kept) == sorted(key for key, _width in shown(photo).values())


def test_each_failure_is_told_and_leaves_its_photo_ready_with_what_it_shows(
    shot: Shot, planned: Planned, worked: Worked
) -> None:
    gone, other, fine = shot(), shot(), shot()
    before = {photo.pk: shown(photo) for photo in (gone, other)}
    Photo.objects.filter(pk=other.pk).update(sha256="0" * 64)
    session.client().delete_object(Bucket=gone.bucket, Key=gone.key, VersionId=gone.version_id)

    job = worked(planned("all"))

    failed = dict(job.items.values_list("key", "message"))
    assert (job.state, job.done, job.failed) == (JobState.PARTIAL, 1, 2)
    assert "not in the bucket" in failed[gone.key]
    assert "digest" in failed[other.key]
    assert {photo.pk: shown(photo) for photo in (gone, other)} == before
    ready = Photo.objects.filter(pk__in=[gone.pk, other.pk, fine.pk], status=PhotoStatus.READY, reason="")
    assert ready.count() == 3


@pytest.mark.parametrize("operation", ["GetObject", "PutObject"])
def test_outage_waits_for_the_store_and_blames_no_photo(
    shot: Shot, planned: Planned, ada: User, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    monkeypatch.setattr("storage_admin.jobs.one_by_one.PAUSE_SECONDS", 0)
    photos = [shot(), shot()]
    for photo in photos:
        photo.renditions.all().delete()
    job = planned()
    services.start(actor=ada, job=job)

    with answering(operation, refusal(503, "SlowDown")):
        running.work(job.pk)

    job.refresh_from_db()
    assert job.state == JobState.RUNNING
    assert "SlowDown" in job.stopped_because
    assert (job.done, job.failed) == (0, 0)
    assert Photo.objects.filter(pk__in=[one.pk for one in photos], status=PhotoStatus.READY).count() == 2
    while running.work(job.pk):
        pass
    job.refresh_from_db()
    assert (job.state, job.done) == (JobState.DONE, 2)
    assert not any(renditions.missing(photo, photo.sha256) for photo in photos)


def test_worker_that_dies_after_the_rows_counts_each_photo_once(
    shot: Shot, planned: Planned, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = [shot(), shot(), shot()]
    for photo in photos:
        photo.renditions.all().delete()
    job = planned()
    services.start(actor=ada, job=job)
    remake = deriving.remake
    made: list[object] = []

    def die_at_the_third(photo: Photo, **options: Any) -> int:
        if len(made) == 2:
            raise SystemExit
        made.append(photo.pk)
        return remake(photo, **options)

    monkeypatch.setattr(deriving, "remake", die_at_the_third)
    with pytest.raises(SystemExit):
        running.work(job.pk)
    monkeypatch.setattr(deriving, "remake", remake)
    Job.objects.filter(pk=job.pk).update(beat_at="2020-01-01T00:00:00Z")

    while running.work(job.pk):
        pass

    job.refresh_from_db()
    assert (job.state, job.done, job.failed) == (JobState.DONE, 3, 0)
    assert not any(renditions.missing(photo, photo.sha256) for photo in photos)


def test_former_pictures_are_shown_until_the_new_ones_are_there(
    shot: Shot, planned: Planned, ada: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = shot()
    before = shown(photo)
    change_settings(monkeypatch, [dict(entry) | {"quality": 50} for entry in settings.RENDITIONS])
    put, seen = deriving.put, []

    def look_before_the_last(one: Photo, *args: Any, **options: Any) -> Any:
        seen.append((shown(one), Photo.objects.get(pk=one.pk).status))
        return put(one, *args, **options)

    monkeypatch.setattr(deriving, "put", look_before_the_last)
    job = planned()
    services.start(actor=ada, job=job)
    running.work(job.pk)

    assert seen == [(before, PhotoStatus.READY)] * 4
    assert not set(shown(photo).values()) & set(before.values())


def test_photo_turned_meanwhile_keeps_what_its_own_processing_makes(
    shot: Shot, planned: Planned, worked: Worked, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = shot()
    before = shown(photo)
    put = deriving.put

    def turn(one: Photo, *args: Any, **options: Any) -> Any:
        Photo.objects.filter(pk=one.pk).update(rotation=90)
        return put(one, *args, **options)

    monkeypatch.setattr(deriving, "put", turn)
    photo.renditions.filter(name="tile").delete()
    job = worked(planned())

    photo.refresh_from_db()
    assert (job.state, job.failed) == (JobState.PARTIAL, 1)
    assert shown(photo) == {name: made for name, made in before.items() if name != "tile"}
    assert photo.leftovers_since is not None


def test_photos_that_are_not_ready_are_passed_over_with_their_reasons(
    bucket: Bucket, pet: Any, planned: Planned
) -> None:
    for trait in ("stored", "processing", "failed", "trashed"):
        key = f"photos/{pet.pk}/{trait}.jpg"
        PhotoFactory(pet=pet, bucket=bucket.name, key=key, **{trait: True})

    job = planned("all")

    said = {code: one["count"] for code, one in job.plan["skips"].items()}
    assert (job.total, said) == (0, {"under-way": 2, "failed-photo": 1, "trash": 1})


def test_photos_of_the_list_can_be_chosen(shot: Shot, bucket: Bucket, ada: User) -> None:
    chosen, other = shot(), shot()
    for photo in (chosen, other):
        photo.renditions.all().delete()
    job = services.draft(
        actor=ada, kind="make-renditions", bucket=bucket, parameters={"which": "missing"},
        selection={"what": "photos", "ids": [str(chosen.pk)]},
    )  # fmt: skip

    running.work(job.pk)

    job.refresh_from_db()
    assert [one["key"] for one in job.plan["samples"]] == [chosen.key]


def test_bucket_without_photos_is_refused(ada: User) -> None:
    with pytest.raises(NotPossible, match="No photos live"):
        services.draft(actor=ada, kind="make-renditions", bucket=BucketFactory())


def test_prices_count_reading_and_writing() -> None:
    price = MakeRenditions().price(Job(bucket=Bucket()), None)  # type: ignore[arg-type]  # the same for each

    assert 0.00002 < float(price["requests"]) < 0.00003


@pytest.mark.django_db(transaction=True)
def test_command_makes_what_is_missing(
    shot: Shot, bucket: Bucket, pet: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setattr("storage_admin.tasks.run_job.delay", lambda _job_id: None)
    photo = shot()
    photo.renditions.all().delete()

    call_command("make_renditions", bucket=bucket.name, prefix=f"photos/{pet.pk}/")

    assert "done: 1 done" in capsys.readouterr().out
    assert not renditions.missing(photo, photo.sha256)


def test_store_that_is_busy_for_one_photo_fails_that_one_alone(
    shot: Shot, planned: Planned, worked: Worked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage_admin.jobs.one_by_one.PAUSE_SECONDS", 0)
    slow, fine = shot(), shot()
    remake = deriving.remake

    def busy(photo: Photo, **options: Any) -> int:
        if photo.pk == slow.pk:
            raise StorageUnavailable("busy", code="SlowDown")
        return remake(photo, **options)

    monkeypatch.setattr(deriving, "remake", busy)
    job = worked(planned("all"))

    assert (job.state, job.done, job.failed) == (JobState.PARTIAL, 1, 1)
    assert job.items.get().code == "SlowDown"
    assert fine.renditions.count() == 4
