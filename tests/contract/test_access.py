"""Facts 58 to 69: ownership, ACLs, Block Public Access, and what they make public together."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from portal.s3 import acl, buckets, exposure, links, objects, ownership, policy, public_access_block, session
from portal.s3.acl import ANY_ACCOUNT, EVERYBODY, Acl, Canned, Grant, Permission
from portal.s3.buckets import Birth
from portal.s3.differences import Capability
from portal.s3.errors import AclInTheWay, AclsDisabled, BadRequest, PublicAccessBlocked, Unsupported
from portal.s3.exposure import Exposure, Public
from portal.s3.ownership import Ownership
from portal.s3.public_access_block import PublicAccessBlock
from tests.contract.arrange import put
from tests.contract.conftest import empty_and_delete
from tests.contract.stores import Endpoint
from tests.store import answering, refusal

pytestmark = pytest.mark.servers


def public_policy(bucket: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.mark.needs(Capability.OWNERSHIP, Capability.ACLS_REFUSED)
def test_acl_on_a_bucket_that_enforces_ownership_is_refused_in_words(bucket: str, key: str) -> None:
    """58"""
    put(bucket, key)
    ownership.write(bucket, Ownership.ENFORCED)

    with pytest.raises(AclsDisabled):
        acl.write_object(bucket, key, canned=Canned.PUBLIC_READ)


def stranger() -> Any:
    """A client without keys, at the store's own address."""
    return boto3.client(
        "s3",
        endpoint_url=session.connection().endpoint_url or None,
        region_name=session.region(),
        config=Config(signature_version=UNSIGNED, s3={"addressing_style": "path"}),
    )


@pytest.mark.needs(Capability.STRANGERS_REFUSED)
def test_private_object_is_refused_to_strangers(bucket: str, key: str) -> None:
    """64"""
    put(bucket, key)

    with pytest.raises(ClientError, match=r"AccessDenied|403"):
        stranger().get_object(Bucket=bucket, Key=key)


@pytest.mark.needs(Capability.ACLS, Capability.ACLS_ENFORCED)
def test_public_read_lets_strangers_read_that_object_alone(bucket: str, key: str) -> None:
    """64"""
    put(bucket, key)
    put(bucket, "private")
    acl.write_object(bucket, key, canned=Canned.PUBLIC_READ)

    assert stranger().get_object(Bucket=bucket, Key=key)["Body"].read()
    with pytest.raises(ClientError, match=r"AccessDenied|403"):
        stranger().get_object(Bucket=bucket, Key="private")


def test_upload_sends_no_acl(enforced: str, key: str) -> None:
    """59: neither the portal's own, nor the one that a browser is given."""
    sent: list[str] = []

    def note(request: Any, **_event: Any) -> None:
        sent.extend(request.headers)

    client = session.client(timeouts=session.Timeouts.WORKER)
    client.meta.events.register("before-sign.s3", note)
    try:
        objects.put(enforced, key, b"bytes", content_type="image/jpeg")
    finally:
        client.meta.events.unregister("before-sign.s3", note)
    signed = links.upload_url(enforced, key, content_type="image/jpeg", size=5, metadata={}, seconds=60)

    assert sent
    assert not [name for name in [*sent, *signed.headers] if re.search("acl|grant", name, re.IGNORECASE)]


@pytest.mark.needs(Capability.OWNERSHIP, Capability.ACLS_IN_THE_WAY)
def test_ownership_is_not_enforced_over_public_grants(bucket: str) -> None:
    """60"""
    acl.write_bucket(bucket, canned=Canned.PUBLIC_READ)

    with pytest.raises(AclInTheWay):
        ownership.write(bucket, Ownership.ENFORCED)


@pytest.mark.needs(Capability.OWNERSHIP)
def test_ownership_is_set_and_read(bucket: str) -> None:
    """61"""
    for wanted in (Ownership.PREFERRED, Ownership.OBJECT_WRITER, Ownership.ENFORCED):
        ownership.write(bucket, wanted)

        assert ownership.read(bucket) is wanted


@pytest.mark.needs(Capability.PUBLIC_ACCESS_BLOCK)
def test_switches_are_set_and_read_one_by_one(bucket: str) -> None:
    """61, 103"""
    public_access_block.write(bucket, PublicAccessBlock())
    assert public_access_block.read(bucket) == PublicAccessBlock()

    wanted = PublicAccessBlock(block_public_acls=True, restrict_public_buckets=True)
    public_access_block.write(bucket, wanted)

    assert public_access_block.read(bucket) == wanted


@pytest.mark.needs(Capability.PUBLIC_ACCESS_BLOCK)
@pytest.mark.needs(Capability.UPLOADS_UNDER_BLOCK)
def test_bucket_is_born_with_public_access_blocked(enforced: str) -> None:
    """61"""
    assert public_access_block.read(enforced).is_complete


@pytest.mark.needs(Capability.PUBLIC_ACCESS_BLOCK, Capability.PUBLIC_ACCESS_BLOCK_ENFORCED)
def test_public_acl_under_block_names_the_switch(bucket: str, key: str) -> None:
    """62"""
    put(bucket, key)
    public_access_block.write(bucket, PublicAccessBlock(block_public_acls=True))

    with pytest.raises(PublicAccessBlocked, match="BlockPublicAcls"):
        acl.write_object(bucket, key, canned=Canned.PUBLIC_READ)


@pytest.fixture
def new_name(store: Endpoint) -> Iterator[str]:
    name = f"contract-{uuid4().hex[:20]}"
    yield name
    empty_and_delete(name)


def test_bucket_that_is_born_safe_takes_uploads(new_name: str, key: str) -> None:
    """65: and nothing of the try is left in it."""
    buckets.create(new_name, Birth(ownership=Ownership.OBJECT_WRITER))

    assert buckets.contents(new_name).is_empty
    assert put(new_name, key)


@pytest.mark.needs(Capability.PUBLIC_ACCESS_BLOCK)
def test_switch_that_would_refuse_every_upload_stays_off(new_name: str, store_calls: list[str]) -> None:
    """65: and is not tried at Amazon."""
    with answering("PutObject", refusal(403, "AccessDenied"), times=1):
        lacking = buckets.create(new_name, Birth(ownership=Ownership.OBJECT_WRITER))

    if session.connection().is_at_amazon:
        assert "PutObject" not in store_calls
    else:
        assert "refuses every upload" in lacking[0]
        assert public_access_block.read(new_name) == replace(
            PublicAccessBlock.all_on(), block_public_acls=False
        )


@pytest.mark.needs(Capability.PUBLIC_ACCESS_BLOCK, Capability.UPLOADS_UNDER_BLOCK)
def test_uploads_are_taken_where_public_acls_are_blocked(bucket: str, key: str) -> None:
    """65: an upload without an ACL is private."""
    public_access_block.write(bucket, PublicAccessBlock(block_public_acls=True))

    assert objects.put(bucket, key, b"bytes", content_type="text/plain")


@pytest.mark.needs(Capability.PUBLIC_ACCESS_BLOCK)
def test_switch_stays_on_where_the_keys_may_not_upload_at_all(new_name: str) -> None:
    """65"""
    with answering("PutObject", refusal(403, "AccessDenied")):
        lacking = buckets.create(new_name, Birth(ownership=Ownership.OBJECT_WRITER))

    assert not [said for said in lacking if "every upload" in said]
    assert public_access_block.read(new_name) == PublicAccessBlock.all_on()


def test_stricter_of_two_blocks_counts() -> None:
    """63"""
    one = PublicAccessBlock(block_public_acls=True)
    other = PublicAccessBlock(restrict_public_buckets=True)

    assert one | other == PublicAccessBlock(block_public_acls=True, restrict_public_buckets=True)


@pytest.mark.needs(Capability.ACCOUNTS, Capability.PUBLIC_ACCESS_BLOCK)
def test_block_of_the_account_counts_for_the_bucket(bucket: str) -> None:
    """63"""
    public_access_block.write_account(PublicAccessBlock(ignore_public_acls=True))
    try:
        public_access_block.write(bucket, PublicAccessBlock(block_public_policy=True))

        found = public_access_block.in_force(bucket)
    finally:
        public_access_block.write_account(PublicAccessBlock())

    assert found == PublicAccessBlock(ignore_public_acls=True, block_public_policy=True)


def test_bucket_with_nothing_public_is_not_public(bucket: str) -> None:
    """64"""
    found = exposure.read(bucket)

    if found.public_policy is None and found.public_acl is None:
        raise Unsupported("The store has neither policies nor ACLs to ask about.")
    assert found.verdict is Public.NO


@pytest.mark.needs(Capability.ACLS)
def test_public_bucket_acl_is_public(bucket: str) -> None:
    """64"""
    acl.write_bucket(bucket, canned=Canned.PUBLIC_READ)

    found = exposure.read(bucket)

    assert (found.verdict, found.by_acl, found.by_policy) == (Public.YES, Public.YES, Public.NO)


@pytest.mark.needs(Capability.POLICY)
def test_public_policy_is_public_until_it_is_restricted(bucket: str) -> None:
    """64, 65"""
    policy.write(bucket, public_policy(bucket))

    assert exposure.read(bucket).by_policy is Public.YES


@pytest.mark.needs(Capability.POLICY, Capability.PUBLIC_ACCESS_BLOCK)
def test_restricted_public_policy_is_stored_but_without_effect(bucket: str) -> None:
    """64, 65"""
    policy.write(bucket, public_policy(bucket))
    public_access_block.write(bucket, PublicAccessBlock(restrict_public_buckets=True))

    found = exposure.read(bucket)

    assert (found.public_policy, found.by_policy) == (True, Public.NO)


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (Exposure(False, False, Ownership.OBJECT_WRITER, PublicAccessBlock()), Public.NO),
        (Exposure(True, False, Ownership.OBJECT_WRITER, PublicAccessBlock()), Public.YES),
        (Exposure(True, None, None, PublicAccessBlock()), Public.YES),
        (Exposure(None, False, Ownership.ENFORCED, PublicAccessBlock()), Public.UNKNOWN),
        (Exposure(False, None, Ownership.OBJECT_WRITER, PublicAccessBlock()), Public.UNKNOWN),
        (Exposure(False, True, None, PublicAccessBlock()), Public.UNKNOWN),
        (Exposure(False, True, Ownership.ENFORCED, None), Public.NO),
        (Exposure(False, True, Ownership.PREFERRED, PublicAccessBlock(ignore_public_acls=True)), Public.NO),
        (Exposure(False, True, Ownership.PREFERRED, None), Public.UNKNOWN),
        (Exposure(True, False, Ownership.ENFORCED, None), Public.UNKNOWN),
        (Exposure(None, None, None, PublicAccessBlock.all_on()), Public.NO),
        (Exposure(False, False, None, None), Public.NO),
    ],
)
def test_public_is_computed_from_all_parts_and_unknown_is_not_no(found: Exposure, verdict: Public) -> None:
    """64"""
    assert found.verdict is verdict


@pytest.mark.needs(Capability.ACLS, Capability.ACLS_BY_VERSION)
def test_acl_is_of_one_version(versioned: str, key: str) -> None:
    """68"""
    first = put(versioned, key)
    second = put(versioned, key, b"newer")

    acl.write_object(versioned, key, version_id=first, canned=Canned.PUBLIC_READ)

    assert acl.of_object(versioned, key, version_id=first).public_grants
    assert acl.of_object(versioned, key, version_id=second).is_private


@pytest.mark.needs(Capability.GRANTS)
def test_grants_are_kept_as_they_were_written(bucket: str, key: str) -> None:
    """69"""
    put(bucket, key)
    owner = acl.of_object(bucket, key).owner
    grants = (Grant(owner, Permission.FULL_CONTROL), Grant(ANY_ACCOUNT, Permission.READ_ACP))

    acl.write_object(bucket, key, acl=Acl(owner, grants))

    assert set(acl.of_object(bucket, key).grants) == set(grants)


def test_canned_acl_and_grants_never_go_together(bucket: str, key: str, store_calls: list[str]) -> None:
    """69"""
    put(bucket, key)
    store_calls.clear()
    both = {"canned": Canned.PRIVATE, "acl": Acl("owner", ())}

    for wanted in (both, {}):
        with pytest.raises(BadRequest, match="never both"):
            acl.write_object(bucket, key, **wanted)  # type: ignore[arg-type] # the mistake that is tested

    assert store_calls == []


@pytest.mark.parametrize(
    ("grants", "words"),
    [
        ((Grant("someone@example.org", Permission.READ),), "e-mail"),
        (tuple(Grant(f"{number:064x}", Permission.READ) for number in range(101)), "101 grants"),
    ],
)
def test_grants_that_s3_refuses_are_told_before_it_is_asked(grants: tuple[Grant, ...], words: str) -> None:
    """69"""
    assert any(words in fault for fault in acl.faults(grants))


def test_public_groups_are_everybody_and_any_account() -> None:
    """64"""
    found = Acl("me", (Grant(EVERYBODY, Permission.READ), Grant(ANY_ACCOUNT, Permission.READ)))

    assert len(found.public_grants) == 2
    assert not Acl("me", (Grant("other", Permission.READ),)).is_private
    assert Acl("me", (Grant("me", Permission.FULL_CONTROL),)).is_private
