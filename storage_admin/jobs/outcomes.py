"""What came of a batch: rows for its targets, the job's counts and cursor, photos' rows; one transaction."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import structlog
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from portal.s3.errors import S3Error
from storage_admin.jobs import following
from storage_admin.jobs.claims import Claim
from storage_admin.jobs.kind import NOT_KNOWN, Done, Failed, Kind, Outcome, Skipped, not_known
from storage_admin.jobs.targets import Target
from storage_admin.models import Job, JobItem

logger = structlog.get_logger(__name__)

PACE_SECONDS = 60


def commit(claim: Claim, kind: Kind, outcomes: Sequence[Outcome]) -> None:
    """Write down what came of the job's batch, its counts and the next cursor, all or nothing.

    The photos' rows whose originals were copied go along in the same transaction. ClaimLost.
    """
    job, batch = claim.job, claim.job.batch
    assert batch is not None  # noqa: S101 - the caller looked
    done = [one for one in outcomes if isinstance(one, Done)]
    skips = Counter(batch["skips"]) + Counter(one.skip.code for one in outcomes if isinstance(one, Skipped))
    result = job.result | {"skips": dict(Counter(job.result.get("skips", {})) + skips)}
    result["done_in_pass"] = result.get("done_in_pass", 0) + len(done)
    with transaction.atomic():
        keep(job, kind, outcomes)
        if followed := following.follow(job.bucket, outcomes):
            result["followed"] = result.get("followed", 0) + followed
        claim.write(
            batch=None,
            cursor=batch["cursor"],
            done=F("done") + len(done),
            done_bytes=F("done_bytes") + sum(one.target.bytes for one in done),
            skipped=F("skipped") + skips.total(),
            failed=job.items.filter(outcome=JobItem.Outcome.FAILED).count(),
            result=result,
            pace=_pace(job, len(outcomes) + skips.total()),
        )
    job.refresh_from_db(fields=["done", "skipped", "done_bytes"])


def keep(job: Job, kind: Kind, outcomes: Sequence[Outcome]) -> None:
    """Write a row for each failure, and for each success where the kind keeps them."""
    done = [one for one in outcomes if isinstance(one, Done)]
    failed = [one for one in outcomes if isinstance(one, Failed)]
    former = job.items.filter(target__in=[one.target.digest for one in done], outcome=JobItem.Outcome.FAILED)
    if kind.keeps_successes:
        rows = [_done_item(job, one) for one in done]
    else:
        former.delete()  # it failed in an earlier pass, and is done now
        rows = []
    rows += [
        _item(job, one.target, JobItem.Outcome.FAILED, code=one.code, message=one.message) for one in failed
    ]
    attempts = dict(
        job.items.filter(target__in=[row.target for row in rows]).values_list("target", "attempts")
    )
    for row in rows:
        row.attempts = attempts.get(row.target, 0) + 1
    JobItem.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["job", "target"],
        update_fields=["version_id", "outcome", "code", "message", "attempts", "made", "at"],
    )


def _done_item(job: Job, one: Done) -> JobItem:
    """Return the row of a success; of a copy onto itself it names the version that was copied, too."""
    item = _item(job, one.target, JobItem.Outcome.DONE, made=one.made, message=one.note, code=one.code)
    if one.successor is not None:
        item.version_id = one.successor.of_version
    return item


def _item(job: Job, target: Target, outcome: JobItem.Outcome, **extra: Any) -> JobItem:
    return JobItem(
        job=job, target=target.digest, key=target.key.replace("\0", "\\x00"), bytes=target.bytes,
        version_id=target.version_id or target.upload_id, outcome=outcome, at=timezone.now(), **extra,
    )  # fmt: skip


def _pace(job: Job, handled: int) -> list[list[float]]:
    """Return how many targets had an outcome at which second, of the last minute."""
    now = time.time()
    recent = [one for one in job.pace if one[0] > now - PACE_SECONDS]
    return [*recent, [round(now, 1), handled]]


def settle(claim: Claim, kind: Kind, *, asks: bool) -> int:
    """Give each target of a batch that stays behind an outcome; return of how many none is known.

    The batch of a worker that died, or whose store went away, may have been done in part: those are
    failures that Retry takes up. `asks` lets the kind look at what became of them first.
    """
    job = claim.job
    if job.batch is None:
        return 0
    left = [Target.from_data(data) for data in job.batch["targets"]] if job.batch.get("begun") else []
    came: Sequence[Outcome] = [not_known(one) for one in left]
    if left and asks:
        try:
            came = kind.settle(job, left, claim.beat)
        except S3Error as error:
            logger.warning("job_batch_not_settled", job=job.pk, code=error.code)
    commit(claim, kind, came)
    return sum(isinstance(one, Failed) and one.code == NOT_KNOWN for one in came)
