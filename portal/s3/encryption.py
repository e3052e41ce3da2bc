"""Encryption at rest: a bucket's default for new objects, and re-encrypting one without a copy."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from portal.s3 import session
from portal.s3.errors import BadRequest, NotConfigured, Unsupported, translated
from portal.s3.types import Algorithm
from portal.s3.version_param import version_param

_KEY_ARN = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+")


@dataclass(frozen=True)
class DefaultEncryption:
    """What new objects get. `kms_key` is a key's full ARN; empty with KMS: the account's own `aws/s3` key.

    A bucket key saves most of the calls (and their price) to KMS. `blocked` are kinds of encryption
    that uploads may not ask for ("SSE-C"; "NONE": all are allowed); empty where the store says nothing.
    """

    algorithm: Algorithm = Algorithm.SSE_S3
    kms_key: str = ""
    bucket_key: bool = False
    blocked: tuple[str, ...] = ()


def check_key(arn: str) -> None:
    """BadRequest unless it is the full ARN of a key.

    An alias would be looked up in the account of whoever uploads, and may mean another key there
    (API:ServerSideEncryptionByDefault).
    """
    if not _KEY_ARN.fullmatch(arn):
        raise BadRequest(_("Name the KMS key by its full ARN (arn:aws:kms:…:key/…), not by an alias."))


def read(bucket: str, *, alias: str = session.DEFAULT) -> DefaultEncryption:
    """Return the bucket's default; algorithm NONE where there is none."""
    try:
        with translated("GetBucketEncryption"):
            answer = session.client(alias).get_bucket_encryption(Bucket=bucket)
    except NotConfigured:
        return DefaultEncryption(Algorithm.NONE)
    rule: Any = next(iter(answer["ServerSideEncryptionConfiguration"]["Rules"]), {})
    default = rule.get("ApplyServerSideEncryptionByDefault", {})
    return DefaultEncryption(
        algorithm=Algorithm.told(default.get("SSEAlgorithm", Algorithm.NONE)),
        kms_key=default.get("KMSMasterKeyID", ""),
        bucket_key=bool(rule.get("BucketKeyEnabled")),
        blocked=tuple(sorted(rule.get("BlockedEncryptionTypes", {}).get("EncryptionType", []))),
    )


def write(bucket: str, wanted: DefaultEncryption, *, alias: str = session.DEFAULT) -> None:
    """Set the default for new objects; those that exist stay as they are. NONE: back to the store's own."""
    client = session.client(alias)
    if wanted.algorithm is Algorithm.NONE:
        with translated("DeleteBucketEncryption"):
            client.delete_bucket_encryption(Bucket=bucket)
        return
    default: dict[str, Any] = {"SSEAlgorithm": wanted.algorithm.value}
    if wanted.kms_key:
        check_key(wanted.kms_key)
        default["KMSMasterKeyID"] = wanted.kms_key
    rule: Any = {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": wanted.bucket_key}
    if wanted.blocked:  # left out, it would go back to Amazon's own
        rule["BlockedEncryptionTypes"] = {"EncryptionType": list(wanted.blocked)}
    with translated("PutBucketEncryption"):
        client.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})


def move_to_kms(
    bucket: str,
    key: str,
    kms_key: str,
    *,
    bucket_key: bool = True,
    version_id: str = "",
    alias: str = session.DEFAULT,
) -> None:
    """Encrypt one version with the KMS key, in place (API:UpdateObjectEncryption).

    No copy: version, time, ETag and class stay, and archived objects need no restore. There is no
    way back to SSE-S3. Unsupported but at Amazon; a copy does it elsewhere.
    """
    check_key(kms_key)
    chosen = session.connection(alias)
    if (chosen.server or ("other" if chosen.endpoint_url else "amazon")) != "amazon":
        # A store that does not know `?encryption` takes the call for a PUT of the object, and writes
        # the request over its bytes (seen with MiniStack): it must never be asked.
        raise Unsupported(_("Only Amazon S3 is asked for that."), operation="UpdateObjectEncryption")
    extra = version_param(version_id)
    wanted: Any = {"SSEKMS": {"KMSKeyArn": kms_key, "BucketKeyEnabled": bucket_key}}
    with translated("UpdateObjectEncryption"):
        session.client(alias).update_object_encryption(
            Bucket=bucket, Key=key, ObjectEncryption=wanted, **extra
        )
