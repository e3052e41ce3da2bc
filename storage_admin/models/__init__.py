"""Rows of the storage: buckets, jobs, scans, share links, exports."""

from storage_admin.models.analytics import AnalyticsExport
from storage_admin.models.arrivals import Arrival, EventQueue, EventTrouble, Look, SeenEvent
from storage_admin.models.buckets import Bucket, BucketChange, UsageSnapshot
from storage_admin.models.glue import GlueRun
from storage_admin.models.handovers import HandoverStep, HandoverWay, JobHandover
from storage_admin.models.jobs import AT_WORK, ENDED, Job, JobItem, JobState
from storage_admin.models.mirror import MirrorCheck, MirroredOwner, MirrorItem
from storage_admin.models.reconciling import Finding, Scan, StagedEntry, Suspicion
from storage_admin.models.schedules import Schedule
from storage_admin.models.sharing import ShareLink, ShareLinkQuerySet

__all__ = [
    "AT_WORK",
    "ENDED",
    "AnalyticsExport",
    "Arrival",
    "Bucket",
    "BucketChange",
    "EventQueue",
    "EventTrouble",
    "Finding",
    "GlueRun",
    "HandoverStep",
    "HandoverWay",
    "Job",
    "JobHandover",
    "JobItem",
    "JobState",
    "Look",
    "MirrorCheck",
    "MirrorItem",
    "MirroredOwner",
    "Scan",
    "Schedule",
    "SeenEvent",
    "ShareLink",
    "ShareLinkQuerySet",
    "StagedEntry",
    "Suspicion",
    "UsageSnapshot",
]
