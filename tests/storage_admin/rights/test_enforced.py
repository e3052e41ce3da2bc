"""The printed documents, enforced by moto: who has them does the portal's work, without one right not.

moto looks at signatures and at IAM policies when it is told to. `NOT_ASKED` are actions that it lets
pass, `MOTOS_OWN` those that it asks for by another name than Amazon.
"""

import io
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import ClientError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command
from moto import mock_aws
from moto import settings as moto_settings

from portal.s3 import objects, photo_bucket, session, versioning
from portal.s3.errors import AccessRefused, ObjectNotFound, S3Error
from storage_admin.rights import policies
from storage_admin.rights.features import FEATURES, Side
from storage_admin.rights.policies import Places
from tests.store import leave_store, use_store

BUCKET = "photos-of-a-test"
NEVER = float("inf")
ACCOUNT_ID = "123456789012"  # moto's own
MOTOS_OWN = {"s3:ListBucket": "s3:HeadBucket"}
PHOTOS = [one for one in FEATURES if one.slug == "photos"]
PURGE = [one for one in FEATURES if one.slug == "purge"]


class Gate:
    """moto with its doors shut: whoever comes in has one policy."""

    def __init__(self, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.settings, self.monkeypatch = settings, monkeypatch

    def enter(self, policy: dict[str, Any]) -> None:
        """Be a user with this policy and no other."""
        self.open()
        iam, name = boto3.client("iam", region_name="us-east-1"), uuid4().hex
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="printed", PolicyDocument=json.dumps(policy))
        keys = iam.create_access_key(UserName=name)["AccessKey"]
        self._keys(keys["AccessKeyId"], keys["SecretAccessKey"])
        self.monkeypatch.setattr(moto_settings, "INITIAL_NO_AUTH_ACTION_COUNT", 0.0)

    def open(self) -> None:
        """Be who may do everything."""
        self.monkeypatch.setattr(moto_settings, "INITIAL_NO_AUTH_ACTION_COUNT", NEVER)
        self._keys("testing", "testing")

    def _keys(self, key: str, secret: str) -> None:
        self.monkeypatch.setenv("AWS_ACCESS_KEY_ID", key)
        self.monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
        session.forget()
        # A storage keeps its client for as long as the process lives.
        self.settings.STORAGES = dict(self.settings.STORAGES)


def _let_moto_learn_its_paths() -> None:
    """Ask each service once: it makes its parsers at the first call, and two threads of a page may be that.

    Python 3.11 parses in one thread at a time (SystemError: AST constructor recursion depth mismatch).
    """
    boto3.client("s3", region_name="us-east-1").list_buckets()
    with suppress(ClientError):  # the account has none
        boto3.client("s3control", region_name="us-east-1").get_public_access_block(AccountId=ACCOUNT_ID)


@pytest.fixture
def gate(settings: Any) -> Iterator[Gate]:
    # moto has keys of its own in the environment: ours are taken back before these are.
    with mock_aws(), pytest.MonkeyPatch.context() as monkeypatch:
        use_store(settings, "")
        session.forget()
        settings.S3_CONNECTIONS["default"]["addressing_style"] = "auto"
        settings.AWS_STORAGE_BUCKET_NAME = BUCKET
        made = Gate(settings, monkeypatch)
        made.open()
        _let_moto_learn_its_paths()
        yield made
        made.open()
        session.forget()
        leave_store()


@pytest.fixture
def bucket(gate: Gate) -> str:
    gate.open()
    photo_bucket.prepare([])
    return BUCKET


def policy(features: list[Any], side: Side, *, without: str = "") -> dict[str, Any]:
    found = policies.document(features, side, Places(buckets=(BUCKET,), photo_bucket=BUCKET))
    for statement in found["Statement"]:
        kept = [action for action in statement["Action"] if action != without]
        statement["Action"] = kept + [MOTOS_OWN[action] for action in kept if action in MOTOS_OWN]
    found["Statement"] = [one for one in found["Statement"] if one["Action"]]
    return found


def actions(found: dict[str, Any]) -> list[str]:
    asked = {action for statement in found["Statement"] for action in statement["Action"]}
    return sorted(asked - set(MOTOS_OWN.values()))


def web() -> None:
    """What requests do: take a photo in, look whether it arrived, show it, ask whether the bucket is fit."""
    key = f"photos/unassigned/{uuid4()}.jpg"
    default_storage.save(key, ContentFile(b"bytes"))
    found = objects.head(BUCKET, key)
    assert objects.head(BUCKET, key, version_id=found.version_id).bytes == 5
    assert objects.first_bytes(BUCKET, key, 2, version_id=found.version_id) == b"by"
    assert b"".join(objects.stream(BUCKET, key)) == b"bytes"
    with pytest.raises(ObjectNotFound):
        objects.head(BUCKET, f"photos/{uuid4()}")
    photo_bucket.check()


def worker() -> None:
    """What processing does: read the original, put a rendition."""
    key = f"renditions/{uuid4()}/card-abc.webp"
    objects.put(BUCKET, key, b"pixels", content_type="image/webp", overwrite=True)
    assert objects.read(BUCKET, key, version_id=objects.head(BUCKET, key).version_id) == b"pixels"


def setup() -> None:
    """What the command does; what it only tells is as good as refused."""
    prepared = photo_bucket.prepare(["https://pets.test"])
    if prepared.lacking:
        raise S3Error(" ".join(prepared.lacking))


def journey(gate: Gate, side: Side) -> Callable[[], None]:
    if side is not Side.SETUP:
        gate.open()
        photo_bucket.prepare([])
    return {Side.WEB: web, Side.WORKER: worker, Side.SETUP: setup}[side]


# (side, action): moto answers 404 for a key that is not there, whether one may list or not; and
# sets these two of a bucket for anybody.
NOT_ASKED = {
    ("web", "s3:ListBucket"),
    ("worker", "s3:ListBucket"),
    ("setup", "s3:PutBucketOwnershipControls"),
    ("setup", "s3:PutBucketPublicAccessBlock"),
}


@pytest.mark.parametrize("side", Side)
def test_printed_policy_is_enough(gate: Gate, side: Side) -> None:
    go = journey(gate, side)
    gate.enter(policy(PHOTOS, side))

    go()


@pytest.mark.parametrize(
    ("side", "action"), [(side, action) for side in Side for action in actions(policy(PHOTOS, side))]
)
def test_without_one_action_the_work_is_refused_and_the_action_named(
    gate: Gate, side: Side, action: str
) -> None:
    go = journey(gate, side)
    gate.enter(policy(PHOTOS, side, without=action))

    if (side.value, action) in NOT_ASKED:
        go()
        return
    with pytest.raises(S3Error) as refused:
        go()
    assert action in str(refused.value)


def test_worker_without_the_purge_destroys_nothing(gate: Gate, bucket: str) -> None:
    """That the purge may is judged by the other simulator: moto refuses DeleteObjects to every user."""
    key = f"photos/unassigned/{uuid4()}.jpg"
    objects.put(bucket, key, b"bytes", content_type="image/jpeg")
    gate.enter(policy(PHOTOS, Side.WORKER))
    targets = [(key, objects.head(bucket, key).version_id)]

    with pytest.raises(AccessRefused, match="s3:ListBucketVersions"):
        list(objects.versions(bucket, key))
    assert objects.delete_versions(bucket, targets)[0].code == "AccessDenied"

    gate.enter(policy(PURGE, Side.WORKER))
    assert [entry.version_id for entry in objects.versions(bucket, key)] == [targets[0][1]]


def test_web_changes_no_setting_and_reads_no_other_bucket(gate: Gate, bucket: str) -> None:
    session.client().create_bucket(Bucket="somebody-elses")
    session.client().put_object(Bucket="somebody-elses", Key="photos/1.jpg", Body=b"theirs")
    gate.enter(policy(PHOTOS, Side.WEB))

    with pytest.raises(AccessRefused, match="s3:PutBucketVersioning"):
        versioning.suspend(bucket)
    with pytest.raises(AccessRefused, match="s3:GetObject"):
        objects.read("somebody-elses", "photos/1.jpg")
    with pytest.raises(AccessRefused, match="s3:PutObject"):
        objects.put(bucket, "elsewhere/1.jpg", b"x", content_type="image/jpeg")


@pytest.mark.django_db
def test_check_of_the_storage_names_what_is_refused(gate: Gate, bucket: str) -> None:
    gate.enter(policy(PHOTOS, Side.WEB))
    out = io.StringIO()

    with suppress(SystemExit):  # checks that could not be made may fail
        call_command("check_storage", stdout=out, stderr=out)

    line = next(line for line in out.getvalue().splitlines() if "Permissions:" in line)
    assert "actions are refused" in line
    assert "s3:GetObjectTagging" in line
    assert "s3:GetBucketPolicy" in line
    assert "s3:PutObject," not in line
    assert "s3:GetBucketVersioning" not in line
