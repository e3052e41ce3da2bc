"""Jobs outlive the keys they began with: a role's are renewed on the way, a profile's are read anew."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from portal.models import User
from portal.s3 import renewal, session
from portal.s3.session import Timeouts
from storage_admin.jobs import planning, running, services
from storage_admin.jobs.kinds.deleting import Destroy
from storage_admin.models import Bucket, Job, JobState
from tests.contract import stores
from tests.servers import Store
from tests.storage_admin.jobs.conftest import held
from tests.store import answering, refusal

pytestmark = pytest.mark.servers
Planned = Callable[..., Job]
EVERYTHING = {"which": "everything"}
PROFILE = "of-a-test"
ONE_BATCH = 1.0  # of the clock below


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of three, and a clock that goes on by one with each of them."""
    batches = []
    whole = Destroy.act

    def counted(self: Destroy, *args: Any) -> Any:
        batches.append(args)
        return whole(self, *args)

    monkeypatch.setattr(Destroy, "batch_size", 3)
    monkeypatch.setattr(Destroy, "act", counted)
    for module in (running, planning):
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: float(len(batches))))
    monkeypatch.setattr(renewal, "LEAST_SECONDS", 0)


@pytest.fixture
def filled(yard: Bucket, put_in: Any) -> Bucket:
    for number in range(9):
        put_in(f"in/{number}")
    return yard


@pytest.fixture
def profile(
    settings: Any, seaweedfs: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    """Write a profile, from which the portal has its keys from now on."""
    file = tmp_path / "credentials"

    def write(access_key: str, token: str = "") -> None:
        lines = [f"[{PROFILE}]", f"aws_access_key_id = {access_key}"]
        lines += [f"aws_secret_access_key = {seaweedfs.secret_key}"]
        file.write_text("\n".join([*lines, *([f"aws_session_token = {token}"] if token else [])]) + "\n")

    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    write(seaweedfs.access_key)
    settings.S3_CONNECTIONS["default"]["profile"] = PROFILE
    session.renew()
    yield write
    session.renew()


def started(planned: Planned, ada: User, bucket: Bucket) -> Job:
    job = planned("destroy", "in/", parameters=EVERYTHING)
    services.start(actor=ada, job=job, typed=bucket.name)
    return job


def again(job: Job) -> Job:
    return Job.objects.get(pk=job.pk)


def test_keys_that_are_over_stop_the_job_and_new_ones_in_the_profile_let_it_go_on(
    filled: Bucket, planned: Planned, ada: User, profile: Any, seaweedfs: Store
) -> None:
    """The store itself refuses them; and the worker is the same process all the while."""
    job = started(planned, ada, filled)
    running.work(job.pk, ONE_BATCH)
    profile("KEYTHATISNOTKNOWN")
    session.renew()  # as a worker that began with them

    running.work(job.pk)
    job = again(job)
    assert (job.state, job.done) == (JobState.PAUSED, 3)
    assert "InvalidAccessKeyId" in job.stopped_because

    profile(seaweedfs.access_key)
    services.resume(actor=ada, job=job)
    while running.work(job.pk):
        pass

    assert (again(job).state, again(job).done) == (JobState.DONE, 9)
    assert held(filled)["versions"] == 0


def test_process_that_still_has_the_old_keys_does_not_stop_the_job(
    filled: Bucket, planned: Planned, ada: User, profile: Any, seaweedfs: Store
) -> None:
    """A worker has several processes: each reads the new keys by itself, without anybody's Resume."""
    job = started(planned, ada, filled)
    profile("KEYTHATISNOTKNOWN")
    session.renew()
    session.client()  # with the old ones
    session.client(timeouts=Timeouts.WORKER)
    profile(seaweedfs.access_key)

    assert running.work(job.pk)
    assert again(job).state == JobState.RUNNING
    assert not running.work(job.pk)

    assert (again(job).state, again(job).done) == (JobState.DONE, 9)


def test_same_keys_once_more_are_no_reason_to_go_on(
    filled: Bucket, planned: Planned, ada: User, profile: Any
) -> None:
    job = started(planned, ada, filled)

    with answering("DeleteObjects", refusal(400, "ExpiredToken")):
        assert not running.work(job.pk)

    assert again(job).state == JobState.PAUSED
    assert "temporary keys have ended" in again(job).stopped_because


@pytest.fixture
def role(ministack: stores.Endpoint, settings: Any, yard: Bucket) -> Iterator[None]:
    """Let the portal's connection lead to a simulator of Amazon, and take on a role there by its STS."""
    account: Any = {
        "endpoint_url": ministack.endpoint_url, "region_name": "us-east-1",
        "aws_access_key_id": "simulated", "aws_secret_access_key": "simulated",
    }  # fmt: skip
    iam = boto3.client("iam", **account)
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    with suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(RoleName="jobs", AssumeRolePolicyDocument=document)
    iam.close()
    settings.S3_CONNECTIONS["default"] |= {
        "endpoint_url": ministack.endpoint_url,
        "browser_endpoint_url": "",
        "server": "ministack",
        "role_arn": "arn:aws:iam::000000000000:role/jobs",
    }
    session.renew()
    session.client().create_bucket(Bucket=yard.name)
    session.client().put_bucket_versioning(Bucket=yard.name, VersioningConfiguration={"Status": "Enabled"})
    yield
    session.renew()  # before the clients of the yard's store are set aside for other tests


def used_keys(operation: str) -> set[str]:
    """Return a set that gets the access key of each request of the operation from now on."""
    found: set[str] = set()

    def note(request: Any, **_event: Any) -> None:
        said = request.headers.get("Authorization", b"")
        text = said.decode() if isinstance(said, bytes) else said
        found.add(text.partition("Credential=")[2].partition("/")[0])

    events = session.client(timeouts=Timeouts.WORKER).meta.events
    events.register_first(f"before-send.s3.{operation}", note)
    return found


def test_job_of_several_slices_outlives_the_keys_of_its_role(
    role: None, filled: Bucket, planned: Planned, ada: User
) -> None:
    """Their end is moved near between two slices; botocore asks STS for new ones before it comes."""
    job = started(planned, ada, filled)
    used = used_keys("DeleteObjects")
    first = session.credentials()

    slices = 1
    while running.work(job.pk, ONE_BATCH):
        slices += 1
        _let_keys_be_nearly_over()

    assert slices >= 3
    assert (again(job).state, again(job).done) == (JobState.DONE, 9)
    assert again(job).stopped_because == ""
    assert len(used) >= 3
    assert first.access_key in used
    assert first.token != session.credentials().token


def _let_keys_be_nearly_over() -> None:
    """Do to botocore's credentials what an hour would: their end is near, and so is that of what STS said."""
    found: Any = session.session().get_credentials()
    found._expiry_time = datetime.now(UTC) + timedelta(seconds=30)
    found._refresh_using.__self__._cache.clear()


def test_role_that_may_not_be_taken_on_any_more_pauses_the_job(
    role: None, filled: Bucket, planned: Planned, ada: User
) -> None:
    """And not one object after the other fails for it."""
    job = started(planned, ada, filled)
    found: Any = session.session().get_credentials()
    found._expiry_time = datetime.now(UTC) - timedelta(seconds=1)
    found._refresh_using = _refused

    running.work(job.pk)

    assert again(job).state == JobState.PAUSED
    assert "sts:AssumeRole" in again(job).stopped_because
    assert again(job).failed == 0

    services.resume(actor=ada, job=again(job))  # with a session of its own, whose role is given again
    running.work(job.pk)
    assert (again(job).state, again(job).done) == (JobState.DONE, 9)


def _refused() -> Any:
    answer: Any = {"Error": {"Code": "AccessDenied", "Message": "not authorized"}}
    raise ClientError(answer, "AssumeRole")
