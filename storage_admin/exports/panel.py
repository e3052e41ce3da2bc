"""What a job's page shows of its ZIP: whether it is there now, until when, and how to fetch it."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from portal import spelling
from portal.display import size
from portal.models import User
from portal.s3.errors import S3Error
from storage_admin import addresses
from storage_admin.errors import StorageError
from storage_admin.exports import register, services
from storage_admin.models import Job


def facts(job: Job, user: User) -> dict[str, Any] | None:
    """Return what the page needs; None for a job that made no ZIP. The store is asked whether it is there."""
    made = register.made(job) if job.kind == register.KIND else None
    if made is None:
        return None
    said: dict[str, Any] = {
        "key_text": spelling.html(register.key_of(job)),
        "size": size(made.bytes),
        "count": made.entries - 1,  # but the list of them
        "goes_at": made.goes_at,
        "went_at": made.went_at,
        "failed": made.removal_failed,
    }
    if made.went_at is not None:
        return said
    may = all(user.has_perm(right) for right in register.reading_rights(job.bucket))
    try:
        bucket = register.bucket_of(job)
        said["bucket"] = bucket
        is_there = services.there(job) is not None
    except (S3Error, StorageError) as error:
        return said | {"trouble": str(error)}
    if not is_there:
        return said | {"trouble": _("It is not in the bucket any more: somebody removed it.")}
    return said | {
        "object_url": addresses.of_object(bucket, register.key_of(job), made.version_id),
        "fetch_url": reverse("admin:storage_admin_job_zip", args=[job.pk]) if may else "",
    }
