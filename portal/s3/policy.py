"""Bucket policies, as the JSON text that a person wrote."""

import json
from typing import Any

from django.utils.translation import gettext as _

from portal.s3 import session
from portal.s3.errors import BadRequest, NotConfigured, translated

MAX_BYTES = 20 * 1024  # UG:bucket-policies


def read(bucket: str, *, alias: str = session.DEFAULT) -> str:
    """Return the policy's text, empty when the bucket has none."""
    try:
        with translated("GetBucketPolicy"):
            return session.client(alias).get_bucket_policy(Bucket=bucket)["Policy"]
    except NotConfigured:
        return ""


def write(bucket: str, text: str, *, alias: str = session.DEFAULT) -> None:
    """Set the policy. BadRequest for what is no policy, AccessRefused for a public one that is blocked."""
    parsed(text)
    with translated("PutBucketPolicy"):
        session.client(alias).put_bucket_policy(Bucket=bucket, Policy=text)


def delete(bucket: str, *, alias: str = session.DEFAULT) -> None:
    """Remove the policy; fine when there is none."""
    with translated("DeleteBucketPolicy"):
        session.client(alias).delete_bucket_policy(Bucket=bucket)


def is_public(bucket: str, *, alias: str = session.DEFAULT) -> bool | None:
    """Return whether S3 takes the policy for a public one; False without one, None if it does not say."""
    try:
        with translated("GetBucketPolicyStatus"):
            answer = session.client(alias).get_bucket_policy_status(Bucket=bucket)
    except NotConfigured:
        return False
    return answer.get("PolicyStatus", {}).get("IsPublic")


def parsed(text: str) -> dict[str, Any]:
    """Return the policy as data. BadRequest with line and column for what is no JSON object of a fit size."""
    size = len(text.encode())
    if size > MAX_BYTES:
        raise BadRequest(
            _("The policy has %(size)d bytes; S3 allows %(most)d.") % {"size": size, "most": MAX_BYTES}
        )
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise BadRequest(
            _("The policy is no JSON: line %(line)d, column %(column)d: %(reason)s.")
            % {"line": error.lineno, "column": error.colno, "reason": error.msg}
        ) from error
    if not isinstance(found, dict) or not found.get("Statement"):
        raise BadRequest(_("A policy is a JSON object with a “Statement”."))
    return found
