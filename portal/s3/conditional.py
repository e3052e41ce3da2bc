"""Putting an object on a condition, at whatever store."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from portal.s3 import elsewhere


def put_object(client: Any, *, alias: str, **params: Any) -> Any:
    """Put the object; with `IfMatch` only over the one of that ETag (PreconditionFailed).

    A store that says so of the right one, too, is put to without the condition: what somebody writes
    in that moment stays, as a version.
    """
    body, etag = params["Body"], params.get("IfMatch", "").strip('"')
    start = body.tell() if hasattr(body, "tell") else 0
    try:
        return client.put_object(**params)
    except ClientError as error:
        failed = error.response["Error"]["Code"] == "PreconditionFailed"
        if not (failed and etag and elsewhere.is_still(params["Bucket"], params["Key"], etag, alias=alias)):
            raise
    if hasattr(body, "seek"):
        body.seek(start)
    return client.put_object(**{name: value for name, value in params.items() if name != "IfMatch"})
