"""The steps of a job that S3 Batch Operations work off."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.display import whole
from portal.s3 import batch_operations
from portal.s3.batch_operations import BatchJob, Status
from portal.s3.errors import Conflict
from storage_admin.errors import NotPossible
from storage_admin.handover import manifest, operations, reports
from storage_admin.handover.steps import Next, Steps, end, go_to, note
from storage_admin.jobs import allowed, ending
from storage_admin.jobs.claims import Claim
from storage_admin.models import HandoverStep as Step
from storage_admin.models import JobHandover, JobItem, JobState

# After so long without a report of a job that has ended, nobody waits for it any more.
REPORT_HOURS = 24


def description(handover: JobHandover) -> str:
    """Return how the job is called at Amazon: by which it is found again should the answer be lost."""
    return f"portal job {handover.job_id} {handover.token.hex}"


def cancel(claim: Claim, handover: JobHandover, until: float) -> Next:
    """Take the next step towards the end that a person asked for. What Amazon has done is read and kept."""
    if handover.step == Step.WRITING:
        manifest.abandon(handover)
        return end(claim, handover, JobState.CANCELLED)
    if handover.step == Step.CREATING:
        # What it does not list yet would wait for a confirmation that never comes, and end by itself.
        found = _found(handover)
        if not found:
            return end(claim, handover, JobState.CANCELLED)
        return go_to(claim, handover, Step.COUNTING, aws_job=found)
    if handover.step == Step.READING:
        return _read(claim, handover, until)
    said = _asked(claim, handover)
    if said is None or said.status.is_end:
        return go_to(claim, handover, Step.READING)
    if said.status is not Status.CANCELLING:
        with suppress(Conflict):  # it ended, or is about to
            batch_operations.cancel(handover.aws_job, alias=_alias(handover))
    return Next.WAIT


def _write(claim: Claim, handover: JobHandover, until: float) -> Next:
    allowed.check_right(claim.job)
    allowed.check_obstacle(claim.job)
    if not manifest.write(claim, handover, until):
        return Next.LATER
    skips: dict[str, int] = handover.manifest["skips"]
    counted = {"skipped": sum(skips.values()), "result": claim.job.result | {"skips": skips}}
    if not handover.manifest["rows"]:
        claim.write(**counted)
        return end(claim, handover, JobState.DONE)
    return go_to(claim, handover, Step.CREATING, of_job=counted)


def _create(claim: Claim, handover: JobHandover, _until: float) -> Next:
    """Make the job at Amazon: one, however often this is done."""
    allowed.check_right(claim.job)
    made = _found(handover)
    if not made:
        note(handover, told=handover.told | {"asked": True})
        made = batch_operations.create(
            operation=operations.of(claim.job),
            manifest=manifest.of(handover),
            report_bucket=settings.BATCH_BUCKET,
            report_prefix=settings.BATCH_PREFIX,
            role_arn=settings.BATCH_ROLE_ARN,
            token=str(handover.token),
            description=description(handover),
            priority=handover.priority,
            alias=_alias(handover),
        )
    return go_to(claim, handover, Step.COUNTING, aws_job=made)


def _count(claim: Claim, handover: JobHandover, _until: float) -> Next:
    said = _asked(claim, handover)
    if said is None:
        raise _forgotten()
    if said.status in {Status.NEW, Status.PREPARING}:
        return Next.WAIT
    if said.status is not Status.SUSPENDED:
        # It failed, or somebody confirmed it, or cancelled it, at Amazon itself.
        return go_to(claim, handover, Step.FOLLOWING)
    go_to(claim, handover, Step.CONFIRMING)
    if claim.state() is JobState.CANCELLING:
        return Next.ON  # asked for while Amazon was
    words = _(
        "Amazon has read the list and counts %(total)s objects; the portal's list has %(rows)s. "
        "Nothing has been changed. Confirm, and Amazon begins; or cancel it."
    )
    counted = {"total": whole(said.total), "rows": whole(handover.manifest["rows"])}
    ending.stop(claim, JobState.PAUSED, words % counted)
    return Next.LEFT


def _release(claim: Claim, handover: JobHandover, _until: float) -> Next:
    try:
        batch_operations.release(handover.aws_job, alias=_alias(handover))
    except Conflict:
        # Perhaps a worker before this one did, and died.
        said = _asked(claim, handover)
        if said is not None and said.status is Status.SUSPENDED:
            raise
    return go_to(claim, handover, Step.FOLLOWING)


def _follow(claim: Claim, handover: JobHandover, _until: float) -> Next:
    said = _asked(claim, handover)
    if said is None:
        raise _forgotten()
    if not said.status.is_end:
        return Next.WAIT
    return go_to(claim, handover, Step.READING)


def _read(claim: Claim, handover: JobHandover, until: float) -> Next:
    told = handover.told
    if not reports.find(claim, handover):
        if told.get("done", 0) + told.get("failed", 0) and not _is_late(told):
            return Next.WAIT
        return _finish(claim, handover, is_read=False)
    if not reports.read(claim, handover, until):
        return Next.LATER
    return _finish(claim, handover, is_read=True)


def _finish(claim: Claim, handover: JobHandover, *, is_read: bool) -> Next:
    """End the job by its report, or where none came, by the counts of Amazon alone."""
    told = handover.told
    failed = claim.job.items.filter(outcome=JobItem.Outcome.FAILED).count()
    claim.write(done=handover.report["done"] if is_read else told.get("done", 0), failed=failed)
    status, reason = told.get("status", ""), told.get("reasons", "")
    if status == Status.FAILED:
        return end(claim, handover, JobState.FAILED, _("Amazon gave up: %(reason)s") % {"reason": reason})
    if status != Status.COMPLETE:
        return end(claim, handover, JobState.CANCELLED, _("It was cancelled at Amazon. %s") % reason)
    if not is_read:
        words = _("Amazon's report did not come: it says that %(count)s failed, and not which.")
        return end(claim, handover, JobState.PARTIAL, words % {"count": whole(told.get("failed", 0))})
    missing = handover.manifest["rows"] - handover.report["rows"]
    if missing > 0:
        words = _("Amazon's report says nothing of %(count)s objects.") % {"count": whole(missing)}
        return end(claim, handover, JobState.PARTIAL, words)
    return end(claim, handover, JobState.PARTIAL if failed else JobState.DONE)


def _asked(claim: Claim, handover: JobHandover) -> BatchJob | None:
    """Ask Amazon how far it is, and write that down, for the page, too."""
    said = batch_operations.describe(handover.aws_job, alias=_alias(handover))
    if said is None:
        return None
    told: dict[str, Any] = {
        "status": said.status.value, "total": said.total, "done": said.done, "failed": said.failed,
        "reasons": said.reasons,
    }  # fmt: skip
    if said.status.is_end:
        told["ended"] = handover.told.get("ended") or timezone.now().isoformat()
    claim.write(done=said.done, failed=said.failed)
    note(handover, told=told, priority=said.priority or handover.priority)
    return said


def _found(handover: JobHandover) -> str:
    """Return the job that a worker before this one asked for and died; empty where none did.

    The token alone would do, as long as Amazon remembers it: nobody says how long.
    """
    if not handover.told.get("asked"):
        return ""
    return batch_operations.find(description(handover), alias=_alias(handover))


def _is_late(told: dict[str, Any]) -> bool:
    ended = told.get("ended")
    return ended is None or timezone.now() - datetime.fromisoformat(ended) > timedelta(hours=REPORT_HOURS)


def _forgotten() -> NotPossible:
    return NotPossible(_("Amazon does not know the job any more: it keeps them for 90 days."))


def _alias(handover: JobHandover) -> str:
    return handover.job.bucket.connection


STEPS: Steps = {
    Step.WRITING: _write,
    Step.CREATING: _create,
    Step.COUNTING: _count,
    Step.CONFIRMING: _count,
    Step.RELEASING: _release,
    Step.FOLLOWING: _follow,
    Step.READING: _read,
}
