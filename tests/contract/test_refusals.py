"""What only Amazon refuses, in the words that it documents: botocore's Stubber speaks for it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.stub import Stubber

from portal.s3 import (
    acl,
    attributes,
    copying,
    encryption,
    lifecycle,
    objects,
    ownership,
    policy,
    session,
    tags,
    versioning,
)
from portal.s3.acl import Canned
from portal.s3.archive import Requested, Tier, restore
from portal.s3.copying import Place
from portal.s3.errors import (
    AccessRefused,
    AclInTheWay,
    AclsDisabled,
    BadRequest,
    Conflict,
    CustomerKeyNeeded,
    MfaRequired,
    ObjectArchived,
    PartlyDone,
    PublicAccessBlocked,
    RestoreInProgress,
    S3Error,
)
from portal.s3.lifecycle import Lifecycle
from portal.s3.ownership import Ownership
from portal.s3.public_access_block import PublicAccessBlock
from portal.s3.session import Timeouts
from portal.s3.types import Algorithm, VersioningState
from portal.s3.versioning import Versioning
from tests import store

KMS_KEY = "arn:aws:kms:us-east-1:111122223333:key/11111111-2222-3333-4444-555555555555"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
ENFORCED = {"OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}}


@pytest.fixture
def amazon(settings: Any) -> Iterator[Stubber]:
    """Amazon's answers, in the order in which the verb asks."""
    store.use_store(settings, "")
    session.forget()
    with Stubber(session.client()) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()
    session.forget()
    store.leave_store()


def head(**fields: Any) -> dict[str, Any]:
    return {"ContentLength": 5, "ETag": '"abc"', "LastModified": NOW, **fields}


def test_changing_the_default_encryption_keeps_what_uploads_may_not_ask_for(amazon: Stubber) -> None:
    """102: since April 2026 Amazon refuses SSE-C where nobody allowed it; left out, that would be reset."""

    def rules(algorithm: str) -> dict[str, Any]:
        default = {"SSEAlgorithm": algorithm, **({"KMSMasterKeyID": KMS_KEY} if "kms" in algorithm else {})}
        return {
            "Rules": [
                {
                    "ApplyServerSideEncryptionByDefault": default,
                    "BucketKeyEnabled": False,
                    "BlockedEncryptionTypes": {"EncryptionType": ["NONE"]},
                }
            ]
        }

    amazon.add_response("get_bucket_encryption", {"ServerSideEncryptionConfiguration": rules("AES256")})
    amazon.add_response(
        "put_bucket_encryption",
        {},
        {"Bucket": "bucket", "ServerSideEncryptionConfiguration": rules("aws:kms")},
    )

    found = encryption.read("bucket")
    encryption.write("bucket", replace(found, algorithm=Algorithm.SSE_KMS, kms_key=KMS_KEY))

    assert found.blocked == ("NONE",)


def test_acl_where_ownership_is_enforced(amazon: Stubber) -> None:
    """58"""
    amazon.add_client_error(
        "put_object_acl", "AccessControlListNotSupported", "The bucket does not allow ACLs", 400
    )

    with pytest.raises(AclsDisabled):
        acl.write_object("bucket", "key", canned=Canned.PRIVATE)


def test_copy_sends_no_acl_where_ownership_is_enforced(amazon: Stubber) -> None:
    """8: get_object_acl is not even asked."""
    amazon.add_response("head_object", head())
    amazon.add_response("get_bucket_ownership_controls", ENFORCED)
    amazon.add_response("copy_object", {"CopyObjectResult": {"ETag": '"abc"'}, "VersionId": "2"})

    assert copying.change_class("bucket", "key", "STANDARD_IA").version_id == "2"


def test_copy_names_class_encryption_and_conditions(amazon: Stubber) -> None:
    """4, 9, 17"""
    amazon.add_response(
        "head_object",
        head(
            VersionId="1",
            StorageClass="STANDARD_IA",
            ServerSideEncryption="aws:kms",
            SSEKMSKeyId=KMS_KEY,
            BucketKeyEnabled=True,
        ),
    )
    amazon.add_response("get_bucket_ownership_controls", ENFORCED)
    amazon.add_response(
        "copy_object",
        {"CopyObjectResult": {"ETag": '"abc"'}, "VersionId": "2"},
        {
            "Bucket": "bucket",
            "Key": "a+b é.jpg",
            "CopySource": {"Bucket": "bucket", "Key": "a+b é.jpg", "VersionId": "1"},
            "CopySourceIfMatch": '"abc"',
            "IfMatch": '"abc"',
            "MetadataDirective": "REPLACE",
            "TaggingDirective": "COPY",
            "Metadata": {"pet": "rex"},
            "StorageClass": "STANDARD_IA",
            "ServerSideEncryption": "aws:kms",
            "SSEKMSKeyId": KMS_KEY,
            "BucketKeyEnabled": True,
        },
    )

    copying.edit("bucket", "a+b é.jpg", metadata={"pet": "rex"})


@pytest.mark.parametrize(
    ("code", "status"), [("PreconditionFailed", 412), ("ConditionalRequestConflict", 409)]
)
def test_copy_over_what_changed_meanwhile(amazon: Stubber, code: str, status: int) -> None:
    """17, 25"""
    amazon.add_response("head_object", head())
    amazon.add_response("get_bucket_ownership_controls", ENFORCED)
    amazon.add_client_error("copy_object", code, "", status)

    with pytest.raises(Conflict):
        copying.change_class("bucket", "key", "STANDARD_IA")


def test_object_with_its_writers_key_is_told_although_head_has_no_words(amazon: Stubber) -> None:
    """19"""
    amazon.add_client_error("head_object", "400", "Bad Request", 400)
    amazon.add_client_error(
        "get_object",
        "InvalidRequest",
        "The object was stored using a form of Server Side Encryption. The correct parameters must be "
        "provided to retrieve the object.",
        400,
    )

    with pytest.raises(CustomerKeyNeeded):
        copying.change_class("bucket", "key", "STANDARD_IA")


def test_metadata_that_head_cannot_show_is_not_replaced(amazon: Stubber) -> None:
    """2"""
    amazon.add_response("head_object", head(MissingMeta=1))
    amazon.add_response("get_bucket_ownership_controls", ENFORCED)

    with pytest.raises(BadRequest, match="cannot show"):
        copying.edit("bucket", "key", metadata={"pet": "rex"})


def test_encryption_in_place_makes_no_copy(amazon: Stubber) -> None:
    """20"""
    amazon.add_response(
        "update_object_encryption",
        {},
        {
            "Bucket": "bucket",
            "Key": "key",
            "VersionId": "1",
            "ObjectEncryption": {"SSEKMS": {"KMSKeyArn": KMS_KEY, "BucketKeyEnabled": True}},
        },
    )

    encryption.move_to_kms("bucket", "key", KMS_KEY, version_id="1")


def test_encryption_by_copy_keeps_the_rest(amazon: Stubber) -> None:
    """9, 20"""
    amazon.add_response("head_object", head(StorageClass="GLACIER_IR", ServerSideEncryption="AES256"))
    amazon.add_response("get_bucket_ownership_controls", ENFORCED)
    amazon.add_response(
        "copy_object",
        {"CopyObjectResult": {"ETag": '"abc"'}},
        {
            "Bucket": "bucket",
            "Key": "key",
            "CopySource": {"Bucket": "bucket", "Key": "key"},
            "CopySourceIfMatch": '"abc"',
            "IfMatch": '"abc"',
            "MetadataDirective": "COPY",
            "TaggingDirective": "COPY",
            "StorageClass": "GLACIER_IR",
            "ServerSideEncryption": "aws:kms",
            "SSEKMSKeyId": KMS_KEY,
            "BucketKeyEnabled": False,
        },
    )

    copying.encrypt("bucket", "key", Algorithm.SSE_KMS, kms_key=KMS_KEY)


def test_acl_that_a_copy_could_not_keep_is_told(amazon: Stubber, monkeypatch: pytest.MonkeyPatch) -> None:
    """7, 62"""
    everybody = {"Type": "Group", "URI": acl.EVERYBODY}
    amazon.add_response("head_object", head())
    amazon.add_client_error("get_bucket_ownership_controls", "OwnershipControlsNotFoundError", "", 404)
    amazon.add_response(
        "get_object_acl",
        {"Owner": {"ID": "me"}, "Grants": [{"Grantee": everybody, "Permission": "READ"}]},
    )
    amazon.add_response("copy_object", {"CopyObjectResult": {"ETag": '"abc"'}, "VersionId": "2"})
    amazon.add_client_error("put_object_acl", "AccessDenied", "Access Denied", 403)
    amazon.add_response(
        "get_public_access_block", {"PublicAccessBlockConfiguration": {"BlockPublicAcls": True}}
    )
    monkeypatch.setattr("portal.s3.public_access_block.read_account", _refused)

    with pytest.raises(PartlyDone, match=r"private now.*BlockPublicAcls"):
        copying.change_class("bucket", "key", "STANDARD_IA")


def _refused(**_given: Any) -> Any:
    raise AccessRefused("not allowed to look")


def test_public_acl_under_the_accounts_block_names_the_account(
    amazon: Stubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    """62, 63"""
    amazon.add_client_error("put_object_acl", "AccessDenied", "Access Denied", 403)
    amazon.add_client_error("get_public_access_block", "NoSuchPublicAccessBlockConfiguration", "", 404)
    on = PublicAccessBlock(block_public_acls=True)

    monkeypatch.setattr("portal.s3.public_access_block.read_account", lambda **_given: on)

    with pytest.raises(PublicAccessBlocked, match="account"):
        acl.write_object("bucket", "key", canned=Canned.PUBLIC_READ)


def test_ownership_over_grants_that_are_left(amazon: Stubber) -> None:
    """60"""
    amazon.add_client_error(
        "put_bucket_ownership_controls",
        "InvalidBucketAclWithObjectOwnership",
        "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
        400,
    )

    with pytest.raises(AclInTheWay):
        ownership.write("bucket", Ownership.ENFORCED)


def test_old_bucket_without_ownership_controls(amazon: Stubber) -> None:
    """61"""
    amazon.add_client_error("get_bucket_ownership_controls", "OwnershipControlsNotFoundError", "", 404)

    assert ownership.read("bucket") is Ownership.OBJECT_WRITER


def test_mfa_bucket_is_told(amazon: Stubber) -> None:
    """44"""
    amazon.add_response("get_bucket_versioning", {"Status": "Enabled", "MFADelete": "Enabled"})
    amazon.add_client_error(
        "put_bucket_versioning", "AccessDenied", "Mfa Authentication must be used for this request", 403
    )

    assert versioning.read("bucket") == Versioning(VersioningState.ENABLED, mfa_delete=True)
    with pytest.raises(MfaRequired):
        versioning.suspend("bucket")


def test_bulk_delete_in_an_mfa_bucket_fails_as_a_whole(amazon: Stubber) -> None:
    """44: nothing of it is called done."""
    with Stubber(session.client(timeouts=Timeouts.WORKER)) as worker:
        worker.add_client_error(
            "delete_objects", "AccessDenied", "Mfa Authentication must be used for this request", 403
        )
        with pytest.raises(MfaRequired):
            objects.delete_versions("bucket", [("plain", "null"), ("key", "v1")])


def test_lifecycle_rules_in_an_mfa_bucket_are_refused_before_they_are_sent(amazon: Stubber) -> None:
    """87"""
    amazon.add_response("get_bucket_versioning", {"Status": "Enabled", "MFADelete": "Enabled"})
    rule = {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}

    with pytest.raises(MfaRequired, match="lifecycle"):
        lifecycle.write("bucket", Lifecycle((rule,)))


def test_tags_of_a_bucket_with_access_by_tags_go_through_the_account(amazon: Stubber, settings: Any) -> None:
    """106"""
    settings.S3_CONNECTIONS["default"]["expected_owner"] = "111122223333"
    place = {"AccountId": "111122223333", "ResourceArn": "arn:aws:s3:::bucket"}
    before = {"kept": "1", "old": "1", "new": "0"}
    amazon.add_response("get_bucket_abac", {"AbacStatus": {"Status": "Enabled"}})
    amazon.add_response(
        "get_bucket_tagging", {"TagSet": [{"Key": name, "Value": value} for name, value in before.items()]}
    )
    with Stubber(session.control_client()) as account:
        account.add_response("tag_resource", {}, {**place, "Tags": [{"Key": "new", "Value": "1"}]})
        account.add_response("untag_resource", {}, {**place, "TagKeys": ["old"]})

        tags.write_bucket("bucket", {"kept": "1", "new": "1"})

        account.assert_no_pending_responses()


def test_tags_of_any_other_bucket_are_replaced_as_a_set(amazon: Stubber) -> None:
    """106"""
    amazon.add_response("get_bucket_abac", {"AbacStatus": {"Status": "Disabled"}})
    amazon.add_response(
        "put_bucket_tagging", {}, {"Bucket": "bucket", "Tagging": {"TagSet": [{"Key": "a", "Value": "b"}]}}
    )

    tags.write_bucket("bucket", {"a": "b"})


@pytest.mark.parametrize(
    ("status", "done"), [(202, Requested.STARTED), (200, Requested.EXTENDED)], ids=["started", "extended"]
)
def test_restore_tells_started_from_extended(amazon: Stubber, status: int, done: Requested) -> None:
    """73"""
    amazon.add_response("head_object", head(StorageClass="GLACIER"))
    amazon.add_response("restore_object", {"ResponseMetadata": {"HTTPStatusCode": status}})

    assert restore("bucket", "key", tier=Tier.BULK, days=1) is done


def test_restore_of_intelligent_tiering_sends_no_days(amazon: Stubber) -> None:
    """72"""
    amazon.add_response(
        "head_object", head(StorageClass="INTELLIGENT_TIERING", ArchiveStatus="ARCHIVE_ACCESS")
    )
    amazon.add_response(
        "restore_object",
        {"ResponseMetadata": {"HTTPStatusCode": 202}},
        {
            "Bucket": "bucket",
            "Key": "key",
            "RestoreRequest": {"GlacierJobParameters": {"Tier": "Standard"}},
        },
    )

    assert restore("bucket", "key", tier=Tier.STANDARD) is Requested.STARTED


def test_second_restore(amazon: Stubber) -> None:
    """73"""
    amazon.add_response("head_object", head(StorageClass="GLACIER"))
    amazon.add_client_error("restore_object", "RestoreAlreadyInProgress", "", 409)

    with pytest.raises(RestoreInProgress):
        restore("bucket", "key", tier=Tier.BULK, days=1)


def test_archived_source_is_not_copied(amazon: Stubber) -> None:
    """22: not even asked for."""
    amazon.add_response("head_object", head(StorageClass="DEEP_ARCHIVE"))

    with pytest.raises(ObjectArchived):
        copying.change_class("bucket", "key", "STANDARD")


def test_restored_source_is_readable_although_its_class_stays() -> None:
    """74"""
    found = attributes._parsed(
        "key",
        head(
            StorageClass="GLACIER",
            Restore='ongoing-request="false", expiry-date="Fri, 21 Dec 2029 00:00:00 GMT"',
        ),
    )

    assert found.is_archived
    assert found.is_readable


def test_move_whose_source_changed_keeps_both(amazon: Stubber) -> None:
    """24"""
    amazon.add_response("head_object", head())
    amazon.add_response("head_object", head())
    amazon.add_client_error("head_object", "404", "", 404)  # the target is free
    amazon.add_response("get_bucket_ownership_controls", ENFORCED)
    amazon.add_response("copy_object", {"CopyObjectResult": {"ETag": '"abc"'}})
    amazon.add_response("head_object", head())
    amazon.add_response("head_object", head())
    amazon.add_client_error("delete_object", "PreconditionFailed", "", 412)

    with pytest.raises(PartlyDone, match="stays where it is"):
        copying.move(Place("bucket", "key"), Place("bucket", "new"))


def test_public_policy_that_is_blocked(amazon: Stubber) -> None:
    """62"""
    amazon.add_client_error(
        "put_bucket_policy",
        "AccessDenied",
        "User: arn:aws:iam::111122223333:user/x is not authorized to perform: s3:PutBucketPolicy because "
        "public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.",
        403,
    )

    with pytest.raises(PublicAccessBlocked):
        policy.write("bucket", '{"Statement": [{}]}')


def test_tags_that_may_not_be_read_are_not_taken_for_none(amazon: Stubber) -> None:
    """98"""
    amazon.add_client_error("get_object_tagging", "AccessDenied", "Access Denied", 403)

    with pytest.raises(S3Error):
        tags.edit_object("bucket", "key", add={"a": "b"})
