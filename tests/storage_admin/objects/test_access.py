"""Who may read a version: ACLs by version, open and shut. On SeaweedFS, and on MiniStack as Amazon is."""

import pytest
from django.core.exceptions import PermissionDenied

from photos import keys
from portal.audit import AuditEvent
from portal.s3 import acl, attributes, buckets, session
from portal.s3.acl import EVERYBODY, Acl, Canned, Grant, Permission
from portal.s3.buckets import Birth
from portal.s3.ownership import Ownership
from portal.s3.public_access_block import PublicAccessBlock
from storage_admin.errors import NotPossible
from storage_admin.objects import access as object_access
from storage_admin.objects.seen import Seen
from tests.factories import BucketFactory, UserFactory
from tests.storage_admin.conftest import address
from tests.storage_admin.objects.test_changes import said, send
from tests.storage_admin.objects.test_forms import filled

pytestmark = [pytest.mark.django_db, pytest.mark.servers]
OPEN = Birth(Ownership.OBJECT_WRITER, PublicAccessBlock())
FRIEND = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"


@pytest.fixture
def open_bucket(photo_bucket, db):
    """A bucket where ACLs count, versioned, nothing blocked."""
    name = f"open-{photo_bucket[-8:]}"
    if not buckets.exists(name):
        buckets.create(name, OPEN)
    return BucketFactory(name=name)


def test_public_and_private_again_of_one_version(page, open_bucket, prefix, put, ada) -> None:
    key = f"{prefix}a"
    old, new = put(key, b"1", into=open_bucket.name), put(key, b"2", into=open_bucket.name)

    response = send(page, open_bucket, "public", key, old)

    assert "lets everybody read" in said(response)
    assert acl.of_object(open_bucket.name, key, version_id=old).public_grants
    assert not acl.of_object(open_bucket.name, key, version_id=new).public_grants
    event = AuditEvent.objects.get(action="object.made_public")
    assert (event.actor, event.version_id) == (ada, old)
    assert [EVERYBODY, "READ"] in (event.after or {})["grants"]
    assert [EVERYBODY, "READ"] not in (event.before or {})["grants"]
    assert "Make private" in [act.label for act in response.context["acts"]]

    send(page, open_bucket, "private", key, old)

    assert acl.of_object(open_bucket.name, key, version_id=old).is_private


def test_grants_to_accounts_stay_when_the_world_comes_and_goes(page, amazon_like) -> None:
    """On MiniStack: SeaweedFS takes grants to accounts of its own alone."""
    open_bucket, key = amazon_like(OPEN), "a"
    put = session.client().put_object(Bucket=open_bucket.name, Key=key, Body=b"bytes")
    version = put["VersionId"]
    now = acl.of_object(open_bucket.name, key)
    own = (*now.grants, Grant(FRIEND, Permission.READ))
    acl.write_object(open_bucket.name, key, version_id=version, acl=Acl(now.owner, own, now.owner_name))

    send(page, open_bucket, "public", key, version)
    while_public = acl.of_object(open_bucket.name, key)
    send(page, open_bucket, "private", key, version)

    assert Grant(FRIEND, Permission.READ) in while_public.grants
    assert while_public.public_grants
    assert set(acl.of_object(open_bucket.name, key).grants) == set(own)


def test_canned_and_grants_are_set(page, amazon_like) -> None:
    open_bucket, key = amazon_like(OPEN), "a"
    session.client().put_object(Bucket=open_bucket.name, Key=key, Body=b"bytes")
    owner = acl.of_object(open_bucket.name, key).owner

    send(page, open_bucket, "acl", key, canned=Canned.PUBLIC_READ.value)
    by_name = acl.of_object(open_bucket.name, key)
    send(page, open_bucket, "acl", key, grants=f"FULL_CONTROL {owner}\n\nREAD {FRIEND}\nREAD {FRIEND}")

    assert by_name.public_grants
    found = acl.of_object(open_bucket.name, key)
    assert set(found.grants) == {Grant(owner, Permission.FULL_CONTROL), Grant(FRIEND, Permission.READ)}


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("READ ann@example.org", "e-mail address"),
        ("WRITE everybody", "no permission"),
        ("READ", "no permission"),
        ("<b>", "no permission"),
        ("\n".join(f"READ {number:064x}" for number in range(101)), "an ACL holds 100"),
    ],
)
def test_grants_that_s3_would_refuse_are_told_before(page, open_bucket, prefix, put, typed, words) -> None:
    put(f"{prefix}a", into=open_bucket.name)

    response = send(page, open_bucket, "acl", f"{prefix}a", grants=typed)

    assert words in response.text
    assert "<b>" not in response.text
    assert acl.of_object(open_bucket.name, f"{prefix}a").is_private


def test_same_grants_are_told(page, open_bucket, prefix, put) -> None:
    put(f"{prefix}a", into=open_bucket.name)

    assert "already" in send(page, open_bucket, "acl", f"{prefix}a").text


@pytest.mark.parametrize("name", ["acl", "public", "private"])
def test_form_is_shut_with_the_reason_where_ownership_is_enforced(page, bucket, prefix, put, name) -> None:
    put(f"{prefix}a")
    where = address(name, bucket, key=f"{prefix}a")

    assert "ACLs are switched off" in page.get(where).text
    assert page.post(where, {"seen": "{}"}).status_code == 409


def test_service_refuses_where_ownership_is_enforced(bucket, prefix, put, ada) -> None:
    put(f"{prefix}a")
    seen = Seen.of(attributes.read(bucket.name, f"{prefix}a"))

    with pytest.raises(NotPossible):
        object_access.make_public(actor=ada, bucket=bucket, key=f"{prefix}a", seen=seen, seen_grants=[])

    assert AuditEvent.objects.get().outcome == AuditEvent.Outcome.REFUSED


def test_acl_that_somebody_changed_meanwhile_is_not_overwritten(page, open_bucket, prefix, put) -> None:
    key = f"{prefix}a"
    version = put(key, into=open_bucket.name)
    where = address("acl", open_bucket, key=key, version=version)
    sent = filled(page.get(where), canned="bucket-owner-read")
    acl.write_object(open_bucket.name, key, canned=Canned.PUBLIC_READ)

    response = page.post(where, sent)

    assert response.status_code == 409
    assert "everybody in the world" in response.text
    assert acl.of_object(open_bucket.name, key).public_grants


def test_opening_needs_the_right_to_open(client, open_bucket, prefix, put) -> None:
    key = f"{prefix}a"
    version = put(key, into=open_bucket.name)
    user = UserFactory(rights=["storage_admin.view_bucket", "storage_admin.change_object_acl"])
    client.force_login(user)

    shown = client.get(address("acl", open_bucket, key=key, version=version))
    refused = client.post(
        address("acl", open_bucket, key=key, version=version), filled(shown, grants="READ everybody")
    )

    assert "public-read" not in shown.text
    assert client.get(address("public", open_bucket, key=key)).status_code == 403
    assert refused.status_code == 403
    assert acl.of_object(open_bucket.name, key).is_private
    assert AuditEvent.objects.get(action="object.acl_changed").outcome == AuditEvent.Outcome.REFUSED


def test_originals_are_opened_only_by_who_may_download_them(bucket, put, photo_bucket) -> None:
    key = f"{keys.ORIGINALS}x/orphan.jpg"
    put(key)
    user = UserFactory(
        rights=[
            "storage_admin.change_object_acl",
            "storage_admin.make_public",
            "storage_admin.download_object",
        ]
    )

    with pytest.raises(PermissionDenied):
        object_access.make_public(actor=user, bucket=bucket, key=key, seen=Seen("", "", ""), seen_grants=[])


def test_public_form_says_what_the_world_will_read(page, open_bucket, prefix, put, settings) -> None:
    settings.S3_CONNECTIONS["default"]["server"] = "seaweedfs"
    put(f"{prefix}a", into=open_bucket.name, Metadata={"owner-phone": "1"})

    text = page.get(address("public", open_bucket, key=f"{prefix}a")).text

    assert "Everybody in the world can then read this version" in text
    assert "owner-phone" in text
    assert "strangers read nothing whatever they say" in text


def test_object_page_shows_owner_and_grants(page, open_bucket, prefix, put) -> None:
    put(f"{prefix}a", into=open_bucket.name)
    acl.write_object(open_bucket.name, f"{prefix}a", canned=Canned.PUBLIC_READ)

    text = page.get(address("object", open_bucket, key=f"{prefix}a")).text

    assert "May READ" in text
    assert "everybody in the world" in text


def test_switch_that_forbids_public_acls_is_named(page, amazon_like) -> None:
    """62: MiniStack refuses as Amazon does; SeaweedFS has no such switches."""
    bucket = amazon_like(Birth(Ownership.OBJECT_WRITER, PublicAccessBlock(block_public_acls=True)))
    session.client().put_object(Bucket=bucket.name, Key="a", Body=b"bytes")

    shown = page.get(address("public", bucket, key="a"))
    response = send(page, bucket, "public", "a")

    assert "BlockPublicAcls" in shown.text
    assert "BlockPublicAcls" in " ".join(response.context["form"].non_field_errors())
    assert acl.of_object(bucket.name, "a").is_private
    assert AuditEvent.objects.get(action="object.made_public").outcome == AuditEvent.Outcome.FAILED
