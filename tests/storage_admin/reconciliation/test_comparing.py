"""The questions to the database, held to a model in plain Python; rows alone, no store."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from photos.choices import PhotoStatus
from photos.models import Photo
from portal.s3.listing import ListedVersion, VersionsPage
from storage_admin.models import Finding, Scan, StagedEntry
from storage_admin.reconciliation import comparing, staging
from tests.factories import BucketFactory, PhotoFactory

pytestmark = pytest.mark.django_db

Kind = Finding.Kind
NOW = timezone.now()
BEFORE, AFTER = NOW - timedelta(hours=1), NOW + timedelta(hours=1)


@dataclass(frozen=True)
class Stored:
    """A version or a delete marker, as drawn."""

    version_id: str
    is_marker: bool
    bytes: int
    etag: str
    storage_class: str
    modified_at: Any


@dataclass(frozen=True)
class Place:
    """A key: its row, if it has one, and its versions, newest first."""

    status: str
    names: str
    bytes: int
    etag: str
    updated_at: Any
    versions: tuple[Stored, ...]


a_time = st.sampled_from([BEFORE, BEFORE, BEFORE, AFTER])
a_version = st.builds(
    Stored,
    version_id=st.sampled_from(["v1", "v2", "null"]),
    is_marker=st.booleans(),
    bytes=st.sampled_from([1, 2]),
    etag=st.sampled_from(["a", "b"]),
    storage_class=st.sampled_from(["STANDARD", "STANDARD", "GLACIER"]),
    modified_at=a_time,
)


@st.composite
def places(draw: st.DrawFn) -> Place:
    """A row names one of the versions and agrees with it, but for what is drawn to differ."""
    versions = draw(st.lists(a_version, max_size=3, unique_by=lambda one: one.version_id))
    named = draw(st.sampled_from(versions)) if versions else None
    differs = draw(st.sampled_from(["nothing", "nothing", "names", "bytes", "etag"]))
    return Place(
        status=draw(st.sampled_from(["", "ready", "ready", "ready", *PhotoStatus.values])),
        names="v3" if named is None or differs == "names" else named.version_id.replace("null", ""),
        bytes=9 if named is None or differs == "bytes" else named.bytes,
        etag="z" if named is None or differs == "etag" else named.etag,
        updated_at=draw(a_time),
        versions=tuple(versions),
    )


def expected(key: str, place: Place) -> set[tuple[str, str]]:
    """Say in plain words' order what is wrong with one key."""
    found: set[tuple[str, str]] = set()
    newest = place.versions[0] if place.versions else None
    if place.status == "" and newest and not newest.is_marker and newest.modified_at == BEFORE:
        found.add((Kind.ORPHAN, key))
    if place.status in {"stored", "processing", "ready", "failed"} and place.updated_at == BEFORE:
        found |= {(kind, key) for kind in [wrong(place)] if kind}
    return found


def wrong(place: Place) -> str:
    named = [
        one
        for one in place.versions
        if not one.is_marker and one.version_id.replace("null", "") == place.names
    ]
    if not named:
        return Kind.DANGLING
    if named[0].bytes != place.bytes:
        return Kind.WRONG_SIZE
    if named[0].etag != place.etag:
        return Kind.WRONG_ETAG
    if place.versions[0].is_marker:
        return Kind.HIDDEN
    return Kind.ARCHIVED if named[0].storage_class == "GLACIER" else ""


def make_row(key: str, place: Place, bucket: str) -> None:
    traits: dict[str, Any] = {"status": place.status, "reason": "a test"}
    if place.status == PhotoStatus.PROCESSING:
        traits |= {"claim": uuid4(), "claimed_at": NOW}
    photo = PhotoFactory(
        pet=None, bucket=bucket, key=key, version_id=place.names, etag=place.etag, bytes=place.bytes, **traits
    )
    Photo.objects.filter(pk=photo.pk).update(updated_at=place.updated_at)


def listed(key: str, place: Place) -> list[ListedVersion]:
    return [
        ListedVersion(
            key=key, version_id=one.version_id, is_latest=number == 0, is_delete_marker=one.is_marker,
            last_modified=one.modified_at, bytes=one.bytes, etag=one.etag, storage_class=one.storage_class,
        )
        for number, one in enumerate(place.versions)
    ]  # fmt: skip


@settings(deadline=None)  # a database answers, on a busy machine
@given(drawn=st.lists(places(), max_size=4), cut=st.integers(0, 12))
def test_database_finds_what_the_model_finds(drawn: list[Place], cut: int) -> None:
    with transaction.atomic():
        bucket = BucketFactory(name="compared")
        scan = Scan.objects.create(bucket=bucket, begun_at=NOW)
        keys = {f"photos/unassigned/{number}.jpg": place for number, place in enumerate(drawn)}
        entries = [entry for key, place in keys.items() for entry in listed(key, place)]
        first = staging.rows_of(VersionsPage([], entries[:cut]))
        second = staging.rows_of(VersionsPage([], entries[cut:]), first.hidden_key)
        staging.write([*first.rows, *second.rows])
        for key, place in keys.items():
            if place.status:
                make_row(key, place, bucket.name)

        found = [*comparing.originals(scan), *comparing.orphans(scan)]

        assert len(found) == len({(one.kind, one.key) for one in found})
        assert {(one.kind, one.key) for one in found} == set().union(
            *(expected(key, place) for key, place in keys.items())
        )
        assert not list(comparing.loose_renditions(scan))
        transaction.set_rollback(True)


def test_rendition_of_a_photo_that_is_being_worked_on_is_not_loose() -> None:
    scan = Scan.objects.create(bucket=BucketFactory(), begun_at=NOW)
    busy = PhotoFactory(stored=True)
    turned = PhotoFactory(leftovers_since=NOW)
    settled = PhotoFactory()
    rows = [a_rendition(photo.pk) for photo in (busy, turned, settled)]
    staging.write(rows)

    assert [one.key for one in comparing.loose_renditions(scan)] == [rows[2].key]


def a_rendition(photo: UUID) -> staging.Row:
    key = f"renditions/{photo}/tile-0123456789abcdef.webp"
    return staging.Row(key, "v", True, False, 1, "etag", "STANDARD", BEFORE, photo)


def test_keys_that_no_row_can_hold_are_counted_and_not_compared() -> None:
    nul = ListedVersion("photos/\0", "v", True, False, NOW, 1, "e", "STANDARD")
    vague = ListedVersion("photos/\ufffd", "v", True, False, NOW, 1, "e", "STANDARD")

    exact = staging.rows_of(VersionsPage([], [nul, vague]))
    inexact = staging.rows_of(VersionsPage([], [nul, vague], keys_are_exact=False))

    assert ([row.key for row in exact.rows], exact.odd) == (["photos/\ufffd"], 1)
    assert (inexact.rows, inexact.odd) == ([], 2)


def test_staged_values_come_back_as_they_were() -> None:
    row = a_rendition(uuid4())._replace(key="photos/tab\tline\nback\\slash é 😀")

    staging.write([row])
    staging.is_written()

    entry = StagedEntry.objects.get()
    assert staging.Row(*(getattr(entry, name) for name in staging.COLUMNS)) == row
    staging.empty()
    assert not StagedEntry.objects.exists()
