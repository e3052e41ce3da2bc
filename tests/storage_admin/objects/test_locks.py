"""Retention and legal hold: longer for who may lock, shorter for who may bypass, compliance for nobody."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied

from portal.audit import AuditEvent
from portal.s3 import attributes, buckets, object_lock, session
from portal.s3.buckets import Birth
from portal.s3.object_lock import Retention
from portal.s3.types import RetentionMode
from storage_admin.objects import locks as object_locks
from storage_admin.objects.seen import Seen
from tests.factories import BucketFactory, UserFactory
from tests.storage_admin.conftest import address, in_role
from tests.storage_admin.objects.test_changes import send
from tests.storage_admin.objects.test_forms import filled

pytestmark = [pytest.mark.django_db, pytest.mark.servers]
GOVERNANCE, COMPLIANCE = RetentionMode.GOVERNANCE, RetentionMode.COMPLIANCE


def in_days(days: float) -> datetime:
    return (datetime.now(UTC) + timedelta(days=days)).replace(microsecond=0)


def typed(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S")


@pytest.fixture
def locked_bucket(photo_bucket, db):
    """A bucket with object lock and no default."""
    name = f"locked-{uuid4().hex[:8]}"
    buckets.create(name, Birth(object_lock=True))
    return BucketFactory(name=name)


@pytest.fixture
def keeper(db):
    """A storage admin who may bypass governance, too."""
    user = in_role("Storage admin")
    user.user_permissions.set(UserFactory(rights=["storage_admin.bypass_governance"]).user_permissions.all())
    return user


def locked(bucket, version: str = "") -> Retention | None:
    return attributes.read(bucket.name, "a", version_id=version).retention


def test_version_is_locked_and_the_other_stays_free(page, locked_bucket, put, ada) -> None:
    old, new = put("a", b"1", into=locked_bucket.name), put("a", b"2", into=locked_bucket.name)
    until = in_days(2)

    response = send(page, locked_bucket, "retention", "a", old, mode="GOVERNANCE", until=typed(until))

    assert response.status_code == 200
    assert locked(locked_bucket, old) == Retention(GOVERNANCE, until)
    assert locked(locked_bucket, new) is None
    event = AuditEvent.objects.get(action="object.retention_changed")
    assert (event.actor, event.version_id, (event.after or {})["mode"]) == (ada, old, "GOVERNANCE")
    assert "bypassed" not in (event.before or {})


def test_longer_is_always_possible(page, locked_bucket, put) -> None:
    put("a", into=locked_bucket.name)
    object_lock.retain(locked_bucket.name, "a", Retention(GOVERNANCE, in_days(1)))
    until = in_days(3)

    send(page, locked_bucket, "retention", "a", until=typed(until))

    assert locked(locked_bucket) == Retention(GOVERNANCE, until)


@pytest.mark.parametrize("changes", [{"mode": ""}, {"until": typed(in_days(0.5))}])
def test_shorter_governance_is_refused_without_the_box(page, locked_bucket, put, changes) -> None:
    put("a", into=locked_bucket.name)
    lock = Retention(GOVERNANCE, in_days(2))
    object_lock.retain(locked_bucket.name, "a", lock)

    response = send(page, locked_bucket, "retention", "a", **changes)

    assert "means bypassing it" in response.text
    assert locked(locked_bucket) == lock
    assert AuditEvent.objects.get().outcome == AuditEvent.Outcome.REFUSED


def test_box_is_no_right(page, locked_bucket, put) -> None:
    put("a", into=locked_bucket.name)
    lock = Retention(GOVERNANCE, in_days(2))
    object_lock.retain(locked_bucket.name, "a", lock)
    shown = page.get(address("retention", locked_bucket, key="a"))

    send(page, locked_bucket, "retention", "a", mode="", bypass_governance="on")

    assert "bypass_governance" not in shown.context["form"].fields
    assert locked(locked_bucket) == lock


def test_service_asks_for_the_right_to_bypass(locked_bucket, put, ada) -> None:
    put("a", into=locked_bucket.name)
    object_lock.retain(locked_bucket.name, "a", Retention(GOVERNANCE, in_days(2)))
    found = attributes.read(locked_bucket.name, "a")

    with pytest.raises(PermissionDenied):
        object_locks.retain(
            actor=ada, bucket=locked_bucket, key="a", seen=Seen.of(found),
            seen_lock=object_locks.lock_of(found), wanted=None, bypass_governance=True,
        )  # fmt: skip

    assert locked(locked_bucket) is not None


def test_who_may_bypasses_by_choice_and_the_audit_says_so(client, locked_bucket, put, keeper) -> None:
    client.force_login(keeper)
    put("a", into=locked_bucket.name)
    object_lock.retain(locked_bucket.name, "a", Retention(GOVERNANCE, in_days(2)))

    until = in_days(1)
    send(client, locked_bucket, "retention", "a", until=typed(until), bypass_governance="on")

    assert locked(locked_bucket) == Retention(GOVERNANCE, until)
    event = AuditEvent.objects.get(action="object.retention_changed")
    assert event.outcome == AuditEvent.Outcome.DONE
    assert (event.before or {})["bypassed"] is True


def test_store_that_lifts_no_lock_is_not_asked_to(client, amazon_like, keeper) -> None:
    """Amazon does; the contract suite says who does not."""
    client.force_login(keeper)
    bucket = amazon_like(Birth(object_lock=True))
    session.client().put_object(Bucket=bucket.name, Key="a", Body=b"bytes")
    lock = Retention(GOVERNANCE, in_days(2))
    object_lock.retain(bucket.name, "a", lock)

    shown = client.get(address("retention", bucket, key="a"))
    send(client, bucket, "retention", "a", mode="", bypass_governance="on")

    assert "lifts none" in shown.text
    assert "not locked" not in shown.context["form"].as_p()
    assert locked(bucket) == lock


def test_compliance_is_asked_for_twice_and_shortened_by_nobody(client, locked_bucket, put, keeper) -> None:
    client.force_login(keeper)
    put("a", into=locked_bucket.name)
    until = in_days(0.001)  # some 80 s: nobody can remove it before
    asked = {"mode": "COMPLIANCE", "until": typed(until)}

    without = send(client, locked_bucket, "retention", "a", **asked)
    before = locked(locked_bucket)
    send(client, locked_bucket, "retention", "a", typed="a", **asked)
    locked_now = locked(locked_bucket)
    shorter = send(client, locked_bucket, "retention", "a", mode="", bypass_governance="on")

    assert "cannot be undone" in without.text
    assert before is None
    assert locked_now == Retention(COMPLIANCE, until)
    assert "Nobody can shorten" in shorter.text
    assert locked(locked_bucket) == locked_now


def test_legal_hold_goes_on_and_off(page, locked_bucket, put, ada) -> None:
    put("a", into=locked_bucket.name)

    send(page, locked_bucket, "hold", "a")
    on = attributes.read(locked_bucket.name, "a").legal_hold
    send(page, locked_bucket, "hold", "a")

    assert on
    assert not attributes.read(locked_bucket.name, "a").legal_hold
    afters = [(one.after or {})["legal_hold"] for one in AuditEvent.objects.order_by("id")]
    assert afters == [True, False]


def test_lock_that_somebody_set_meanwhile_is_not_overwritten(page, locked_bucket, put) -> None:
    version = put("a", into=locked_bucket.name)
    where = address("retention", locked_bucket, key="a", version=version)
    sent = filled(page.get(where), mode="GOVERNANCE", until=typed(in_days(9)))
    lock = Retention(GOVERNANCE, in_days(1))
    object_lock.retain(locked_bucket.name, "a", lock)

    response = page.post(where, sent)

    assert response.status_code == 409
    assert "it was “no”" in response.text
    assert locked(locked_bucket) == lock


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mode": "GOVERNANCE"}, "until when"),
        ({"mode": "GOVERNANCE", "until": "2001-01-01T00:00:00"}, "in the future"),
        ({"mode": "EVIL", "until": "2101-01-01T00:00:00"}, "EVIL"),
        ({}, "nothing to do"),
    ],
)
def test_locks_that_make_no_sense_are_told(page, locked_bucket, put, changes, words) -> None:
    put("a", into=locked_bucket.name)

    assert words in send(page, locked_bucket, "retention", "a", **changes).text
    assert locked(locked_bucket) is None


@pytest.mark.parametrize("name", ["retention", "hold"])
def test_bucket_without_object_lock_says_so(page, bucket, prefix, put, name) -> None:
    put(f"{prefix}a")

    assert "no object lock" in page.get(address(name, bucket, key=f"{prefix}a")).text


def test_locked_version_keeps_its_lock_through_a_change_of_class(page, locked_bucket, put) -> None:
    """11"""
    put("a", into=locked_bucket.name)
    until = in_days(1)
    object_lock.retain(locked_bucket.name, "a", Retention(GOVERNANCE, until))
    object_lock.hold(locked_bucket.name, "a", on=True)

    send(page, locked_bucket, "class", "a", storage_class="STANDARD_IA")

    found = attributes.read(locked_bucket.name, "a")
    assert (found.storage_class, found.retention, found.legal_hold) == (
        "STANDARD_IA", Retention(GOVERNANCE, until), True,
    )  # fmt: skip
    session.client().put_object_legal_hold(Bucket=locked_bucket.name, Key="a", LegalHold={"Status": "OFF"})
