"""The steps of a job that a lifecycle rule works off: put, looked after, and taken away again.

The rule is put and removed as people change lifecycle rules: by `buckets.changes`, with a line in the
bucket's history, the other rules read and written back with it.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from portal.display import whole
from portal.s3.errors import BucketNotFound
from portal.s3.lifecycle import Lifecycle
from storage_admin.bucket_settings.lifecycle import LifecycleSetting
from storage_admin.buckets import changes
from storage_admin.errors import ChangedMeanwhile, NotKept, NotPossible
from storage_admin.handover import rules
from storage_admin.handover.steps import Next, Steps, end, go_to
from storage_admin.jobs import allowed, kinds, targets
from storage_admin.jobs.claims import Claim
from storage_admin.jobs.kind import verdicts
from storage_admin.models import Bucket, JobHandover, JobState
from storage_admin.models import HandoverStep as Step

LOOK_HOURS = 6
# The store goes by rules within days; what is then left was written meanwhile, or will never go.
PATIENCE_DAYS = 14
PAGE = 1_000
SETTING = LifecycleSetting()


def cancel(claim: Claim, handover: JobHandover, until: float) -> Next:
    """Take the rule away; what has gone by it stays gone."""
    if handover.step != Step.REMOVING:
        return go_to(claim, handover, Step.REMOVING)
    return _remove(claim, handover, until)


def _put(claim: Claim, handover: JobHandover, _until: float) -> Next:
    job = claim.job
    allowed.check_right(job)
    allowed.check_obstacle(job)
    rule = rules.of(job, rules.name_of(handover))
    now = SETTING.read(job.bucket.name, job.bucket.connection)
    try:
        if now.rule(rule["ID"]) is None and not _changed(job.bucket, now, now.merged(rule)):
            return Next.WAIT
    except NotKept:
        # A rule that the store keeps otherwise, without "the newest stay", say, takes more than was planned.
        kept = SETTING.read(job.bucket.name, job.bucket.connection)
        _changed(job.bucket, kept, kept.without(rule["ID"]))
        raise
    return go_to(claim, handover, Step.WATCHING, rule=rule, look={}, look_at=_next_look())


def _watch(claim: Claim, handover: JobHandover, until: float) -> Next:
    """Count what the rule has still to do; the store itself tells nobody what it did."""
    if handover.look_at is not None and timezone.now() < handover.look_at:
        return Next.WAIT
    job, kind = claim.job, kinds.of(claim.job)
    if not handover.look:
        _check_rule(claim, handover)
    look = {"cursor": None, "left": 0, "looked_at": 0} | handover.look
    while True:
        page = targets.read(job.bucket, job.selection, look["cursor"], PAGE)
        for target, skip in zip(page.targets, verdicts(kind, job, page.targets), strict=True):
            look["looked_at"] += 1
            look["left"] += skip is None and rules.is_left(job, target.bytes)
        look["cursor"] = page.cursor
        if page.cursor is None:
            break
        if time.monotonic() >= until:
            go_to(claim, handover, Step.WATCHING, look=look)
            return Next.LATER
        claim.beat()
    left = look["left"]
    told = {"left": left, "at": timezone.now().isoformat()}
    counted = {"done": max(0, job.total - left)}
    if left and not _is_late(handover):
        go_to(claim, handover, Step.WATCHING, of_job=counted, look={}, told=told, look_at=_next_look())
        return Next.WAIT
    return go_to(claim, handover, Step.REMOVING, of_job=counted, look={}, told=told)


def _remove(claim: Claim, handover: JobHandover, _until: float) -> Next:
    job = claim.job
    try:
        now = SETTING.read(job.bucket.name, job.bucket.connection)
    except BucketNotFound:
        now = Lifecycle()  # the rule went with the bucket
    name = rules.name_of(handover)
    if now.rule(name) is not None and not _changed(job.bucket, now, now.without(name)):
        return Next.WAIT
    left = handover.told.get("left")
    if claim.state() is JobState.CANCELLING or left is None:
        return end(claim, handover, JobState.CANCELLED)
    if left:
        words = _("After %(days)d days %(count)s are left; the rule was taken away.")
        said = words % {"days": _patience_days(handover), "count": whole(left)}
        return end(claim, handover, JobState.PARTIAL, said)
    kinds.of(job).finished(job, claim.beat)
    return end(claim, handover, JobState.DONE)


def _check_rule(claim: Claim, handover: JobHandover) -> None:
    """Look whether the rule is as it was put. NotPossible; who resumes the job has it put again."""
    job = claim.job
    now = SETTING.read(job.bucket.name, job.bucket.connection)
    name = rules.name_of(handover)
    if now.rule(name) is not None and now.merged(handover.rule) == now:
        return
    go_to(claim, handover, Step.PUTTING)
    raise NotPossible(_("Somebody changed the rule %(name)s, or took it away.") % {"name": name})


def _changed(bucket: Bucket, seen: Lifecycle, wanted: Lifecycle) -> bool:
    """Change the bucket's rules as the portal; return whether that was done. Errors as `changes.change`.

    It was not where a person is at the same setting just now: then it is tried again.
    """
    try:
        changes.change(
            actor=None, bucket=bucket, setting=SETTING, seen=seen, wanted=wanted, typed_name=bucket.name
        )
    except ChangedMeanwhile:
        return False
    return True


def _next_look() -> datetime:
    return timezone.now() + timedelta(hours=LOOK_HOURS)


def _patience_days(handover: JobHandover) -> int:
    return rules.days(handover.rule) + PATIENCE_DAYS


def _is_late(handover: JobHandover) -> bool:
    return timezone.now() - handover.made_at > timedelta(days=_patience_days(handover))


STEPS: Steps = {Step.PUTTING: _put, Step.WATCHING: _watch, Step.REMOVING: _remove}
