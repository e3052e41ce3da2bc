"""Setting inventories up: asked of Amazon alone, whose documented shapes botocore's Stubber plays."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from botocore.stub import Stubber

from portal.s3 import buckets, inventory, session
from portal.s3.capabilities import known, server
from portal.s3.differences import Capability, Server
from portal.s3.errors import BucketNotFound, Unsupported
from portal.s3.inventory import FIELDS, Frequency, Inventory
from tests.store import leave_store

ID = "pettracker-portal"
OURS = Inventory(
    frequency=Frequency.DAILY,
    bucket="reports",
    prefix="inventory",
    format="Parquet",
    all_versions=True,
    is_on=True,
    fields=tuple(sorted(FIELDS)),
)
# As API:GetBucketInventoryConfiguration and API:PutBucketInventoryConfiguration have it.
SAID = {
    "Id": ID,
    "IsEnabled": True,
    "IncludedObjectVersions": "All",
    "OptionalFields": sorted(FIELDS),
    "Schedule": {"Frequency": "Daily"},
    "Destination": {
        "S3BucketDestination": {
            "Bucket": "arn:aws:s3:::reports",
            "Format": "Parquet",
            "AccountId": "123456789012",
            "Prefix": "inventory",
        }
    },
}
STATEMENT = {
    "Effect": "Allow",
    "Principal": {"Service": "s3.amazonaws.com"},
    "Action": "s3:PutObject",
    "Resource": f"arn:aws:s3:::reports/inventory/pets/{ID}/*",
    "Condition": {
        "ArnLike": {"aws:SourceArn": "arn:aws:s3:::pets"},
        "StringEquals": {
            "aws:SourceAccount": "123456789012",
            "s3:x-amz-acl": "bucket-owner-full-control",
        },
    },
}
THEIRS = {"Sid": "Theirs", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}


@pytest.fixture
def amazon(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    """The client of a connection to Amazon, which answers what the test says and sends nothing."""
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "for-a-test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "for-a-test")
    settings.S3_CONNECTIONS = {"default": {"region": "eu-west-1", "expected_owner": "123456789012"}}
    session.forget()
    with Stubber(session.client()) as stub:
        yield stub
        stub.assert_no_pending_responses()
    session.forget()
    leave_store()


def asked(**named: Any) -> dict[str, Any]:
    return {"Bucket": "pets", "ExpectedBucketOwner": "123456789012", **named}


def test_report_is_set_up_with_all_that_the_portal_reads(amazon: Stubber) -> None:
    amazon.add_response("put_bucket_inventory_configuration", {}, asked(Id=ID, InventoryConfiguration=SAID))

    inventory.write("pets", ID, OURS)


def test_report_is_read_as_it_was_written(amazon: Stubber) -> None:
    amazon.add_response("get_bucket_inventory_configuration", {"InventoryConfiguration": SAID}, asked(Id=ID))

    assert inventory.read("pets", ID) == OURS


def test_report_of_somebody_else_keeps_what_the_portal_never_chooses(amazon: Stubber) -> None:
    to = {"Bucket": "arn:aws:s3:::b", "Format": "ORC", "Encryption": {"SSEKMS": {"KeyId": "arn:aws:kms:k"}}}
    other = SAID | {"Filter": {"Prefix": "a/"}, "Destination": {"S3BucketDestination": to}}
    amazon.add_response("get_bucket_inventory_configuration", {"InventoryConfiguration": other}, asked(Id=ID))
    found = inventory.read("pets", ID)
    assert (found.format, found.below, found.encryption, found.prefix) == ("ORC", "a/", "arn:aws:kms:k", "")
    to["AccountId"] = "123456789012"
    amazon.add_response("put_bucket_inventory_configuration", {}, asked(Id=ID, InventoryConfiguration=other))

    inventory.write("pets", ID, found)


def test_no_report_is_a_state(amazon: Stubber) -> None:
    amazon.add_client_error("get_bucket_inventory_configuration", "NoSuchConfiguration", http_status_code=404)

    assert inventory.read("pets", ID) == Inventory()


def test_missing_bucket_is_an_error(amazon: Stubber) -> None:
    amazon.add_client_error("get_bucket_inventory_configuration", "NoSuchBucket", http_status_code=404)

    with pytest.raises(BucketNotFound):
        inventory.read("pets", ID)


def test_all_reports_are_listed_over_pages(amazon: Stubber) -> None:
    amazon.add_response(
        "list_bucket_inventory_configurations",
        {"InventoryConfigurationList": [SAID], "IsTruncated": True, "NextContinuationToken": "on"},
        asked(),
    )
    amazon.add_response(
        "list_bucket_inventory_configurations",
        {"InventoryConfigurationList": [SAID | {"Id": "theirs"}], "IsTruncated": False},
        asked(ContinuationToken="on"),
    )

    assert list(inventory.all_of("pets")) == [ID, "theirs"]


def test_report_is_removed_by_its_name(amazon: Stubber) -> None:
    amazon.add_response("delete_bucket_inventory_configuration", {}, asked(Id=ID))

    inventory.write("pets", ID, Inventory())


@pytest.mark.parametrize("before", ["none", "others", "ours, changed"])
def test_destination_lets_the_reports_in_and_keeps_its_other_rules(amazon: Stubber, before: str) -> None:
    written: list[dict[str, Any]] = []
    sid = inventory._sid("pets")
    kept = [] if before == "none" else [THEIRS]
    if before == "none":
        amazon.add_client_error("get_bucket_policy", "NoSuchBucketPolicy", http_status_code=404)
    else:
        ours = [] if before == "others" else [STATEMENT | {"Sid": sid, "Action": "s3:*"}]
        said = {"Version": "2012-10-17", "Statement": [*ours, THEIRS]}
        amazon.add_response("get_bucket_policy", {"Policy": json.dumps(said)})
    amazon.add_response("put_bucket_policy", {})
    session.client().meta.events.register(
        "provide-client-params.s3.PutBucketPolicy",
        lambda params, **_event: written.append(json.loads(params["Policy"])),
    )

    inventory.let_in("reports", "pets", ID, "inventory")

    assert written == [{"Version": "2012-10-17", "Statement": [*kept, STATEMENT | {"Sid": sid}]}]
    assert sid.isalnum()


def test_destination_that_lets_them_in_already_is_not_written(amazon: Stubber) -> None:
    said = {"Version": "2012-10-17", "Statement": [THEIRS, STATEMENT | {"Sid": inventory._sid("pets")}]}
    amazon.add_response("get_bucket_policy", {"Policy": json.dumps(said)})

    inventory.let_in("reports", "pets", ID, "inventory")


def test_destination_is_shut_again_and_keeps_its_other_rules(amazon: Stubber) -> None:
    ours = STATEMENT | {"Sid": inventory._sid("pets")}
    for statement in ([ours, THEIRS], [ours], [THEIRS]):
        said = {"Version": "2012-10-17", "Statement": statement}
        amazon.add_response("get_bucket_policy", {"Policy": json.dumps(said)})
        if statement == [ours]:
            amazon.add_response("delete_bucket_policy", {})
        elif ours in statement:
            left = json.dumps(said | {"Statement": [THEIRS]})
            named = {"Bucket": "reports", "ExpectedBucketOwner": "123456789012"}
            amazon.add_response("put_bucket_policy", {}, {**named, "Policy": left})

        inventory.shut_out("reports", "pets")


CALLS = (
    lambda bucket: inventory.read(bucket, ID),
    inventory.all_of,
    lambda bucket: inventory.write(bucket, ID, OURS),
    lambda bucket: inventory.write(bucket, ID, Inventory()),
    lambda bucket: inventory.let_in(bucket, bucket, ID),
    lambda bucket: inventory.shut_out(bucket, bucket),
)


@pytest.mark.servers
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("named", ["", "seaweedfs", "ministack", "moto", "other", "amazon"])
def test_no_call_leaves_for_another_store(
    photo_bucket: str, settings: Any, store_calls: list[str], named: str, call: Any
) -> None:
    """They take DELETE ?inventory for DELETE of the bucket. Also where the settings call one Amazon's."""
    settings.S3_CONNECTIONS["default"]["server"] = named

    with pytest.raises(Unsupported, match="at Amazon S3 alone"):
        call(photo_bucket)

    assert store_calls == []
    assert buckets.exists(photo_bucket)


def test_no_call_leaves_where_the_environment_leads_elsewhere(
    amazon: Stubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    """boto3 heeds AWS_ENDPOINT_URL, of which the portal's settings know nothing."""
    session.forget()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert server() is Server.AMAZON

    with pytest.raises(Unsupported, match="at Amazon S3 alone"):
        inventory.write("pets", ID, Inventory())


@pytest.mark.servers
def test_seaweedfs_takes_the_removal_for_the_buckets(photo_bucket: str) -> None:
    """Why nobody but Amazon is asked. Should this fail one day: the rule stays, for older servers do it."""
    name = f"lost-{uuid4().hex[:12]}"
    buckets.create(name)

    session.client().delete_bucket_inventory_configuration(Bucket=name, Id=ID)

    assert not buckets.exists(name)


@pytest.mark.parametrize("which", [one for one in Server if one is not Server.AMAZON])
def test_every_other_store_is_known_to_lack_it(which: Server) -> None:
    assert "Amazon alone" in known(which)[Capability.INVENTORY]
    assert Capability.INVENTORY not in known(Server.AMAZON)
