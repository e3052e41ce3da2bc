"""Removes what jobs left behind: ZIPs whose days are over, and uploads that nobody goes on with.

Destroyed is the very version that a job made, by its key and version id from the job's row; whatever else
lies under the key stays. The row says beforehand what goes and when, so a crash is met by the next run,
which does it again. What would not go is said on the job's page, and tried again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import structlog
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import audit
from portal.s3 import attributes, objects
from portal.s3.errors import ObjectNotFound, S3Error, VersionNotFound
from storage_admin.errors import StorageError
from storage_admin.exports import register, uploading
from storage_admin.exports.register import Made
from storage_admin.models import Bucket, Job, JobState

logger = structlog.get_logger(__name__)

_UNNAMED = "null"  # how a version is called where the bucket gives no names


@dataclass(frozen=True)
class Removal:
    """How many were removed, and how many would not go."""

    done: int
    kept: int


def expired(now: datetime | None = None) -> list[Job]:
    """Return the jobs whose ZIP should be gone by now, and is not, as their rows say."""
    now = now or timezone.now()
    jobs = Job.objects.select_related("bucket").filter(
        kind=register.KIND, state__in=(JobState.DONE, JobState.PARTIAL), result__zip__removed_at=""
    )
    return [job for job in jobs.order_by("pk") if (made := register.made(job)) and made.goes_at <= now]


def remove_expired(now: datetime | None = None) -> Removal:
    """Destroy the ZIPs whose days are over, each by its version. Safe to repeat; a failure stops no other."""
    gone = [_remove(job) for job in expired(now)]
    return Removal(sum(gone), len(gone) - sum(gone))


def unfinished() -> QuerySet[Job]:
    """Return the jobs that have ended without a ZIP, and whose upload may be open."""
    return Job.objects.select_related("bucket").filter(
        kind=register.KIND, state__in=(JobState.CANCELLED, JobState.FAILED),
        result__zip__upload_id__isnull=False,
    )  # fmt: skip


def abort_unfinished() -> Removal:
    """Abort the uploads of jobs that ended while the store was away. Safe to repeat."""
    done = kept = 0
    for job in unfinished().order_by("pk"):
        try:
            uploading.abort(job)
        except (S3Error, StorageError) as error:
            logger.warning("export_upload_left_open", job=job.pk, error=str(error))
            kept += 1
            continue
        Job.objects.filter(pk=job.pk).update(result=register.kept(job, None))
        done += 1
    return Removal(done, kept)


def _remove(job: Job) -> bool:
    made = register.made(job)
    assert made is not None  # noqa: S101 - `expired` looked
    failed = ""
    try:
        bucket = register.bucket_of(job)
        if _is_there(bucket, job, made):
            failed = _destroyed(bucket, job, made)
    except (S3Error, StorageError) as error:
        code = getattr(error, "code", "")
        failed = f"{error} ({code})" if code else str(error)
    moment = "" if failed else timezone.now().isoformat(timespec="seconds")
    now = replace(made, removed_at=moment, removal_failed=failed)
    with transaction.atomic():
        still = Job.objects.filter(pk=job.pk, result__zip__removed_at="")
        if not still.update(result=register.kept(job, now)):
            return True  # another run did it
        if not failed:
            audit.record(
                "export.removed", target=job, bucket=bucket.name, key=register.key_of(job),
                version_id=made.version_id, before={"bytes": made.bytes, "etag": made.etag},
            )  # fmt: skip
    if failed:
        logger.error("export_not_removed", job=job.pk, key=register.key_of(job), message=failed)
    return not failed


def _destroyed(bucket: Bucket, job: Job, made: Made) -> str:
    """Destroy the version; return why it is there nevertheless, empty when it is gone."""
    [outcome] = objects.delete_versions(
        bucket.name, [(register.key_of(job), made.version_id or _UNNAMED)], alias=bucket.connection
    )
    if outcome.code:
        return f"{outcome.message} ({outcome.code})"
    return _("The store says that it is gone, and still gives it.") if _is_there(bucket, job, made) else ""


def _is_there(bucket: Bucket, job: Job, made: Made) -> bool:
    """Whether the store has what the job made: where versions have no names, its ETag tells it."""
    try:
        found = attributes.read(
            bucket.name, register.key_of(job), version_id=made.version_id, alias=bucket.connection
        )
    except (ObjectNotFound, VersionNotFound):
        return False
    return found.etag == made.etag
