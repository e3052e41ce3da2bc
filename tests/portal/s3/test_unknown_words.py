"""Words of a store that the portal does not know are told literally, or refused in words."""

import io
from collections.abc import Callable, Iterator

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from portal.s3 import attributes, encryption, object_lock, ownership, versioning
from portal.s3.errors import S3Error
from portal.s3.ownership import Ownership
from portal.s3.types import Algorithm, RetentionMode
from storage_admin.bucket_settings.encryption import EncryptionSetting
from storage_admin.bucket_settings.lock_default import LockSetting
from storage_admin.bucket_settings.ownership import OwnershipSetting
from tests.store import answering, refusal


def document(body: str) -> Callable[[], AWSResponse]:
    return refusal(200, "", body=body)


def head(**headers: str) -> Callable[[], AWSResponse]:
    class Raw(io.BytesIO):
        def stream(self, **_options: object) -> Iterator[bytes]:
            yield b""

    sent = HTTPHeaders()
    usual = {"Content-Length": "3", "ETag": '"e"', "Last-Modified": "Sun, 01 Mar 2026 10:00:00 GMT"}
    for name, value in {**usual, **headers}.items():
        sent[name.replace("_", "-")] = value
    return lambda: AWSResponse("http://store.test/", 200, sent, Raw())


def test_word_that_is_known_is_the_member() -> None:
    assert Algorithm.told("AES256") is Algorithm.SSE_S3
    assert Algorithm.told("aws:fsx") not in set(Algorithm)


def test_encryption_of_an_object_is_told_literally() -> None:
    with answering("HeadObject", head(x_amz_server_side_encryption="aws:fsx")):
        found = attributes.read("any", "a")

    assert found.encryption == "aws:fsx"
    assert found.encryption.value == "aws:fsx"


def test_lock_mode_of_an_object_is_told_literally() -> None:
    lock = {"x_amz_object_lock_mode": "SEALED", "x_amz_object_lock_retain_until_date": "2036-01-01T00:00:00Z"}

    with answering("HeadObject", head(**lock)):
        found = attributes.read("any", "a")

    assert found.retention is not None
    assert found.retention.mode.value == "SEALED"


def test_default_encryption_is_told_literally_and_survives_its_history() -> None:
    setting = EncryptionSetting()
    body = (
        "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault>"
        "<SSEAlgorithm>aws:fsx</SSEAlgorithm>"
        "</ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>"
    )
    with answering("GetBucketEncryption", document(body)):
        found = encryption.read("any")

    assert "aws:fsx" in setting.facts(found).values()
    assert setting.from_data(setting.as_data(found)) == found


def test_ownership_is_told_literally_and_survives_its_history() -> None:
    setting = OwnershipSetting()
    body = "<OwnershipControls><Rule><ObjectOwnership>Shared</ObjectOwnership></Rule></OwnershipControls>"
    with answering("GetBucketOwnershipControls", document(body)):
        found = ownership.read("any")

    assert found not in set(Ownership)
    assert found.has_acls  # not known to be switched off: a page then asks for them
    assert "Shared" in setting.facts(found).values()
    assert setting.from_data(setting.as_data(found)) == found


def test_default_lock_is_told_literally_and_survives_its_history() -> None:
    setting = LockSetting()
    body = (
        "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention>"
        "<Mode>SEALED</Mode><Days>3</Days></DefaultRetention></Rule></ObjectLockConfiguration>"
    )
    with answering("GetObjectLockConfiguration", document(body)):
        found = object_lock.of_bucket("any")

    assert found.mode not in set(RetentionMode)
    assert "SEALED" in setting.facts(found).values()
    assert setting.from_data(setting.as_data(found)) == found


def test_versioning_that_nobody_knows_is_no_state() -> None:
    body = "<VersioningConfiguration><Status>Paused</Status></VersioningConfiguration>"

    with (
        answering("GetBucketVersioning", document(body)),
        pytest.raises(S3Error, match="calls the bucket's versioning “Paused”"),
    ):
        versioning.read("any")
