"""`manage.py iam_policy`: documents on stdout, advice on stderr; and docs/s3-policy.md, which repeats it."""

import io
import json
import re
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from portal.s3.actions import OF_ACCOUNT
from storage_admin.rights import policies
from storage_admin.rights.features import FEATURES, Side
from tests.factories import BucketFactory
from tests.house.source import ROOT

pytestmark = pytest.mark.django_db
DOCS = (ROOT / "docs" / "s3-policy.md").read_text(encoding="utf-8")
ROLE = "arn:aws:iam::111122223333:role/portal"


@pytest.fixture(autouse=True)
def at_amazon(settings: Any) -> None:
    """Settings of a portal at Amazon, without a single bucket seen yet. It asks nobody: there are no keys."""
    settings.AWS_STORAGE_BUCKET_NAME = "example-photos"
    settings.SERVICES_CONNECTION = "default"
    settings.DYNAMODB_MIRROR = False
    settings.DYNAMODB_TABLE_PREFIX = "PetTracker-"
    settings.S3_CONNECTIONS = {
        "default": {"region": "eu-central-1", "expected_owner": "111122223333"},
        "archive": {"region": "eu-west-1"},
    }


def run(*arguments: str) -> tuple[Any, str]:
    out, err = io.StringIO(), io.StringIO()
    call_command("iam_policy", *arguments, stdout=out, stderr=err)
    return json.loads(out.getvalue()), err.getvalue()


def statements(policy: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["Sid"]: one for one in policy["Statement"]}


def test_three_policies_of_the_features_that_are_on() -> None:
    found, told = run()

    assert list(found) == ["web", "worker", "setup"]
    assert all(policy["Version"] == "2012-10-17" for policy in found.values())
    assert "mirror" not in told
    assert "dynamodb:" not in json.dumps(found)


def test_names_are_those_of_the_settings_and_of_the_known_buckets(settings: Any) -> None:
    settings.DYNAMODB_MIRROR = True
    BucketFactory(name="example-archive")
    BucketFactory(name="elsewhere", connection="archive")

    web, told = run("--for", "web")

    assert statements(web)["Buckets"]["Resource"] == [
        "arn:aws:s3:::example-photos",
        "arn:aws:s3:::example-archive",
    ]
    assert statements(web)["MirrorTables"]["Resource"][:2] == [
        "arn:aws:dynamodb:eu-central-1:111122223333:table/PetTracker-Pets",
        "arn:aws:dynamodb:eu-central-1:111122223333:table/PetTracker-Pets/index/*",
    ]
    assert "ACCOUNT" not in told


@pytest.mark.parametrize("side", ["web", "worker", "setup"])
def test_one_feature_alone(side: str) -> None:
    policy, told = run("--feature", "photos", "--for", side)

    assert set(statements(policy)) <= {"PhotoBucket", "PhotosAndRenditions"}
    assert "Features: photos." in told


@pytest.mark.parametrize("region", ["eu-central-1", "cn-north-1", "us-gov-west-1"])
def test_documents_are_as_iam_wants_them(settings: Any, region: str) -> None:
    settings.DYNAMODB_MIRROR = True
    settings.S3_CONNECTIONS["default"]["region"] = region
    partition = {"cn": "aws-cn", "us": "aws-us-gov"}.get(region[:2], "aws")
    found, _told = run("--kms-key", f"arn:{partition}:kms:{region}:111122223333:key/1")

    for policy in found.values():
        assert policies.letters(policy) <= policies.MOST_LETTERS
        for one in policy["Statement"]:
            resources = [one["Resource"]] if isinstance(one["Resource"], str) else one["Resource"]
            assert re.fullmatch("[0-9A-Za-z]+", one["Sid"])
            assert one["Action"] == sorted(set(one["Action"]))
            assert all(resource.startswith(f"arn:{partition}:") for resource in resources) or (
                resources == ["*"] and set(one["Action"]) <= OF_ACCOUNT
            )
        assert len(statements(policy)) == len(policy["Statement"])
        assert "*" not in "".join(action for one in policy["Statement"] for action in one["Action"])


def test_what_is_not_known_is_a_placeholder_and_told(settings: Any) -> None:
    settings.DYNAMODB_MIRROR = True
    settings.S3_CONNECTIONS["default"] |= {"region": "", "expected_owner": ""}

    web, told = run("--for", "web")

    assert "arn:aws:dynamodb:REGION:ACCOUNT:table/PetTracker-Pets" in json.dumps(web)
    assert "ACCOUNT is the account's number" in told
    assert "REGION is the region" in told
    assert "BUCKET" not in told


def test_account_can_be_given(settings: Any) -> None:
    settings.DYNAMODB_MIRROR = True

    web, _told = run("--for", "web", "--account", "444455556666")

    assert ":444455556666:table/" in json.dumps(web)


def test_another_connection_has_neither_photos_nor_mirror() -> None:
    worker, told = run("--for", "worker", "--connection", "archive")

    assert set(statements(worker)) == {"Buckets", "ObjectsInBuckets", "WholeAccount"}
    assert statements(worker)["Buckets"]["Resource"] == "arn:aws:s3:::BUCKET"
    assert "--bucket" in told
    with pytest.raises(CommandError, match="not used for: photos"):
        run("--feature", "photos", "--connection", "archive")


def test_bucket_can_be_given_with_an_asterisk() -> None:
    web, _told = run("--for", "web", "--feature", "settings", "--bucket", "example-*")

    assert statements(web)["Buckets"]["Resource"] == "arn:aws:s3:::example-*"


def test_key_of_kms_is_granted_where_objects_are_and_asked_for_where_one_is_known() -> None:
    key = "arn:aws:kms:eu-central-1:111122223333:key/1"
    BucketFactory(name="example-photos", encryption="aws:kms")

    _web, told = run("--for", "web")
    with_key, told_then = run("--for", "web", "--kms-key", key)

    assert "--kms-key" in told
    assert "--kms-key" not in told_then
    assert statements(with_key)["EncryptionKeys"] == {
        "Sid": "EncryptionKeys",
        "Effect": "Allow",
        "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
        "Resource": key,
    }


def test_policy_that_is_too_long_is_told() -> None:
    for number in range(60):
        BucketFactory(name=f"a-bucket-with-a-long-name-{number:03}")

    _web, told = run("--for", "web")

    assert "a managed policy holds 6,144" in told


def test_role_is_a_policy_of_its_own(settings: Any) -> None:
    settings.S3_CONNECTIONS["default"]["role_arn"] = ROLE

    policy, _told = run("--feature", "role")
    _web, told = run("--for", "web")

    assert policy["Statement"][0]["Resource"] == ROLE
    assert f"rights of {ROLE}" in told
    with pytest.raises(CommandError, match="takes on no role"):
        run("--feature", "role", "--connection", "archive")
    with pytest.raises(CommandError, match="ask for it alone"):
        run("--feature", "role", "--feature", "photos")


def test_unknown_connection_is_named() -> None:
    with pytest.raises(CommandError, match="There are: default, archive"):
        run("--connection", "nowhere")


def test_list_names_every_feature_and_whether_it_is_on() -> None:
    out = io.StringIO()
    call_command("iam_policy", "--list", stdout=out)

    lines = out.getvalue().splitlines()
    assert [line.split()[0] for line in lines] == [one.slug for one in FEATURES]
    assert next(line for line in lines if line.startswith("mirror")).split()[1] == "off"


def documented() -> list[tuple[str, Any]]:
    """Return the policies of docs/s3-policy.md, each with the arguments that stand above it."""
    found = re.findall(r"<!-- manage\.py iam_policy (.*?) -->\n```json\n(.*?)```", DOCS, re.DOTALL)
    return [(arguments, json.loads(policy)) for arguments, policy in found]


@pytest.mark.parametrize(("arguments", "policy"), documented(), ids=lambda one: str(one)[:40])
def test_documented_policy_is_what_the_command_prints(arguments: str, policy: Any) -> None:
    assert run(*arguments.split())[0] == policy


def test_documentation_names_every_action_of_s3_and_no_other() -> None:
    named = set(re.findall(r"\bs3:[A-Z]\w+", DOCS))
    granted = {
        action
        for feature in FEATURES
        for side in Side
        for operation in feature.operations(side)
        for action in policies.ACTIONS[operation]
        if action.startswith("s3:")
    }

    assert len(documented()) == 3
    assert named - granted == set()
    assert granted - named == set()


def test_documentation_lists_every_feature() -> None:
    assert re.findall(r"^\| `([a-z]+)` \| ", DOCS, re.MULTILINE) == [one.slug for one in FEATURES]
