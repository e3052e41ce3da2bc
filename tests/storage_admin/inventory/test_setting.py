"""The setting “Inventory”: lacking everywhere but at Amazon, which botocore's Stubber plays here."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.stub import ANY, Stubber
from django.test import Client

from portal.models import User
from portal.s3 import session
from portal.s3.errors import PartlyDone
from portal.s3.inventory import FIELDS, Frequency, Inventory
from storage_admin import addresses
from storage_admin.bucket_settings.inventory import InventoryForm, InventorySetting
from storage_admin.bucket_settings.setting import Level, Place
from storage_admin.buckets import changes
from storage_admin.errors import NotPossible
from storage_admin.models import Bucket, BucketChange
from tests.factories import BucketFactory
from tests.store import leave_store

pytestmark = pytest.mark.django_db

SETTING = InventorySetting()
PLACE = Place("pets", "default")
WANTED = Inventory(
    frequency=Frequency.WEEKLY, bucket="reports", prefix="inventory", format="Parquet", all_versions=True,
    is_on=True, fields=tuple(sorted(FIELDS)),
)  # fmt: skip
SAID = {
    "Id": "pettracker-portal",
    "IsEnabled": True,
    "IncludedObjectVersions": "All",
    "OptionalFields": sorted(FIELDS),
    "Schedule": {"Frequency": "Weekly"},
    "Destination": {
        "S3BucketDestination": {
            "Bucket": "arn:aws:s3:::reports",
            "Format": "Parquet",
            "AccountId": "123456789012",
            "Prefix": "inventory",
        }
    },
}


@pytest.fixture
def amazon(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    """Amazon, as documented, in the order that the test says."""
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "for-a-test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "for-a-test")
    monkeypatch.setattr(changes, "READ_BACK_PAUSES_SECONDS", (0.0,))
    settings.S3_CONNECTIONS = {"default": {"region": "eu-west-1", "expected_owner": "123456789012"}}
    settings.INVENTORY_BUCKET = "reports"
    session.forget()
    with Stubber(session.client()) as stub:
        yield stub
        stub.assert_no_pending_responses()
    session.forget()
    leave_store()


@pytest.fixture
def pets(db: None) -> Bucket:
    row: Bucket = BucketFactory(name="pets")
    return row


def has(amazon: Stubber, said: dict[str, Any] | None) -> None:
    if said is None:
        amazon.add_client_error("get_bucket_inventory_configuration", "NoSuchConfiguration")
    else:
        amazon.add_response("get_bucket_inventory_configuration", {"InventoryConfiguration": said})


def test_setting_up_is_told_undone_and_leaves_the_policy_as_it_was(
    amazon: Stubber, pets: Bucket, ada: User
) -> None:
    has(amazon, None)  # as seen
    has(amazon, None)  # as written over
    amazon.add_client_error("get_bucket_policy", "NoSuchBucketPolicy")
    amazon.add_response(
        "put_bucket_policy", {}, {"Bucket": "reports", "Policy": ANY, "ExpectedBucketOwner": ANY}
    )
    amazon.add_response("put_bucket_inventory_configuration", {})
    has(amazon, SAID)  # read back

    made = changes.change(actor=ada, bucket=pets, setting=SETTING, seen=Inventory(), wanted=WANTED)

    assert made.state == BucketChange.State.DONE
    has(amazon, SAID)
    has(amazon, SAID)
    amazon.add_response("delete_bucket_inventory_configuration", {})
    ours = {"Sid": "PortalInventory" + "x" * 16}
    amazon.add_response("get_bucket_policy", {"Policy": json.dumps({"Statement": [ours]})})
    has(amazon, None)

    undone = changes.undo(actor=ada, bucket=pets, made=made, setting=SETTING)

    assert undone.state == BucketChange.State.DONE


def test_policy_that_could_not_be_shut_is_said(amazon: Stubber) -> None:
    has(amazon, SAID)
    amazon.add_response("delete_bucket_inventory_configuration", {})
    amazon.add_client_error("get_bucket_policy", "AccessDenied", http_status_code=403)

    with pytest.raises(PartlyDone, match="still lets the reports in"):
        SETTING.write("pets", "default", Inventory())


def test_nothing_is_set_up_without_a_destination(
    amazon: Stubber, pets: Bucket, ada: User, settings: Any
) -> None:
    settings.INVENTORY_BUCKET = ""
    has(amazon, None)

    with pytest.raises(NotPossible, match="INVENTORY_BUCKET"):
        changes.change(actor=ada, bucket=pets, setting=SETTING, seen=Inventory(), wanted=WANTED)


def test_form_makes_what_the_portal_reads(settings: Any) -> None:
    settings.INVENTORY_BUCKET = "reports"
    form = InventoryForm(
        {"frequency": "Weekly", "written": "Parquet", "all_versions": "on"}, now=Inventory(), place=PLACE
    )

    assert form.is_valid()
    assert form.wanted() == WANTED
    assert InventoryForm.initial_of(WANTED, None) == {
        "frequency": "Weekly", "written": "Parquet", "all_versions": True,
    }  # fmt: skip
    none = InventoryForm({"frequency": "", "written": "CSV"}, now=WANTED, place=PLACE)
    assert none.is_valid()
    assert none.wanted() == Inventory()


def test_review_says_what_a_report_costs_and_when_it_comes() -> None:
    said = " ".join(one.text for one in SETTING.meaning(Inventory(), WANTED, PLACE))
    assert "48 hours" in said
    assert "policy of" in said
    assert "billed" in said
    odd = Inventory(frequency=Frequency.DAILY, bucket="pets", format="CSV", is_on=True)
    warned = [one for one in SETTING.meaning(Inventory(), odd, PLACE) if one.level is Level.WARNING]
    assert len(warned) == 2
    assert "stay" in SETTING.meaning(WANTED, Inventory(), PLACE)[0].text


def test_reports_of_others_are_named(amazon: Stubber) -> None:
    amazon.add_response(
        "list_bucket_inventory_configurations",
        {"InventoryConfigurationList": [SAID, SAID | {"Id": "theirs"}], "IsTruncated": False},
    )

    [(label, said)] = SETTING.beside(WANTED, PLACE).items()

    assert label == "Other reports of this bucket"
    assert "theirs" in said
    assert "pettracker" not in said


@pytest.mark.servers
def test_page_says_why_another_store_has_none(page: Client, bucket: Bucket, settings: Any) -> None:
    settings.S3_CONNECTIONS["default"]["server"] = "seaweedfs"

    response = page.get(addresses.of_setting(bucket, "inventory"))

    assert "set up at Amazon alone" in response.text
    assert "Amazon alone" in page.get(addresses.of_bucket(bucket, "settings")).text
