"""Looking for buckets: asks each connection which it has, and keeps a row for each.

A bucket that is gone keeps its row and says so: what was done to it stays readable.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from portal.s3 import buckets, session
from portal.s3.buckets import BucketEntry
from portal.s3.errors import AccessRefused, S3Error, Unsupported
from portal.s3.types import VersioningState
from storage_admin.models import Bucket

logger = structlog.get_logger(__name__)

LOOK_AGAIN_MINUTES = 60


@dataclass
class Found:
    """What a look came to: names by what became of them, and a sentence for each connection that failed."""

    new: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    total: int = 0
    errors: dict[str, S3Error] = field(default_factory=dict)


def is_due() -> bool:
    """Whether nobody has looked yet, or not for LOOK_AGAIN_MINUTES."""
    since = timezone.now() - timedelta(minutes=LOOK_AGAIN_MINUTES)
    return not Bucket.objects.filter(last_checked__gte=since).exists()


def look() -> Found:
    """Ask every connection; one that fails is named in the result and stops nothing."""
    found = Found()
    for alias in settings.S3_CONNECTIONS:
        try:
            listed, complete = _buckets_of(alias)
        except S3Error as error:
            logger.warning("buckets_not_listed", connection=alias, code=error.code)
            found.errors[alias] = error
            Bucket.objects.filter(connection=alias).update(
                last_error=_sentence(error), last_checked=timezone.now()
            )
            continue
        _keep(alias, listed, found, complete=complete)
    return found


def note_versioning(bucket: Bucket, state: VersioningState) -> None:
    """Keep what a page has just read of the bucket: it is there, and this is its versioning."""
    Bucket.objects.filter(pk=bucket.pk).update(
        versioning=state, last_checked=timezone.now(), last_error="", gone_since=None
    )
    bucket.versioning, bucket.last_error, bucket.gone_since = state, "", None


def note_made(bucket: Bucket) -> None:
    """Keep a row for a bucket that has just been made, also where one of that name was before.

    What was read of the former one is forgotten.
    """
    kept, _created = Bucket.objects.update_or_create(
        connection=bucket.connection,
        name=bucket.name,
        defaults={
            "region": session.region(bucket.connection), "last_checked": timezone.now(), "last_error": "",
            "gone_since": None, "versioning": "", "encryption": "", "public": "", "lifecycle_rules": None,
            "posture": None, "posture_at": None,
        },
    )  # fmt: skip
    bucket.pk = kept.pk
    bucket.refresh_from_db()


def note_gone(bucket: Bucket) -> None:
    """Keep that the bucket is gone."""
    bucket.gone_since = bucket.last_checked = timezone.now()
    bucket.save(update_fields=["gone_since", "last_checked"])


def note_error(bucket: Bucket, error: S3Error, *, gone: bool) -> None:
    """Keep what a page has just been told instead of the bucket."""
    now = timezone.now()
    Bucket.objects.filter(pk=bucket.pk).update(last_error=_sentence(error), last_checked=now)
    if gone:
        Bucket.objects.filter(pk=bucket.pk, gone_since__isnull=True).update(gone_since=now)


def _buckets_of(alias: str) -> tuple[list[BucketEntry], bool]:
    """Return the connection's buckets, and whether these are all: listing them is a right of its own."""
    try:
        listed = list(buckets.every(alias=alias))
    except (AccessRefused, Unsupported):
        # Keys that may only use some buckets are good practice, and no reason to show nothing.
        there = [name for name in _known_names(alias) if _is_there(name, alias)]
        if not there:
            raise
        return [BucketEntry(name, None) for name in there], False
    return listed, True


def _known_names(alias: str) -> list[str]:
    """Return the buckets that may be asked for by name: those with a row, and that of the photos."""
    rows = Bucket.objects.filter(connection=alias, gone_since=None).values_list("name", flat=True)
    photos = [settings.AWS_STORAGE_BUCKET_NAME] if alias == session.DEFAULT else []
    return list(dict.fromkeys([*photos, *rows]))


def _is_there(name: str, alias: str) -> bool:
    try:
        return buckets.exists(name, alias=alias)
    except S3Error:
        return False


def _gone(alias: str, listed: Iterable[BucketEntry]) -> list[str]:
    """Return which buckets with a row are gone: one that was connected by name may be in no listing."""
    present = {one.name for one in listed}
    unlisted = [name for name in _known_names(alias) if name not in present]
    gone = []
    for name in unlisted:
        try:
            if not buckets.exists(name, alias=alias):
                gone.append(name)
        except S3Error as error:
            logger.warning("bucket_not_seen", bucket=name, connection=alias, code=error.code)
    return gone


def _keep(alias: str, listed: Sequence[BucketEntry], found: Found, *, complete: bool) -> None:
    now = timezone.now()
    gone = _gone(alias, listed) if complete else []
    with transaction.atomic():
        present = set()
        for one in listed:
            present.add(one.name)
            region = one.region or session.region(alias)
            bucket, created = Bucket.objects.update_or_create(
                connection=alias,
                name=one.name,
                defaults={"region": region, "last_checked": now, "last_error": "", "gone_since": None},
            )
            if created:
                found.new.append(bucket.name)
        found.total += len(present)
        for name in gone:
            lost = Bucket.objects.filter(connection=alias, name=name, gone_since=None)
            if lost.update(gone_since=now, last_checked=now):
                found.gone.append(name)


def _sentence(error: S3Error) -> str:
    return f"{error} ({error.code})" if error.code else str(error)
