"""The simulated connection: its samples, and that no page lets anybody take it for storage."""

import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.admin import site
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import URLPattern, reverse

from portal.aws import clients, glue
from portal.local import simulator as names
from portal.models import User
from portal.s3 import acl, attributes, object_lock, session, versioning
from portal.s3.types import VersioningState
from storage_admin import simulator_samples
from storage_admin.errors import NotPossible
from storage_admin.glue import running as glue_running
from storage_admin.models import Bucket, GlueRun
from tests.contract import stores
from tests.factories import BucketFactory
from tests.store import leave_store, use_store

LABEL = "Nothing is kept"
NO_PAGE = "There is nothing at this address"  # of no bucket: the walk asked for too little


@pytest.fixture(scope="module")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[stores.Endpoint]:
    with stores.ministack(tmp_path_factory.mktemp("simulator")) as found:
        yield found


@pytest.fixture
def simulator(ministack: stores.Endpoint, settings: Any) -> Iterator[str]:
    """The alias of a simulated connection."""
    use_store(settings, ministack.endpoint_url)
    settings.S3_CONNECTIONS = {
        alias: {**settings.S3_CONNECTIONS["default"], "server": "ministack"}
        for alias in ("default", "simulator")
    }
    yield "simulator"
    leave_store()


@pytest.mark.servers
@pytest.mark.django_db
def test_samples_are_made_once_and_are_in_the_list(simulator: str) -> None:
    call_command("simulator_samples")

    assert simulator_samples.make(simulator) == []
    assert {f"sample-{name}" for name in ("versions", "suspended", "public", "archive", "locked")} <= set(
        Bucket.objects.filter(connection=simulator).values_list("name", flat=True)
    )
    assert versioning.read("sample-suspended", alias=simulator).state is VersioningState.SUSPENDED
    assert acl.of_object("sample-public", "by-acl.jpg", alias=simulator).public_grants
    assert not attributes.read("sample-archive", "deep_archive.jpg", alias=simulator).is_readable
    assert attributes.read("sample-locked", "on-hold.jpg", alias=simulator).legal_hold
    assert object_lock.of_bucket("sample-locked", alias=simulator).is_enabled


@pytest.mark.servers
@pytest.mark.django_db
def test_sample_job_reads_what_was_exported(
    simulator: str, ministack: stores.Endpoint, settings: Any
) -> None:
    bucket = f"analytics-{uuid4().hex[:8]}"
    settings.SERVICES_CONNECTION, settings.SERVICES_ENDPOINT_URL = simulator, ministack.endpoint_url
    settings.ANALYTICS_BUCKET = f"{simulator}/{bucket}"
    settings.GLUE_JOBS, settings.GLUE_AFTER_EXPORT = [names.GLUE_JOB], names.GLUE_JOB
    simulator_samples._SAMPLES[names.ANALYTICS_BUCKET](bucket, simulator)

    call_command("export_analytics")
    run = GlueRun.objects.get()
    for _try in range(100):
        glue_running.work(run.pk)
        run.refresh_from_db()
        if run.ended_at is not None:
            break
        time.sleep(0.1)

    clients.forget()
    assert (run.state, run.error) == (GlueRun.State.SUCCEEDED, "")


@pytest.mark.servers
@pytest.mark.django_db
def test_sample_job_is_made_at_no_amazon(simulator: str, settings: Any, monkeypatch: Any) -> None:
    settings.SERVICES_CONNECTION, settings.SERVICES_ENDPOINT_URL = simulator, ""
    made: list[str] = []
    monkeypatch.setattr(glue, "make_shell_job", lambda name, **_told: made.append(name))

    simulator_samples._SAMPLES[names.ANALYTICS_BUCKET](f"analytics-{uuid4().hex[:8]}", simulator)

    assert made == []


def test_samples_go_into_no_real_store(settings: Any) -> None:
    settings.S3_CONNECTIONS = {"default": {"endpoint_url": "https://s3.example.org", "server": "other"}}

    with pytest.raises(NotPossible):
        simulator_samples.make(session.DEFAULT)
    with pytest.raises(CommandError, match="Nothing was made"):
        call_command("simulator_samples")


def pages_below_a_bucket() -> list[str]:
    """Names of the pages that need a bucket and nothing else to be opened."""
    patterns: list[URLPattern] = site.get_model_admin(Bucket).get_urls()
    return sorted(
        str(pattern.name)
        for pattern in patterns
        if pattern.name and set(pattern.pattern.converters) == {"bucket_id"}
    )


@pytest.mark.servers
@pytest.mark.django_db
def test_every_page_below_a_simulated_bucket_says_so(client: Client, simulator: str) -> None:
    client.force_login(User.objects.create_superuser("root"))
    simulator_samples.make(simulator)
    bucket = BucketFactory(name="sample-versions", connection=simulator)
    lost = BucketFactory(name="sample-that-is-gone", connection=simulator)
    names = pages_below_a_bucket()
    assert "storage_admin_bucket_browse" in names

    silent = []
    for row in (bucket, lost):
        addresses = [f"{reverse(f'admin:{name}', args=[row.pk])}?key=dogs/rex.jpg" for name in names]
        addresses += [
            reverse(f"admin:storage_admin_bucket_{page}", args=[row.pk]) for page in ("change", "history")
        ]
        for address in addresses:
            answer = client.get(address)
            body = answer.getvalue()  # to its end: some pass an object's bytes on
            is_page = answer["Content-Type"].startswith("text/html") and answer.status_code not in {302, 405}
            text = body.decode() if is_page else ""
            if is_page and LABEL not in text and NO_PAGE not in text:
                silent.append(f"{answer.status_code} {address}")

    assert silent == []


@pytest.mark.django_db
def test_list_tells_simulated_buckets_from_real_ones(client: Client, simulator: str, settings: Any) -> None:
    settings.S3_CONNECTIONS = {
        **settings.S3_CONNECTIONS,
        "default": {**settings.S3_CONNECTIONS["default"], "server": "seaweedfs"},
    }
    client.force_login(User.objects.create_superuser("root"))
    BucketFactory(name="real", connection="default")
    BucketFactory(name="sample", connection=simulator)

    page = client.get(reverse("admin:storage_admin_bucket_changelist")).content.decode()

    assert page.count("simulated, nothing is kept") == 1
