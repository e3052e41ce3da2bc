"""One fixture `store` for all stores; a test that uses it runs on each of them."""

from collections.abc import Generator, Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import cache
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from portal.s3 import buckets, capabilities, objects, recognising, session, uploads, versioning
from portal.s3.buckets import Birth
from portal.s3.differences import Capability, Server
from portal.s3.errors import S3Error, Unsupported, translate
from portal.s3.ownership import Ownership
from portal.s3.public_access_block import PublicAccessBlock
from tests import store as stores_of_tests
from tests.contract import stores
from tests.contract.stores import Endpoint

NAMES = ("moto", "seaweedfs", "ministack", *(["given"] if stores.given() else []))
_made: set[str] = set()  # buckets that a test has not removed yet


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
    settings.S3_CONNECTIONS["default"]["checksums"] = endpoint.checksums
    if endpoint.is_given and endpoint.server is Server.OTHER:
        endpoint = replace(endpoint, server=_software(endpoint.endpoint_url))
    settings.S3_CONNECTIONS["default"]["server"] = endpoint.server.value
    expect_failures(request, endpoint)
    try:
        yield endpoint
        while _made:  # of tests whose beginning failed; each is tried once more
            empty_and_delete(_made.pop())
    finally:
        stores_of_tests.leave_store()


@cache
def _software(_address: str) -> Server:
    return recognising.recognised()


def expect_failures(request: pytest.FixtureRequest, endpoint: Endpoint) -> None:
    """Mark the test as one that must fail, when it needs what the store is known to lack.

    A given store may be of a release that has it by now: its test may fail.
    """
    lacks = capabilities.known(endpoint.server)
    if endpoint.is_given:
        lacks |= stores.OVER_HTTP.get(endpoint.server, {})
        lacks |= dict.fromkeys(stores.declared(), "said to be lacking by CONTRACT_S3_LACKS")
    for marker in request.node.iter_markers("needs"):
        for capability in marker.args:
            assert isinstance(capability, Capability)
            if capability in lacks:
                reason = f"{endpoint.server}: {capability.value}: {lacks[capability]}"
                request.applymarker(pytest.mark.xfail(strict=not endpoint.is_given, reason=reason))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Take what a given store says that it lacks for a difference that it declares itself.

    What it does wrongly without a word fails, with how to declare that.
    """
    report = yield
    endpoint = getattr(item, "funcargs", {}).get("endpoint")
    if not (isinstance(endpoint, Endpoint) and endpoint.is_given and report.failed and call.excinfo):
        return report
    if lacking := _said_to_be_lacking(call.excinfo.value):
        report.outcome = "skipped"
        report.wasxfail = f"the store says so: {lacking}"
    else:
        needed = [capability.name for marker in item.iter_markers("needs") for capability in marker.args]
        if needed:
            words = f"If the store is known not to do that: CONTRACT_S3_LACKS={','.join(needed)}"
            report.sections.append(("undeclared difference", words))
    return report


def _said_to_be_lacking(error: BaseException | None) -> str:
    """Return the store's own word that it has no such call, if the error comes from it."""
    while error is not None:
        said = translate(error, error.operation_name) if isinstance(error, ClientError) else error
        if isinstance(said, Unsupported):
            return f"{said.operation} {said.code} {said}"
        error = error.__cause__ or error.__context__
    return ""


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
    _made.add(name)
    lacking = buckets.create(name, birth)
    if birth.versioned and lacking and not versioning.read(name).keeps_versions:
        empty_and_delete(name)
        raise Unsupported(" ".join(lacking), operation="PutBucketVersioning")
    yield name
    empty_and_delete(name)


def empty_and_delete(name: str) -> None:
    """Leave nothing behind, whatever the test made of the bucket."""
    if not buckets.exists(name):
        _made.discard(name)
        return
    with suppress(Unsupported):
        if versioning.read(name).keeps_versions:
            versioning.enable(name)
    with suppress(Unsupported):
        for upload in list(uploads.every(name)):
            uploads.abort(name, upload.key, upload.upload_id)
    try:
        targets = [(entry.key, entry.version_id) for entry in objects.versions(name, "")]
    except Unsupported:
        _delete_one_by_one(name)
    else:
        for entry in targets:
            _unlock(name, *entry)
        objects.delete_versions(name, targets, bypass_governance=True)
    session.client().delete_bucket(Bucket=name)
    _made.discard(name)


def _delete_one_by_one(bucket: str) -> None:
    """Delete the objects of a store that knows no versions."""
    client = session.client()
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for one in page.get("Contents", []):
            client.delete_object(Bucket=bucket, Key=one["Key"])


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
