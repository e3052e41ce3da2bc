"""Scans, counts, checks: a run begins a round, the sweeps end it, and a second press begins none."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from storage_admin import tasks
from storage_admin.buckets import usage
from storage_admin.models import Bucket, Scan, Schedule, UsageSnapshot
from storage_admin.reconciliation import scanning
from storage_admin.schedules import acts, rounds
from storage_admin.schedules.act import Outcome, Went
from tests.factories import BucketFactory

pytestmark = pytest.mark.django_db

AtItsTime = Callable[[str], Went]
OLD = timezone.now() - timedelta(days=2)


@pytest.mark.servers
def test_reconciliation_scans_the_photos_bucket(house: Bucket, at_its_time: AtItsTime, no_queue: Any) -> None:
    went = at_its_time("reconcile")

    scan = Scan.objects.get()
    assert (went.outcome, scan.bucket, scan.trigger) == (Outcome.BEGUN, house, Scan.Trigger.SCHEDULE)
    assert house.name in went.words
    again = at_its_time("reconcile")
    assert (again.outcome, Scan.objects.count()) == (Outcome.WAITS, 1)
    while scanning.work(scan.pk):
        pass
    scan.refresh_from_db()
    assert scan.state == Scan.State.COMPLETE
    tasks.sweep_scans()  # what waited for the first one
    assert Scan.objects.count() == 2


def test_scan_that_could_not_begin_is_begun_by_the_sweep(settings: Any, at_its_time: AtItsTime) -> None:
    settings.AWS_STORAGE_BUCKET_NAME = "photos"
    BucketFactory(name="photos", first_seen=OLD)
    claim_before = rounds.begun_at(rounds.SCANS)
    assert claim_before == rounds.NEVER
    tasks.sweep_scans()
    assert not Scan.objects.exists()

    at_its_time("reconcile")
    Scan.objects.all().delete()
    tasks.sweep_scans()

    assert Scan.objects.count() == 1


def test_no_bucket_of_photos_is_nothing_to_do(at_its_time: AtItsTime) -> None:
    assert at_its_time("reconcile").outcome == Outcome.NOTHING
    assert at_its_time("verify").outcome == Outcome.NOTHING


def test_usage_counts_every_bucket_few_at_once(at_its_time: AtItsTime, no_queue: Any) -> None:
    made = [BucketFactory() for _number in range(usage.AT_ONCE + 1)]
    for bucket in made:
        UsageSnapshot.objects.create(bucket=bucket, ended_at=OLD)
    UsageSnapshot.objects.update(begun_at=OLD)
    tasks.count_buckets()
    assert UsageSnapshot.objects.filter(ended_at=None).count() == 0

    went = at_its_time("usage")

    assert went.outcome == Outcome.BEGUN
    assert f"{len(made)} buckets" in went.words
    assert len([name for name, _given in no_queue if name == "count_slice"]) == usage.AT_ONCE
    assert acts.named("usage").under_way() == f"{len(made)} buckets are left."
    for _turn in range(2):
        UsageSnapshot.objects.filter(ended_at=None).update(ended_at=timezone.now())
        tasks.count_buckets()
    assert UsageSnapshot.objects.filter(begun_at__gt=OLD).count() == len(made)
    UsageSnapshot.objects.update(ended_at=timezone.now())
    assert acts.named("usage").under_way() == ""


@pytest.mark.servers
def test_posture_is_checked_by_the_sweep(house: Bucket, at_its_time: AtItsTime, no_queue: Any) -> None:
    Bucket.objects.update(posture_at=OLD)
    tasks.check_buckets()
    house.refresh_from_db()
    assert house.posture_at == OLD

    went = at_its_time("posture")

    assert went.outcome == Outcome.BEGUN
    assert ("check_buckets", ()) in no_queue
    assert acts.named("posture").under_way() == "1 bucket is left."
    tasks.check_buckets()
    house.refresh_from_db()
    assert house.posture_at is not None
    assert house.posture_at > OLD
    assert acts.named("posture").under_way() == ""


def test_dry_runs_tell_and_begin_nothing(settings: Any) -> None:
    settings.AWS_STORAGE_BUCKET_NAME = "photos"
    BucketFactory(name="photos", first_seen=OLD)

    told = {name: acts.named(name).would() for name in ("reconcile", "usage", "posture")}

    assert told == {
        "reconcile": "Would scan: photos.", "usage": "Would count: photos.", "posture": "Would check: photos."
    }  # fmt: skip
    assert not Schedule.objects.exists()
    assert not Scan.objects.exists()
    assert not UsageSnapshot.objects.exists()
