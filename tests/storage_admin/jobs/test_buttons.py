"""What a job's page offers is what its services allow: by right, by state, by a second person."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from portal.models import User
from portal.s3.types import VersioningState
from storage_admin.errors import NotPossible
from storage_admin.jobs import services
from storage_admin.models import Bucket, Job, JobState
from tests.factories import BucketFactory, JobFactory
from tests.storage_admin.conftest import in_role

pytestmark = pytest.mark.django_db

PLAN = {"ended_at": "2026-01-01T00:00:00Z", "looked_at": 100, "count": 20}
ENDED = {"state": JobState.PARTIAL, "done": 2, "failed": 1, "ended_at": "2026-01-01T00:00:00Z", "plan": PLAN}


def of_job(name: str, job: Job) -> str:
    return reverse(f"admin:storage_admin_job_{name}", args=[job.pk])


def with_rights(*codenames: str) -> User:
    user = User.objects.create_user("some", is_staff=True)
    named = Permission.objects.filter(codename__in=["view_job", "view_bucket", *codenames])
    user.user_permissions.set(named)
    return user


@pytest.mark.parametrize(
    ("kind", "parameters", "has", "shown", "hidden"),
    [
        ("set-acl", {"acl": "public-read"}, ["change_object_acl"], ["acknowledge"], ["retry", "again"]),
        ("set-acl", {"acl": "private"}, ["change_object_acl"], ["retry", "again"], []),
        ("hide", {}, ["hide_object"], ["retry", "again", "acknowledge"], ["undo"]),
        ("hide", {}, ["hide_object", "recover_object"], ["undo"], []),
        ("empty", {"bypass": True}, ["empty_bucket"], ["acknowledge"], ["retry", "again"]),
    ],
)
def test_page_shows_exactly_the_buttons_that_the_services_allow(
    client: Client, kind: str, parameters: dict[str, Any], has: list[str], shown: list[str], hidden: list[str]
) -> None:
    client.force_login(with_rights(*has))
    job = JobFactory(kind=kind, parameters=parameters, selection={"what": "objects", "prefix": ""}, **ENDED)

    page = client.get(of_job("change", job)).text

    assert [name for name in shown if f'formaction="{of_job(name, job)}"' not in page] == []
    assert [name for name in hidden if f'formaction="{of_job(name, job)}"' in page] == []
    assert {client.post(of_job(name, job)).status_code for name in hidden} <= {403}
    assert {client.post(of_job(name, job)).status_code for name in shown} == {302}


def test_start_is_shown_only_to_those_who_may(client: Client) -> None:
    client.force_login(with_rights("change_object_acl"))
    job = JobFactory(kind="set-acl", parameters={"acl": "public-read"}, total=20, plan=PLAN)

    shown = client.get(of_job("change", job)).text

    assert of_job("start", job) not in shown
    assert client.post(of_job("start", job)).status_code == 403


def test_bucket_that_is_gone_gets_no_new_job(page: Client) -> None:
    bucket = BucketFactory(gone_since="2026-01-01T00:00:00Z", versioning=VersioningState.ENABLED)
    job = JobFactory(bucket=bucket, **ENDED)

    shown = page.get(of_job("change", job)).text

    assert of_job("again", job) not in shown
    assert of_job("retry", job) not in shown
    assert of_job("acknowledge", job) in shown


def test_two_people_destroy_much(client: Client, settings: Any) -> None:
    """20 of 100 are more than 10 %: one plans, another approves, and then it may be started."""
    settings.JOB_APPROVAL = True
    ada, bob = in_role("Storage admin"), in_role("Auditor")
    carol = User.objects.create_superuser("carol")
    job = JobFactory(kind="destroy", total=20, plan=PLAN, made_by=ada, made_by_name="ada")
    pages = {}
    for user in (ada, bob, carol):
        client.force_login(user)
        pages[user.pk] = client.get(of_job("change", job)).text

    assert all("a second person must approve it" in shown for shown in pages.values())
    assert [of_job("approve", job) in pages[one.pk] for one in (ada, bob, carol)] == [False, False, True]
    assert not any(of_job("start", job) in shown for shown in pages.values())
    client.force_login(bob)
    assert client.post(of_job("approve", job)).status_code == 403
    client.force_login(carol)
    client.post(of_job("approve", job))
    client.force_login(ada)
    shown = client.get(of_job("change", job)).text
    assert "Approved by carol" in shown
    client.post(of_job("start", job), {"typed": job.bucket.name})
    job.refresh_from_db()
    assert job.state == JobState.QUEUED


def test_page_says_where_no_second_person_is_asked(page: Client, settings: Any) -> None:
    settings.JOB_APPROVAL = False
    much = JobFactory(kind="destroy", total=20, plan=PLAN)
    little = JobFactory(kind="destroy", total=10, plan=PLAN)

    assert "JOB_APPROVAL is off" in page.get(of_job("change", much)).text
    assert "JOB_APPROVAL" not in page.get(of_job("change", little)).text


def test_share_of_a_bucket_that_nobody_counted_counts_as_much(settings: Any) -> None:
    settings.JOB_APPROVAL = True

    assert services.needs_approval(JobFactory(kind="destroy", prefix="a/", total=1, plan=PLAN))
    assert not services.needs_approval(JobFactory(kind="destroy", prefix="a/", total=0, plan=PLAN))


def test_emptying_is_for_whole_buckets_alone(page: Client, ada: User) -> None:
    bucket = BucketFactory()
    jobs = reverse("admin:storage_admin_bucket_jobs", args=[bucket.pk])

    assert "Empty the bucket" in page.get(jobs).text
    assert "Empty the bucket" not in page.get(f"{jobs}?prefix=a/").text
    with pytest.raises(NotPossible, match="whole bucket"):
        services.draft(actor=ada, kind="empty", bucket=bucket, prefix="a/")


def test_kind_that_is_not_for_the_bucket_is_refused_with_the_reason(page: Client) -> None:
    bucket = BucketFactory()

    shown = page.get(reverse("admin:storage_admin_bucket_jobs", args=[bucket.pk])).text

    assert "No photos live in this bucket." in shown
    assert reverse("admin:storage_admin_bucket_new_job", args=[bucket.pk, "verify"]) not in shown


def test_history_is_filtered_by_kind_failures_and_who(page: Client) -> None:
    JobFactory(kind="hide", made_by_name="eve")
    noted = {"acknowledged_at": "2026-01-02T00:00:00Z"}
    JobFactory(kind="move", parameters={"to": "x/y"}, made_by_name="bob", **ENDED, **noted)
    jobs = reverse("admin:storage_admin_job_changelist")
    narrowed = {
        "kind=hide": {"hide"}, "failures=some": {"move"}, "failures=unnoted": set(),
        "made_by_name=eve": {"hide"}, "state__exact=partial": {"move"}, "": {"hide", "move"},
    }  # fmt: skip

    found = {
        query: {job.kind for job in page.get(f"{jobs}?{query}").context["cl"].result_list}
        for query in narrowed
    }

    assert found == narrowed


@pytest.mark.parametrize(
    ("prefix", "waits"), [("a/", True), ("a/b/", True), ("", True), ("a", True), ("b/", False)]
)
def test_job_waits_for_one_of_its_kind_above_or_below_it(ada: User, prefix: str, waits: bool) -> None:
    bucket: Bucket = BucketFactory()
    JobFactory(kind="move", bucket=bucket, prefix="a/", state=JobState.RUNNING)
    JobFactory(kind="move", prefix=prefix, state=JobState.RUNNING)  # of another bucket
    parameters = {"to": f"{bucket.connection}/{bucket.name}"}
    job = JobFactory(kind="move", bucket=bucket, prefix=prefix, total=1, plan=PLAN, parameters=parameters)

    if waits:
        with pytest.raises(NotPossible, match=r"at work there: a/\. Wait"):
            services.start(actor=ada, job=job)
    else:
        services.start(actor=ada, job=job)

    job.refresh_from_db()
    assert job.state == (JobState.PLANNED if waits else JobState.QUEUED)
