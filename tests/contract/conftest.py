"""One fixture `store` for all stores; a test that uses it runs on each of them."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from uuid import uuid4

import pytest

from portal.s3 import buckets, capabilities, objects, session, uploads, versioning
from portal.s3.buckets import Birth
from portal.s3.capabilities import Capability, Server
from portal.s3.errors import S3Error
from portal.s3.ownership import Ownership
from portal.s3.public_access_block import PublicAccessBlock
from tests import store as stores_of_tests
from tests.contract import stores
from tests.contract.stores import Endpoint

NAMES = ("moto", "seaweedfs", "ministack", *(["given"] if stores.given() else []))


@pytest.fixture(scope="session", params=NAMES)
def endpoint(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """A running store, once for all tests."""
    with ExitStack() as stack:
        if request.param == "moto":
            yield stack.enter_context(stores.moto())
        elif request.param == "seaweedfs":
            yield stores.seaweedfs(request.getfixturevalue("seaweedfs"))
        elif request.param == "ministack":
            yield stack.enter_context(stores.ministack(tmp_path_factory.mktemp("ministack")))
        else:
            found = stores.given()
            assert found is not None
            yield found


@pytest.fixture
def store(
    endpoint: Endpoint, settings: Any, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Endpoint]:
    """The portal's connection to the store. What the store is known to lack, the test must fail for."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", endpoint.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", endpoint.secret_key)
    stores_of_tests.use_store(settings, endpoint.endpoint_url, region=endpoint.region)
    # Amazon's addresses are virtual hosts: what moto is asked is what Amazon would be.
    settings.S3_CONNECTIONS["default"]["addressing_style"] = "path" if endpoint.endpoint_url else "auto"
    settings.S3_CONNECTIONS["default"]["server"] = endpoint.server.value
    expect_failures(request, endpoint.server)
    yield endpoint
    stores_of_tests.leave_store()


def expect_failures(request: pytest.FixtureRequest, server: Server) -> None:
    """Mark the test as one that must fail, when it needs what the store is known to lack."""
    lacks = capabilities.known(server)
    for marker in request.node.iter_markers("needs"):
        for capability in marker.args:
            assert isinstance(capability, Capability)
            if capability in lacks:
                reason = f"{server}: {capability.value}: {lacks[capability]}"
                request.applymarker(pytest.mark.xfail(strict=True, reason=reason))


@pytest.fixture
def bucket(store: Endpoint) -> Iterator[str]:
    """A bucket without versions or a public access block, where ACLs count (if the store has such things)."""
    yield from _bucket(Birth(Ownership.OBJECT_WRITER, PublicAccessBlock(), versioned=False))


@pytest.fixture
def versioned(store: Endpoint) -> Iterator[str]:
    """The same with versions."""
    yield from _bucket(Birth(Ownership.OBJECT_WRITER, PublicAccessBlock()))


@pytest.fixture(params=[False, True], ids=["unversioned", "versioned"])
def either(store: Endpoint, request: pytest.FixtureRequest) -> Iterator[str]:
    """First the one, then the other."""
    yield from _bucket(Birth(Ownership.OBJECT_WRITER, PublicAccessBlock(), versioned=request.param))


@pytest.fixture
def enforced(store: Endpoint) -> Iterator[str]:
    """A bucket as the portal makes them: versions, public access blocked, ownership enforced."""
    yield from _bucket(Birth())


@pytest.fixture
def locked(store: Endpoint) -> Iterator[str]:
    """A bucket with object lock and no default."""
    yield from _bucket(Birth(object_lock=True))


@pytest.fixture
def key() -> str:
    return f"photos/{uuid4()}.jpg"


def _bucket(birth: Birth) -> Iterator[str]:
    name = f"contract-{uuid4().hex[:20]}"
    buckets.create(name, birth)
    yield name
    empty_and_delete(name)


def empty_and_delete(name: str) -> None:
    """Leave nothing behind, whatever the test made of the bucket."""
    if not buckets.exists(name):
        return
    if versioning.read(name).keeps_versions:
        versioning.enable(name)
    for upload in list(uploads.every(name)):
        uploads.abort(name, upload.key, upload.upload_id)
    targets = [(entry.key, entry.version_id) for entry in objects.versions(name, "")]
    for entry in targets:
        _unlock(name, *entry)
    objects.delete_versions(name, targets, bypass_governance=True)
    session.client().delete_bucket(Bucket=name)


def _unlock(bucket: str, key: str, version_id: str) -> None:
    client = session.client()
    try:
        head = client.head_object(Bucket=bucket, Key=key, VersionId=version_id)
    except (S3Error, client.exceptions.ClientError):
        return  # a marker
    if head.get("ObjectLockLegalHoldStatus") == "ON":
        client.put_object_legal_hold(
            Bucket=bucket, Key=key, VersionId=version_id, LegalHold={"Status": "OFF"}
        )
