"""By how much our clock differs from the store's: signatures carry the time, and a wrong one is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from botocore.exceptions import ClientError
from django.utils.translation import gettext as _

from portal.s3 import session
from portal.s3.errors import S3Error, translated

REFUSED_AFTER_SECONDS = 900  # S3 answers RequestTimeTooSkewed from here on (UG:RESTAuthentication)


def skew(bucket: str, *, alias: str = session.DEFAULT) -> float:
    """Return by how many seconds the store's clock is ahead of ours, to about a second.

    Read from the `Date` of whatever the store answers, also of a refusal: it is just the wrong
    clock that makes it refuse. S3Error when the answer has no date, StorageUnavailable without one.
    """
    began = datetime.now(UTC)
    with translated("HeadBucket"):
        answer = _answer(bucket, alias)
    ended = datetime.now(UTC)
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    said = _moment(headers.get("date", ""))
    if said is None:
        raise S3Error(_("The store does not say what time it is."), operation="HeadBucket")
    # It was said between the two; `Date` has whole seconds, cut off: on average half of one is missing.
    seen = began + (ended - began) / 2
    return round((said - seen).total_seconds() + 0.5, 1)


def _answer(bucket: str, alias: str) -> Any:
    try:
        return session.client(alias).head_bucket(Bucket=bucket)
    except ClientError as error:
        return error.response


def _moment(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
