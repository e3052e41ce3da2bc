"""The part of a scan that reads ACLs: what is wrong, what was not looked at, and what is then known."""

from collections.abc import Callable
from typing import Any

import pytest

from photos.models import Photo
from portal.models import User
from portal.s3 import acl, ownership
from portal.s3.acl import Canned
from portal.s3.errors import AccessRefused
from portal.s3.ownership import Ownership
from storage_admin.models import Bucket, Finding, Scan
from storage_admin.reconciliation import acls, repairing
from tests.storage_admin.reconciliation.conftest import a_day_later, found

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

Kept = Callable[..., Photo]
Scanned = Callable[..., Scan]


@pytest.fixture
def open_house(house: Bucket) -> Bucket:
    """A bucket in which ACLs count."""
    ownership.write(house.name, Ownership.OBJECT_WRITER)
    return house


def let_the_world_read(photo: Photo) -> None:
    acl.write_object(photo.bucket, photo.key, version_id=photo.version_id, canned=Canned.PUBLIC_READ)


def test_nothing_is_read_where_the_owner_of_the_bucket_owns_every_object(
    house: Bucket, kept: Kept, scanned: Scanned, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept()

    def of_object(*_args: Any, **_options: Any) -> Any:
        raise AssertionError("an ACL was read")

    monkeypatch.setattr(acl, "of_object", of_object)

    assert scanned().acls == Scan.Acls.OFF


def test_original_that_others_may_read_is_found_and_made_private(
    ada: User, open_house: Bucket, kept: Kept, scanned: Scanned
) -> None:
    kept()
    photo = kept(b"for everybody")
    let_the_world_read(photo)

    scan = scanned()

    assert (scan.acls, scan.counts["acls_read"], scan.counts["wrong-acl"]) == (Scan.Acls.ALL, 2, 1)
    assert found(open_house) == {("wrong-acl", photo.key)}
    finding = Finding.objects.get()
    assert finding.photo == photo.pk
    assert "AllUsers READ" in finding.facts["acl"][1]

    a_day_later()
    outcome = repairing.repair(actor=ada, finding=finding, name="make-private")

    assert outcome.state == Finding.State.REPAIRED
    assert acl.of_object(photo.bucket, photo.key).is_private
    scanned()
    assert not found(open_house)


def test_next_scan_goes_on_behind_the_last_one_and_reads_again_what_was_wrong(
    open_house: Bucket, kept: Kept, scanned: Scanned, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = sorted((kept() for _number in range(5)), key=lambda photo: photo.key)
    let_the_world_read(photos[0])
    let_the_world_read(photos[4])
    monkeypatch.setattr(acls, "MOST_READ", 3)
    monkeypatch.setattr(acls, "BATCH", 2)

    first = scanned()
    assert (first.acls, first.counts["acls_read"]) == (Scan.Acls.SOME, 3)
    assert found(open_house) == {("wrong-acl", photos[0].key)}

    second = scanned()
    assert (second.acls, second.counts["acls_read"]) == (Scan.Acls.SOME, 2)
    assert found(open_house) == {("wrong-acl", photos[0].key), ("wrong-acl", photos[4].key)}

    acl.write_object(open_house.name, photos[4].key, canned=Canned.PRIVATE)
    scanned()
    assert found(open_house) == {("wrong-acl", photos[0].key)}


def test_all_are_read_where_that_was_asked_for(
    open_house: Bucket, kept: Kept, scanned: Scanned, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _number in range(3):
        kept()
    monkeypatch.setattr(acls, "MOST_READ", 1)

    scan = scanned(whose_acls=Scan.Acls.ALL)

    assert (scan.acls, scan.counts["acls_read"]) == (Scan.Acls.ALL, 3)


def test_acls_that_may_not_be_read_are_not_known_and_close_nothing(
    open_house: Bucket, kept: Kept, scanned: Scanned, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = kept()
    let_the_world_read(photo)
    scanned()

    def of_object(*_args: Any, **_options: Any) -> Any:
        raise AccessRefused("No.", code="AccessDenied")

    monkeypatch.setattr(acl, "of_object", of_object)

    scan = scanned()

    assert (scan.state, scan.acls, scan.counts["acls_refused"]) == (Scan.State.COMPLETE, Scan.Acls.REFUSED, 1)
    assert found(open_house) == {("wrong-acl", photo.key)}
