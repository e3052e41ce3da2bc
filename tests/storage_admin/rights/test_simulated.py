"""The printed documents, judged by the policy simulator of MiniStack: what is needed is allowed, no more."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from portal.aws.actions import ACTIONS as OF_SERVICES
from portal.s3.actions import ACTIONS as OF_S3
from portal.s3.actions import OF_ACCOUNT, OF_BATCH_JOBS, OF_OBJECTS
from storage_admin.rights import policies
from storage_admin.rights.features import FEATURES, Side, Where
from storage_admin.rights.policies import Places
from tests.contract import stores

PLACES = Places(
    buckets=("pictures", "archive"),
    photo_bucket="pictures",
    tables=("PetTracker-Pets",),
    account="111122223333",
    region="eu-central-1",
    below={
        Where.ANALYTICS: ("figures/analytics/",),
        Where.ARRIVALS: ("scans/incoming/", "pictures/photos/"),
        Where.LISTS: ("lists/batch/",),
        Where.REPORTS: ("reports/inventory/",),
    },
    queues=("events", "events-dead"),
    glue_jobs=("report",),
    batch_role="arn:aws:iam::111122223333:role/batch",
)
AT = "eu-central-1:111122223333"
OF_OTHER_SERVICES = {
    "dynamodb": "arn:aws:dynamodb:eu-central-1:111122223333:table/PetTracker-Pets",
    "sqs": f"arn:aws:sqs:{AT}:events-dead",
    "glue": f"arn:aws:glue:{AT}:job/report",
    "iam": "arn:aws:iam::111122223333:role/batch",
}
TABLE = "arn:aws:dynamodb:eu-central-1:111122223333:table/PetTracker-Pets"
Judge = Callable[[dict[str, Any], str, str], bool]


@pytest.fixture
def judge(ministack: stores.Endpoint) -> Iterator[Judge]:
    """Whether a document allows an action on a resource. The simulator looks at one resource at a time."""
    iam = boto3.client(
        "iam", endpoint_url=ministack.endpoint_url, region_name="us-east-1",
        aws_access_key_id="simulated", aws_secret_access_key="simulated",
    )  # fmt: skip

    def allows(policy: dict[str, Any], action: str, resource: str) -> bool:
        answer = iam.simulate_custom_policy(
            PolicyInputList=[json.dumps(policy)], ActionNames=[action], ResourceArns=[resource]
        )
        return answer["EvaluationResults"][0]["EvalDecision"] == "allowed"

    yield allows
    iam.close()


def places_of(where: Where, action: str) -> list[str]:
    """Return resources, as Amazon would ask for them, that the action must be allowed on."""
    if action in OF_ACCOUNT:
        return ["*"]
    if (service := action.partition(":")[0]) in OF_OTHER_SERVICES:
        return [OF_OTHER_SERVICES[service]]
    if action in OF_BATCH_JOBS:
        return [f"arn:aws:s3:{AT}:job/1"]
    if action not in OF_OBJECTS:
        of_lists = where is Where.LISTS and not action.startswith("s3:GetBucket")
        of_reports = where is Where.REPORTS and action == "s3:ListBucket"
        bucket = {
            Where.ANALYTICS: "figures",
            Where.ARRIVALS: "scans",
            Where.LISTS: "lists" if of_lists else "archive",
            Where.REPORTS: "reports" if of_reports else "archive",
        }.get(where, "pictures")
        return [f"arn:aws:s3:::{bucket}"]
    if where is Where.ARRIVALS and action == "s3:PutObject":
        where = Where.PHOTOS
    keys = {
        Where.PHOTOS: ["photos/unassigned/1.jpg", "renditions/1/card-2.webp"],
        Where.EXPORTS: ["exports/pictures-job-1-20260101.zip"],
        Where.BUCKETS: ["photos/unassigned/1.jpg", "any/key"],
    }
    elsewhere = {
        Where.ANALYTICS: ["figures/analytics/pets/1.parquet"],
        Where.ARRIVALS: ["scans/incoming/1.jpg", "pictures/photos/unassigned/1.jpg"],
        Where.LISTS: ["lists/batch/manifests/1.csv"],
        Where.REPORTS: ["reports/inventory/archive/all/1/manifest.json"],
    }
    found = elsewhere.get(where) or [f"pictures/{key}" for key in keys[where]]
    return [f"arn:aws:s3:::{one}" for one in found]


def stranger(resource: str) -> str:
    """Return the same of somebody else: of another bucket, or of another name."""
    if ":s3:::" not in resource:
        return re.sub(r"[^:/]+$", "strangers", resource)
    return re.sub(r":::[^/]+", ":::strangers", resource)


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("feature", FEATURES, ids=lambda one: one.slug)
def test_what_a_feature_asks_is_allowed_and_elsewhere_is_not(judge: Judge, feature, side) -> None:
    policy = policies.document([feature], side, PLACES)
    asked = {action for one in feature.operations(side) for action in (OF_S3 | OF_SERVICES)[one]}

    refused = [
        (action, resource)
        for action in sorted(asked)
        for resource in places_of(feature.where, action)
        if not judge(policy, action, resource)
    ]
    allowed_elsewhere = [
        action
        for action in sorted(asked - OF_ACCOUNT - OF_BATCH_JOBS)
        if judge(policy, action, stranger(places_of(feature.where, action)[0]))
    ]

    assert not refused
    assert not allowed_elsewhere


@pytest.mark.parametrize("side", Side)
def test_all_features_together_allow_what_each_asks(judge: Judge, side) -> None:
    """What a wider statement grants already is left out of the narrower ones."""
    policy = policies.document(FEATURES, side, PLACES)

    refused = [
        (feature.slug, action, resource)
        for feature in FEATURES
        for action in {action for one in feature.operations(side) for action in policies.ACTIONS[one]}
        for resource in places_of(feature.where, action)
        if not judge(policy, action, resource)
    ]

    assert not refused


PICTURE = "arn:aws:s3:::pictures/photos/unassigned/1.jpg"


@pytest.mark.parametrize(
    ("slugs", "side", "action", "resource"),
    [
        (("photos",), Side.WEB, "s3:DeleteBucket", "arn:aws:s3:::pictures"),
        (("photos",), Side.WEB, "s3:DeleteObject", PICTURE),
        (("photos",), Side.WEB, "s3:DeleteObjectVersion", PICTURE),
        (("photos",), Side.WEB, "s3:PutObjectAcl", PICTURE),
        (("photos",), Side.WEB, "s3:PutBucketPolicy", "arn:aws:s3:::pictures"),
        (("photos",), Side.WEB, "s3:GetObject", "arn:aws:s3:::pictures/private/1.jpg"),
        (("photos",), Side.WORKER, "s3:DeleteObjectVersion", PICTURE),
        (("photos", "purge"), Side.WEB, "s3:DeleteObjectVersion", PICTURE),
        (("photos", "purge"), Side.WORKER, "s3:DeleteObject", PICTURE),
        (("photos", "purge"), Side.WORKER, "s3:BypassGovernanceRetention", PICTURE),
        (("photos", "purge"), Side.WORKER, "s3:DeleteObjectVersion", "arn:aws:s3:::archive/photos/1.jpg"),
        (("photos", "look"), Side.WEB, "s3:PutBucketVersioning", "arn:aws:s3:::pictures"),
        (("photos", "look"), Side.WORKER, "s3:DeleteObject", PICTURE),
        (("look", "jobs"), Side.WORKER, "s3:DeleteObjectVersion", PICTURE),
        (("look", "jobs"), Side.WORKER, "s3:DeleteBucket", "arn:aws:s3:::pictures"),
        (("zip",), Side.WORKER, "s3:DeleteObjectVersion", PICTURE),
        (("mirror",), Side.WORKER, "dynamodb:DeleteTable", TABLE),
        (("mirror",), Side.WORKER, "dynamodb:PutItem", f"{TABLE}2"),
        (("mirror",), Side.WEB, "dynamodb:Scan", TABLE),
        (("photos",), Side.SETUP, "s3:DeleteBucket", "arn:aws:s3:::pictures"),
        (("arrivals",), Side.WORKER, "s3:PutObject", "arn:aws:s3:::scans/incoming/1.jpg"),
        (("arrivals",), Side.WORKER, "s3:DeleteObject", "arn:aws:s3:::scans/incoming/1.jpg"),
        (("events",), Side.WORKER, "sqs:SendMessage", f"arn:aws:sqs:{AT}:events"),
        (("events",), Side.WORKER, "sqs:DeleteQueue", f"arn:aws:sqs:{AT}:events"),
        (("analytics",), Side.WORKER, "s3:GetObject", PICTURE),
        (("glue",), Side.WORKER, "glue:StartJobRun", f"arn:aws:glue:{AT}:job/other"),
        (("glue",), Side.SETUP, "glue:StartJobRun", f"arn:aws:glue:{AT}:job/report"),
        (("batch",), Side.WORKER, "iam:PassRole", "arn:aws:iam::111122223333:role/admin"),
        (("batch",), Side.WEB, "s3:CreateJob", "*"),
        (("batch",), Side.WORKER, "s3:PutObject", PICTURE),
        (("inventory",), Side.WORKER, "s3:PutObject", "arn:aws:s3:::reports/inventory/1"),
    ],
)
def test_what_is_not_needed_is_refused(judge: Judge, slugs, side, action, resource) -> None:
    policy = policies.document([one for one in FEATURES if one.slug in slugs], side, PLACES)

    assert policy["Statement"]
    assert not judge(policy, action, resource)


def test_keys_that_take_on_a_role_may_do_nothing_else(judge: Judge) -> None:
    role = "arn:aws:iam::111122223333:role/portal"
    policy = policies.role_document(role)

    assert judge(policy, "sts:AssumeRole", role)
    assert not judge(policy, "sts:AssumeRole", f"{role}-admin")
    assert not judge(policy, "s3:GetObject", PICTURE)
