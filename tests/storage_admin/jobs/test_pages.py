"""The pages of jobs, in the hands of people: draft, plan, start, look, retry; each by its right."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from portal.models import User
from storage_admin.jobs import running
from storage_admin.models import Bucket, Job, JobItem, JobState
from tests.factories import BucketFactory, JobFactory
from tests.storage_admin.conftest import in_role
from tests.storage_admin.jobs.conftest import Put, held

pytestmark = pytest.mark.django_db


def of_job(name: str, job: Job) -> str:
    return reverse(f"admin:storage_admin_job_{name}", args=[job.pk])


def new(bucket: Bucket, kind: str, prefix: str = "") -> str:
    address = reverse("admin:storage_admin_bucket_new_job", args=[bucket.pk, kind])
    return f"{address}?prefix={prefix}"


@pytest.mark.servers
def test_job_from_its_form_to_its_end(page: Client, yard: Bucket, put_in: Put) -> None:
    for name in ("in/a.jpg", "in/b.jpg", "out/c.jpg"):
        put_in(name)
    drafted = page.post(
        new(yard, "destroy", "in/"), {"draft": "yes", "which": "everything", "days": 0, "keep": 0}
    )
    job = Job.objects.get()
    assert drafted["Location"] == of_job("change", job)
    running.work(job.pk)

    plan = page.get(of_job("change", job)).content.decode()
    assert "<strong>2</strong> will be worked on" in plan
    assert "cannot be undone" in plan
    refused = page.post(of_job("start", job), {"typed": "in/"}, follow=True).content.decode()
    assert "Type the bucket" in refused
    page.post(of_job("start", job), {"typed": yard.name})
    running.work(job.pk)

    ended = page.get(of_job("change", job)).content.decode()
    assert "badge" in ended
    job.refresh_from_db()
    assert (job.state, job.done) == (JobState.DONE, 2)
    assert held(yard)["versions"] == 1


def test_failures_are_grouped_linked_and_given_as_csv(page: Client) -> None:
    job = JobFactory(state=JobState.PARTIAL, failed=2, ended_at="2026-01-01T00:00:00Z")
    for number, key in enumerate(("=cmd|x", "<script>")):
        JobItem.objects.create(
            job=job, target=str(number), key=key, outcome="failed", code="AccessDenied", message="no"
        )

    shown = page.get(of_job("change", job)).content.decode()
    sheet = page.get(of_job("failures", job)).getvalue().decode()

    assert "AccessDenied (2)" in shown
    assert "<script>" not in shown.split("What failed")[1].split("</section>")[0]
    assert "Retry the 2 that failed" in shown
    assert "'=cmd|x" in sheet


def test_progress_alone_is_a_part_of_the_page(page: Client) -> None:
    job = JobFactory(state=JobState.RUNNING, total=10, done=4)

    part = page.get(of_job("progress", job)).content.decode()

    assert "<html" not in part
    assert 'value="4"' in part


@pytest.mark.parametrize("role", ["Viewer", "Photographer", "Curator"])
def test_who_does_not_see_storage_sees_no_jobs(client: Client, role: str) -> None:
    client.force_login(in_role(role))

    assert client.get(of_job("change", JobFactory())).status_code == 403


@pytest.mark.parametrize("press", ["start", "pause", "resume", "cancel", "again"])
def test_who_may_look_may_not_press(client: Client, press: str) -> None:
    client.force_login(in_role("Auditor"))
    job = JobFactory()

    shown = client.get(of_job("change", job))
    pressed = client.post(of_job(press, job), {"typed": job.bucket.name})

    assert shown.status_code == 200
    assert b"job-form" not in shown.content
    assert pressed.status_code == 403
    job.refresh_from_db()
    assert job.state == JobState.PLANNED


def test_operator_is_offered_only_what_he_may_do(client: Client) -> None:
    client.force_login(in_role("Storage operator"))
    bucket = BucketFactory()

    offered = client.get(reverse("admin:storage_admin_bucket_jobs", args=[bucket.pk])).content.decode()

    assert "Change storage class" in offered
    assert "Empty the bucket" not in offered
    assert client.get(new(bucket, "empty")).status_code == 403


def test_list_of_jobs_takes_few_queries(
    page: Client, ada: User, django_assert_max_num_queries: Callable[..., object]
) -> None:
    for _n in range(5):
        JobFactory()

    # A dozen are the timetable's, whatever the number of jobs.
    with django_assert_max_num_queries(21):  # type: ignore[attr-defined]
        shown = page.get(reverse("admin:storage_admin_job_changelist"))

    assert shown.status_code == 200
