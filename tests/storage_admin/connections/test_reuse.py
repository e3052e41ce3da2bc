"""Clients are made once for a process: not for each request, nor for each task or slice."""

from typing import Any

import pytest
from botocore.session import Session as BotocoreSession
from django.test import Client
from django.urls import reverse

from portal.models import User
from portal.s3 import objects
from storage_admin import tasks
from storage_admin.jobs import running, services
from storage_admin.models import Bucket, JobState

pytestmark = [pytest.mark.servers, pytest.mark.django_db]
ROUNDS = 5


def test_many_requests_and_tasks_make_no_client_after_the_first(
    page: Client, bucket: Bucket, ada: User, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages of the console, signed addresses, a job's plan and slices, a look for buckets."""
    objects.put(bucket.name, f"{prefix}a.jpg", b"bytes", content_type="image/jpeg")

    def everything() -> None:
        for name in ("browse", "settings", "posture", "usage"):
            assert (
                page.get(reverse(f"admin:storage_admin_bucket_{name}", args=[bucket.pk])).status_code == 200
            )
        assert page.get(reverse("admin:storage_admin_bucket_connections")).status_code == 200
        tasks.look_for_buckets()
        job = services.draft(actor=ada, kind="verify", bucket=bucket, prefix=prefix)
        while running.work(job.pk):
            pass
        services.start(actor=ada, job=job, typed=bucket.name)
        while running.work(job.pk):
            pass
        job.refresh_from_db()
        assert job.state == JobState.DONE

    everything()
    made: list[str] = []
    whole = BotocoreSession.create_client

    def counted(self: Any, service: str, *arguments: Any, **options: Any) -> Any:
        made.append(service)
        return whole(self, service, *arguments, **options)

    monkeypatch.setattr(BotocoreSession, "create_client", counted)
    for _round in range(ROUNDS):
        everything()

    assert made == []
