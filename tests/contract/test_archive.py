"""Facts 70 to 74: archived objects."""

from datetime import UTC, datetime

import pytest

from portal.s3 import archive, attributes, objects
from portal.s3.archive import Requested, Tier
from portal.s3.attributes import Attributes, Restore
from portal.s3.differences import Capability
from portal.s3.errors import BadRequest, ObjectArchived, RestoreInProgress
from portal.s3.types import StorageClass
from tests.contract.arrange import put

pytestmark = pytest.mark.servers
NEVER = datetime(2020, 1, 1, tzinfo=UTC)


def of_class(name: str, tier: str = "") -> Attributes:
    return Attributes("k", "", 1, "e", NEVER, storage_class=name, archive_tier=tier)


@pytest.mark.needs(Capability.CLASSES, Capability.ARCHIVES)
@pytest.mark.parametrize("name", ["GLACIER", "DEEP_ARCHIVE"])
def test_archived_object_cannot_be_read(bucket: str, key: str, name: str) -> None:
    """70"""
    put(bucket, key, StorageClass=name)

    assert not attributes.read(bucket, key).is_readable
    with pytest.raises(ObjectArchived):
        objects.read(bucket, key)


@pytest.mark.needs(Capability.CLASSES)
def test_instant_retrieval_needs_no_restore(bucket: str, key: str) -> None:
    """70"""
    put(bucket, key, StorageClass="GLACIER_IR")

    assert attributes.read(bucket, key).is_readable
    assert objects.read(bucket, key)


def test_tiers_and_days_fit_the_class() -> None:
    """72"""
    assert Tier.EXPEDITED in archive.tiers(of_class(StorageClass.GLACIER))
    assert Tier.EXPEDITED not in archive.tiers(of_class(StorageClass.DEEP_ARCHIVE))
    assert Tier.EXPEDITED not in archive.tiers(
        of_class(StorageClass.INTELLIGENT_TIERING, "DEEP_ARCHIVE_ACCESS")
    )
    assert archive.tiers(of_class(StorageClass.STANDARD)) == ()
    assert archive.tiers(of_class(StorageClass.INTELLIGENT_TIERING)) == ()
    assert not archive.takes_days(of_class(StorageClass.INTELLIGENT_TIERING, "ARCHIVE_ACCESS"))


@pytest.mark.needs(Capability.CLASSES)
def test_request_that_the_class_does_not_know_is_not_sent(
    bucket: str, key: str, store_calls: list[str]
) -> None:
    """72"""
    put(bucket, key, StorageClass="DEEP_ARCHIVE")
    put(bucket, "plain")

    with pytest.raises(BadRequest, match="Expedited"):
        archive.restore(bucket, key, tier=Tier.EXPEDITED, days=1)
    with pytest.raises(BadRequest, match="days"):
        archive.restore(bucket, key, tier=Tier.BULK)
    with pytest.raises(BadRequest, match="STANDARD"):
        archive.restore(bucket, "plain", tier=Tier.BULK, days=1)

    assert "RestoreObject" not in store_calls


@pytest.mark.needs(Capability.CLASSES, Capability.RESTORE)
def test_restore_is_started(bucket: str, key: str) -> None:
    """74: the class stays."""
    put(bucket, key, StorageClass="GLACIER")

    assert archive.restore(bucket, key, tier=Tier.STANDARD, days=2) is Requested.STARTED

    found = attributes.read(bucket, key)
    assert found.restore is not None
    assert found.storage_class == StorageClass.GLACIER


@pytest.mark.needs(Capability.CLASSES, Capability.RESTORE, Capability.SLOW_RESTORE)
def test_second_restore_is_in_progress(bucket: str, key: str) -> None:
    """73, 74"""
    put(bucket, key, StorageClass="GLACIER")
    archive.restore(bucket, key, tier=Tier.BULK, days=2)

    with pytest.raises(RestoreInProgress):
        archive.restore(bucket, key, tier=Tier.BULK, days=2)

    assert attributes.read(bucket, key).restore == Restore(in_progress=True)
    assert not attributes.read(bucket, key).is_readable


@pytest.mark.parametrize(
    ("header", "state"),
    [
        ("", None),
        ('ongoing-request="true"', Restore(True)),
        (
            'ongoing-request="false", expiry-date="Fri, 21 Dec 2029 00:00:00 GMT"',
            Restore(False, datetime(2029, 12, 21, tzinfo=UTC)),
        ),
    ],
)
def test_restore_header_is_read(header: str, state: Restore | None) -> None:
    """74"""
    assert attributes.restore_state(header) == state
