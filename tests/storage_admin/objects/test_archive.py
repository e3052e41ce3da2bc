"""Objects in an archive class: what is said, asked for, and shown of it. On MiniStack, which archives."""

from dataclasses import replace
from typing import Any

import pytest

from portal.audit import AuditEvent
from portal.s3 import attributes, encryption, session
from portal.s3.types import Algorithm
from storage_admin import prices
from storage_admin.objects import changes as object_changes
from storage_admin.objects.seen import Seen
from tests.contract.arrange import METADATA, RICH
from tests.storage_admin.conftest import address
from tests.storage_admin.objects.test_changes import send
from tests.store import answering, refusal

pytestmark = [pytest.mark.django_db, pytest.mark.servers]
KMS_KEY = "arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555"


@pytest.fixture
def simulated(amazon_like):
    return amazon_like()


def store(bucket, storage_class: Any = "STANDARD", **options) -> str:
    answer = session.client().put_object(
        Bucket=bucket.name, Key="a", Body=b"bytes", StorageClass=storage_class, **options
    )
    return answer["VersionId"]


def test_archived_version_is_asked_for_and_its_state_shown(page, simulated, ada) -> None:
    """22, 73, 74"""
    version = store(simulated, "GLACIER")

    response = send(page, simulated, "thaw", "a", version, tier="Bulk", days="3")

    found = attributes.read(simulated.name, "a")
    assert found.storage_class == "GLACIER"
    assert found.restore is not None
    event = AuditEvent.objects.get(action="object.restore_requested")
    assert (event.actor, event.version_id, event.outcome) == (ada, version, AuditEvent.Outcome.DONE)
    assert (event.after or {})["tier"] == "Bulk"
    assert (event.after or {})["days"] == 3
    assert "Restore" in [label for label, _value in response.context["rows"]]


def test_second_request_is_told_to_be_in_progress(page, simulated) -> None:
    """73"""
    store(simulated, "GLACIER")
    answer = refusal(409, "RestoreAlreadyInProgress")

    with answering("RestoreObject", answer):
        response = send(page, simulated, "thaw", "a", tier="Standard", days="1")

    assert "being restored already" in response.text
    assert AuditEvent.objects.get().outcome == AuditEvent.Outcome.FAILED


def test_deep_archive_has_no_fast_way(page, simulated) -> None:
    """72"""
    store(simulated, "DEEP_ARCHIVE")

    form = page.get(address("thaw", simulated, key="a")).context["form"]
    response = send(page, simulated, "thaw", "a", tier="Expedited", days="1")

    assert [value for value, _label in form.fields["tier"].choices] == ["Standard", "Bulk"]
    assert "Expedited is not one of the available choices" in response.text


@pytest.mark.parametrize("days", ["0", "-1", "366", "x", ""])
def test_days_that_make_no_sense_are_told(page, simulated, days) -> None:
    store(simulated, "GLACIER")

    send(page, simulated, "thaw", "a", tier="Standard", days=days)

    assert attributes.read(simulated.name, "a").restore is None


def test_what_is_readable_needs_no_restore(page, simulated) -> None:
    store(simulated, "GLACIER_IR")

    assert "is readable" in page.get(address("thaw", simulated, key="a")).text


@pytest.mark.parametrize("name", ["metadata", "class", "copy", "move"])
def test_archived_object_is_restored_before_it_is_copied(page, simulated, name) -> None:
    """22"""
    version = store(simulated, "GLACIER")

    assert "restore it from the archive first" in page.get(address(name, simulated, key="a")).text
    acts = page.get(address("object", simulated, key="a")).context["acts"]
    assert attributes.read(simulated.name, "a").version_id == version
    assert next(act for act in acts if act.label == "Restore from the archive").url


def test_class_form_says_prices_least_time_and_least_size(page, simulated) -> None:
    """15, 76"""
    store(simulated)

    text = page.get(address("class", simulated, key="a")).text

    for shown in (
        "$0.0125 per GB and month", "at least 30 days", "at least 180 days", "billed as 128.0", prices.SOURCE,
        "plus 40 KiB", "stay billed, as an older version",
    ):  # fmt: skip
        assert shown in text, shown


def test_version_is_encrypted_without_a_copy_where_s3_can(simulated, ada, monkeypatch) -> None:
    """20: what the service asks of the seam, and reads back; no simulator has the call."""
    version = store(simulated, ServerSideEncryption="AES256")
    asked: list[dict[str, Any]] = []

    def move_to_kms(_bucket: str, key: str, kms_key: str, **options: Any) -> None:
        asked.append({"key": key, "kms_key": kms_key, **options})
        now = replace(found, encryption=Algorithm.SSE_KMS, kms_key=kms_key)
        monkeypatch.setattr(attributes, "read", lambda *_a, **_o: now)

    found = attributes.read(simulated.name, "a")
    monkeypatch.setattr(encryption, "move_to_kms", move_to_kms)

    object_changes.encrypt_in_place(
        actor=ada, bucket=simulated, key="a", seen=Seen.of(found), kms_key=KMS_KEY, bucket_key=True
    )

    assert (asked[0]["kms_key"], asked[0]["version_id"]) == (KMS_KEY, version)
    event = AuditEvent.objects.get(action="object.encrypted")
    assert event.outcome == AuditEvent.Outcome.DONE
    assert (event.before, event.after) == (
        {"encryption": "AES256", "kms_key": ""}, {"encryption": "aws:kms", "kms_key": KMS_KEY}
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"encryption": Algorithm.NONE}, "only what is encrypted"),
        ({"encryption": Algorithm.DSSE_KMS}, "only what is encrypted"),
        ({"encryption": Algorithm.SSE_S3, "legal_hold": True}, "locked"),
        ({"encryption": Algorithm.SSE_S3}, ""),
    ],
)
def test_what_s3_does_not_encrypt_in_place(simulated, changes, words) -> None:
    """20"""
    store(simulated)

    found = object_changes.why_not_in_place(replace(attributes.read(simulated.name, "a"), **changes))

    assert words in found
    assert bool(words) is bool(found)


@pytest.mark.parametrize("way", ["in-place", "copy"])
def test_simulator_is_asked_for_a_copy_alone(page, simulated, way) -> None:
    version = store(simulated, ServerSideEncryption="AES256", **RICH)

    response = send(
        page, simulated, "encryption", "a", version, algorithm="aws:kms", kms_key=KMS_KEY, way=way
    )

    found = attributes.read(simulated.name, "a")
    assert session.client().get_object(Bucket=simulated.name, Key="a")["Body"].read() == b"bytes"
    if way == "in-place":
        assert "not one of the available choices" in response.text
        assert found.version_id == version
    else:
        assert (found.encryption, found.kms_key) == (Algorithm.SSE_KMS, KMS_KEY)
        assert found.metadata == METADATA


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"algorithm": "aws:kms", "kms_key": "alias/mine", "way": "copy"}, "full ARN"),
        ({"algorithm": "AES256", "way": "in-place"}, "not one of the available choices"),
        ({"algorithm": "AES256", "way": "copy"}, "nothing to do"),
    ],
)
def test_encryption_that_makes_no_sense_is_told(page, simulated, typed, words) -> None:
    version = store(simulated, ServerSideEncryption="AES256")

    assert words in send(page, simulated, "encryption", "a", **typed).text
    assert attributes.read(simulated.name, "a").version_id == version


def test_object_of_a_customers_key_is_refused_in_words(page, simulated) -> None:
    """19"""
    body = (
        "<Error><Code>InvalidRequest</Code><Message>The object was stored using a form of Server Side"
        " Encryption. The correct parameters must be provided to retrieve the object.</Message></Error>"
    )
    store(simulated)

    with (
        answering("HeadObject", refusal(400, "400")),
        answering("GetObject", refusal(400, "InvalidRequest", body=body)),
    ):
        response = page.get(address("class", simulated, key="a"))

    assert response.status_code == 502
    assert "SSE-C" in response.text
