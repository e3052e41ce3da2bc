"""Which S3 actions the portal's keys may use in a bucket: asked of the store, without harm.

Reads are asked. Writes to objects are sent in a form that cannot succeed: a digest that does not
fit, a condition that cannot be met, an upload or version that is not there. S3 looks at rights
first, so any answer but a refusal says that the action is allowed. They name a random key below
RESERVED; what a careless store took nevertheless is removed again, by its version. A change of a
bucket's settings cannot be tried without making it, and is called "not probed".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError
from django.utils.translation import gettext as _

from portal.s3 import session
from portal.s3.errors import (
    AccessRefused,
    AclsDisabled,
    BadRequest,
    S3Error,
    StorageUnavailable,
    Unsupported,
    translate,
)
from portal.s3.together import Ask, ask_all
from portal.s3.version_param import version_param

RESERVED = ".portal-probe/"
_NO_DIGEST = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="  # of no bytes that anybody knows
_NO_ETAG = '"00000000000000000000000000000000"'
_NULL = "null"  # the one version id that is well formed everywhere; the random key has no such version

_LOOKED_BEHIND = {"NoSuchUpload"}  # answers without a class of their own that come after the rights


class Verdict(StrEnum):
    """What is known of an action."""

    ALLOWED = "allowed"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Finding:
    """What is known of one action; `reason` says why it is unknown, `code` what the store answered."""

    action: str
    verdict: Verdict
    reason: str = ""
    code: str = ""


@dataclass(frozen=True)
class Probe:
    """How one action is tried. Without one of `needs`, a refusal may be about that instead."""

    action: str
    verb: str = ""  # empty: cannot be tried without changing something
    params: Mapping[str, Any] = field(default_factory=dict)
    of_object: bool = False
    needs: tuple[str, ...] = ()


# Who may not list is refused a key that is not there, whatever else he may (API:HeadObject).
_LIST = ("s3:ListBucket",)
PROBES: tuple[Probe, ...] = (
    Probe("s3:ListBucket", "list_objects_v2", {"MaxKeys": 1}),
    Probe("s3:ListBucketVersions", "list_object_versions", {"MaxKeys": 1}),
    Probe("s3:ListBucketMultipartUploads", "list_multipart_uploads", {"MaxUploads": 1}),
    Probe("s3:GetBucketVersioning", "get_bucket_versioning"),
    Probe("s3:GetBucketOwnershipControls", "get_bucket_ownership_controls"),
    Probe("s3:GetBucketPublicAccessBlock", "get_public_access_block"),
    Probe("s3:GetBucketPolicy", "get_bucket_policy"),
    Probe("s3:GetBucketPolicyStatus", "get_bucket_policy_status"),
    Probe("s3:GetBucketAcl", "get_bucket_acl"),
    Probe("s3:GetEncryptionConfiguration", "get_bucket_encryption"),
    Probe("s3:GetLifecycleConfiguration", "get_bucket_lifecycle_configuration"),
    Probe("s3:GetBucketCORS", "get_bucket_cors"),
    Probe("s3:GetBucketTagging", "get_bucket_tagging"),
    Probe("s3:GetBucketObjectLockConfiguration", "get_object_lock_configuration"),
    Probe("s3:GetBucketNotification", "get_bucket_notification_configuration"),
    Probe("s3:GetObject", "head_object", of_object=True, needs=_LIST),
    Probe("s3:GetObjectVersion", "get_object", {"VersionId": _NULL}, of_object=True, needs=_LIST),
    Probe("s3:GetObjectTagging", "get_object_tagging", of_object=True, needs=_LIST),
    Probe("s3:GetObjectAcl", "get_object_acl", of_object=True, needs=_LIST),
    Probe("s3:PutObject", "put_object", {"Body": b"", "ChecksumSHA256": _NO_DIGEST}, of_object=True),
    Probe(
        "s3:PutObjectTagging", "put_object_tagging", {"Tagging": {"TagSet": []}}, of_object=True, needs=_LIST
    ),
    Probe("s3:PutObjectAcl", "put_object_acl", {"ACL": "private"}, of_object=True, needs=_LIST),
    # A condition wants the right to read as well (API:DeleteObject).
    Probe(
        "s3:DeleteObject",
        "delete_object",
        {"IfMatch": _NO_ETAG},
        of_object=True,
        needs=(*_LIST, "s3:GetObject"),
    ),
    Probe("s3:DeleteObjectVersion", "delete_object", {"VersionId": _NULL}, of_object=True),
    Probe("s3:AbortMultipartUpload", "abort_multipart_upload", {"UploadId": "none"}, of_object=True),
    Probe("s3:RestoreObject", "restore_object", {"RestoreRequest": {"Days": 1}}, of_object=True, needs=_LIST),
    *(
        Probe(action)
        for action in (
            "s3:PutBucketVersioning",
            "s3:PutBucketOwnershipControls",
            "s3:PutBucketPublicAccessBlock",
            "s3:PutBucketPolicy",
            "s3:DeleteBucketPolicy",
            "s3:PutBucketAcl",
            "s3:PutEncryptionConfiguration",
            "s3:PutLifecycleConfiguration",
            "s3:PutBucketCORS",
            "s3:PutBucketTagging",
            "s3:PutBucketObjectLockConfiguration",
            "s3:PutBucketNotification",
            "s3:DeleteBucket",
        )
    ),
)


def probe(bucket: str, *, below: str = "", alias: str = session.DEFAULT) -> list[Finding]:
    """Try every action of PROBES; objects are named below the prefix `below`, where rights may differ."""
    return judged(ask_all(asks(bucket, below=below, alias=alias)))


def asks(bucket: str, *, below: str = "", alias: str = session.DEFAULT) -> dict[str, Ask]:
    """Return the questions by action, for whoever asks them together with others; then `judged`."""
    return {one.action: _ask(one, bucket, below, alias) for one in PROBES if one.verb}


def judged(answers: Mapping[str, Any]) -> list[Finding]:
    """Return what follows for each action from what its question came to."""
    found = {
        one.action: _finding(one.action, answers[one.action])
        if one.verb
        else Finding(one.action, Verdict.UNKNOWN, _("not probed: it would change something"))
        for one in PROBES
    }
    for one in PROBES:
        lacking = [name for name in one.needs if found[name].verdict is not Verdict.ALLOWED]
        if found[one.action].verdict is Verdict.REFUSED and lacking:
            reason = _("the store refused, but that may be for want of %(action)s") % {"action": lacking[0]}
            found[one.action] = Finding(one.action, Verdict.UNKNOWN, reason, found[one.action].code)
    return list(found.values())


def _ask(one: Probe, bucket: str, below: str, alias: str) -> Callable[[], S3Error | str | None]:
    params: dict[str, Any] = {"Bucket": bucket, **one.params}
    if one.of_object:
        params["Key"] = f"{below}{RESERVED}{uuid4().hex}"

    def ask() -> S3Error | str | None:
        """Return the store's refusal, whatever it is, or what it left behind in words; None if nothing."""
        client = session.client(alias)
        try:
            answer = getattr(client, one.verb)(**params)
        except (ClientError, BotoCoreError) as error:
            return translate(error, client.meta.method_to_api_mapping[one.verb])
        if one.of_object and one.verb in {"put_object", "delete_object"} and "VersionId" not in one.params:
            return _tidied(params["Key"], answer, bucket, alias)
        return None

    return ask


def _tidied(key: str, answer: Any, bucket: str, alias: str) -> str | None:
    """Take away what a store wrote that looks at neither digests nor conditions."""
    made = version_param(answer.get("VersionId", ""))
    try:
        session.client(alias).delete_object(Bucket=bucket, Key=key, **made)
    except (ClientError, BotoCoreError) as error:
        said = translate(error, "DeleteObject")
        return _("the probe is left at “%(key)s”: %(reason)s") % {"key": key, "reason": said}
    return None


def _finding(action: str, answer: S3Error | str | None) -> Finding:
    if not isinstance(answer, S3Error):
        return Finding(action, Verdict.ALLOWED, answer or "")
    verdict, reason = _meaning(answer)
    return Finding(action, verdict, reason, answer.code)


def _meaning(answer: S3Error) -> tuple[Verdict, str]:
    if isinstance(answer, AccessRefused):
        return Verdict.REFUSED, str(answer)
    if isinstance(answer, Unsupported):
        return Verdict.UNKNOWN, _("the store has no such call")
    if isinstance(answer, AclsDisabled):
        return Verdict.UNKNOWN, _("not needed: the bucket has ACLs switched off")
    vague = isinstance(answer, StorageUnavailable | BadRequest) or type(answer) is S3Error
    if vague and answer.code not in _LOOKED_BEHIND:
        return Verdict.UNKNOWN, str(answer)  # whether the store looked at the rights before, it does not say
    return Verdict.ALLOWED, ""
