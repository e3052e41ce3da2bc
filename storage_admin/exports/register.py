"""Which ZIPs there are, and where: by the rows of the jobs that made them.

What a job keeps of its ZIP stands in `job.result["zip"]`: while it grows, how far it is (`Growing`);
when it is complete, which version it became and until when it stays (`Made`).
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from storage_admin.errors import NotPossible
from storage_admin.exports.assembling import Part
from storage_admin.models import Bucket, Job

KIND = "zip"
PREFIX = "exports/"
# The number of the job is in the key: no two jobs write the same one, and the key tells whose it is.
_KEY = re.compile(r"-job-([1-9]\d{0,17})-\d{8}\.zip")


@dataclass(frozen=True)
class Growing:
    """How far a ZIP is. `parts` and `offset` (bytes) are what the next batch goes on from."""

    upload_id: str
    offset: int = 0
    parts: list[Part] = field(default_factory=list)


@dataclass(frozen=True)
class Made:
    """A ZIP that is complete. Times are ISO 8601; `removed_at` is empty as long as it stays."""

    version_id: str
    etag: str
    bytes: int
    entries: int
    remove_at: str
    removed_at: str = ""
    removal_failed: str = ""  # what the store said when it was to go

    @property
    def goes_at(self) -> datetime:
        return _moment(self.remove_at)

    @property
    def went_at(self) -> datetime | None:
        return _moment(self.removed_at) if self.removed_at else None


def growing(job: Job) -> Growing | None:
    """Return how far the job's ZIP is; None before its first batch, and when it is complete."""
    said = job.result.get(KIND, {})
    return Growing(said["upload_id"], said["offset"], said["parts"]) if "upload_id" in said else None


def made(job: Job) -> Made | None:
    """Return the job's ZIP; None unless it was completed."""
    said = job.result.get(KIND, {})
    return Made(**said) if "remove_at" in said else None


def kept(job: Job, state: Growing | Made | None) -> dict[str, Any]:
    """Return the job's result with this state of its ZIP; None: it has none any more."""
    without = {name: said for name, said in job.result.items() if name != KIND}
    return without if state is None else without | {KIND: asdict(state)}


def bucket_of(job: Job) -> Bucket:
    """Return the bucket that the ZIP is written to. NotPossible where it left the list."""
    alias, _slash, name = str(job.parameters.get("to", "")).partition("/")
    bucket = Bucket.objects.filter(connection=alias, name=name).first() if name else job.bucket
    if bucket is None or not bucket.is_connected:
        raise NotPossible(_("The bucket of the ZIP is not in the list of buckets any more."))
    return bucket


def key_of(job: Job) -> str:
    """Return the ZIP's key: the same whenever it is asked for."""
    day = job.made_at.astimezone(UTC)
    return f"{job.parameters.get('to_prefix', PREFIX)}{job.bucket.name}-job-{job.pk}-{day:%Y%m%d}.zip"


def reading_rights(bucket: Bucket) -> tuple[str, ...]:
    """Return the rights that it takes to read whatever lies in the bucket: all that a ZIP of it may hold."""
    originals = ("photos.download_original",) if bucket.holds_photos else ()
    return ("storage_admin.download_object", *originals)


def job_of(bucket: Bucket, key: str) -> Job | None:
    """Return the job that writes, or wrote, this key; None for any other object. Most cost no query."""
    return next(iter(jobs_of(bucket, [key]).values()), None)


def jobs_of(bucket: Bucket, keys: list[str]) -> dict[str, Job]:
    """Return the jobs that write, or wrote, these keys of the bucket, by key."""
    numbers = {int(found[1]): key for key in keys if (found := _KEY.search(key))}
    if not numbers:
        return {}
    jobs = Job.objects.select_related("bucket").filter(pk__in=numbers, kind=KIND)
    return {numbers[job.pk]: job for job in jobs if key_of(job) == numbers[job.pk] and _is_in(bucket, job)}


def _is_in(bucket: Bucket, job: Job) -> bool:
    return (job.parameters.get("to") or f"{job.bucket.connection}/{job.bucket.name}") == (
        f"{bucket.connection}/{bucket.name}"
    )


def _moment(text: str) -> datetime:
    moment = parse_datetime(text)
    assert moment is not None  # noqa: S101 - written by `kept`
    return moment
