"""What the tests of the storage pages share: people by role, a bucket, objects in it, and addresses."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from portal.models import User
from portal.s3 import buckets, session, versioning
from portal.s3.buckets import Birth
from portal.s3.types import VersioningState
from storage_admin.models import Bucket
from tests.contract import stores
from tests.factories import BucketFactory, UserFactory
from tests.store import leave_store, use_store


def in_role(role: str) -> User:
    user = UserFactory()
    user.groups.add(Group.objects.get(name=role))
    return user


@pytest.fixture
def ada(db: None) -> User:
    """A storage admin."""
    return in_role("Storage admin")


@pytest.fixture
def page(client: Client, ada: User) -> Client:
    """A browser with the storage admin at it."""
    client.force_login(ada)
    return client


@pytest.fixture
def bucket(photo_bucket: str, db: None) -> Bucket:
    """The row of the versioned photo bucket, which all tests of this process share."""
    row: Bucket = BucketFactory(name=photo_bucket)
    return row


@pytest.fixture(scope="session")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[stores.Endpoint]:
    """A running simulator of Amazon S3, for what SeaweedFS lacks."""
    with stores.ministack(tmp_path_factory.mktemp("ministack")) as found:
        yield found


@pytest.fixture
def amazon_like(
    ministack: stores.Endpoint, settings: Any, monkeypatch: pytest.MonkeyPatch, db: None
) -> Iterator[Callable[..., Bucket]]:
    """Make buckets in the simulator, which the portal's own connection then leads to."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ministack.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", ministack.secret_key)
    use_store(settings, ministack.endpoint_url)
    settings.S3_CONNECTIONS["default"]["server"] = ministack.server.value

    def make(birth: Birth | None = None) -> Bucket:
        name = f"simulated-{uuid4().hex[:12]}"
        buckets.create(name, birth)
        row: Bucket = BucketFactory(name=name)
        return row

    yield make
    leave_store()


@pytest.fixture
def prefix() -> str:
    """A folder of this test's own."""
    return f"{uuid4().hex}/"


@pytest.fixture
def put(bucket: Bucket) -> Callable[..., str]:
    """Store an object and return its version id."""

    def store(key: str, body: bytes = b"bytes", *, into: str = "", **options: Any) -> str:
        answer = session.client().put_object(Bucket=into or bucket.name, Key=key, Body=body, **options)
        return str(answer.get("VersionId", ""))

    return store


@pytest.fixture
def another_bucket(photo_bucket: str, db: None) -> Callable[[VersioningState], Bucket]:
    """Make a bucket in one of the three states of versioning."""

    def make(state: VersioningState) -> Bucket:
        name = f"other-{uuid4().hex[:12]}"
        buckets.create(name, Birth(versioned=state is not VersioningState.NEVER_SET))
        if state is VersioningState.SUSPENDED:
            versioning.suspend(name)
        row: Bucket = BucketFactory(name=name)
        return row

    return make


def address(name: str, bucket: Bucket, **query: str) -> str:
    """Return the address of a page below the bucket; `version_` and such keep their names."""
    return f"{reverse(f'admin:storage_admin_bucket_{name}', args=[bucket.pk])}?{urlencode(query)}"
