"""What can go wrong between the portal and an S3 store.

    S3Error                     the store answered with an error that has no class of its own
    ├── ObjectNotFound          no such key
    │   └── DeleteMarkerFound   what was asked for is a delete marker: no bytes, tags or ACL
    ├── VersionNotFound         the key has no such version
    ├── BucketNotFound          no such bucket
    ├── NotConfigured           the bucket has no such configuration: verbs answer it as a state
    ├── AccessRefused           the keys are wrong, expired, or lack a permission
    │   ├── ClockSkewed         our clock and the store's differ by too much for a signature
    │   ├── ObjectLocked        retention or a legal hold protects the version
    │   ├── MfaRequired         the bucket wants its root account's device for this
    │   └── PublicAccessBlocked a Block Public Access switch forbids a public ACL or policy
    ├── AclsDisabled            an ACL was sent to a bucket that enforces ownership
    ├── AclInTheWay             the bucket's ACL grants others something: ownership cannot be enforced
    ├── ObjectArchived          the object must be restored before it can be read
    │   └── RestoreInProgress   it is being restored already
    ├── CustomerKeyNeeded       the object is encrypted with a key that only its writer has (SSE-C)
    ├── Conflict                a condition failed: exists already, or changed meanwhile
    │   ├── BucketNotEmpty      objects, versions, markers or uploads are left in it
    │   └── BucketNameTaken     somebody, or we, have a bucket of this name
    ├── BadContent              the bytes do not match the length or the digest announced
    ├── BadRequest              the store, or a rule of S3 checked here, refuses these values
    ├── PartlyDone              the first steps succeeded, a later one did not
    ├── Unsupported             the store lacks the call
    └── StorageUnavailable      no answer, throttled, or an internal error; try again later

`translate()` is the only reader of error codes. Errors speak to a person; `code`
and `request_id` are for whoever helps that person.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
)
from botocore.exceptions import ConnectionError as BotoConnectionError
from django.utils.translation import gettext as _

from portal.s3 import refusals


class S3Error(Exception):
    """The store answered with an error that has no class of its own."""

    def __init__(self, message: str, *, operation: str = "", code: str = "", request_id: str = "") -> None:
        super().__init__(message)
        self.operation = operation
        self.code = code
        self.request_id = request_id


class ObjectNotFound(S3Error):
    """No such key."""


class DeleteMarkerFound(ObjectNotFound):
    """What was asked for is a delete marker, which has no bytes, tags, class or ACL."""


class VersionNotFound(S3Error):
    """The key has no such version."""


class BucketNotFound(S3Error):
    """No such bucket."""


class NotConfigured(S3Error):
    """The bucket has no such configuration. Verbs catch this: it is a state, not a failure."""


class AccessRefused(S3Error):
    """The keys are wrong, expired, or lack a permission."""


class ClockSkewed(AccessRefused):
    """Our clock and the store's differ by more than a signature may (15 minutes at Amazon)."""


class ObjectLocked(AccessRefused):
    """Retention or a legal hold protects the version."""


class MfaRequired(AccessRefused):
    """The bucket has MFA delete: only its root account, with its device, may do this."""


class PublicAccessBlocked(AccessRefused):
    """A Block Public Access switch, of the bucket or the account, forbids a public ACL or policy."""


class AclsDisabled(S3Error):
    """An ACL was sent to a bucket that enforces ownership."""


class AclInTheWay(S3Error):
    """The bucket's ACL grants others something; until that is gone, ownership cannot be enforced."""


class ObjectArchived(S3Error):
    """The object must be restored before it can be read."""


class RestoreInProgress(ObjectArchived):
    """The object is being restored already."""


class CustomerKeyNeeded(S3Error):
    """The object is encrypted with a key that only its writer has (SSE-C)."""


class Conflict(S3Error):
    """A condition failed: the object exists already, or changed meanwhile."""


class BucketNotEmpty(Conflict):
    """Objects, versions, delete markers or open uploads are left in the bucket."""


class BucketNameTaken(Conflict):
    """There is a bucket of this name: ours, or somebody else's."""


class BadContent(S3Error):
    """The bytes do not match the length or the digest that was announced."""


class BadRequest(S3Error):
    """The store, or a rule of S3 that is checked here, refuses these values; the message says why."""


class PartlyDone(S3Error):
    """The first steps succeeded and stay; a later one failed. `missing` names the parts not done."""

    def __init__(self, message: str, *, missing: tuple[str, ...] = (), **told: str) -> None:
        super().__init__(message, **told)
        self.missing = missing


class Unsupported(S3Error):
    """The store lacks the call."""


class StorageUnavailable(S3Error):
    """No answer, throttled, or an internal error of the store; the same call may work later."""


_BY_CODE: dict[str, type[S3Error]] = {
    "NoSuchKey": ObjectNotFound,
    "404": ObjectNotFound,  # HEAD has no body, so no better code
    "NotFound": ObjectNotFound,
    "NoSuchVersion": VersionNotFound,
    "NoSuchBucket": BucketNotFound,
    "NoSuchBucketPolicy": NotConfigured,
    "NoSuchConfiguration": NotConfigured,  # inventory
    "NoSuchCORSConfiguration": NotConfigured,
    "NoSuchLifecycleConfiguration": NotConfigured,
    "NoSuchObjectLockConfiguration": NotConfigured,
    "NoSuchPublicAccessBlockConfiguration": NotConfigured,
    "NoSuchTagSet": NotConfigured,
    "ObjectLockConfigurationNotFoundError": NotConfigured,
    "OwnershipControlsNotFoundError": NotConfigured,
    "ServerSideEncryptionConfigurationNotFoundError": NotConfigured,
    "403": AccessRefused,
    "AccessDenied": AccessRefused,
    "AllAccessDisabled": AccessRefused,
    "ExpiredToken": AccessRefused,
    "InvalidAccessKeyId": AccessRefused,
    "InvalidClientTokenId": AccessRefused,
    "InvalidToken": AccessRefused,
    "RequestTimeTooSkewed": ClockSkewed,
    "SignatureDoesNotMatch": AccessRefused,
    "AccessControlListNotSupported": AclsDisabled,
    "InvalidBucketAclWithObjectOwnership": AclInTheWay,
    "InvalidObjectState": ObjectArchived,
    "ObjectNotInActiveTierError": ObjectArchived,
    "RestoreAlreadyInProgress": RestoreInProgress,
    "BucketNotEmpty": BucketNotEmpty,
    **dict.fromkeys(("BucketAlreadyExists", "BucketAlreadyOwnedByYou"), BucketNameTaken),
    "412": Conflict,
    "PreconditionFailed": Conflict,
    "ConditionalRequestConflict": Conflict,
    "OperationAborted": Conflict,
    "BadDigest": BadContent,
    "IncompleteBody": BadContent,
    **dict.fromkeys(("XAmzContentChecksumMismatch", "XAmzContentSHA256Mismatch"), BadContent),
    "400": BadRequest,
    "EntityTooLarge": BadRequest,
    "InvalidArgument": BadRequest,
    "InvalidBucketName": BadRequest,
    "InvalidBucketState": BadRequest,
    "InvalidPolicyDocument": BadRequest,
    "InvalidRequest": BadRequest,
    "InvalidStorageClass": Unsupported,  # the portal names Amazon's classes alone
    "InvalidTag": BadRequest,
    "KeyTooLongError": BadRequest,
    "MalformedACLError": BadRequest,
    "MalformedPolicy": BadRequest,
    "MalformedXML": BadRequest,
    "MetadataTooLarge": BadRequest,
    "ParamValidationError": BadRequest,
    "NotImplemented": Unsupported,
    "501": Unsupported,
    "MethodNotAllowed": Unsupported,
    "BadRequestException": BadRequest,  # these four are of s3control's jobs
    "IdempotencyException": Conflict,
    "JobStatusException": Conflict,
    "TooManyRequestsException": StorageUnavailable,
    "InternalError": StorageUnavailable,
    "ServiceUnavailable": StorageUnavailable,
    "SlowDown": StorageUnavailable,
    "RequestTimeout": StorageUnavailable,
    **dict.fromkeys(("500", "502", "503", "504"), StorageUnavailable),
}
_BY_STATUS = {429: StorageUnavailable, 501: Unsupported}  # R2's and LocalStack's, under codes of their own
# Operations that every store has: 405 to one of them means that the version is a delete marker.
_READS = {"HeadObject", "GetObject", "GetObjectAcl", "GetObjectTagging"}
# Codes with several meanings, told apart by the words that Amazon documents.
_BY_WORDS: tuple[tuple[str, tuple[str, ...], type[S3Error]], ...] = (
    ("AccessDenied", ("object lock", "worm"), ObjectLocked),
    ("AccessDenied", ("mfa authentication",), MfaRequired),
    ("AccessDenied", ("block public access", "blockpublic"), PublicAccessBlocked),
    ("InvalidRequest", ("server side encryption",), CustomerKeyNeeded),
)


def _by_circumstance(
    code: str, message: str, operation: str, headers: dict[str, str]
) -> type[S3Error] | None:
    """Return the class of an error whose code is not enough to tell, else None."""
    if headers.get("x-amz-delete-marker") == "true":
        return DeleteMarkerFound
    if code in {"MethodNotAllowed", "405"} and operation in _READS:
        return DeleteMarkerFound
    if code in {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"} and operation != "CreateBucket":
        return Unsupported  # the store took a PUT that it does not know for that of a bucket
    said = message.lower()
    for same_code, words, kind in _BY_WORDS:
        if code == same_code and any(word in said for word in words):
            return kind
    return None


def _sentence(kind: type[S3Error], code: str, said: str, operation: str) -> str:
    sentences: dict[type[S3Error], str] = {
        ObjectNotFound: _("The store has no such object."),
        DeleteMarkerFound: _("That is a delete marker: it hides the object and has no content."),
        VersionNotFound: _("The store has no such version of the object."),
        BucketNotFound: _("The store has no such bucket."),
        NotConfigured: _("The bucket has no such configuration."),
        ClockSkewed: _(
            "The portal's clock and the store's differ too much: the store refuses every call. Set the clock."
        ),
        ObjectLocked: _("This version is locked by retention or a legal hold."),
        MfaRequired: _("This bucket has MFA delete: only its root account, with its device, may do that."),
        PublicAccessBlocked: _("Block Public Access, of the bucket or the account, forbids that."),
        AclInTheWay: _("The bucket's ACL still grants others something; remove those grants first."),
        RestoreInProgress: _("The object is being restored already."),
        CustomerKeyNeeded: _(
            "The object is encrypted with its writer's own key (SSE-C); the portal has no such key."
        ),
        BucketNotEmpty: _("The bucket is not empty: versions, delete markers and open uploads count, too."),
        BucketNameTaken: _("A bucket of this name exists already."),
        AclsDisabled: _("This bucket has ACLs switched off (its owner owns every object)."),
        ObjectArchived: _("The object is archived; it must be restored before it can be read."),
        Conflict: _("The object exists already or was changed meanwhile."),
        BadContent: _("The bytes that arrived are not the ones that were announced."),
        Unsupported: _("This store does not offer that."),
        StorageUnavailable: _("The store does not answer. Try again in a minute."),
    }
    if kind is AccessRefused:
        return refusals.sentence(operation, code, said)
    if kind is BadRequest:
        return _("The store refuses these values: %(reason)s") % {"reason": said or code}
    return sentences.get(kind) or _("The store answered with an error (%(code)s).") % {"code": code}


def translate(error: BotoCoreError | ClientError, operation: str) -> S3Error:
    """Return the project's error for one of botocore's. Raise it `from` the original."""
    if isinstance(error, ClientError):
        details = error.response.get("Error", {})
        metadata = error.response.get("ResponseMetadata", {})
        code, said = str(details.get("Code", "")), str(details.get("Message") or "")
        if error.operation_name == "AssumeRole":  # whatever was asked: first the role's keys were to be had
            operation = error.operation_name
        kind = _by_circumstance(code, said, operation, metadata.get("HTTPHeaders", {})) or _BY_CODE.get(code)
        if kind is None:
            status = int(metadata.get("HTTPStatusCode", 0))
            kind = _BY_STATUS.get(status, StorageUnavailable if status >= 500 else S3Error)
        request_id = str(metadata.get("RequestId", ""))
        return kind(
            _sentence(kind, code, said, operation), operation=operation, code=code, request_id=request_id
        )
    code, kind = type(error).__name__, S3Error
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        kind = AccessRefused
    elif isinstance(error, BotoConnectionError | HTTPClientError | IncompleteReadError):
        kind = StorageUnavailable
    elif isinstance(error, ParamValidationError):
        kind = BadRequest
    return kind(_sentence(kind, code, str(error), operation), operation=operation, code=code)


@contextmanager
def translated(operation: str) -> Iterator[None]:
    """Turn botocore's errors inside the block into the project's."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise translate(error, operation) from error
