"""Notice a store that ignores what it does not know, and answers another question instead.

S3 names a bucket's settings in the query string: `GET /bucket?ownershipControls`. A server that has
never heard of it sees `GET /bucket`, and lists the objects. Read as the setting, that says "none": a
bucket without rules, without a policy, without a public access block.
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

_LISTING = b"<ListBucketResult"
_LISTS = {"ListObjects", "ListObjectsV2"}
_ROOT_WITHIN = 200  # bytes: the XML declaration comes first


def notice(client: Any) -> None:
    """Let the client raise NotImplemented for a listing that nobody asked for."""
    client.meta.events.register("before-parse.s3", _refuse_listing)


def _refuse_listing(operation_model: Any, response_dict: dict[str, Any], **_event: Any) -> None:
    body = response_dict.get("body")
    if operation_model.name in _LISTS or not isinstance(body, bytes) or _LISTING not in body[:_ROOT_WITHIN]:
        return
    said = "The store answers with a list of the bucket's objects: it does not know the question."
    raise ClientError({"Error": {"Code": "NotImplemented", "Message": said}}, operation_model.name)
