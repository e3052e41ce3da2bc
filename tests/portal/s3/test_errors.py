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
        ("RequestTimeTooSkewed", 403, errors.ClockSkewed),
        ("AccessControlListNotSupported", 400, errors.AclsDisabled),
        ("InvalidObjectState", 403, errors.ObjectArchived),
        ("412", 412, errors.Conflict),
        ("PreconditionFailed", 412, errors.Conflict),
        ("ConditionalRequestConflict", 409, errors.Conflict),
        ("BucketNotEmpty", 409, errors.BucketNotEmpty),
        ("NoSuchTagSet", 404, errors.NotConfigured),
        ("InvalidBucketAclWithObjectOwnership", 400, errors.AclInTheWay),
        ("RestoreAlreadyInProgress", 409, errors.RestoreInProgress),
        ("BadDigest", 400, errors.BadContent),
        ("IncompleteBody", 400, errors.BadContent),
        ("XAmzContentSHA256Mismatch", 400, errors.BadContent),
        ("NotImplemented", 501, errors.Unsupported),
        ("501", 501, errors.Unsupported),
        ("MethodNotAllowed", 405, errors.DeleteMarkerFound),  # a GET that is not allowed
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
        (ParamValidationError(report="wrong"), errors.BadRequest),
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


@pytest.mark.parametrize(
    ("code", "message", "operation", "kind"),
    [
        ("405", "", "HeadObject", errors.DeleteMarkerFound),
        ("BucketAlreadyExists", "", "CreateBucket", errors.BucketNameTaken),
        ("BucketAlreadyOwnedByYou", "", "PutBucketNotificationConfiguration", errors.Unsupported),
        ("MethodNotAllowed", "", "PutPublicAccessBlock", errors.Unsupported),
        (
            "AccessDenied",
            "Access Denied because object protected by object lock.",
            "DeleteObject",
            errors.ObjectLocked,
        ),
        (
            "AccessDenied",
            "Mfa Authentication must be used for this request",
            "PutBucketVersioning",
            errors.MfaRequired,
        ),
        ("AccessDenied", "Access Denied", "DeleteObject", errors.AccessRefused),
        (
            "InvalidRequest",
            "The object was stored using a form of Server Side Encryption.",
            "GetObject",
            errors.CustomerKeyNeeded,
        ),
    ],
)
def test_code_with_several_meanings_is_told_by_what_is_around_it(
    code: str, message: str, operation: str, kind: type[errors.S3Error]
) -> None:
    response: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {}}

    assert type(errors.translate(ClientError(response, operation), operation)) is kind


def test_hidden_object_is_told_from_one_that_never_was() -> None:
    response: Any = {
        "Error": {"Code": "404", "Message": "Not Found"},
        "ResponseMetadata": {"HTTPStatusCode": 404, "HTTPHeaders": {"x-amz-delete-marker": "true"}},
    }

    found = errors.translate(ClientError(response, "HeadObject"), "HeadObject")

    assert type(found) is errors.DeleteMarkerFound


def test_refused_values_are_told_in_the_stores_words() -> None:
    response: Any = {"Error": {"Code": "InvalidArgument", "Message": "Days must be at least 30"}}

    found = errors.translate(ClientError(response, "PutBucketLifecycleConfiguration"), "x")

    assert type(found) is errors.BadRequest
    assert "Days must be at least 30" in str(found)


@pytest.mark.parametrize(
    ("operation", "code", "said", "named"),
    [
        ("GetObjectAcl", "AccessDenied", "Access Denied", "s3:GetObjectAcl or s3:GetObjectVersionAcl."),
        ("PutObject", "403", "Forbidden", "s3:PutObject."),
        ("ListObjectVersions", "AccessDenied", "", "s3:ListBucketVersions."),
        ("Account.GetPublicAccessBlock", "AccessDenied", "", "s3:GetAccountPublicAccessBlock."),
        # What Amazon says itself counts most.
        (
            "PutObject",
            "AccessDenied",
            "User: arn:aws:iam::1:user/web is not authorized to perform: kms:GenerateDataKey on resource: x",
            "kms:GenerateDataKey.",
        ),
    ],
)  # fmt: skip
def test_refusal_names_the_action_that_is_missing(operation, code, said, named) -> None:
    response: Any = {"Error": {"Code": code, "Message": said}, "ResponseMetadata": {"HTTPStatusCode": 403}}

    refused = errors.translate(ClientError(response, operation), operation)

    assert type(refused) is errors.AccessRefused
    assert f"it asks for the right {named}" in str(refused)


@pytest.mark.parametrize("code", ["InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken"])
def test_refusal_of_the_keys_themselves_names_no_action(code: str) -> None:
    assert "s3:" not in str(errors.translate(answer(code, 403), "GetObject"))


def test_refused_role_is_named_whatever_was_asked() -> None:
    response: Any = {"Error": {"Code": "AccessDenied", "Message": ""}}

    refused = errors.translate(ClientError(response, "AssumeRole"), "GetObject")

    assert refused.operation == "AssumeRole"
    assert "sts:AssumeRole" in str(refused)
