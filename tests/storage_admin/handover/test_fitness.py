"""What is handed over, and what is refused with the reason: plans alone, no store is asked."""

from typing import Any

import pytest
from botocore.session import get_session
from botocore.validate import ParamValidator

from storage_admin.errors import NotPossible
from storage_admin.handover import operations, rules
from storage_admin.models import Bucket, Job, JobHandover, JobState
from tests.factories import BucketFactory, JobFactory
from tests.storage_admin.handover.conftest import ROLE

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_amazon")]

KEY = "arn:aws:kms:eu-west-1:123456789012:key/1"
COPY = {"to": "default/there", "to_prefix": "in/", "overwrite": True}


def job_of(kind: str, parameters: dict[str, Any], **said: Any) -> Job:
    said = {"prefix": "in/", "selection": {"what": "objects", "prefix": "in/"}, "plan": {}} | said
    if "bucket" not in said:
        said["bucket"] = Bucket.objects.filter(name="yard").first() or BucketFactory(name="yard", region="")
    made: Job = JobFactory(kind=kind, parameters=parameters, state=JobState.PLANNED, total=5, **said)
    return made


@pytest.mark.parametrize(
    ("kind", "parameters", "expected"),
    [
        (
            "edit-tags",
            {"add": "a=1\nb=2", "replace": True},
            {"S3PutObjectTagging": {"TagSet": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]}},
        ),
        ("edit-tags", {"add": "", "replace": True}, {"S3DeleteObjectTagging": {}}),
        (
            "set-acl",
            {"acl": "private"},
            {"S3PutObjectAcl": {"AccessControlPolicy": {"CannedAccessControlList": "private"}}},
        ),
        (
            "restore",
            {"tier": "Bulk", "days": 3},
            {"S3InitiateRestoreObject": {"ExpirationInDays": 3, "GlacierJobTier": "BULK"}},
        ),
        (
            "encrypt",
            {"algorithm": "aws:kms", "kms_key": KEY, "bucket_key": True},
            {
                "S3UpdateObjectEncryption": {
                    "ObjectEncryption": {"SSEKMS": {"KMSKeyArn": KEY, "BucketKeyEnabled": True}}
                }
            },
        ),
        (
            "lock",
            {"lock": "retain", "until": "2099-01-01T00:00:00+00:00"},
            {
                "S3PutObjectRetention": {
                    "Retention": {"Mode": "GOVERNANCE", "RetainUntilDate": "2099-01-01T00:00:00+00:00"}
                }
            },
        ),
        (
            "lock",
            {"lock": "release", "until": None},
            {"S3PutObjectLegalHold": {"LegalHold": {"Status": "OFF"}}},
        ),
        (
            "copy",
            COPY,
            {"S3PutObjectCopy": {"TargetResource": "arn:aws:s3:::there", "StorageClass": "STANDARD"}},
        ),
        (
            "change-class",
            {"storage_class": "GLACIER_IR"},
            {"S3PutObjectCopy": {"TargetResource": "arn:aws:s3:::yard", "StorageClass": "GLACIER_IR"}},
        ),
    ],
)
def test_operation_of_a_job(kind: str, parameters: dict[str, Any], expected: dict[str, Any]) -> None:
    job = job_of(kind, parameters)

    assert operations.refusal(job) == ""
    assert operations.of(job) == expected


@pytest.mark.parametrize(
    ("kind", "parameters", "plan", "reason"),
    [
        ("edit-tags", {"add": "a=1", "remove": "b"}, {}, "single ones"),
        ("set-acl", {"acl": "not-public"}, {}, "single grants"),
        ("restore", {"tier": "Expedited", "days": 3}, {}, "not expedited"),
        ("encrypt", {"algorithm": "AES256"}, {}, "KMS keys alone"),
        ("copy", COPY | {"to_prefix": "out/"}, {}, "keeps the keys"),
        ("copy", COPY | {"overwrite": False}, {}, "writes over"),
        ("copy", COPY | {"to": "other/there"}, {}, "another store or account"),
        ("copy", COPY, {"by_class": {"STANDARD": [1, 1], "GLACIER_IR": [1, 1]}}, "several classes"),
        ("copy", COPY, {"too_large": 3}, "3 objects are larger than 5 GB"),
        ("change-class", {"storage_class": "GLACIER_IR"}, {"too_large": 1}, "1 object is larger"),
        ("edit-metadata", {}, {}, "replaces all metadata"),
        ("move", COPY, {}, "no delete"),
        ("hide", {}, {}, "no delete"),
        ("zip", {}, {}, "nothing that does this"),
    ],
)
def test_what_batch_does_otherwise_is_refused(
    kind: str, parameters: dict[str, Any], plan: dict[str, Any], reason: str
) -> None:
    assert reason in operations.refusal(job_of(kind, parameters, plan=plan))


@pytest.mark.parametrize(("prefix", "is_refused"), [("", True), ("photos/1/", True), ("renditions/", False)])
def test_class_of_photos_originals_stays_with_workers_that_let_rows_follow(
    prefix: str, is_refused: bool, settings: Any
) -> None:
    bucket = _of_photos(settings)

    said = operations.refusal(
        job_of("change-class", {"storage_class": "GLACIER_IR"}, prefix=prefix, bucket=bucket)
    )

    assert ("row must follow" in said) is is_refused


def test_without_settings_or_elsewhere_nothing_is_handed_to_batch(settings: Any) -> None:
    job = job_of("restore", {"tier": "Bulk", "days": 3})

    settings.BATCH_ROLE_ARN = ""
    assert "BATCH_ROLE_ARN" in operations.refusal(job)
    settings.BATCH_ROLE_ARN, settings.SERVICES_CONNECTION = ROLE, "other"
    assert "another connection" in operations.refusal(job)
    settings.S3_CONNECTIONS["default"]["endpoint_url"] = "http://store.test"
    assert "Amazon's" in operations.refusal(job)


def test_bucket_of_another_region_is_refused() -> None:
    bucket = BucketFactory(region="us-west-2")

    assert "us-west-2" in operations.refusal(job_of("restore", {"tier": "Bulk", "days": 3}, bucket=bucket))


@pytest.mark.parametrize(("what", "names"), [("objects", False), ("keys", False), ("originals", True)])
def test_list_names_versions_of_all_or_of_none(what: str, names: bool) -> None:
    assert operations.names_versions(job_of("restore", {}, selection={"what": what})) is names


VERSIONS = {"what": "versions", "prefix": "in/"}
OLD = {"which": "old", "days": 30, "keep": 2, "bypass": False}


@pytest.mark.parametrize(
    ("kind", "parameters", "deeds"),
    [
        (
            "destroy",
            OLD,
            {"NoncurrentVersionExpiration": {"NoncurrentDays": 30, "NewerNoncurrentVersions": 2}},
        ),
        (
            "destroy",
            OLD | {"days": 0, "keep": 0},
            {"NoncurrentVersionExpiration": {"NoncurrentDays": 1}},
        ),
        ("destroy", OLD | {"which": "lone-markers"}, {"Expiration": {"ExpiredObjectDeleteMarker": True}}),
        (
            "destroy",
            OLD | {"which": "everything"},
            {"Expiration": {"Days": 1}, "NoncurrentVersionExpiration": {"NoncurrentDays": 1}},
        ),
        ("hide", {}, {"Expiration": {"Days": 1}}),
        (
            "empty",
            {},
            {
                "Expiration": {"Days": 1},
                "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
            },
        ),
    ],
)
def test_rule_of_a_job(kind: str, parameters: dict[str, Any], deeds: dict[str, Any]) -> None:
    job = job_of(kind, parameters, selection=VERSIONS)

    assert rules.refusal(job) == ""
    assert rules.of(job, "r") == {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": "in/"}, **deeds}


@pytest.mark.parametrize(
    ("wanted", "days", "prefix", "chosen"),
    [
        ("GLACIER", 1, "in/", {"And": {"Prefix": "in/", "ObjectSizeGreaterThan": 1}}),
        ("STANDARD_IA", 30, "", {"ObjectSizeGreaterThan": 1}),
    ],
)
def test_class_is_changed_by_a_rule_for_small_objects_too(
    wanted: str, days: int, prefix: str, chosen: dict[str, Any]
) -> None:
    """Without a size of its own, a rule leaves what has less than 128 KB."""
    job = job_of("change-class", {"storage_class": wanted}, prefix=prefix)

    assert rules.refusal(job) == ""
    assert rules.of(job, "r")["Filter"] == chosen
    assert rules.of(job, "r")["Transitions"] == [{"Days": days, "StorageClass": wanted}]


@pytest.mark.parametrize(
    ("kind", "parameters", "said", "reason"),
    [
        ("destroy", OLD, {"selection": {"what": "exact", "versions": []}}, "named one by one"),
        ("hide", {}, {"selection": {"what": "keys", "keys": ["in/a"]}}, "named one by one"),
        ("destroy", OLD | {"bypass": True}, {"selection": VERSIONS}, "governance"),
        ("change-class", {"storage_class": "STANDARD"}, {}, "moves anything to STANDARD"),
        (
            "change-class",
            {"storage_class": "STANDARD_IA"},
            {"plan": {"by_class": {"GLACIER": [1, 1]}}},
            "from GLACIER",
        ),
        (
            "change-class",
            {"storage_class": "GLACIER_IR"},
            {"plan": {"by_class": {"ONEZONE_IA": [1, 1]}}},
            "from ONEZONE_IA",
        ),
        ("copy", COPY, {}, "nothing that does this"),
    ],
)
def test_plans_that_no_rule_can_say_are_refused(
    kind: str, parameters: dict[str, Any], said: dict[str, Any], reason: str
) -> None:
    assert reason in rules.refusal(job_of(kind, parameters, **said))


@pytest.mark.parametrize("prefix", ["", "p", "photos/", "photos/1/", "renditions/"])
@pytest.mark.parametrize("kind", ["hide", "destroy"])
def test_no_rule_takes_photos_or_their_renditions(kind: str, prefix: str, settings: Any) -> None:
    bucket = _of_photos(settings)

    said = rules.refusal(job_of(kind, OLD, prefix=prefix, selection=VERSIONS, bucket=bucket))

    assert "photo" in said


def test_beside_photos_a_rule_may_work(settings: Any) -> None:
    bucket = _of_photos(settings)

    assert rules.refusal(job_of("hide", {}, prefix="exports/", bucket=bucket)) == ""


def test_names_of_rules_differ_between_portals() -> None:
    one, other = job_of("hide", {}), job_of("hide", {})
    rows = [rules.name_of(_handed(job)) for job in (one, one, other)]

    assert len(set(rows)) == 3
    assert rows[0].startswith(f"portal-job-{one.pk}-")


def _handed(job: Job) -> JobHandover:
    return JobHandover(job=job)


def _of_photos(settings: Any) -> Bucket:
    settings.AWS_STORAGE_BUCKET_NAME = "of-photos"
    bucket: Bucket = BucketFactory(name="of-photos", region="")
    assert bucket.holds_photos
    return bucket


def test_job_without_an_operation_raises_in_words() -> None:
    with pytest.raises(NotPossible):
        operations.of(job_of("verify-originals", {}))


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        ("edit-tags", {"add": "a=1", "replace": True}),
        ("edit-tags", {"add": "", "replace": True}),
        ("set-acl", {"acl": "bucket-owner-full-control"}),
        ("restore", {"tier": "Standard", "days": 3}),
        ("encrypt", {"algorithm": "aws:kms", "kms_key": KEY, "bucket_key": False}),
        ("lock", {"lock": "retain", "until": "2099-01-01T00:00:00+00:00"}),
        ("lock", {"lock": "hold", "until": None}),
        ("copy", COPY),
        ("change-class", {"storage_class": "STANDARD_IA"}),
    ],
)
def test_operations_fit_botocores_model_of_create_job(kind: str, parameters: dict[str, Any]) -> None:
    shape = get_session().get_service_model("s3control").shape_for("JobOperation")

    report = ParamValidator().validate(operations.of(job_of(kind, parameters)), shape)

    assert not report.has_errors(), report.generate_report()
