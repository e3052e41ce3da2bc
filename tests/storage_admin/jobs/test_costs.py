"""What a plan says of money: exact sums, object by object, and nothing where nobody knows the prices."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.s3.archive import Tier
from portal.s3.types import VersioningState
from storage_admin import prices
from storage_admin.jobs import costs
from storage_admin.jobs.targets import Target
from storage_admin.models import Bucket, Job
from tests.factories import BucketFactory, JobFactory
from tests.storage_admin.jobs.conftest import Put

pytestmark = pytest.mark.django_db

GB = prices.GB_BYTES
HERE = prices.of("")
OLD = timezone.now() - timedelta(days=400)


def planned_with(*found: costs.Price, versioning: str = VersioningState.ENABLED) -> Job:
    sums: dict[str, str] = {}
    for one in found:
        costs.add(sums, one)
    bucket = BucketFactory(versioning=versioning)
    made: Job = JobFactory(bucket=bucket, kind="change-class", plan={"dollars": sums})
    return made


def test_change_tells_the_months_difference_and_when_it_pays_off() -> None:
    one = costs.of_change(HERE, Target("a", bytes=100 * GB, modified=OLD), "STANDARD_IA")

    said = " ".join(costs.lines(planned_with(one)))

    assert "$2.3 a month now, $1.25 then (-$1.05)" in said
    assert "pays off in the first month" in said
    assert "their $2.3 a month are billed, too" in said


def test_small_objects_cost_more_in_cold_classes() -> None:
    """Each is billed as 128 KiB: half a cent of saving is none."""
    small = [costs.of_change(HERE, Target("a", bytes=1_000, modified=OLD), "STANDARD_IA")] * 1_000

    said = " ".join(costs.lines(planned_with(*small, versioning=VersioningState.NEVER_SET)))

    assert "does not pay off" in said
    assert "former ones" not in said


def test_many_requests_take_months_to_pay_off() -> None:
    """1,000 objects of 1 MiB: $0.0504 of requests, against $0.0127 of saving a month."""
    found = [costs.of_change(HERE, Target("a", bytes=1024**2, modified=OLD), "GLACIER_IR")] * 1_000

    assert "pays off after 2 months" in " ".join(costs.lines(planned_with(*found)))


def test_least_time_of_a_class_is_billed() -> None:
    young = Target("a", bytes=100 * GB, storage_class="STANDARD_IA", modified=timezone.now())

    price = costs.of_change(HERE, young, "GLACIER_IR")

    assert price["early"] == price["before"] == Decimal("1.25")
    assert "least time, which is billed all the same: $1.25" in " ".join(costs.lines(planned_with(price)))


def test_reading_out_of_a_class_is_billed_and_delays_the_pay_off() -> None:
    """100 GiB leave STANDARD_IA at a cent a GiB: a dollar, against 85 cents of saving a month."""
    found = Target("a", bytes=100 * GB, storage_class="STANDARD_IA", modified=OLD)

    price = costs.of_change(HERE, found, "GLACIER_IR")

    assert price["retrieval"] == Decimal(1)
    said = " ".join(costs.lines(planned_with(price)))
    assert "Reading them out of their class costs $1." in said
    assert "pays off after 2 months" in said  # $1.00002 against $1.25 - $0.40 a month


def test_copies_beside_what_there_is_are_billed_each_month() -> None:
    price = costs.of_twin(HERE, Target("a", bytes=100 * GB, modified=OLD))

    assert "The copies are billed beside what there is: $2.3 a month." in costs.lines(planned_with(price))
    assert costs.of_twin(HERE, Target("a", storage_class="EXPRESS")) == {"unknown": 1}


def test_restore_tells_what_it_takes() -> None:
    price = costs.of_restore(HERE, Target("a", bytes=GB, storage_class="DEEP_ARCHIVE"), Tier.STANDARD, 30)

    assert price == {"restore": Decimal("0.0201"), "kept": Decimal("0.023")}


def test_class_without_a_price_is_counted() -> None:
    found = costs.of_change(HERE, Target("a", bytes=1, storage_class="EXPRESS"), "STANDARD")

    assert "1 of them have a class whose price is not known" in " ".join(costs.lines(planned_with(found)))


@pytest.mark.servers
def test_page_shows_the_money_of_stores_that_bill_so(
    page: Client, yard: Bucket, put_in: Put, planned: Callable[..., Job], settings: Any
) -> None:
    put_in("a.jpg", b"x" * 1_000_000)
    plain = planned("change-class", parameters={"storage_class": "GLACIER_IR"})
    settings.S3_CONNECTIONS["default"]["server"] = "ministack"
    billed = planned("change-class", parameters={"storage_class": "GLACIER_IR"})

    shown = [
        page.get(reverse("admin:storage_admin_job_change", args=[job.pk])).text for job in (plain, billed)
    ]

    assert "What it costs" not in shown[0]
    assert "What it costs" in shown[1]
    assert "a month now" in shown[1]
