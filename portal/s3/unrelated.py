"""Notice a store that ignores what it does not know, and does or answers something else instead.

S3 names settings in the query string: `GET /bucket?ownershipControls`. A server that has never heard
of it sees `GET /bucket`, and lists the objects. Read as the setting, that says "none": a bucket without
rules, without a policy, without a public access block. Worse, it takes `DELETE /bucket?encryption` for
`DELETE /bucket` (seen with Ceph 16.2.15), and `PUT /bucket/key?tagging` would write over the object.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError

_LISTING = b"<ListBucketResult"
_LISTS = {"ListObjects", "ListObjectsV2"}
_ROOT_WITHIN = 200  # bytes: the XML declaration comes first
# What answers about one object begin with; anything else is the object itself.
_ROOTS = {
    "GetObjectAcl": b"<AccessControlPolicy",
    "GetObjectLegalHold": b"<LegalHold",
    "GetObjectRetention": b"<Retention",
    "GetObjectTagging": b"<Tagging",
}
_NAMES = ("Bucket", "Key", "VersionId", "Id", "ExpectedBucketOwner")
_NO_SUCH_OBJECT = {"404", "NoSuchKey", "NoSuchVersion"}
# Whether the call under way is one of `ask_first`, which nobody made.
asking: ContextVar[bool] = ContextVar("s3-asking-first", default=False)


def notice(client: Any, *, is_at_amazon: bool) -> None:
    """Let the client raise NotImplemented for an answer to something else, and for none but at Amazon's."""
    client.meta.events.register("before-parse.s3", _refuse_other_answers)
    if not is_at_amazon:
        client.meta.events.register("before-parse.s3", _refuse_no_answer)
        client.meta.events.register("before-parse.s3.ListMultipartUploads", _read_no_uploads)


def ask_first(client: Any) -> None:
    """Let the client read a setting before it writes or removes it, until the store is seen to know it.

    Where it does not (NotImplemented), or may not be asked, nothing is written or removed. Not for
    Amazon, which knows them all.
    """
    client.meta.events.register("provide-client-params.s3", _AskFirst(client))


class _AskFirst:
    """Knows the read of each setting, and what the store has shown to know."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._reads = _reads(client.meta.service_model)
        self._known: set[str] = set()

    def __call__(self, params: dict[str, Any], model: Any, context: Any = None, **_event: Any) -> None:
        read = self._reads.get(model.name)
        if read is None or read in self._known or (context or {}).get("is_presign_request"):
            return
        takes = self._client.meta.service_model.operation_model(read).input_shape.members
        token = asking.set(True)
        try:
            getattr(self._client, xform_name(read))(
                **{name: params[name] for name in _NAMES if name in params and name in takes}
            )
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
            if code == "NoSuchBucket":
                return  # the call itself will say so, or not: SeaweedFS forgets a new one for a moment
            if status != 404 or code in _NO_SUCH_OBJECT:
                raise
        finally:
            asking.reset(token)
        self._known.add(read)


def _reads(service: Any) -> dict[str, str]:
    """Return the read that belongs to each write and removal of a setting: it has the same address."""
    reads, writes = {}, {}
    for name in service.operation_names:
        model = service.operation_model(name)
        path, _mark, query = model.http["requestUri"].partition("?")
        setting = query.split("&")[0]
        if not setting or setting.startswith("x-id="):
            continue
        if model.http["method"] == "GET" and name.startswith("Get") and not model.deprecated:
            reads[path, setting] = name
        elif model.http["method"] in {"PUT", "DELETE"}:
            writes[name] = (path, setting)
    return {name: reads[address] for name, address in writes.items() if address in reads}


def _refuse_no_answer(operation_model: Any, response_dict: dict[str, Any], **_event: Any) -> None:
    """Take a 500 with the object behind it for that of a server that does not know the question.

    rclone 1.75 answers so. The object's ETag tells it from the 500 of a store, or of a proxy, that has
    failed: taken for a lack, that would let a copy go without its ACL.
    """
    if operation_model.name not in (*_ROOTS, "GetObjectAttributes") or response_dict["status_code"] != 500:
        return
    if "etag" in response_dict["headers"]:
        said = "The store fails over the question: it does not know it."
        raise ClientError({"Error": {"Code": "NotImplemented", "Message": said}}, operation_model.name)


def _read_no_uploads(response_dict: dict[str, Any], **_event: Any) -> None:
    """Read "no such upload", as rclone 1.75 says where none is open, as the empty list that it means."""
    if response_dict["status_code"] == 404 and b"NoSuchUpload" in (response_dict.get("body") or b""):
        response_dict.update(status_code=200, body=b"<ListMultipartUploadsResult/>")


def _refuse_other_answers(operation_model: Any, response_dict: dict[str, Any], **_event: Any) -> None:
    name, body = operation_model.name, response_dict.get("body")
    if name in _LISTS or not isinstance(body, bytes):
        return
    if _LISTING in body[:_ROOT_WITHIN]:
        said = "The store answers with a list of the bucket's objects: it does not know the question."
    elif response_dict["status_code"] == 200 and _ROOTS.get(name, b"") not in body[:_ROOT_WITHIN]:
        said = "The store answers with the object itself: it does not know the question."
    else:
        return
    raise ClientError({"Error": {"Code": "NotImplemented", "Message": said}}, name)
