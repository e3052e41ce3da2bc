"""What events lead to, with MiniStack's real queue between the bucket and the worker."""

import json
from collections.abc import Callable
from itertools import permutations
from typing import Any
from uuid import uuid4

import pytest

from photos.models import Photo
from portal.aws import queues
from portal.s3 import objects, session
from portal.s3.events import ObjectEvent, decoded
from storage_admin.arrivals import consuming, looking, order, queue_state
from storage_admin.arrivals.order import Standing
from storage_admin.arrivals.sources import Source
from storage_admin.models import Arrival, SeenEvent
from tests.factories import PetFactory
from tests.storage_admin.arrivals.conftest import Place, picture

pytestmark = [pytest.mark.django_db, pytest.mark.servers]
Reader = Callable[..., consuming.Read]


def message(place: Place, key: str, name: str = "ObjectCreated:Put", **about: Any) -> str:
    """Return a message as S3 sends it."""
    return json.dumps(
        {
            "Records": [
                {
                    "eventTime": "2026-11-22T01:02:03.456Z",
                    "eventName": name,
                    "userIdentity": {"principalId": "AWS:AIDAEXAMPLE"},
                    "s3": {"bucket": {"name": place.source.bucket}, "object": {"key": key, **about}},
                }
            ]
        }
    )


def test_file_in_the_photos_bucket_is_registered_as_it_lies(
    amazon: Place, read: Reader, queued: list[str]
) -> None:
    pet = PetFactory()
    put = amazon.put("incoming/ante+room é/rex 1.jpg", Metadata={"pet-id": str(pet.pk), "photo-id": "x"})

    read()

    photo = Photo.objects.get()
    assert (photo.bucket, photo.key) == (amazon.source.bucket, "incoming/ante+room é/rex 1.jpg")
    assert (photo.version_id, photo.etag) == (put["VersionId"], put["ETag"].strip('"'))
    assert (photo.pet, photo.status, photo.file_name) == (pet, "stored", "rex 1.jpg")
    assert queued == [str(photo.pk)]
    assert Arrival.objects.get().state == Arrival.State.TAKEN


def test_file_in_another_store_is_carried_into_the_photos_bucket(
    outside: Place, house: Place, read: Reader, queued: list[str]
) -> None:
    pet, body = PetFactory(), picture()
    outside.put(f"incoming/{pet.pk}/cat.png", body, ContentType="application/octet-stream")

    read()

    photo = Photo.objects.get()
    assert photo.key == f"photos/{pet.pk}/{photo.pk}.jpg"
    assert (photo.pet, photo.bucket, photo.file_name) == (pet, house.source.bucket, "cat.png")
    assert objects.read(photo.bucket, photo.key, version_id=photo.version_id) == body
    assert objects.head(photo.bucket, photo.key).metadata["photo-id"] == str(photo.pk)
    assert outside.keys() == [f"incoming/{pet.pk}/cat.png"]
    assert queued == [str(photo.pk)]


@pytest.mark.parametrize(
    "key",
    ["incoming/a+b.jpg", "incoming/a b%20c.jpg", "incoming/é/日.jpg", "incoming/x&<>'\".jpg", "incoming/%2B"],
)
def test_odd_keys_come_through(outside: Place, read: Reader, key: str) -> None:
    outside.put(key)

    read()

    assert Arrival.objects.get().key == key
    assert Photo.objects.get().pet is None


def test_test_event_and_what_lies_elsewhere_make_nothing(amazon: Place, read: Reader) -> None:
    amazon.put("other/a.jpg")
    amazon.put("incoming/folder/")

    read()  # the setup's own s3:TestEvents are in the queue, too

    assert not Arrival.objects.exists()
    assert not queues.depth(queue_state.both()[0]).total


def test_message_that_comes_three_times_makes_one_photo(outside: Place, read: Reader) -> None:
    outside.put("incoming/a.jpg")
    queue, _dead = queue_state.both()
    for _time in range(3):
        queues.send(queue, message(outside, "incoming/a.jpg", sequencer="0055"))

    assert read().put_off == 0

    assert Photo.objects.count() == Arrival.objects.count() == 1


def test_events_in_any_order_leave_the_newest_file(outside: Place) -> None:
    first, second = "0055AA", "0055AB"
    body = picture()
    for number, names in enumerate(permutations((first, second, second))):
        key = f"incoming/{number}.jpg"
        outside.put(key, body[:-2] + bytes([number]) + body[-2:])
        for sequencer in names:
            consuming.handle(*decoded(message(outside, key, sequencer=sequencer)))

    assert Photo.objects.count() == 6
    assert not SeenEvent.objects.exclude(order__startswith=second).exists()


def test_event_older_than_what_was_seen_is_told_apart() -> None:
    source = Source("default", "photos")

    def event(sequencer: str) -> ObjectEvent:
        [found] = decoded(message(Place(source), "incoming/a", sequencer=sequencer))
        return found

    assert order.keep(source, event("0055A"))
    assert order.standing(source, event("0055A")) is Standing.SAME
    assert not order.keep(source, event("0055a0"))
    assert order.standing(source, event("0055")) is Standing.OLDER
    assert not order.keep(source, event("0055"))
    assert order.standing(source, event("0055B")) is Standing.NEW
    assert order.standing(source, event("")) is Standing.NEW


def test_file_that_is_gone_again_makes_nothing(outside: Place, read: Reader) -> None:
    outside.put("incoming/a.jpg")
    outside.delete("incoming/a.jpg")

    assert read().put_off == 0

    assert not Arrival.objects.exists()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"%PDF-1.7 not a picture", "a PDF document"),
        (b"<script>", "a web page"),
        (b"x" * 400_000, "390.6 KiB"),
    ],
)
def test_what_is_no_photo_is_refused_and_stays(
    outside: Place, read: Reader, settings: Any, body: bytes, reason: str
) -> None:
    settings.MAX_UPLOAD_BYTES = 300_000
    outside.put("incoming/a.jpg", body)

    read()

    arrival = Arrival.objects.get()
    assert arrival.state == Arrival.State.REFUSED
    assert reason in arrival.reason
    assert not Photo.objects.exists()
    assert outside.keys() == ["incoming/a.jpg"]


def test_same_picture_of_the_same_pet_is_refused(outside: Place, read: Reader) -> None:
    body = picture()
    outside.put("incoming/a.jpg", body)
    outside.put("incoming/b.jpg", body)

    read()

    assert Photo.objects.count() == 1
    assert "there already" in Arrival.objects.get(state=Arrival.State.REFUSED).reason


def test_pet_that_is_not_here_leaves_the_photo_unassigned(outside: Place, read: Reader) -> None:
    gone = PetFactory(trashed=True).pk
    outside.put(f"incoming/{uuid4()}/a.jpg")
    outside.put("incoming/b.jpg", Metadata={"pet-id": str(gone)})
    outside.put("incoming/c.jpg", Metadata={"pet-id": "'; drop table pets"})

    read()

    assert [photo.pet for photo in Photo.objects.all()] == [None, None, None]


def test_what_came_by_way_of_a_topic_is_unwrapped(outside: Place, read: Reader) -> None:
    outside.put("incoming/a.jpg")
    inner = message(outside, "incoming/a.jpg", sequencer="01")
    [event] = decoded(json.dumps({"Type": "Notification", "TopicArn": "arn:…", "Message": inner}))

    consuming.handle(event)

    assert Photo.objects.count() == 1


def test_portals_own_writes_lead_to_nothing(amazon: Place, read: Reader, queued: list[str]) -> None:
    number = uuid4()
    key = f"photos/unassigned/{number}.jpg"
    put = amazon.put(key, Metadata={"photo-id": str(number)})
    found = objects.head(amazon.source.bucket, key)
    Photo.objects.create(
        pk=number, bucket=amazon.source.bucket, key=key, version_id=put["VersionId"], etag=found.etag,
        bytes=found.bytes, content_type="image/jpeg", file_name="a.jpg", status="stored",
    )  # fmt: skip
    amazon.put(f"renditions/{number}/tile-0123.webp")

    read()

    assert Photo.objects.count() == 1
    assert not Arrival.objects.exists()
    assert not SeenEvent.objects.exists()
    assert queued == []
    assert amazon.keys("incoming/") == []


def test_carried_photo_leads_to_no_further_event(amazon: Place, read: Reader) -> None:
    """In the photos' own bucket the file stays one object: nothing new is written that would be told."""
    amazon.put("incoming/a.jpg")

    read()
    read()

    assert amazon.keys() == ["incoming/a.jpg"]
    assert Photo.objects.count() == 1


def test_both_ways_end_in_one_registration(outside: Place, house: Place, read: Reader) -> None:
    outside.put("incoming/told.jpg")
    house.put("incoming/found.jpg")

    looking.work()  # meets both, before the message is read
    read()
    looking.work()

    assert sorted(Arrival.objects.values_list("key", "found_by", "state")) == [
        ("incoming/found.jpg", "look", "taken"),
        ("incoming/told.jpg", "look", "taken"),
    ]
    assert Photo.objects.count() == 2


def test_visibility_is_extended_while_a_message_is_worked_on(
    outside: Place, read: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consuming, "HIDDEN_SECONDS", 1)
    queue, _dead = queue_state.both()
    read()
    queues.send(queue, message(outside, "incoming/a.jpg"))
    seen_meanwhile = []

    def slow(_event: ObjectEvent) -> None:
        # Longer than the message would stay hidden: a second worker asks all the while.
        seen_meanwhile.extend(queues.receive(queue, wait_seconds=3, hidden_seconds=1))

    monkeypatch.setattr(consuming, "handle", slow)

    assert consuming.work(1.0).handled == 1
    assert seen_meanwhile == []


def test_restored_file_is_taken_in_at_last(outside: Place, read: Reader) -> None:
    outside.put("incoming/a.jpg", StorageClass="GLACIER")
    read()
    assert "archive class" in Arrival.objects.get().reason

    session.client("outside").restore_object(
        Bucket=outside.source.bucket, Key="incoming/a.jpg",
        RestoreRequest={"Days": 1, "GlacierJobParameters": {"Tier": "Expedited"}},
    )  # fmt: skip
    for _try in range(10):  # MiniStack takes two seconds for it
        read()
        if Photo.objects.exists():
            break

    assert Arrival.objects.get().state == Arrival.State.TAKEN
