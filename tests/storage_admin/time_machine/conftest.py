"""What the tests of the time machine share: a bucket of each test's own, and a mishap in it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import pytest

from portal.s3 import session
from storage_admin.models import Bucket
from tests.storage_admin.jobs.conftest import Put, planned, put_in, worked, yard
from tests.storage_admin.jobs.test_time_machine import delete, moment

__all__ = ["planned", "put_in", "worked", "yard"]


@dataclass(frozen=True)
class Mishap:
    """When all was well, and the versions of then by key."""

    when: datetime
    versions: dict[str, str]


@pytest.fixture
def mishap(yard: Bucket, put_in: Put) -> Mishap:
    """A folder in which something was added, changed and deleted after a moment; and neighbours."""
    kept = ("in/kept.jpg", "in/deleted.jpg", "in/deleted.jpg.bak", "in/changed.jpg", "inside.jpg")
    versions = {key: put_in(key, key.encode()) for key in kept}
    when = moment()
    delete(yard, "in/deleted.jpg")
    put_in("in/changed.jpg", b"worse, and longer than it was")
    put_in("in/added.jpg")
    delete(yard, "inside.jpg")
    return Mishap(when, versions)


@pytest.fixture
def destroy(yard: Bucket) -> Callable[[str, str], None]:
    """Destroy a version behind the portal's back."""

    def act(key: str, version_id: str) -> None:
        session.client().delete_object(Bucket=yard.name, Key=key, VersionId=version_id)

    return act
