"""Rows of the storage: buckets, jobs, scans, share links."""

from storage_admin.models.buckets import Bucket, BucketChange, UsageSnapshot
from storage_admin.models.jobs import AT_WORK, ENDED, Job, JobItem, JobState
from storage_admin.models.mirror import MirrorCheck, MirroredOwner, MirrorItem
from storage_admin.models.reconciling import Finding, Scan, StagedEntry, Suspicion
from storage_admin.models.schedules import Schedule
from storage_admin.models.sharing import ShareLink, ShareLinkQuerySet

__all__ = [
    "AT_WORK",
    "ENDED",
    "Bucket",
    "BucketChange",
    "Finding",
    "Job",
    "JobItem",
    "JobState",
    "MirrorCheck",
    "MirrorItem",
    "MirroredOwner",
    "Scan",
    "Schedule",
    "ShareLink",
    "ShareLinkQuerySet",
    "StagedEntry",
    "Suspicion",
    "UsageSnapshot",
]
