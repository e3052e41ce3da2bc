"""S3 Batch Operations: a job of Amazon's own on a list of objects (API:CreateJob). At Amazon alone.

A job is made with ConfirmationRequired: Amazon reads the list, counts, and waits in Suspended until
it is made Ready, for 30 days at most. Jobs are listed for 90 days.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from portal.s3 import session
from portal.s3.capabilities import server
from portal.s3.differences import Server
from portal.s3.errors import S3Error, translated
from portal.s3.types import StoreWord

MANIFEST_FORMAT = "S3BatchOperations_CSV_20180820"
REPORT_FORMAT = "Report_CSV_20180820"
MAX_PRIORITY = 2**31 - 1
MAX_LISTED = 1_000  # jobs that one call tells
# Larger ones Batch does not copy: it uses CopyObject (UG:batch-ops-copy-object).
MAX_COPY_BYTES = 5 * 1024**3
_GONE = {"NotFoundException", "NoSuchJob"}


class Status(StoreWord):
    """Where a job stands at Amazon."""

    NEW = "New"
    PREPARING = "Preparing"
    SUSPENDED = "Suspended"
    READY = "Ready"
    ACTIVE = "Active"
    PAUSING = "Pausing"
    PAUSED = "Paused"
    COMPLETING = "Completing"
    COMPLETE = "Complete"
    CANCELLING = "Cancelling"
    CANCELLED = "Cancelled"
    FAILING = "Failing"
    FAILED = "Failed"

    @property
    def is_end(self) -> bool:
        return self in {Status.COMPLETE, Status.CANCELLED, Status.FAILED}


@dataclass(frozen=True)
class Manifest:
    """The list of objects, itself an object; `fields` name its columns."""

    bucket: str
    key: str
    etag: str
    version_id: str = ""
    fields: Sequence[str] = ("Bucket", "Key")


@dataclass(frozen=True)
class BatchJob:
    """What Amazon says of a job. `total` is 0 until it has read the list."""

    job_id: str
    status: Status
    total: int = 0
    done: int = 0
    failed: int = 0
    priority: int = 0
    reasons: str = ""


def refusal(alias: str = session.DEFAULT) -> str:
    """Return why the connection's store takes no such jobs; empty where it does."""
    if server(alias) is Server.AMAZON:
        return ""
    return _("S3 Batch Operations are Amazon's: this store has none.")


def create(
    *,
    operation: Mapping[str, Any],
    manifest: Manifest,
    report_bucket: str,
    report_prefix: str,
    role_arn: str,
    token: str,
    description: str,
    priority: int,
    alias: str = session.DEFAULT,
) -> str:
    """Make a job that waits for a confirmation, and return its id; the same for the same token.

    The report, of all tasks, comes to lie at `<report_prefix>/job-<id>/`. Conflict where the token
    was used with other values.
    """
    partition = role_arn.split(":")[1]
    location = {"ObjectArn": f"arn:{partition}:s3:::{manifest.bucket}/{manifest.key}", "ETag": manifest.etag}
    if manifest.version_id:
        location["ObjectVersionId"] = manifest.version_id
    client = session.control_client(alias)
    with translated("CreateJob"):
        answer = client.create_job(
            AccountId=session.account_id(alias),
            ConfirmationRequired=True,
            Operation=dict(operation),
            Manifest={
                "Spec": {"Format": MANIFEST_FORMAT, "Fields": list(manifest.fields)},
                "Location": location,
            },
            Report={
                "Enabled": True,
                "Bucket": f"arn:{partition}:s3:::{report_bucket}",
                "Prefix": report_prefix,
                "Format": REPORT_FORMAT,
                "ReportScope": "AllTasks",
            },
            ClientRequestToken=token,
            Description=description,
            Priority=priority,
            RoleArn=role_arn,
        )
    return str(answer["JobId"])


def describe(job_id: str, *, alias: str = session.DEFAULT) -> BatchJob | None:
    """Return what Amazon says of the job; None where it knows it no more."""
    client = session.control_client(alias)
    try:
        with translated("DescribeJob"):
            said = client.describe_job(AccountId=session.account_id(alias), JobId=job_id)["Job"]
    except S3Error as error:
        if error.code in _GONE:
            return None
        raise
    progress = said.get("ProgressSummary", {})
    reasons = [
        f"{one.get('FailureReason', '')} ({one.get('FailureCode', '')})"
        for one in said.get("FailureReasons", [])
    ]
    return BatchJob(
        job_id=said["JobId"],
        status=Status.told(said["Status"]),
        total=progress.get("TotalNumberOfTasks", 0),
        done=progress.get("NumberOfTasksSucceeded", 0),
        failed=progress.get("NumberOfTasksFailed", 0),
        priority=said.get("Priority", 0),
        reasons="; ".join([*reasons, *filter(None, [said.get("StatusUpdateReason")])]),
    )


def release(job_id: str, *, alias: str = session.DEFAULT) -> None:
    """Let a suspended job begin. Conflict where it is in no state for that, as when it has begun."""
    _update_status(job_id, "Ready", alias)


def cancel(job_id: str, *, alias: str = session.DEFAULT) -> None:
    """Ask Amazon to end the job; what is done stays done. Conflict where it has ended."""
    _update_status(job_id, "Cancelled", alias)


def _update_status(job_id: str, wanted: str, alias: str) -> None:
    client = session.control_client(alias)
    with translated("UpdateJobStatus"):
        client.update_job_status(AccountId=session.account_id(alias), JobId=job_id, RequestedJobStatus=wanted)


def set_priority(job_id: str, priority: int, *, alias: str = session.DEFAULT) -> None:
    """Set which of the account's jobs Amazon prefers: the higher number."""
    client = session.control_client(alias)
    with translated("UpdateJobPriority"):
        client.update_job_priority(AccountId=session.account_id(alias), JobId=job_id, Priority=priority)


def find(description: str, *, alias: str = session.DEFAULT) -> str:
    """Return the id of the job with exactly this description; empty where the account has none."""
    return next((one["JobId"] for one in _listed(alias) if one.get("Description") == description), "")


def _listed(alias: str) -> Iterator[dict[str, Any]]:
    client, onward = session.control_client(alias), ""
    while True:
        extra = {"NextToken": onward} if onward else {}
        with translated("ListJobs"):
            answer = client.list_jobs(AccountId=session.account_id(alias), MaxResults=MAX_LISTED, **extra)
        yield from answer.get("Jobs", [])
        onward = answer.get("NextToken", "")
        if not onward:
            return
