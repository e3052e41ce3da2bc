"""CORS rules: from which web pages' scripts a browser may reach the bucket."""

from collections.abc import Sequence
from typing import Any

from portal.s3 import session
from portal.s3.errors import NotConfigured, translated

PORTAL_RULE = "portal-uploads"  # the rule that lets the portal's own pages upload
Rule = dict[str, Any]  # as S3 says it: fields that the portal does not know must survive a change


def read(bucket: str, *, alias: str = session.DEFAULT) -> tuple[Rule, ...]:
    """Return the rules, in their order: the first that fits is used."""
    try:
        with translated("GetBucketCors"):
            return tuple(
                dict(rule) for rule in session.client(alias).get_bucket_cors(Bucket=bucket)["CORSRules"]
            )
    except NotConfigured:
        return ()


def write(bucket: str, rules: Sequence[Rule], *, alias: str = session.DEFAULT) -> None:
    """Replace all rules; none removes the configuration."""
    client = session.client(alias)
    if not rules:
        with translated("DeleteBucketCors"):
            client.delete_bucket_cors(Bucket=bucket)
        return
    sent: Any = {"CORSRules": list(rules)}
    with translated("PutBucketCors"):
        client.put_bucket_cors(Bucket=bucket, CORSConfiguration=sent)
