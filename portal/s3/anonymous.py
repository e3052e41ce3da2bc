"""What the world gets: requests without any keys, sent now, to the address that browsers use."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from portal.s3 import session
from portal.s3.errors import translate
from portal.s3.version_param import version_param

_FORBIDDEN = {401, 403}
# An archived object, or one under a KMS key: strangers get no bytes, but not for want of a right.
_NO_BYTES_NOW = {"InvalidObjectState"}
_EMPTY = 416  # the first byte of an object that has none


class Seen(StrEnum):
    """What came of a request without keys."""

    READABLE = "readable"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Attempt:
    """One request of a stranger: what came of it, the HTTP status (0: no answer) and the store's code."""

    seen: Seen
    status: int = 0
    code: str = ""
    reason: str = ""  # why it is unknown


def read(bucket: str, key: str, *, version_id: str = "", alias: str = session.DEFAULT) -> Attempt:
    """Ask for the object's first byte as a stranger would, of one version or of the current one."""
    extra = version_param(version_id)
    return _asked("get_object", alias, Bucket=bucket, Key=key, Range="bytes=0-0", **extra)


def browse(bucket: str, *, alias: str = session.DEFAULT) -> Attempt:
    """Ask for the list of the bucket's objects as a stranger would."""
    return _asked("list_objects_v2", alias, Bucket=bucket, MaxKeys=1)


def _asked(verb: str, alias: str, **params: Any) -> Attempt:
    try:
        answer = getattr(session.stranger(alias), verb)(**params)
    except ClientError as error:
        return _told(error, verb)
    except BotoCoreError as error:
        translated = translate(error, verb)
        return Attempt(Seen.UNKNOWN, code=translated.code, reason=str(translated))
    if "Body" in answer:
        answer["Body"].close()
    return Attempt(Seen.READABLE, answer["ResponseMetadata"]["HTTPStatusCode"])


def _told(error: ClientError, verb: str) -> Attempt:
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    code = str(error.response.get("Error", {}).get("Code", ""))
    said = str(error.response.get("Error", {}).get("Message", ""))
    if status == _EMPTY:
        return Attempt(Seen.READABLE, status, code)
    if (status in _FORBIDDEN and code not in _NO_BYTES_NOW) or "signature version 4" in said.lower():
        return Attempt(Seen.REFUSED, status, code)  # the latter: SSE-KMS is not for who signs nothing
    return Attempt(Seen.UNKNOWN, status, code, str(translate(error, verb)))
