"""Is a bucket fit? Gathers the facts, many at once, has them judged, and keeps what came of it.

One function for the page, for `manage.py check_storage`, for "Connect a bucket" and for the daily task.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import structlog
from django.conf import settings
from django.db.models import F, Q
from django.utils import timezone

from photos import keys
from portal.s3 import (
    capabilities,
    clock,
    cors,
    encryption,
    exposure,
    lifecycle,
    ownership,
    permissions,
    public_access_block,
    session,
    together,
    versioning,
)
from portal.s3.errors import BucketNotFound, S3Error, StorageUnavailable
from portal.s3.types import Algorithm
from storage_admin.buckets import looking, posture_checks
from storage_admin.buckets.posture_checks import Check, Facts, Outcome
from storage_admin.models import Bucket
from storage_admin.schedules.rounds import NEVER

logger = structlog.get_logger(__name__)

RUN_SECONDS = 200  # what is left over is there for the next beat
NO_ENCRYPTION = "none"  # empty means that nobody has looked


@dataclass(frozen=True)
class Posture:
    """The facts, and the checks over them."""

    facts: Facts
    checks: list[Check]

    @property
    def counts(self) -> dict[str, int]:
        """How many checks came to each outcome."""
        found = Counter(check.outcome.value for check in self.checks)
        return {outcome.value: found[outcome.value] for outcome in Outcome}


def check(bucket: Bucket) -> Posture:
    """Ask, judge and, if the bucket has a row, keep. BucketNotFound, or StorageUnavailable if nothing came.

    An answer that is refused or late makes its check unknown, and stops nothing.
    """
    facts = gather(bucket)
    found = Posture(facts, posture_checks.judge(facts))
    if bucket.pk:
        _keep(bucket, found)
    return found


def gather(bucket: Bucket) -> Facts:
    """Ask the store everything at once: some forty calls in a few hundred milliseconds."""
    name, alias = bucket.name, bucket.connection
    below = keys.ORIGINALS if bucket.holds_photos else ""
    probes = permissions.asks(name, below=below, alias=alias)
    asks: dict[str, together.Ask] = {
        "versioning": partial(versioning.read, name, alias=alias),
        "clock": partial(clock.skew, name, alias=alias),
        "own_block": partial(public_access_block.read, name, alias=alias),
        "account_block": partial(public_access_block.read_account, alias=alias),
        "ownership": partial(ownership.read, name, alias=alias),
        "encryption": partial(encryption.read, name, alias=alias),
        "exposure": partial(exposure.read, name, alias=alias),
        "lifecycle": partial(lifecycle.read, name, alias=alias),
        "cors": partial(cors.read, name, alias=alias),
    }
    answers = together.ask_all({**asks, **probes})
    _raise_if_there_is_none(answers)
    return Facts(
        answers={one: answers[one] for one in asks},
        findings=permissions.judged(answers),
        lacks=capabilities.known(capabilities.server(alias)),
        holds_photos=bucket.holds_photos,
        reachable_by_browsers=session.connection(alias).reachable_by_browsers,
        origins=settings.PORTAL_ORIGINS,
    )


def check_due(since: datetime = NEVER) -> Counter[str]:
    """Check the buckets that nobody checked since the moment, longest ago first; return how many went how.

    A bucket that was never checked is due in any case.

    One that fails is noted and stops nothing; of a store that is away, the others are left for later.
    """
    deadline = time.monotonic() + RUN_SECONDS
    went: Counter[str] = Counter()
    away: set[str] = set()
    for bucket in waiting(since):
        if time.monotonic() > deadline:
            break
        if bucket.connection in away:
            continue
        try:
            check(bucket)
        except S3Error as error:
            logger.warning("bucket_not_checked", bucket=bucket.name, code=error.code)
            looking.note_error(bucket, error, gone=isinstance(error, BucketNotFound))
            if isinstance(error, StorageUnavailable):
                away.add(bucket.connection)
            went["not checked"] += 1
        else:
            went["checked"] += 1
    return went


def waiting(since: datetime) -> list[Bucket]:
    """Return the buckets that were checked before the moment last, or never; longest ago first."""
    old = Q(posture_at=None) | Q(posture_at__lt=since)
    found = Bucket.objects.filter(old, gone_since=None).order_by(F("posture_at").asc(nulls_first=True))
    return [bucket for bucket in found if bucket.is_connected]


def _raise_if_there_is_none(answers: dict[str, Any]) -> None:
    first = answers["versioning"]
    if isinstance(first, BucketNotFound):
        raise first
    if isinstance(first, StorageUnavailable) and not any(_is_answer(one) for one in answers.values()):
        raise first


def _is_answer(found: Any) -> bool:
    """Whether the store had a part in it: calls that Amazon's accounts alone have are not sent elsewhere."""
    return not isinstance(found, StorageUnavailable) and getattr(found, "operation", "") != "S3Control"


def _keep(bucket: Bucket, found: Posture) -> None:
    facts, now = found.facts, timezone.now()
    read = {
        "versioning": facts.get("versioning") and facts.get("versioning").state.value,
        "encryption": facts.get("encryption") and _encryption_kept(facts.get("encryption").algorithm),
        "public": facts.get("exposure") and facts.get("exposure").verdict.value,
        "lifecycle_rules": facts.get("lifecycle") and len(facts.get("lifecycle").rules),
    }
    kept = {name: value for name, value in read.items() if value is not None}
    row: Any = {**kept, "posture": found.counts, "posture_at": now, "last_checked": now}
    if facts.get("versioning") is not None:
        row |= {"last_error": "", "gone_since": None}
    Bucket.objects.filter(pk=bucket.pk).update(**row)
    for name, value in row.items():
        setattr(bucket, name, value)


def _encryption_kept(algorithm: Algorithm) -> str:
    longest = Bucket._meta.get_field("encryption").max_length
    return algorithm.value[:longest] or NO_ENCRYPTION
