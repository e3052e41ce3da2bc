"""The portal's own bucket, where the photos are: is it fit, and what makes it so."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.conf import settings

from portal.s3 import buckets, cors, versioning
from portal.s3.buckets import Birth
from portal.s3.cors import Rule
from portal.s3.errors import AccessRefused, Unsupported
from portal.s3.types import VersioningState


@dataclass
class Preparation:
    """What `prepare` did, found in place, or could not do, as sentences."""

    done: list[str] = field(default_factory=list)
    lacking: list[str] = field(default_factory=list)


def check() -> VersioningState:
    """Ask the store one cheap question about the photo bucket; raise what stands in the way."""
    return versioning.read(settings.AWS_STORAGE_BUCKET_NAME).state


def prepare(origins: list[str]) -> Preparation:
    """Create the photo bucket if it is missing; switch versioning, public access block and CORS on.

    Idempotent, and adds only: CORS rules that somebody else made stay. What the store lacks is
    told, not hidden. Raises S3Error when versioning, without which nothing can be undone, fails.
    """
    bucket = settings.AWS_STORAGE_BUCKET_NAME
    prepared = Preparation()
    if not buckets.exists(bucket):
        prepared.lacking += buckets.create(bucket, Birth(versioned=False))
        prepared.done.append(f"created bucket {bucket}")
    if versioning.read(bucket).state is not VersioningState.ENABLED:
        versioning.enable(bucket)
        prepared.done.append("switched versioning on")
    if origins:
        _allow_uploads_from(bucket, origins, prepared)
    return prepared


def with_uploads_from(rules: Sequence[Rule], origins: list[str]) -> tuple[Rule, ...]:
    """Return the CORS rules with the one that lets the portal's pages upload; others stay as they are."""
    rule: Rule = {
        "ID": cors.PORTAL_RULE,
        "AllowedOrigins": origins,
        "AllowedMethods": ["GET", "PUT"],
        "AllowedHeaders": ["*"],
        "ExposeHeaders": ["ETag", "x-amz-version-id"],
        "MaxAgeSeconds": 3600,
    }
    return (*(kept for kept in rules if kept.get("ID") != rule["ID"]), rule)


def _allow_uploads_from(bucket: str, origins: list[str], prepared: Preparation) -> None:
    """Merge one CORS rule for the portal's origins into the bucket's rules."""
    try:
        rules = cors.read(bucket)
        wanted = with_uploads_from(rules, origins)
        if wanted == rules:
            return
        cors.write(bucket, wanted)
    except (Unsupported, AccessRefused) as error:
        prepared.lacking.append(f"CORS, so browsers upload through the portal: {error}")
    else:
        prepared.done.append(f"allowed uploads from {', '.join(origins)}")
