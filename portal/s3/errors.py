"""What can go wrong between the portal and an S3 store.

    S3Error                    the store answered with an error that has no class of its own
    ├── ObjectNotFound         no such key, or its newest version is a delete marker
    ├── VersionNotFound        the key has no such version
    ├── BucketNotFound         no such bucket
    ├── AccessRefused          the keys are wrong, expired, or lack a permission
    ├── AclsDisabled           an ACL was sent to a bucket that enforces ownership
    ├── ObjectArchived         the object must be restored before it can be read
    ├── Conflict               a condition failed: exists already, or changed meanwhile
    ├── BadContent             the bytes do not match the length or the digest announced
    ├── Unsupported            the store lacks the call
    └── StorageUnavailable     no answer, throttled, or an internal error; try again later

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
    PartialCredentialsError,
)
from botocore.exceptions import (
    ConnectionError as BotoConnectionError,
)
from django.utils.translation import gettext as _


class S3Error(Exception):
    """The store answered with an error that has no class of its own."""

    def __init__(self, message: str, *, operation: str = "", code: str = "", request_id: str = "") -> None:
        super().__init__(message)
        self.operation = operation
        self.code = code
        self.request_id = request_id


class ObjectNotFound(S3Error):
    """No such key, or its newest version is a delete marker."""


class VersionNotFound(S3Error):
    """The key has no such version."""


class BucketNotFound(S3Error):
    """No such bucket."""


class AccessRefused(S3Error):
    """The keys are wrong, expired, or lack a permission."""


class AclsDisabled(S3Error):
    """An ACL was sent to a bucket that enforces ownership."""


class ObjectArchived(S3Error):
    """The object must be restored before it can be read."""


class Conflict(S3Error):
    """A condition failed: the object exists already, or changed meanwhile."""


class BadContent(S3Error):
    """The bytes do not match the length or the digest that was announced."""


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
    "403": AccessRefused,
    "AccessDenied": AccessRefused,
    "AllAccessDisabled": AccessRefused,
    "ExpiredToken": AccessRefused,
    "InvalidAccessKeyId": AccessRefused,
    "InvalidToken": AccessRefused,
    "RequestTimeTooSkewed": AccessRefused,
    "SignatureDoesNotMatch": AccessRefused,
    "AccessControlListNotSupported": AclsDisabled,
    "InvalidObjectState": ObjectArchived,
    "412": Conflict,
    "PreconditionFailed": Conflict,
    "ConditionalRequestConflict": Conflict,
    "OperationAborted": Conflict,
    "BadDigest": BadContent,
    "XAmzContentChecksumMismatch": BadContent,
    "XAmzContentSHA256Mismatch": BadContent,
    "IncompleteBody": BadContent,
    "NotImplemented": Unsupported,
    "501": Unsupported,
    "MethodNotAllowed": Unsupported,
    "InternalError": StorageUnavailable,
    "ServiceUnavailable": StorageUnavailable,
    "SlowDown": StorageUnavailable,
    "RequestTimeout": StorageUnavailable,
    "500": StorageUnavailable,
    "502": StorageUnavailable,
    "503": StorageUnavailable,
    "504": StorageUnavailable,
}


def _sentence(kind: type[S3Error], code: str) -> str:
    sentences: dict[type[S3Error], str] = {
        ObjectNotFound: _("The store has no such object."),
        VersionNotFound: _("The store has no such version of the object."),
        BucketNotFound: _("The store has no such bucket."),
        AccessRefused: _("The store refused access. Ask the storage operator to check keys and permissions."),
        AclsDisabled: _("This bucket has ACLs switched off (its owner owns every object)."),
        ObjectArchived: _("The object is archived; it must be restored before it can be read."),
        Conflict: _("The object exists already or was changed meanwhile."),
        BadContent: _("The bytes that arrived are not the ones that were announced."),
        Unsupported: _("This store does not offer that."),
        StorageUnavailable: _("The store does not answer. Try again in a minute."),
    }
    return sentences.get(kind) or _("The store answered with an error (%(code)s).") % {"code": code}


def translate(error: BotoCoreError | ClientError, operation: str) -> S3Error:
    """Return the project's error for one of botocore's. Raise it `from` the original."""
    if isinstance(error, ClientError):
        details = error.response.get("Error", {})
        metadata = error.response.get("ResponseMetadata", {})
        code = str(details.get("Code", ""))
        kind = _BY_CODE.get(code)
        if kind is None:
            status = int(metadata.get("HTTPStatusCode", 0))
            # 429: not Amazon's, but how R2 and others throttle, each under a code of its own.
            kind = StorageUnavailable if status >= 500 or status == 429 else S3Error
        request_id = str(metadata.get("RequestId", ""))
        return kind(_sentence(kind, code), operation=operation, code=code, request_id=request_id)
    code = type(error).__name__
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        kind = AccessRefused
    elif isinstance(error, BotoConnectionError | HTTPClientError | IncompleteReadError):
        kind = StorageUnavailable
    else:
        kind = S3Error
    return kind(_sentence(kind, code), operation=operation, code=code)


@contextmanager
def translated(operation: str) -> Iterator[None]:
    """Turn botocore's errors inside the block into the project's."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise translate(error, operation) from error
