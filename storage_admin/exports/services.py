"""The request side of a ZIP: who may fetch it, and whether it is there."""

from __future__ import annotations

from django.utils.translation import gettext as _

from portal.access import Actor, require
from portal.s3 import attributes
from portal.s3.attributes import Attributes
from portal.s3.errors import ObjectNotFound, VersionNotFound
from storage_admin.errors import NotPossible
from storage_admin.exports import register
from storage_admin.models import Job
from storage_admin.traces import traced


def opened_for_download(*, actor: Actor, job: Job) -> Attributes:
    """Return what the store says of the job's ZIP, which is about to be fetched; that it was, is kept.

    PermissionDenied for who may not read what is in it. NotPossible where there is none, or none any more.
    """
    bucket, key, made = register.bucket_of(job), register.key_of(job), register.made(job)
    version_id = made.version_id if made else ""
    first, *others = register.reading_rights(job.bucket)
    with traced("export.downloaded", actor, bucket, first, key=key, version_id=version_id) as trace:
        for right in others:
            require(actor, right)
        if made is None:
            raise NotPossible(_("The ZIP is not complete."))
        if made.went_at is not None:
            raise NotPossible(_("The ZIP was removed when its days were over. Run the job again."))
        found = there(job)
        if found is None:
            raise NotPossible(_("The ZIP is not in the bucket any more: somebody removed it."))
        trace.after = {"bytes": found.bytes, "job": job.pk}
        return found


def there(job: Job) -> Attributes | None:
    """Return what the store says of the ZIP that the job made; None where it is not there. S3Error."""
    bucket, made = register.bucket_of(job), register.made(job)
    if made is None:
        return None
    try:
        found = attributes.read(
            bucket.name, register.key_of(job), version_id=made.version_id, alias=bucket.connection
        )
    except (ObjectNotFound, VersionNotFound):
        return None
    return found if found.etag == made.etag else None
