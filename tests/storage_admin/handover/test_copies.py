"""Copies by S3 Batch Operations: only where they come out as our workers' copies do."""

from collections.abc import Callable
from uuid import uuid4

import pytest

from portal.models import User
from portal.s3 import buckets, session
from portal.s3.buckets import Birth
from portal.s3.ownership import Ownership
from storage_admin.errors import NotPossible
from storage_admin.handover import services
from storage_admin.models import Bucket, HandoverWay, Job, JobItem, JobState
from tests.factories import BucketFactory
from tests.storage_admin.handover.amazon import Amazon
from tests.storage_admin.handover.conftest import let_work
from tests.storage_admin.jobs.conftest import Put

pytestmark = [pytest.mark.django_db, pytest.mark.servers]


@pytest.fixture
def copying(amazon: Amazon, put_in: Put, planned: Callable[..., Job]) -> Callable[..., Job]:
    """Plan to copy two objects to the same keys of a new bucket."""

    def plan() -> Job:
        there: Bucket = BucketFactory(name=f"there-{uuid4().hex[:12]}", region="")
        buckets.create(there.name, Birth())
        for key in ("in/a", "in/b"):
            put_in(key)
        parameters = {"to": f"default/{there.name}", "to_prefix": "in/", "overwrite": True}
        return planned("copy", "in/", parameters=parameters)

    return plan


def test_copies_have_outcomes_as_copies_of_our_workers_have(
    copying: Callable[[], Job], handed: Callable[..., Job], ada: User
) -> None:
    job = let_work(handed(copying()))
    services.confirm(actor=ada, job=job)
    let_work(job)

    assert (job.state, job.done) == (JobState.DONE, 2)
    kept = JobItem.objects.filter(job=job, outcome=JobItem.Outcome.DONE)
    assert set(kept.values_list("key", flat=True)) == {"in/a", "in/b"}
    there = str(job.parameters["to"]).partition("/")[2]
    listed = session.client().list_objects_v2(Bucket=there)["Contents"]
    assert [one["Key"] for one in listed] == ["in/a", "in/b"]


@pytest.mark.parametrize(
    ("birth", "reason"),
    [
        ({"ownership": Ownership.OBJECT_WRITER}, "carry none along"),
        ({"object_lock": True}, "carry no locks along"),
        ({"versioned": False}, "keeps no versions"),
    ],
)
def test_buckets_where_copies_would_lose_something_are_refused(
    copying: Callable[[], Job], ada: User, birth: dict[str, object], reason: str
) -> None:
    job = copying()
    there: Bucket = BucketFactory(name=f"there-{uuid4().hex[:12]}", region="")
    buckets.create(there.name, Birth(**birth))  # type: ignore[arg-type]
    job.parameters["to"] = f"default/{there.name}"
    job.save()

    with pytest.raises(NotPossible, match=reason):
        services.hand_over(actor=ada, job=job, way=HandoverWay.BATCH)
