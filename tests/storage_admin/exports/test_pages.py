"""A ZIP on its job's page: fetched by who may read what is in it, and by nobody else."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.audit import AuditEvent
from portal.models import User
from portal.s3 import session
from storage_admin.exports import expiry, register
from storage_admin.models import Bucket, Job
from storage_admin.objects.services import download_right
from tests.factories import UserFactory
from tests.storage_admin.jobs.conftest import Put
from tests.store import answering, refusal

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

SEE = ["storage_admin.view_job", "storage_admin.view_bucket"]
FETCH = [*SEE, "storage_admin.download_object"]


def page_of(job: Job, user: User) -> str:
    client = Client()
    client.force_login(user)
    return client.get(reverse("admin:storage_admin_job_change", args=[job.pk])).content.decode()


def fetch(job: Job, user: User) -> Any:
    client = Client()
    client.force_login(user)
    return client.get(reverse("admin:storage_admin_job_zip", args=[job.pk]))


def test_page_offers_the_zip_and_a_short_signature_gives_it(export: Job, settings: Any) -> None:
    user = UserFactory(rights=FETCH)
    assert reverse("admin:storage_admin_job_zip", args=[export.pk]) in page_of(export, user)

    answer = fetch(export, user)

    assert answer.status_code == 302
    asked = parse_qs(urlsplit(answer["Location"]).query)
    made = register.made(export)
    assert made is not None
    assert asked["versionId"] == [made.version_id]
    assert int(asked["X-Amz-Expires"][0]) <= settings.ORIGINAL_URL_SECONDS
    with urlopen(answer["Location"], timeout=10) as fetched:
        assert fetched.read(2) == b"PK"
        assert "attachment" in fetched.headers["Content-Disposition"]
    event = AuditEvent.objects.get(action="export.downloaded")
    assert (event.outcome, event.key) == ("done", register.key_of(export))


def test_who_may_not_read_the_objects_gets_no_zip(export: Job) -> None:
    user = UserFactory(rights=SEE)

    shown = page_of(export, user)
    answer = fetch(export, user)

    assert reverse("admin:storage_admin_job_zip", args=[export.pk]) not in shown
    assert "right to download" in shown
    assert answer.status_code == 403
    assert AuditEvent.objects.get(action="export.downloaded").outcome == "refused"


def test_zip_of_originals_wants_the_right_to_originals_wherever_it_lies(
    export: Job, yard: Bucket, settings: Any
) -> None:
    assert download_right(yard, register.key_of(export)) == "storage_admin.download_object"
    settings.AWS_STORAGE_BUCKET_NAME = yard.name

    assert download_right(yard, register.key_of(export)) == "photos.download_original"
    assert download_right(yard, "exports/other.zip") == "storage_admin.download_object"
    assert fetch(export, UserFactory(rights=FETCH)).status_code == 403
    assert fetch(export, UserFactory(rights=[*FETCH, "photos.download_original"])).status_code == 302


def test_zip_that_was_removed_is_told_as_that(export: Job) -> None:
    expiry.remove_expired(timezone.now() + timedelta(days=8))
    user = UserFactory(rights=FETCH)

    shown = page_of(export, user)
    answer = fetch(export, user)

    assert "Removed, as its days were over" in shown
    assert reverse("admin:storage_admin_job_zip", args=[export.pk]) not in shown
    assert answer.status_code == 302
    assert answer["Location"] == reverse("admin:storage_admin_job_change", args=[export.pk])


def test_zip_that_somebody_took_away_is_told_as_that(export: Job, yard: Bucket) -> None:
    made = register.made(export)
    assert made is not None
    session.client().delete_object(Bucket=yard.name, Key=register.key_of(export), VersionId=made.version_id)

    assert "somebody removed it" in page_of(export, UserFactory(rights=FETCH))


@pytest.mark.parametrize(("status", "code"), [(503, "SlowDown"), (403, "AccessDenied")])
def test_page_answers_when_the_store_does_not(export: Job, status: int, code: str) -> None:
    user = UserFactory(rights=FETCH)

    with answering("HeadObject", refusal(status, code)):
        shown, answer = page_of(export, user), fetch(export, user)

    assert "The ZIP" in shown
    assert reverse("admin:storage_admin_job_zip", args=[export.pk]) not in shown
    assert answer.status_code in {302, 503}


def test_jobs_of_other_kinds_have_no_zip(planned: Callable[..., Job], put_in: Put) -> None:
    put_in("in/a.jpg")
    job = planned("hide", "in/")

    assert fetch(job, UserFactory(rights=FETCH)).status_code == 404
    assert "The ZIP" not in page_of(job, UserFactory(rights=FETCH))


def test_hostile_keys_and_prefix_are_text_on_the_page(
    put_in: Put, planned: Callable[..., Job], worked: Callable[[Job], Job]
) -> None:
    put_in("in/<script>alert(1)</script>.jpg")
    parameters = {"to": "", "to_prefix": "a&b<i>/", "days": 7}

    job = worked(planned("zip", "in/", parameters=parameters))

    shown = page_of(job, UserFactory(rights=FETCH))
    assert "<script>alert" not in shown
    assert "a&amp;b&lt;i&gt;/" in shown
