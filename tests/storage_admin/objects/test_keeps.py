"""Every change keeps what nobody asked to change: all actions, each with all attributes, as Amazon has them.

On MiniStack, which has classes, single grants and locks in one.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from portal.s3 import acl, attributes, object_lock, session, tags
from portal.s3.acl import Acl, Grant, Permission
from portal.s3.buckets import Birth
from portal.s3.object_lock import Retention
from portal.s3.ownership import Ownership
from portal.s3.public_access_block import PublicAccessBlock
from portal.s3.types import RetentionMode
from tests.contract.arrange import HEADERS, METADATA, RICH, TAGS
from tests.storage_admin.objects.test_changes import send

pytestmark = [pytest.mark.django_db, pytest.mark.servers]
FRIEND = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"
UNTIL = (datetime.now(UTC) + timedelta(days=2)).replace(microsecond=0)
LONGER = (UNTIL + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%S")
KMS_KEY = "arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555"

# What is sent with each form, and which attributes may be others afterwards.
CHANGES: dict[str, tuple[dict[str, str], set[str]]] = {
    "metadata": ({"cache_control": "no-store"}, {"headers"}),
    "tags": ({"tags-0-value": "other"}, {"tags"}),
    "class": ({"storage_class": "GLACIER_IR"}, {"class"}),
    "encryption": ({"algorithm": "aws:kms", "kms_key": KMS_KEY, "way": "copy"}, {"encryption"}),
    "acl": ({"canned": "private"}, {"grants"}),
    "public": ({}, {"grants"}),
    "retention": ({"until": LONGER}, {"retention"}),
    "hold": ({}, {"hold"}),
    "copy": ({"to_key": "b"}, set()),
    "move": ({"to_key": "b"}, set()),
}


def everything(bucket: str, key: str) -> dict[str, Any]:
    """Return all that S3 keeps beside the bytes, and those."""
    found = attributes.read(bucket, key)
    grants = acl.of_object(bucket, key).grants
    return {
        "headers": found.headers,
        "metadata": found.metadata,
        "tags": tags.of_object(bucket, key),
        "grants": sorted((one.grantee, one.permission) for one in grants),
        "class": found.storage_class,
        "encryption": (found.encryption, found.kms_key),
        "retention": found.retention,
        "hold": found.legal_hold,
        "body": session.client().get_object(Bucket=bucket, Key=key)["Body"].read(),
    }


@pytest.mark.parametrize("action", CHANGES)
def test_change_keeps_what_nobody_asked_to_change(page, amazon_like, action) -> None:
    bucket = amazon_like(Birth(Ownership.OBJECT_WRITER, PublicAccessBlock(), object_lock=True))
    session.client().put_object(
        Bucket=bucket.name, Key="a", Body=b"bytes", StorageClass="STANDARD_IA",
        ServerSideEncryption="AES256", **RICH,
    )  # fmt: skip
    now = acl.of_object(bucket.name, "a")
    acl.write_object(
        bucket.name, "a", acl=Acl(now.owner, (*now.grants, Grant(FRIEND, Permission.READ)), now.owner_name)
    )
    object_lock.retain(bucket.name, "a", Retention(RetentionMode.GOVERNANCE, UNTIL))
    object_lock.hold(bucket.name, "a", on=True)
    before = everything(bucket.name, "a")
    sent, may_change = CHANGES[action]

    response = send(page, bucket, action, "a", **sent)

    assert response.status_code == 200
    after = everything(bucket.name, sent.get("to_key", "a"))
    changed = {name for name in before if before[name] != after[name]}
    assert changed == may_change
    assert (before["headers"], before["metadata"], before["tags"]) == (HEADERS, METADATA, TAGS)
