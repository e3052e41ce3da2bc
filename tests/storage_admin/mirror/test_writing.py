"""Changes reach DynamoDB: in order, once, and whoever made them. A real emulator answers."""

import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.utils import timezone

from pets import services as pets
from pets.models import Pet
from photos.choices import PhotoStatus
from photos.models import Photo
from portal.aws import tables
from portal.aws.clients import client
from portal.aws.errors import NotThere, ServiceUnavailable
from storage_admin.mirror import items, triggers, writing
from storage_admin.models import MirroredOwner, MirrorItem
from tests.factories import OwnerFactory, PetFactory, PhotoFactory

PETS, PHOTOS = MirrorItem.Table.PETS, MirrorItem.Table.PHOTOS

pytestmark = [pytest.mark.servers, pytest.mark.django_db]


def there(row: Any) -> dict[str, Any]:
    """What DynamoDB has of a pet or a photo."""
    which = PETS if isinstance(row, Pet) else PHOTOS
    return tables.get(items.table(which), str(row.pk))


def test_pet_arrives_as_the_app_knows_it(mirror: str) -> None:
    pet = PetFactory(name="Bella", breed="Beagle", birth_date=date(2020, 2, 29), owner=OwnerFactory())
    pets.record_weight(actor=None, pet=pet, kg=Decimal("25.50"))

    writing.work()

    found = there(pet)
    assert found["Weight"] == Decimal("25.5")
    del found["Weight"], found["CreatedAt"], found["Version"]
    assert found == {
        "PetId": str(pet.pk), "OwnerId": str(pet.owner_id), "Name": "Bella", "Type": "dog",
        "Breed": "Beagle", "BirthDate": "2020-02-29", "Status": "with_owner",
    }  # fmt: skip


def test_tables_are_called_as_the_settings_say(settings: Any) -> None:
    settings.DYNAMODB_TABLE_PREFIX = ""
    settings.DYNAMODB_PETS_TABLE, settings.DYNAMODB_PHOTOS_TABLE = "app-pets", "app-pictures"

    assert [items.table(which).name for which in MirrorItem.Table] == ["app-pets", "app-pictures"]


def test_unknown_values_are_absent(mirror: str) -> None:
    pet = PetFactory(owner=None)

    writing.work()

    assert there(pet).keys() == {"PetId", "Name", "Type", "CreatedAt", "Status", "Version"}


def test_photo_arrives_with_its_renditions(mirror: str) -> None:
    photo = PhotoFactory(renditions=True)

    writing.work()

    found = there(photo)
    assert (found["PhotoId"], found["PetId"], found["S3Key"]) == (str(photo.pk), str(photo.pet_id), photo.key)
    assert {(one["Name"], one["S3Key"]) for one in found["Renditions"]} == set(
        photo.renditions.values_list("name", "key")
    )


def test_every_way_to_change_a_row_is_noticed(mirror: str) -> None:
    pet, photo = PetFactory(), PhotoFactory()
    writing.work()

    Pet.objects.filter(pk=pet.pk).update(name="By an update")
    Photo.objects.filter(pk=photo.pk).update(pet=pet)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE pets_pet SET breed = 'by SQL'")
    writing.work()

    assert (there(pet)["Name"], there(pet)["Breed"]) == ("By an update", "by SQL")
    assert there(photo)["PetId"] == str(pet.pk)


def test_change_that_is_taken_back_is_not_noticed(mirror: str) -> None:
    pet = PetFactory()
    writing.work()

    with transaction.atomic():
        Pet.objects.filter(pk=pet.pk).update(name="Never")
        transaction.set_rollback(True)

    assert not writing.due().exists()


def test_column_that_does_not_show_makes_nothing_due(mirror: str) -> None:
    photo = PhotoFactory()
    writing.work()

    Photo.objects.filter(pk=photo.pk).update(queued_at=timezone.now(), attempts=3)

    assert not writing.due().exists()


def test_soft_delete_becomes_the_status_deleted(mirror: str) -> None:
    pet, photo = PetFactory(), PhotoFactory()
    writing.work()

    pets.trash_pet(actor=None, pet=pet)
    Photo.objects.filter(pk=photo.pk).update(status=PhotoStatus.TRASHED)
    writing.work()

    assert (there(pet)["Status"], there(photo)["Status"]) == ("deleted", "deleted")
    assert there(pet)["Name"] == pet.name


def test_row_that_is_gone_leaves_nothing_of_itself(mirror: str) -> None:
    pet = PetFactory(name="Forget me")
    writing.work()

    Pet.objects.filter(pk=pet.pk).delete()
    writing.work()

    assert there(pet).keys() == {"PetId", "Status", "Version"}
    assert there(pet)["Status"] == "deleted"


def test_work_that_was_done_is_not_done_again(mirror: str) -> None:
    PetFactory()
    first = writing.work()

    assert (first.written, writing.work().written) == (1, 0)


def test_late_write_of_an_older_state_is_refused(mirror: str) -> None:
    pet = PetFactory(name="Old")
    writing.work()
    old = writing.of_rows(PETS, {pet.pk: 2})[pet.pk]
    for name in ("Newer", "Newest"):
        Pet.objects.filter(pk=pet.pk).update(name=name)
    writing.work()

    assert not tables.put_if_newer(items.table(PETS), old, version=items.VERSION)
    assert there(pet)["Name"] == "Newest"


def test_worker_that_died_is_followed_by_another(mirror: str) -> None:
    pet = PetFactory(name="First")
    writing._claim(uuid4())  # and no more is heard of it
    Pet.objects.filter(pk=pet.pk).update(name="Second")

    assert writing.work().written == 0
    MirrorItem.objects.update(claimed_at=timezone.now() - timedelta(hours=1))
    assert writing.work().written == 1
    assert there(pet)["Name"] == "Second"


def test_batch_that_was_taken_over_meanwhile_is_sent_once_more(
    mirror: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pet = PetFactory()
    send = tables.put_many

    def slow(*args: Any) -> None:
        send(*args)
        MirrorItem.objects.update(claim=None)  # as the other worker leaves it

    monkeypatch.setattr(tables, "put_many", slow)
    writing._send(writing._claim(uuid4()), writing.Sent())

    assert writing.due().get().item == pet.pk


def test_change_during_the_write_stays_due(mirror: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pet = PetFactory(name="First")
    send = tables.put_many

    def meanwhile(*args: Any) -> None:
        Pet.objects.filter(pk=pet.pk).update(name="Second")
        send(*args)

    monkeypatch.setattr(tables, "put_many", meanwhile)
    writing._send(writing._claim(uuid4()), writing.Sent())
    MirrorItem.objects.update(claim=None)
    assert there(pet)["Name"] == "First"

    writing.work()
    assert there(pet)["Name"] == "Second"


def test_outage_loses_nothing(mirror: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pet = PetFactory()

    def away(*_args: Any) -> None:
        raise ServiceUnavailable("away")

    with monkeypatch.context() as patch:
        patch.setattr(tables, "put_many", away)
        with pytest.raises(ServiceUnavailable):
            writing.work()
    with pytest.raises(NotThere):
        there(pet)

    assert writing.work().written == 1


def test_refused_values_are_told_and_do_not_stop_the_others(
    mirror: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = PetFactory(name="Good"), PetFactory(name="Bad")
    made = writing.of_rows

    def spoiled(which: str, versions: Any) -> Any:
        found = made(which, versions)
        for item in found.values():
            if item.get("Name") == "Bad":
                item["Weight"] = Decimal("NaN")
        return found

    monkeypatch.setattr(writing, "of_rows", spoiled)
    sent = writing.work()

    assert (sent.written, sent.refused) == (1, 1)
    assert there(good)["Name"] == "Good"
    refused = writing.due().get()
    assert refused.item == bad.pk
    assert "NaN" in refused.error
    assert refused.since is not None
    assert refused.since > timezone.now()


def test_owner_of_an_import_keeps_the_apps_name(mirror: str) -> None:
    pet = PetFactory(owner=OwnerFactory())
    MirroredOwner.objects.create(owner=pet.owner, app_id="user-4711")

    writing.work()

    assert there(pet)["OwnerId"] == "user-4711"


def test_many_items_go_in_few_calls(mirror: str, django_assert_max_num_queries: Any) -> None:
    PetFactory.create_batch(60)

    with django_assert_max_num_queries(40):
        sent = writing.work()

    assert sent.written == 60


def test_triggers_that_are_removed_notice_nothing(mirror: str) -> None:
    triggers.remove(connection)

    PetFactory()

    assert not triggers.are_installed(connection)
    assert not writing.due().exists()


def test_install_makes_rows_due_that_were_there_before(dynamodb: str) -> None:
    photo = PhotoFactory()

    triggers.install(connection)

    assert set(writing.due().values_list("table", "item")) == {("pets", photo.pet.pk), ("photos", photo.pk)}


def test_throttled_items_of_a_batch_are_sent_again(mirror: str) -> None:
    pets = PetFactory.create_batch(5)
    asked: list[dict[str, Any]] = []

    def note(params: dict[str, Any], **_event: Any) -> None:
        asked.append(json.loads(params["body"])["RequestItems"])

    def throttle(parsed: dict[str, Any], **_event: Any) -> None:
        """Say that half of the batch was left over, as DynamoDB does where it has no capacity."""
        [(name, requests)] = asked[-1].items()
        if len(asked) < 3:
            parsed["UnprocessedItems"] = {name: requests[len(requests) // 2 :]}

    events = client("dynamodb").meta.events
    events.register("before-call.dynamodb.BatchWriteItem", note)
    events.register("after-call.dynamodb.BatchWriteItem", throttle)
    try:
        assert writing.work().written == 5
    finally:
        events.unregister("before-call.dynamodb.BatchWriteItem", note)
        events.unregister("after-call.dynamodb.BatchWriteItem", throttle)

    assert [len(requests) for one in asked for requests in one.values()] == [5, 3, 2]
    assert {there(pet)["Name"] for pet in pets} == {pet.name for pet in pets}
