"""What is read back is what the rows say, exactly, and nothing that nobody needs."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from django.utils import timezone

from photos.models import Photo
from portal.s3 import objects
from storage_admin.analytics import columns, layout, tables
from storage_admin.buckets.prefixes import Tally
from storage_admin.models import AnalyticsExport, UsageSnapshot
from tests.factories import BucketFactory, OwnerFactory, PetFactory, PhotoFactory, WeightRecordFactory
from tests.storage_admin.analytics.conftest import manifest, table

pytestmark = [pytest.mark.servers, pytest.mark.django_db]

Export = Callable[[], AnalyticsExport]


def read(export: Export, bucket: str, name: str) -> list[dict[str, Any]]:
    return table(bucket, manifest(bucket, export()), name).to_pylist()


def test_pet_comes_back_as_its_row_says(export: Export, analytics: str) -> None:
    owner = OwnerFactory(contactable=True)
    pet = PetFactory(
        name="Žofka 🐕 O'Brien", breed="Boxer", owner=owner, birth_date=date(2019, 5, 6), colour="red, white"
    )
    WeightRecordFactory(pet=pet, kg=Decimal("31.00"), weighed_on=date(2024, 1, 1))
    WeightRecordFactory(pet=pet, kg=Decimal("25.5"), weighed_on=date(2025, 1, 1))

    (row,) = read(export, analytics, "pets")

    pet.refresh_from_db()
    assert row == {
        "pet_id": str(pet.pk), "reference": pet.reference, "name": "Žofka 🐕 O'Brien", "species": "dog",
        "breed": "Boxer", "second_breed": "", "sex": "unknown", "neutered": "unknown",
        "birth_date": date(2019, 5, 6), "birth_date_estimated": False, "deceased_date": None,
        "colour": "red, white", "status": "with_owner", "owner_id": str(owner.pk),
        "weight_kg": Decimal("25.50"), "weighed_on": date(2025, 1, 1), "created_at": pet.created_at,
        "updated_at": pet.updated_at, "trashed_at": None,
    }  # fmt: skip


@pytest.mark.parametrize("kg", ["0.01", "25.45", "25.50", "1234.56", "9999.99"])
def test_weight_is_the_decimal_that_was_weighed(export: Export, analytics: str, kg: str) -> None:
    WeightRecordFactory(kg=Decimal(kg))

    assert read(export, analytics, "pets")[0]["weight_kg"] == Decimal(kg)
    assert columns.SCHEMAS["pets"].field("weight_kg").type == pa.decimal128(6, 2)


def test_unknown_values_are_null_and_trash_is_told(export: Export, analytics: str) -> None:
    PetFactory(trashed=True)

    (row,) = read(export, analytics, "pets")

    assert (row["weight_kg"], row["owner_id"], row["birth_date"]) == (None, None, None)
    assert row["trashed_at"].tzinfo is not None


def test_photos_come_back_also_those_without_a_pet(export: Export, analytics: str) -> None:
    ready, waiting = PhotoFactory(key="photos/ü nb/<x>.jpg"), PhotoFactory(pending=True, pet=None)
    trashed = PhotoFactory(trashed=True, duplicate_of=ready)

    found = {row["photo_id"]: row for row in read(export, analytics, "photos")}

    assert set(found) == {str(one.pk) for one in (ready, waiting, trashed)}
    told = found[str(ready.pk)]
    assert (told["key"], told["bytes"], told["width"]) == ("photos/ü nb/<x>.jpg", 12_345, 4000)
    assert (told["pet_id"], told["created_at"]) == (str(ready.pet_id), ready.created_at)
    assert (found[str(waiting.pk)]["pet_id"], found[str(waiting.pk)]["width"]) == (None, None)
    assert (found[str(trashed.pk)]["status"], found[str(trashed.pk)]["duplicate_of_id"]) == (
        "trashed",
        str(ready.pk),
    )


def test_moments_are_utc_to_the_microsecond(export: Export, analytics: str) -> None:
    moment = datetime(2025, 3, 30, 1, 30, 0, 123_457, tzinfo=UTC)
    Photo.objects.filter(pk=PhotoFactory().pk).update(created_at=moment)

    assert read(export, analytics, "photos")[0]["created_at"] == moment


def test_nothing_of_people_places_or_chips_leaves() -> None:
    """Free text and file names stay, too: people write telephone numbers everywhere."""
    sensitive = {
        "phone", "email", "address", "owner_name", "latitude", "longitude", "microchip", "tracker_id", "tag",
        "notes", "warning", "markings", "file_name", "caption", "alt_text", "camera", "uploaded_by",
        "uploaded_by_name", "taken_at", "reason",
    }  # fmt: skip

    assert not sensitive & {name for schema in columns.SCHEMAS.values() for name in schema.names}


def test_contact_data_is_nowhere_in_the_files(export: Export, analytics: str) -> None:
    PhotoFactory(
        pet=PetFactory(owner=OwnerFactory(contactable=True, name="Ann Secret"), notes="ring 0170 1234567"),
        latitude=Decimal("52.516300"), longitude=Decimal("13.377700"), caption="at Hidden Lane",
    )  # fmt: skip
    told = manifest(analytics, export())

    text = str([table(analytics, told, name).to_pylist() for name in layout.TABLES])

    for word in ("Ann", "1234567", "example.org", "Hidden", "52.5163", "13.3777"):
        assert word not in text


def test_usage_is_cut_in_three_ways(export: Export, analytics: str) -> None:
    bucket = BucketFactory(name="counted")
    tally = Tally(1)
    tally.add("dogs/rex\0.jpg", 0, 1, 10)
    tally.add("cats/mia.jpg", 2, 3, 7)
    tally.close()
    UsageSnapshot.objects.create(bucket=bucket, ended_at=timezone.now(), counts={}, markers=99)
    UsageSnapshot.objects.create(
        bucket=bucket, ended_at=timezone.now(), markers=2, uploads=1, upload_bytes=5,
        counts={
            "STANDARD": {"objects": 1, "bytes": 10, "older": 1, "older_bytes": 7},
            "GLACIER": {"objects": 4, "bytes": 400, "older": 0, "older_bytes": 0},
        },
        prefixes={"1": tally.as_data()},
    )  # fmt: skip
    UsageSnapshot.objects.create(bucket=bucket, counts={}, markers=77)  # goes on
    BucketFactory(name="never-counted")

    told = manifest(analytics, export())

    kinds = table(analytics, told, "usage_kinds").to_pylist()
    assert [(row["bucket"], row["kind"], row["objects"], row["bytes"]) for row in kinds] == [
        ("counted", "current", 5, 410), ("counted", "older", 1, 7), ("counted", "markers", 2, 0),
        ("counted", "incomplete", 1, 5),
    ]  # fmt: skip
    classes = table(analytics, told, "usage_classes").to_pylist()
    assert {(row["storage_class"], row["objects"], row["older_bytes"]) for row in classes} == {
        ("STANDARD", 1, 7),
        ("GLACIER", 4, 0),
    }
    folders = table(analytics, told, "usage_folders").to_pylist()
    assert [(row["folder"], row["level"], row["bytes"], row["older_bytes"]) for row in folders] == [
        ("cats/", 1, 0, 7),
        ("dogs/", 1, 10, 0),
    ]


def test_folders_that_are_too_many_are_one_line_without_a_name(export: Export, analytics: str) -> None:
    rows, other = {"big/": [1, 9, 0, 0, 0, 0, 0]}, [2, 3, 0, 0, 0, 0, 0]
    data = {"rows": rows, "other": other, "others": 2, "open": None}
    UsageSnapshot.objects.create(bucket=BucketFactory(), ended_at=timezone.now(), prefixes={"2": data})

    found = read(export, analytics, "usage_folders")

    assert [(row["folder"], row["bytes"]) for row in found] == [("big/", 9), (None, 3)]


def test_tables_without_a_row_have_their_columns(export: Export, analytics: str) -> None:
    told = manifest(analytics, export())

    for name in layout.TABLES:
        assert table(analytics, told, name).schema.equals(columns.SCHEMAS[name])
        assert told["tables"][name]["rows"] == 0
        assert [one["name"] for one in told["tables"][name]["columns"]] == columns.SCHEMAS[name].names


def test_rows_fill_the_columns_exactly() -> None:
    """A column that no row names would be null for ever; what has no column would be dropped."""
    PhotoFactory()
    ended = timezone.now()
    counts = {"STANDARD": {"objects": 1, "bytes": 1, "older": 0, "older_bytes": 0}}
    folders = {"1": {"rows": {"a/": [1] * 7}, "other": [0] * 7, "others": 0, "open": None}}
    UsageSnapshot.objects.create(bucket=BucketFactory(), ended_at=ended, counts=counts, prefixes=folders)

    for name in layout.TABLES:
        batch = tables.READERS[name]("")
        assert batch.rows
        assert set(batch.columns) == set(columns.SCHEMAS[name].names), name


def test_athena_finds_the_same_files_by_its_lists(export: Export, analytics: str) -> None:
    PetFactory()
    done = export()
    told = manifest(analytics, done)

    for name in layout.TABLES:
        listed = objects.read(analytics, layout.symlink(done.prefix, name, done.day)).decode().splitlines()
        assert listed == [f"s3://{analytics}/{one['key']}" for one in told["tables"][name]["files"]]
