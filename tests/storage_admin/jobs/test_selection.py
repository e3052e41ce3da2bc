"""Objects that are chosen in the browser become a job, whatever their keys hold; so does a path."""

import html
import re
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import Permission
from django.contrib.messages import get_messages
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from portal import today
from portal.s3 import session
from storage_admin.jobs.kinds.time_machine import MomentForm
from storage_admin.models import Bucket, Job, JobState
from tests.factories import BucketFactory, JobFactory, UserFactory
from tests.storage_admin.conftest import address, in_role
from tests.storage_admin.jobs.conftest import Put

pytestmark = pytest.mark.django_db

HOSTILE = ["a\nb.jpg", "<script>\u202e.jpg", "per%2Fcent +.jpg"]
BOX = re.compile(r'name="key" (?:form="selection-form" )?value="([^"]*)"')


def boxes(text: str) -> list[str]:
    """Return what the page's boxes, or hidden fields, would send."""
    return [html.unescape(value) for value in BOX.findall(text)]


@pytest.mark.servers
def test_chosen_keys_come_through_all_forms_as_they_are(page: Client, yard: Bucket, put_in: Put) -> None:
    for key in (*HOSTILE, "not-chosen.jpg", "folder/below.jpg"):
        put_in(key)
    listed = boxes(page.get(address("browse", yard)).content.decode())
    kept = {entry["Key"] for entry in session.client().list_objects_v2(Bucket=yard.name)["Contents"]}
    chosen = [one for one in listed if one != "not-chosen.jpg"]
    assert len(listed) == len(kept) - 1  # a folder has no box

    kinds = page.post(address("jobs", yard), {"key": chosen}).content.decode()
    hide = reverse("admin:storage_admin_bucket_new_job", args=[yard.pk, "hide"])
    form = page.post(hide, {"key": boxes(kinds)}).content.decode()
    page.post(hide, {"key": boxes(form), "draft": "yes"})

    assert "Empty the bucket" not in kinds
    job = Job.objects.get()
    assert set(job.selection["keys"]) == kept - {"not-chosen.jpg", "folder/below.jpg"}


def test_choosing_nothing_says_so_and_does_not_mean_everything(page: Client) -> None:
    bucket = BucketFactory()

    answer = page.post(address("jobs", bucket, prefix="cats/"))

    assert answer["Location"] == address("browse", bucket, prefix="cats/")
    assert [str(one) for one in get_messages(answer.wsgi_request)] == ["No object was chosen."]


@pytest.mark.servers
@pytest.mark.parametrize(("role", "offered"), [("Storage admin", True), ("Auditor", False)])
def test_boxes_are_for_those_who_may_start_jobs_of_chosen_objects(
    client: Client, yard: Bucket, put_in: Put, role: str, offered: bool
) -> None:
    put_in("cats/mia.jpg")
    client.force_login(in_role(role))

    text = client.get(address("browse", yard, prefix="cats/")).content.decode()
    versions = client.get(address("browse", yard, prefix="cats/", mode="versions")).content.decode()

    assert (boxes(text) == ["cats%2Fmia.jpg"]) is offered
    assert not boxes(versions)


@pytest.mark.servers
@pytest.mark.parametrize("sees_jobs", [True, False])
def test_jobs_below_a_path_are_for_those_who_see_jobs(client: Client, yard: Bucket, sees_jobs: bool) -> None:
    user = UserFactory()
    rights = ["view_bucket", "hide_object", *(["view_job"] if sees_jobs else [])]
    user.user_permissions.set(Permission.objects.filter(codename__in=rights))
    client.force_login(user)

    text = client.get(address("browse", yard, prefix="cats/")).content.decode()

    assert (html.escape(address("jobs", yard, prefix="cats/")) in text) is sees_jobs


def test_plan_of_nothing_offers_no_start(page: Client) -> None:
    plan = {"ended_at": "2026-01-01T00:00:00Z", "count": 0, "looked_at": 3}
    empty, full = JobFactory(plan=plan), JobFactory(plan=plan | {"count": 1}, total=1)

    def text(job: Job) -> str:
        return page.get(reverse("admin:storage_admin_job_change", args=[job.pk])).content.decode()

    assert "There is nothing to do." in text(empty)
    assert "start-form" not in text(empty)
    assert "start-form" in text(full)


@pytest.mark.servers
def test_delete_page_leads_to_the_job_that_empties(client: Client, yard: Bucket, put_in: Put) -> None:
    put_in("left.jpg")
    client.force_login(in_role("Storage admin"))

    text = client.get(address("remove", yard)).content.decode()

    assert reverse("admin:storage_admin_bucket_new_job", args=[yard.pk, "empty"]) in text


@pytest.mark.parametrize(("role", "seen"), [("Storage admin", 2), ("Viewer", None)])
def test_jobs_that_failed_wait_on_today_until_they_are_noted(
    client: Client, rf: RequestFactory, role: str, seen: int | None
) -> None:
    ended = "2026-01-01T00:00:00Z"
    JobFactory(state=JobState.PARTIAL, failed=1, ended_at=ended)
    JobFactory(state=JobState.FAILED, ended_at=ended)
    JobFactory(state=JobState.PARTIAL, failed=1, ended_at=ended, acknowledged_at=ended)
    JobFactory(state=JobState.DONE, ended_at=ended)
    request: HttpRequest = rf.get("/")
    request.user = in_role(role)

    cards = {str(one.card.label): one for one in today.board(request).waiting}
    card = cards.get("Jobs that failed")

    assert (card and card.count) == seen
    if card is not None:
        client.force_login(request.user)
        listed = client.get(card.card.url)
        assert listed.context["cl"].result_count == 2


def test_moment_as_a_browser_sends_it_is_taken_in_the_persons_time_zone() -> None:
    with timezone.override("Europe/Berlin"):
        form = MomentForm({"moment": "2026-01-31T13:00:00", "changes": ["deleted"]})

        assert form.is_valid(), form.errors
        assert form.cleaned_data["moment"].astimezone(UTC) == datetime(2026, 1, 31, 12, tzinfo=UTC)


def test_roll_back_tells_its_moment_and_what_was_ticked_in_words(page: Client) -> None:
    form = MomentForm({"moment": "2026-01-31T13:00:00", "changes": ["deleted", "added"]})
    assert form.is_valid(), form.errors
    job = JobFactory(kind="roll-back", parameters=form.cleaned_data)

    text = page.get(reverse("admin:storage_admin_job_change", args=[job.pk])).content.decode()

    assert "deletions, additions (they are hidden)" in text
    assert "Jan. 31, 2026, 1 p.m." in text
