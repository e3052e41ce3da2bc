"""What the page of a job offers and shows of handing it over."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from portal.roles import STORAGE_OPERATOR
from storage_admin.models import HandoverStep, HandoverWay, Job, JobHandover, JobState
from tests.factories import BucketFactory, JobFactory
from tests.storage_admin.conftest import in_role
from tests.storage_admin.handover.amazon import Amazon
from tests.storage_admin.handover.conftest import let_work
from tests.storage_admin.jobs.conftest import Put

pytestmark = pytest.mark.django_db

BUTTON = "Hand over to S3 Batch Operations"
RULE_BUTTON = "Let a lifecycle rule do it"


def of_job(name: str, job: Job) -> str:
    return reverse(f"admin:storage_admin_job_{name}", args=[job.pk])


def large(kind: str, parameters: dict[str, Any], **said: Any) -> Job:
    made: Job = JobFactory(
        kind=kind, parameters=parameters, bucket=BucketFactory(), state=JobState.PLANNED, prefix="in/",
        **{
            "total": 11,
            "selection": {"what": "objects", "prefix": "in/"},
            "plan": {"ended_at": "x", "count": 11, "looked_at": 11},
        }
        | said,
    )  # fmt: skip
    return made


def shown(page: Client, job: Job) -> str:
    return page.get(of_job("change", job)).content.decode()


def test_large_plan_offers_to_hand_it_over(page: Client, at_amazon: None, store_calls: list[str]) -> None:
    text = shown(page, large("restore", {"tier": "Bulk", "days": 3}))

    assert BUTTON in text
    assert "waits until somebody confirms" in text
    assert RULE_BUTTON not in text
    assert not store_calls


def test_offer_says_what_amazon_bills_for_the_job_itself(page: Client, at_amazon: None) -> None:
    text = shown(page, large("restore", {"tier": "Bulk", "days": 3}, total=2_500_000))

    assert "For the job itself Amazon bills $2.75, beside" in text


def test_small_plan_offers_nothing(page: Client, at_amazon: None) -> None:
    assert "Or hand it over" not in shown(page, large("restore", {"tier": "Bulk", "days": 3}, total=10))


def test_refusal_is_told_with_its_reason_and_without_a_button(page: Client, at_amazon: None) -> None:
    text = shown(page, large("edit-tags", {"add": "a=1"}))

    assert "it cannot set or take away single ones" in text
    assert BUTTON not in text


def test_mass_deletion_offers_a_rule_with_what_it_means(page: Client, at_amazon: None) -> None:
    text = shown(page, large("hide", {}))

    assert RULE_BUTTON in text
    assert "adds delete markers" in text
    assert "midnight in UTC" in text
    assert 'name="typed"' in text
    assert "have no delete" in text


@pytest.mark.parametrize(("kind", "says"), [("restore", True), ("hide", False)])
def test_other_stores_have_one_calm_sentence_where_there_is_no_other_way(
    page: Client, at_amazon: None, settings: Any, kind: str, says: bool
) -> None:
    settings.S3_CONNECTIONS["default"]["endpoint_url"] = "http://store.test"

    text = shown(page, large(kind, {"tier": "Bulk", "days": 3}))

    assert BUTTON not in text
    assert ("this store has none" in text) is says


def test_who_may_not_set_buckets_has_no_button_for_a_rule(client: Client, at_amazon: None) -> None:
    client.force_login(in_role(STORAGE_OPERATOR))

    text = shown(client, large("hide", {}))

    assert RULE_BUTTON not in text
    assert "Your role may not" in text


def test_page_says_who_works_and_that_a_rule_has_no_outcomes(page: Client, at_amazon: None) -> None:
    job = large("hide", {})
    Job.objects.filter(pk=job.pk).update(state=JobState.RUNNING)
    JobHandover.objects.create(
        job=job, way=HandoverWay.RULE, step=HandoverStep.WATCHING, told={"left": 4},
        rule={"ID": "r", "Status": "Enabled", "Filter": {"Prefix": "in/"}, "Expiration": {"Days": 1}},
    )  # fmt: skip

    text = shown(page, job)

    assert "a lifecycle rule" in text
    assert "nothing to undo, nothing to retry" in text
    assert ">Pause<" not in text


def test_ways_that_there_are_not_are_not_found(page: Client, at_amazon: None) -> None:
    job = large("hide", {})

    assert page.post(of_job("hand_over", job), {"way": "pigeon"}).status_code == 404


def test_priority_that_is_no_number_is_refused(page: Client, at_amazon: None) -> None:
    job = large("restore", {"tier": "Bulk", "days": 3})
    JobHandover.objects.create(job=job, way=HandoverWay.BATCH, step=HandoverStep.FOLLOWING, aws_job="job-1")

    text = page.post(of_job("priority", job), {"priority": "²"}, follow=True).content.decode()

    assert "a number from 0 on" in text


def test_numbers_are_told_to_the_last_one(page: Client, at_amazon: None) -> None:
    """Amazon's count stands beside the portal's so that they can be compared."""
    job = large("restore", {"tier": "Bulk", "days": 3}, total=1_240_001)
    JobHandover.objects.create(
        job=job, way=HandoverWay.BATCH, step=HandoverStep.CONFIRMING, manifest={"rows": 1_240_001},
        told={"total": 1_239_999},
    )  # fmt: skip

    text = shown(page, job)

    assert "1,240,001" in text
    assert "1,239,999" in text
    assert "over 10,000" not in text


def test_rule_of_a_move_is_told_in_words(page: Client, at_amazon: None) -> None:
    text = shown(page, large("change-class", {"storage_class": "GLACIER_IR"}))

    assert "of more than 1 bytes" in text
    assert "move current versions to &quot;GLACIER_IR&quot; after 1 days" in text


@pytest.mark.servers
def test_journey_by_the_buttons_of_the_page(
    page: Client, amazon: Amazon, put_in: Put, planned: Callable[..., Job]
) -> None:
    for key in ("in/a", "in/b"):
        put_in(key)
    job = planned("edit-tags", "in/", parameters={"add": "season=autumn", "remove": "", "replace": True})

    page.post(of_job("hand_over", job), {"way": "batch"})
    let_work(job)
    text = shown(page, job)
    assert "Confirm: let Amazon begin" in text
    assert "counts 2 objects" in text
    assert ">Resume<" not in text
    page.post(of_job("confirm", job))
    let_work(job)

    assert (job.state, job.done) == (JobState.DONE, 2)
    assert "aws-1" in shown(page, job)
