"""What can go wrong between the portal and one of Amazon's other services.

    ServiceError                the service answered with an error that has no class of its own
    ├── NotThere                no such table, queue, job
    ├── Refused                 the keys are wrong, expired, or lack a permission
    ├── ConditionFailed         the condition of a write did not hold: something newer is there
    ├── BadValue                the service, or a rule of it checked here, refuses these values
    ├── Exists                  there is one of this name already
    └── ServiceUnavailable      no answer, throttled, or an internal error; try again later
        └── Busy                it answered, and has no room now: nothing was done

`translate()` is the only reader of error codes. Errors speak to a person; `code`, `operation` and
`request_id` are for whoever helps that person.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    WaiterError,
)
from botocore.exceptions import ConnectionError as BotoConnectionError
from django.utils.translation import gettext as _

from portal.aws import actions


class ServiceError(Exception):
    """The service answered with an error that has no class of its own."""

    def __init__(self, message: str, *, operation: str = "", code: str = "", request_id: str = "") -> None:
        super().__init__(message)
        self.operation = operation
        self.code = code
        self.request_id = request_id


class NotThere(ServiceError):
    """No such table, queue, job or run."""


class Refused(ServiceError):
    """The keys are wrong, expired, or lack a permission: the sentence names the one to grant."""


class ConditionFailed(ServiceError):
    """The condition of a write did not hold."""


class BadValue(ServiceError):
    """The service, or a rule of it that is checked here, refuses these values; the message says why."""


class Exists(ServiceError):
    """There is one of this name already."""


class ServiceUnavailable(ServiceError):
    """No answer, throttled, or an internal error; the same call may work later."""


class Busy(ServiceUnavailable):
    """The service answered, and asks for patience: nothing was done, and the same call may work later."""


_BY_CODE: dict[str, type[ServiceError]] = {
    "ResourceNotFoundException": NotThere,
    "TableNotFoundException": NotThere,
    "EntityNotFoundException": NotThere,
    "QueueDoesNotExist": NotThere,
    "AWS.SimpleQueueService.NonExistentQueue": NotThere,
    "MessageNotInflight": NotThere,
    "ReceiptHandleIsInvalid": NotThere,
    "AccessDenied": Refused,
    "AccessDeniedException": Refused,
    "ExpiredToken": Refused,
    "ExpiredTokenException": Refused,
    "InvalidClientTokenId": Refused,
    "UnrecognizedClientException": Refused,
    "InvalidSignatureException": Refused,
    "NoCredentialsError": Refused,
    "ConditionalCheckFailedException": ConditionFailed,
    "ValidationException": BadValue,
    "ValidationError": BadValue,
    "InvalidParameterValue": BadValue,
    "ResourceInUseException": Exists,
    "TableAlreadyExistsException": Exists,
    "InvalidInputException": BadValue,
    "AlreadyExistsException": Exists,
    "ProvisionedThroughputExceededException": Busy,
    "RequestLimitExceeded": Busy,
    "ThrottlingException": Busy,
    "LimitExceededException": Busy,
    "ConcurrentRunsExceededException": Busy,
    "ResourceNumberLimitExceededException": Busy,
    "OperationTimeoutException": ServiceUnavailable,
    "InternalServiceException": ServiceUnavailable,
    "QueueAlreadyExists": Exists,
    "QueueNameExists": Exists,
    "RequestThrottled": Busy,
    "OverLimit": Busy,
    "QueueDeletedRecently": ServiceUnavailable,
    "InternalServerError": ServiceUnavailable,
}


# The keys themselves are not good; with others of the same rights it would not be refused.
_KEYS_ALONE = {
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "NoCredentialsError",
    "PartialCredentialsError",
    "UnrecognizedClientException",
}


def _refused(operation: str, code: str, said: str) -> str:
    action = actions.missing(operation, said)
    if code in _KEYS_ALONE or not action:
        return _("%(operation)s was refused: the portal's keys are wrong, or have ended (%(code)s).") % {
            "operation": operation,
            "code": code,
        }
    words = _("%(operation)s was refused. The portal's keys need the permission %(action)s (%(code)s).")
    return words % {"operation": operation, "action": action, "code": code}


def _sentence(kind: type[ServiceError], operation: str, code: str, said: str) -> str:
    sentences: dict[type[ServiceError], str] = {
        NotThere: _("%(operation)s: there is no such thing (%(said)s)."),
        ConditionFailed: _("Something newer is there already."),
        BadValue: _("%(operation)s: these values are refused: %(said)s"),
        Exists: _("%(operation)s: there is one of this name already."),
        ServiceUnavailable: _("The service does not answer, or asks for patience (%(code)s)."),
        Busy: _("The service asks for patience (%(code)s)."),
    }
    if kind is Refused:
        return _refused(operation, code, said)
    words = sentences.get(kind) or _("%(operation)s failed: %(said)s (%(code)s).")
    return words % {"operation": operation, "code": code, "said": said or code}


def translate(error: BotoCoreError | ClientError, operation: str) -> ServiceError:
    """Return the project's error for one of botocore's. Raise it `from` the original."""
    if isinstance(error, ClientError):
        details = error.response.get("Error", {})
        metadata = error.response.get("ResponseMetadata", {})
        code, said = str(details.get("Code", "")), str(details.get("Message", ""))
        kind = _BY_CODE.get(code)
        if kind is None:
            kind = ServiceUnavailable if int(metadata.get("HTTPStatusCode", 0)) >= 500 else ServiceError
        request_id = str(metadata.get("RequestId", ""))
        return kind(
            _sentence(kind, operation, code, said), operation=operation, code=code, request_id=request_id
        )
    code = type(error).__name__
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        kind = Refused
    elif isinstance(error, BotoConnectionError | HTTPClientError | WaiterError):
        kind = ServiceUnavailable
    elif isinstance(error, ParamValidationError):
        kind = BadValue
    else:
        kind = ServiceError
    return kind(_sentence(kind, operation, code, str(error)), operation=operation, code=code)


@contextmanager
def translated(operation: str) -> Iterator[None]:
    """Turn botocore's errors inside the block into the project's."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise translate(error, operation) from error
