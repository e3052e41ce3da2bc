"""Makes the calls that bulk work makes for each object, at a third of botocore's CPU.

botocore takes more than a millisecond for a HEAD: its endpoint rules, signer, transport and parser are
made for every service there is. What comes before (parameters, their checks, handlers, serializing) and
what is made of an answer that is no success (errors, retries and their pauses, redirects) stays its own.
Here is only the straight way to a 2xx: sign, send, read. Any other answer, or none, is handed to
botocore as that to its first attempt, and all goes on as if nobody stood before it.

Whatever is not as expected (a signature of another kind, an ARN, an unknown shape) goes botocore's way.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

from botocore.awsrequest import AWSPreparedRequest
from botocore.hooks import first_non_none_response
from botocore.model import OperationModel

from portal.s3 import signing
from portal.s3.answers import RootReader, Unfamiliar, timestamp
from portal.s3.direct import DirectResponse

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Without a body on the way there; on the way back headers, or a short document of this root.
ROOTS = {
    "HeadObject": "",
    "DeleteObject": "",
    "CopyObject": "CopyObjectResult",
    "GetBucketOwnershipControls": "OwnershipControls",
}

MOST_ADDRESSES = 1_000  # that one client remembers
# What the first attempt came to: an answer, or what was raised instead of one.
_first: ContextVar[tuple[Any, Exception | None] | None] = ContextVar("s3-first-attempt", default=None)


def make_light(client: S3Client, *, when: Callable[[], bool] = lambda: True) -> None:
    """Let the client make these calls the light way, while `when()`."""
    _LightCalls(client, when)


class _LightCalls:
    """Stands before the methods of a client's endpoint that make requests, and choose where they go."""

    def __init__(self, client: Any, when: Callable[[], bool]) -> None:
        self._client = client
        self._when = when
        self._events = client.meta.events
        self._readers = {
            operation: _AnswerReader(client.meta.service_model.operation_model(operation), root)
            for operation, root in ROOTS.items()
        }
        endpoint = client._endpoint
        self._make_request, self._send = endpoint.make_request, endpoint._send
        endpoint.make_request, endpoint._send = self.make_request, self.send
        resolver = client._ruleset_resolver
        self._resolve = resolver.construct_endpoint
        self._addresses: dict[tuple[str, str], Any] = {}
        resolver.construct_endpoint = self.construct_endpoint

    def construct_endpoint(
        self, operation_model: OperationModel, call_args: dict[str, Any], request_context: dict[str, Any]
    ) -> Any:
        """Return where the bucket is asked: for these operations the rules look at nothing else."""
        if operation_model.name not in ROOTS or not self._when():
            return self._resolve(operation_model, call_args, request_context)
        named = (operation_model.name, call_args["Bucket"])
        found = self._addresses.get(named)
        if found is None:
            if len(self._addresses) >= MOST_ADDRESSES:
                self._addresses.clear()
            found = self._addresses[named] = self._resolve(operation_model, call_args, request_context)
        return found

    def make_request(self, model: OperationModel, request: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Return the answer and what it says, as `Endpoint.make_request`; its errors, too."""
        read = self._readers.get(model.name) if self._when() else None
        credentials = self._client._get_credentials()
        if read is None or credentials is None or not _is_plain(request):
            return self._make_request(model, request)
        prepared = _signed(request, credentials.get_frozen_credentials())
        answer = error = said = None
        try:
            hooked = self._events.emit(f"before-send.s3.{model.name}", request=prepared)
            answer = first_non_none_response(hooked) or self._send(prepared)
            said = read(answer) if 200 <= answer.status_code < 300 else None
        except Exception as raised:  # noqa: BLE001 - whatever it is, botocore judges whether to try again
            error = raised
        if said is not None:
            return answer, said
        self._addresses.clear()  # botocore may find that the bucket is in another region
        token = _first.set((answer, error))
        try:
            return self._make_request(model, request)
        finally:
            _first.reset(token)

    def send(self, request: Any) -> Any:
        """Send, as `Endpoint._send`; the first attempt was made already."""
        first = _first.get()
        if first is None:
            return self._send(request)
        _first.set(None)
        answer, error = first
        if error is not None:
            raise error
        return answer


def _is_plain(request: dict[str, Any]) -> bool:
    context = request["context"]
    return (
        context.get("auth_type") == "s3v4"
        and context.get("signing", {}).keys() <= {"region", "signing_name", "disableDoubleEncoding"}
        and context["signing"].get("signing_name") == "s3"
        and not request["body"]
        and not request["auth_path"].startswith("/arn")
    )


def _signed(request: dict[str, Any], keys: Any) -> AWSPreparedRequest:
    headers = dict(request["headers"])
    signing.sign(
        request["method"],
        urlsplit(request["url"]),
        headers,
        keys=keys,
        region=request["context"]["signing"]["region"],
        now=datetime.now(UTC),
    )
    if request["method"] not in {"GET", "HEAD"}:
        headers["Content-Length"] = "0"
    sent: Any = headers  # by the names that botocore gives them; who hooks in reads no others
    return AWSPreparedRequest(request["method"], request["url"], sent, None, False)


class _AnswerReader:
    """Reads the successes of one operation, as botocore's parser does; a property test holds them equal."""

    def __init__(self, model: OperationModel, root: str) -> None:
        shape = model.output_shape
        self._root = RootReader(root) if root else None
        self._payload = str(shape.serialization.get("payload", "")) if shape else ""
        self._body_shape = shape.members[self._payload] if shape and self._payload else None
        self._headers: dict[str, tuple[str, Callable[[str], Any]]] = {}
        self._map = ("", "")  # a member that takes all headers of a prefix, and the prefix
        for name, member in shape.members.items() if shape else ():
            location = member.serialization.get("location")
            told = str(member.serialization.get("name", name)).lower()
            if location == "header":
                self._headers[told] = (name, _SCALARS[member.type_name])
            elif location == "headers":
                self._map = (name, told)

    def __call__(self, answer: Any) -> dict[str, Any] | None:
        """Return the members; None when botocore is to read the answer."""
        try:
            return self._read(answer)
        except (Unfamiliar, ET.ParseError, ValueError):
            return None

    def _read(self, answer: Any) -> dict[str, Any]:
        if isinstance(answer, DirectResponse):
            told, lower = answer.told, answer.lower
        else:  # a test, or moto, speaks for the store
            told = dict(answer.headers.items())
            lower = {name.lower(): value for name, value in told.items()}
        found: dict[str, Any] = {"ResponseMetadata": _metadata(answer.status_code, lower)}
        map_name, prefix = self._map
        if map_name:
            size = len(prefix)
            found[map_name] = {
                name[size:]: value for name, value in told.items() if name.lower().startswith(prefix)
            }
        for name, value in lower.items():
            if name in self._headers:
                member, read = self._headers[name]
                found[member] = read(value)
        if "Expires" in found:
            found["ExpiresString"] = lower["expires"]
        if self._root is None and answer.content:
            raise Unfamiliar  # an error in a 200, perhaps
        if self._root is not None:
            _element, _namespace, found[self._payload] = self._root(self._body_shape, answer.content)
        return found


def _metadata(status: int, headers: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "x-amzn-requestid" in headers:
        found["RequestId"] = headers["x-amzn-requestid"]
    elif "x-amz-request-id" in headers:
        found |= {"RequestId": headers["x-amz-request-id"], "HostId": headers.get("x-amz-id-2", "")}
    return found | {"HTTPStatusCode": status, "HTTPHeaders": headers, "RetryAttempts": 0}


_SCALARS: dict[str, Callable[[str], Any]] = {
    "string": str,
    "integer": int,
    "long": int,
    "boolean": lambda text: text == "true",
    "timestamp": timestamp,
}
