"""The dry run: reads what the selection names and counts what would be done to it. Changes nothing."""

from __future__ import annotations

import time
from typing import Any

from django.utils import timezone

from portal.s3 import batch_operations
from storage_admin.jobs import costs, kinds, targets
from storage_admin.jobs.claims import Claim
from storage_admin.jobs.kind import Skip, verdicts
from storage_admin.jobs.targets import Target
from storage_admin.models import JobState

SAMPLES = 10
PAGE = 1_000


def work(claim: Claim, until: float) -> bool:
    """Plan until the end or the given `time.monotonic()`; return whether there is more to do."""
    job, kind = claim.job, kinds.of(claim.job)
    plan = job.plan or _empty()
    billed = costs.are_known(job.bucket)
    while time.monotonic() < until:
        page = targets.read(job.bucket, job.selection, job.cursor, PAGE)
        for target, skip in zip(page.targets, verdicts(kind, job, page.targets), strict=True):
            _count(plan, target, skip)
            if skip is None and billed:
                costs.add(plan["dollars"], kind.price(job, target))
        if page.cursor is None:
            plan["requests"] = kind.requests(plan["count"])
            plan["ended_at"] = timezone.now().isoformat()
            claim.write(
                plan=plan, cursor=None, total=plan["count"], total_bytes=plan["bytes"],
                state=JobState.PLANNED,
            )  # fmt: skip
            return False
        claim.write(plan=plan, cursor=page.cursor)
    return True


def _empty() -> dict[str, Any]:
    numbers = {"count": 0, "bytes": 0, "looked_at": 0, "too_large": 0}
    return {**numbers, "by_class": {}, "skips": {}, "samples": [], "dollars": {}}


def _count(plan: dict[str, Any], target: Target, skip: Skip | None) -> None:
    plan["looked_at"] += 1
    if skip is not None:
        said = plan["skips"].setdefault(skip.code, {"count": 0, "bytes": 0, "sentence": str(skip.sentence)})
        said["count"] += 1
        said["bytes"] += target.bytes
        return
    plan["count"] += 1
    plan["bytes"] += target.bytes
    plan["too_large"] = plan.get("too_large", 0) + (target.bytes > batch_operations.MAX_COPY_BYTES)
    if not target.is_marker and not target.upload_id:
        sums = plan["by_class"].setdefault(target.storage_class or "STANDARD", [0, 0])
        sums[0] += 1
        sums[1] += target.bytes
    if len(plan["samples"]) < SAMPLES:
        plan["samples"].append({"key": target.key, "version": target.version_id, "bytes": target.bytes})
