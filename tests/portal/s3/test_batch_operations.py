"""S3 Batch Operations as documented, by botocore's Stubber: no emulator has them."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.stub import Stubber

from portal.s3 import batch_operations, session
from portal.s3.batch_operations import Manifest, Status
from portal.s3.errors import BadRequest, Conflict, StorageUnavailable, Unsupported
from tests.store import leave_store

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/batch"
MADE: dict[str, Any] = {
    "operation": {"S3PutObjectTagging": {"TagSet": [{"Key": "a", "Value": "b"}]}},
    "manifest": Manifest("desk", "lists/1.csv", "60e460c9", "v1", ("Bucket", "Key", "VersionId")),
    "report_bucket": "desk",
    "report_prefix": "reports",
    "role_arn": ROLE,
    "token": "a-token",
    "description": "portal job 1",
    "priority": 10,
}


@pytest.fixture
def amazon(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    settings.S3_CONNECTIONS = {"default": {"region": "us-east-1", "expected_owner": ACCOUNT}}
    session.forget()
    with Stubber(session.control_client()) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()
    session.forget()
    leave_store()


def test_job_is_made_to_wait_for_a_confirmation_and_reports_on_all_tasks(amazon: Stubber) -> None:
    amazon.add_response(
        "create_job",
        {"JobId": "00e123a4"},
        {
            "AccountId": ACCOUNT,
            "ConfirmationRequired": True,
            "Operation": MADE["operation"],
            "Manifest": {
                "Spec": {
                    "Format": "S3BatchOperations_CSV_20180820",
                    "Fields": ["Bucket", "Key", "VersionId"],
                },
                "Location": {
                    "ObjectArn": "arn:aws:s3:::desk/lists/1.csv",
                    "ETag": "60e460c9",
                    "ObjectVersionId": "v1",
                },
            },
            "Report": {
                "Enabled": True,
                "Bucket": "arn:aws:s3:::desk",
                "Prefix": "reports",
                "Format": "Report_CSV_20180820",
                "ReportScope": "AllTasks",
            },
            "ClientRequestToken": "a-token",
            "Description": "portal job 1",
            "Priority": 10,
            "RoleArn": ROLE,
        },
    )

    assert batch_operations.create(**MADE) == "00e123a4"


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("IdempotencyException", 400, Conflict),
        ("BadRequestException", 400, BadRequest),
        ("TooManyRequestsException", 400, StorageUnavailable),
        ("InternalServiceException", 500, StorageUnavailable),
    ],
)
def test_refusals_of_a_job_have_their_classes(
    amazon: Stubber, code: str, status: int, error: type[Exception]
) -> None:
    amazon.add_client_error("create_job", code, "no", status)

    with pytest.raises(error):
        batch_operations.create(**MADE)


def test_job_is_told_with_counts_and_reasons(amazon: Stubber) -> None:
    amazon.add_response(
        "describe_job",
        {
            "Job": {
                "JobId": "00e123a4",
                "Status": "Failed",
                "Priority": 10,
                "ProgressSummary": {
                    "TotalNumberOfTasks": 1_000,
                    "NumberOfTasksSucceeded": 400,
                    "NumberOfTasksFailed": 600,
                },
                "FailureReasons": [
                    {"FailureCode": "ReportWriterError", "FailureReason": "Access to the report was denied"}
                ],
            }
        },
        {"AccountId": ACCOUNT, "JobId": "00e123a4"},
    )

    said = batch_operations.describe("00e123a4")

    assert said is not None
    assert (said.status, said.status.is_end) == (Status.FAILED, True)
    assert (said.total, said.done, said.failed) == (1_000, 400, 600)
    assert said.reasons == "Access to the report was denied (ReportWriterError)"


def test_state_that_is_not_known_is_no_end(amazon: Stubber) -> None:
    amazon.add_response("describe_job", {"Job": {"JobId": "job-1", "Status": "Dreaming"}})

    said = batch_operations.describe("job-1")

    assert said is not None
    assert not said.status.is_end


@pytest.mark.parametrize("code", ["NoSuchJob", "NotFoundException"])
def test_job_that_amazon_forgot_is_none(amazon: Stubber, code: str) -> None:
    amazon.add_client_error("describe_job", code, "no", 404)

    assert batch_operations.describe("job-1") is None


def test_status_and_priority_are_asked_for(amazon: Stubber) -> None:
    place = {"AccountId": ACCOUNT, "JobId": "job-1"}
    amazon.add_response("update_job_status", {}, {**place, "RequestedJobStatus": "Ready"})
    amazon.add_response("update_job_status", {}, {**place, "RequestedJobStatus": "Cancelled"})
    amazon.add_response("update_job_priority", {"JobId": "job-1", "Priority": 7}, {**place, "Priority": 7})
    amazon.add_client_error("update_job_status", "JobStatusException", "no", 400)

    batch_operations.release("job-1")
    batch_operations.cancel("job-1")
    batch_operations.set_priority("job-1", 7)
    with pytest.raises(Conflict):
        batch_operations.release("job-1")


def test_job_is_found_by_its_description_on_a_later_page(amazon: Stubber) -> None:
    first = {"Jobs": [{"JobId": "job-1", "Description": "portal job 10"}], "NextToken": "on"}
    second = {"Jobs": [{"JobId": "job-2", "Description": "portal job 1"}]}
    place = {"AccountId": ACCOUNT, "MaxResults": 1_000}
    amazon.add_response("list_jobs", first, place)
    amazon.add_response("list_jobs", second, {**place, "NextToken": "on"})

    assert batch_operations.find("portal job 1") == "job-2"


def test_other_stores_are_told_from_amazon(settings: Any) -> None:
    settings.S3_CONNECTIONS = {"default": {"endpoint_url": "http://store.test"}}

    assert "Amazon" in batch_operations.refusal()
    with pytest.raises(Unsupported):
        batch_operations.describe("job-1")
