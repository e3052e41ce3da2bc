"""The scheduled look, at a SeaweedFS that tells nothing of what is put into it."""

from typing import Any

import pytest

from photos import processing
from photos.models import Photo
from portal.s3 import listing
from portal.s3.errors import StorageUnavailable
from storage_admin import purge
from storage_admin.arrivals import looking, sources, tasks
from storage_admin.models import Arrival, Look
from tests.factories import PetFactory
from tests.storage_admin.arrivals.conftest import Place, picture
from tests.store import answering, refusal

pytestmark = [pytest.mark.django_db, pytest.mark.servers]


def test_look_finds_what_no_event_told(house: Place, queued: list[str]) -> None:
    pet = PetFactory()
    house.put(f"incoming/{pet.pk}/a+b.jpg")
    house.put("incoming/with metadata.jpg", Metadata={"pet-id": str(pet.pk)})
    house.put("photos/unassigned/not-looked-at.jpg")

    assert looking.work() == 2

    assert set(Photo.objects.values_list("key", "pet")) == {
        (f"incoming/{pet.pk}/a+b.jpg", pet.pk),
        ("incoming/with metadata.jpg", pet.pk),
    }
    assert len(queued) == 0  # on commit, which this test never does
    assert looking.work() == 0


def test_photo_that_was_found_gets_ready(
    house: Place, queued: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    house.put("incoming/a.jpg")
    with django_capture_on_commit_callbacks(execute=True):
        looking.work()

    processing.process(queued[0])

    photo = Photo.objects.get()
    assert photo.status == "ready"
    assert photo.sha256


def test_known_files_cost_no_call_each(house: Place, store_calls: list[str]) -> None:
    for number in range(5):
        house.put(f"incoming/{number}.jpg")
    house.put("incoming/no-picture.txt", b"text")
    looking.work()
    store_calls.clear()

    assert looking.work() == 0

    assert store_calls == ["ListObjectsV2"]


def test_slice_that_ends_within_a_page_is_gone_on_with(house: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "LARGEST_PAGE", 2)
    for number in range(5):
        house.put(f"incoming/{number}%é.jpg")
    look = Look.objects.create(connection="default", bucket=house.source.bucket)

    def slice_without_time() -> tuple[int, bool]:
        look.refresh_from_db()
        looking._look(house.source, look, 0.0)  # takes one file, whatever the time
        look.refresh_from_db()
        return Photo.objects.count(), look.ended_at is not None

    found = [slice_without_time() for _slice in range(5)]

    assert found == [(1, False), (2, False), (3, False), (4, False), (5, True)]
    assert (look.cursor, look.met, look.new, look.claim) == ("", 5, 5, None)


def test_overwritten_file_of_another_bucket_is_another_photo(outside: Place) -> None:
    outside.put("incoming/a.jpg")
    looking.work()
    outside.put("incoming/a.jpg")
    looking.work()

    assert Photo.objects.count() == 2


def test_store_that_is_away_is_told_in_the_row(house: Place) -> None:
    with answering("ListObjectsV2", refusal(503, "SlowDown")):
        looking.work()

    look = Look.objects.get(bucket=house.source.bucket)
    assert "SlowDown" in look.error
    assert look.claim is None
    looking.work()
    look.refresh_from_db()
    assert look.error == ""


def test_look_that_another_worker_has_is_left_to_it(house: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    inner: list[int] = []

    def page(*args: Any, **options: Any) -> Any:
        if not inner:
            inner.append(looking.work())
        raise StorageUnavailable("", operation="ListObjectsV2")

    monkeypatch.setattr(listing, "keys_page", page)
    monkeypatch.setattr(sources, "of_arrivals", lambda: [house.source])

    looking.work()

    assert inner == [0]


def test_refused_original_of_another_program_is_left_to_it(house: Place, settings: Any) -> None:
    settings.UPLOAD_URL_SECONDS = -1
    body = picture()[:300]  # begins as a picture, and is none
    house.put("incoming/broken.jpg", body)
    looking.work()
    processing.process(str(Photo.objects.get().pk))
    assert Photo.objects.get().status == "rejected"

    assert purge.remove_rejected_originals() == 0
    assert house.keys() == ["incoming/broken.jpg"]


def test_purge_takes_the_photos_version_and_leaves_what_is_above_it(house: Place, settings: Any) -> None:
    house.put("incoming/a.jpg")
    looking.work()
    later = house.put("incoming/a.jpg")
    Photo.objects.update(status="trashed")
    settings.TRASH_DAYS = -1

    assert purge.purge_expired_trash().done == 1

    assert not Photo.objects.exists()
    assert house.keys() == ["incoming/a.jpg"]
    assert later["VersionId"]


def test_off_means_off(house: Place, settings: Any, store_calls: list[str]) -> None:
    house.put("incoming/a.jpg")
    store_calls.clear()
    settings.ARRIVALS = settings.S3_EVENTS = False

    tasks.look()
    tasks.read_events()

    assert store_calls == []
    assert not Arrival.objects.exists()
