"""One reader of error codes: each code to its class, with a sentence and what a helper needs."""

from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    IncompleteReadError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
)

from portal.s3 import errors


def answer(code: str, status: int) -> ClientError:
    response: Any = {
        "Error": {"Code": code, "Message": "in the store's words"},
        "ResponseMetadata": {"HTTPStatusCode": status, "RequestId": "REQ1"},
    }
    return ClientError(response, "GetObject")


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("NoSuchKey", 404, errors.ObjectNotFound),
        ("404", 404, errors.ObjectNotFound),
        ("NoSuchVersion", 404, errors.VersionNotFound),
        ("NoSuchBucket", 404, errors.BucketNotFound),
        ("403", 403, errors.AccessRefused),
        ("AccessDenied", 403, errors.AccessRefused),
        ("ExpiredToken", 400, errors.AccessRefused),
        ("InvalidAccessKeyId", 403, errors.AccessRefused),
        ("SignatureDoesNotMatch", 403, errors.AccessRefused),
        ("RequestTimeTooSkewed", 403, errors.AccessRefused),
        ("AccessControlListNotSupported", 400, errors.AclsDisabled),
        ("InvalidObjectState", 403, errors.ObjectArchived),
        ("412", 412, errors.Conflict),
        ("PreconditionFailed", 412, errors.Conflict),
        ("ConditionalRequestConflict", 409, errors.Conflict),
        ("BadDigest", 400, errors.BadContent),
        ("IncompleteBody", 400, errors.BadContent),
        ("XAmzContentSHA256Mismatch", 400, errors.BadContent),
        ("NotImplemented", 501, errors.Unsupported),
        ("501", 501, errors.Unsupported),
        ("MethodNotAllowed", 405, errors.Unsupported),
        ("SlowDown", 503, errors.StorageUnavailable),
        ("503", 503, errors.StorageUnavailable),
        ("InternalError", 500, errors.StorageUnavailable),
        ("RequestTimeout", 400, errors.StorageUnavailable),
        ("TooManyRequests", 429, errors.StorageUnavailable),
        ("429", 429, errors.StorageUnavailable),
        ("NeverHeardOf", 599, errors.StorageUnavailable),
        ("NeverHeardOf", 400, errors.S3Error),
        ("", 0, errors.S3Error),
    ],
)
def test_code_of_the_store_becomes_a_class_with_a_sentence(
    code: str, status: int, kind: type[errors.S3Error]
) -> None:
    found = errors.translate(answer(code, status), "GetObject")

    assert type(found) is kind
    assert str(found)
    assert "in the store's words" not in str(found)
    assert (found.operation, found.code, found.request_id) == ("GetObject", code, "REQ1")


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (EndpointConnectionError(endpoint_url="http://x"), errors.StorageUnavailable),
        (ConnectTimeoutError(endpoint_url="http://x"), errors.StorageUnavailable),
        (ReadTimeoutError(endpoint_url="http://x"), errors.StorageUnavailable),
        (IncompleteReadError(actual_bytes=1, expected_bytes=2), errors.StorageUnavailable),
        (NoCredentialsError(), errors.AccessRefused),
        (ParamValidationError(report="wrong"), errors.S3Error),
    ],
)
def test_fault_before_any_answer_becomes_a_class(raised: Exception, kind: type[errors.S3Error]) -> None:
    found = errors.translate(raised, "PutObject")  # type: ignore[arg-type]  # each is a BotoCoreError

    assert type(found) is kind
    assert found.code == type(raised).__name__


def test_answer_without_details_is_still_an_error() -> None:
    found = errors.translate(ClientError({}, "GetObject"), "GetObject")

    assert type(found) is errors.S3Error


def test_translated_keeps_the_original_as_cause() -> None:
    raised = answer("NoSuchKey", 404)

    with pytest.raises(errors.ObjectNotFound) as caught, errors.translated("GetObject"):
        raise raised

    assert caught.value.__cause__ is raised


def test_translated_leaves_other_errors_alone() -> None:
    with pytest.raises(KeyError), errors.translated("GetObject"):
        raise KeyError("a mistake of ours")
