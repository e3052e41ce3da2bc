"""The pages of Glue's runs and of exports: words, tones, buttons by right, and hostile text as text."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from storage_admin.models import GlueRun
from tests.factories import AnalyticsExportFactory, GlueRunFactory, UserFactory

pytestmark = pytest.mark.django_db

SEE, RUN = "storage_admin.view_gluerun", "storage_admin.run_glue"
LIST = "admin:storage_admin_gluerun_changelist"
START = "admin:storage_admin_gluerun_start"


@pytest.fixture(autouse=True)
def jobs(settings: Any) -> None:
    settings.GLUE_JOBS = ["report", "another"]


@pytest.fixture
def page(client: Client) -> Any:
    """Fetch or press as somebody with these rights."""

    def get(name: str, *rights: str, args: Any = (), post: Any = None, query: str = "") -> Any:
        client.force_login(UserFactory(rights=rights))
        address = reverse(name, args=args) + query
        return client.get(address) if post is None else client.post(address, post)

    return get


def test_list_tells_runs_in_the_words_of_jobs(page: Any) -> None:
    GlueRunFactory(failed=True, error="<script>alert(1)</script>")
    GlueRunFactory(state="SOMETHING_NEW")

    told = page(LIST, SEE).content.decode()

    assert "badge-failed" in told
    assert "&lt;script&gt;alert(1)" in told
    assert "SOMETHING_NEW" in told
    assert "Start a job" not in told
    assert "Start a job" in page(LIST, SEE, RUN).content.decode()


def test_page_shows_arguments_as_text_and_only_the_buttons_that_fit(page: Any) -> None:
    going = GlueRunFactory(arguments={"--x": "<b>x</b>"}, state="RUNNING", run_id="jr_1")
    failed = GlueRunFactory(failed=True)

    def shown(run: GlueRun, *rights: str) -> str:
        told: str = page("admin:storage_admin_gluerun_change", *rights, args=[run.pk]).content.decode()
        return told

    assert "--x=&lt;b&gt;x&lt;/b&gt;" in shown(going, SEE)
    stop, noted = (
        [reverse(f"admin:storage_admin_gluerun_{name}", args=[run.pk]) for run in (going, failed)]
        for name in ("stop", "noted")
    )
    assert [stop[0] in shown(going, SEE, RUN), noted[0] in shown(going, SEE, RUN)] == [True, False]
    assert [stop[1] in shown(failed, SEE, RUN), noted[1] in shown(failed, SEE, RUN)] == [False, True]
    assert stop[0] not in shown(going, SEE)


def test_job_is_started_by_form(page: Any) -> None:
    form = str(uuid4())

    answers = [
        page(START, SEE, RUN, post={"job": "report", "arguments": "date=2026-12-01", "form": form})
        for _press in range(2)
    ]

    run = GlueRun.objects.get()
    assert {answer["Location"] for answer in answers} == {
        reverse("admin:storage_admin_gluerun_change", args=[run.pk])
    }
    assert (run.job, run.arguments, run.trigger) == ("report", {"--date": "2026-12-01"}, "person")


@pytest.mark.parametrize(
    ("job", "arguments", "why"),
    [
        ("not-allowed", "", "not one of the available choices"),
        ("report", "password=hunter2", "Secrets Manager"),
        ("report", "nonsense", "name=value"),
    ],
)
def test_form_says_what_is_wrong_and_asks_for_nothing(page: Any, job: str, arguments: str, why: str) -> None:
    answer = page(START, RUN, post={"job": job, "arguments": arguments, "form": str(uuid4())})

    assert why in answer.content.decode()
    assert not GlueRun.objects.exists()


def test_buttons_press(page: Any) -> None:
    going, failed = GlueRunFactory(state="RUNNING", run_id="jr_1"), GlueRunFactory(failed=True)

    page("admin:storage_admin_gluerun_stop", SEE, RUN, args=[going.pk], post={})
    page("admin:storage_admin_gluerun_noted", SEE, RUN, args=[failed.pk], post={})

    going.refresh_from_db()
    failed.refresh_from_db()
    assert going.stop_asked_at is not None
    assert failed.acknowledged_at is not None
    again = page("admin:storage_admin_gluerun_noted", SEE, RUN, args=[failed.pk], post={})
    assert again.status_code == 302  # and says so in a message


@pytest.mark.parametrize("name", ["stop", "noted"])
def test_buttons_want_their_right(page: Any, name: str) -> None:
    run = GlueRunFactory(failed=True)

    answer = page(f"admin:storage_admin_gluerun_{name}", SEE, args=[run.pk], post={})

    assert answer.status_code == 403


def test_failures_are_on_today_until_they_are_noted(page: Any, settings: Any) -> None:
    run = GlueRunFactory(failed=True)
    told = page("admin:index", SEE).content.decode()
    assert f"{reverse(LIST)}?end=unnoted" in told
    assert str(run) in page(LIST, SEE, query="?end=unnoted").content.decode()

    GlueRun.objects.update(acknowledged_at=timezone.now())

    assert str(run) not in page(LIST, SEE, query="?end=unnoted").content.decode()


def test_what_is_off_is_silent(page: Any, settings: Any) -> None:
    settings.GLUE_JOBS, settings.ANALYTICS_BUCKET = [], ""
    rights = (SEE, RUN, "storage_admin.view_analyticsexport", "storage_admin.view_job")

    home = page("admin:index", *rights).content.decode()
    jobs = page("admin:storage_admin_job_changelist", *rights).content.decode()

    for word in ("Glue", "analysis"):
        assert word not in home
        assert word not in jobs
    assert "names no job" in page(START, RUN).content.decode()


def test_lists_are_reached_from_the_page_of_jobs(page: Any, settings: Any) -> None:
    settings.ANALYTICS_BUCKET = "analytics"
    rights = (SEE, "storage_admin.view_analyticsexport", "storage_admin.view_job")

    told = page("admin:storage_admin_job_changelist", *rights).content.decode()

    assert reverse(LIST) in told
    assert reverse("admin:storage_admin_analyticsexport_changelist") in told
    assert "Writes pets, photos and usage as Parquet" in told  # the timetable's line


def test_logs_lead_to_cloudwatch_where_amazon_answers(page: Any, settings: Any) -> None:
    run = GlueRunFactory(failed=True, log_group="/aws-glue/jobs")
    settings.SERVICES_ENDPOINT_URL = ""

    told = page("admin:storage_admin_gluerun_change", SEE, args=[run.pk]).content.decode()

    assert "console.aws.amazon.com/cloudwatch" in told


def test_export_tells_its_tables_and_its_failure(page: Any, settings: Any) -> None:
    settings.ANALYTICS_BUCKET = "analytics"
    see = "storage_admin.view_analyticsexport"
    done = AnalyticsExportFactory()
    AnalyticsExportFactory(state="failed", error="<i>why</i>")

    told = page("admin:storage_admin_analyticsexport_change", see, args=[done.pk]).content.decode()
    listed = page("admin:storage_admin_analyticsexport_changelist", see).content.decode()
    home = page("admin:index", see).content.decode()

    assert "3 rows, 1 files, 2.0 KiB" in told
    assert "s3://analytics/analytics/_manifests/date=2026-12-01/_manifest.json" in told
    assert "&lt;i&gt;why&lt;/i&gt;" in listed
    assert "Export for analysis that failed" in home
