"""Destroying versions, and deleting where nothing is kept: typed, checked again, verified, audited."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied

from photos.models import Photo
from portal.audit import AuditEvent
from portal.s3 import buckets, listing, object_lock, objects, session, versioning
from portal.s3.attributes import read as facts
from portal.s3.buckets import Birth
from portal.s3.errors import ObjectNotFound
from portal.s3.listing import ListedVersion
from portal.s3.object_lock import Retention
from portal.s3.types import RetentionMode, VersioningState
from storage_admin.errors import NotPossible
from storage_admin.models import Bucket
from storage_admin.objects import destroy_forms, destroying
from storage_admin.objects.seen import Seen
from storage_admin.typed_word import word_for
from tests.contract import stores
from tests.factories import BucketFactory, PetFactory, PhotoFactory, UserFactory
from tests.storage_admin.conftest import address, in_role
from tests.storage_admin.objects.test_forms import filled
from tests.store import answering, leave_store, refusal, use_store

pytestmark = [pytest.mark.django_db, pytest.mark.servers]


def ids(bucket: Bucket, key: str) -> list[tuple[str, bool]]:
    found = listing.key_versions(bucket.name, key, size=100).versions
    return [(one.version_id, one.is_delete_marker) for one in found]


def events(action: str) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(action=action).order_by("id"))


def typed(response: Any, **changes: str) -> dict[str, str]:
    """What the form sends when its word was typed as it asks."""
    return filled(response, typed=response.context["form"].fields["typed"].word, **changes)


# --- One version -----------------------------------------------------------------------------------


def test_version_is_destroyed_after_its_name_was_typed(page, bucket, prefix, put, ada) -> None:
    key = f"{prefix}a.jpg"
    old, new = put(key, b"first"), put(key, b"second")
    where = address("destroy", bucket, key=key, version=old)
    form = page.get(where)
    assert "Type “a.jpg” to confirm" in form.text
    assert "destroyed for good" in form.text

    refused = page.post(where, filled(form, typed="b.jpg"))
    assert "That is not “a.jpg”" in refused.text
    assert len(ids(bucket, key)) == 2
    assert not events("object.version_destroyed")

    response = page.post(where, typed(form), follow=True)

    assert ids(bucket, key) == [(new, False)]
    assert "The version is destroyed." in response.text
    [event] = events("object.version_destroyed")
    assert (event.actor, event.version_id, event.outcome) == (ada, old, AuditEvent.Outcome.DONE)
    assert event.before is not None
    assert event.after is not None
    assert (event.before["bytes"], event.after["entries_left"]) == (5, 1)
    assert event.after["bypassed_governance"] is False


def test_form_says_what_becomes_the_newest(page, bucket, prefix, put) -> None:
    key = f"{prefix}a"
    put(key, b"first")
    new = put(key, b"second")

    text = page.get(address("destroy", bucket, key=key, version=new)).text

    assert "Everybody then reads the version before it: 5 B" in text


def test_form_says_that_a_marker_lies_below(page, bucket, prefix, put) -> None:
    key = f"{prefix}a"
    put(key)
    time.sleep(1.1)  # lists tell whole seconds, and no order within one
    session.client().delete_object(Bucket=bucket.name, Key=key)
    new = put(key)

    assert "the object is deleted then" in page.get(address("destroy", bucket, key=key, version=new)).text


def test_form_does_not_guess_the_order_within_a_second() -> None:
    one = ListedVersion("a", "v", is_latest=False, is_delete_marker=False, last_modified=in_an_hour())

    words = destroy_forms._next_newest([one, replace(one, version_id="m", is_delete_marker=True)]).words

    assert "a version, or a delete marker" in words


def test_only_version_says_that_nothing_is_left_and_leads_to_its_folder(page, bucket, prefix, put) -> None:
    key = f"{prefix}a"
    version = put(key)
    where = address("destroy", bucket, key=key, version=version)
    form = page.get(where)
    assert "It is the only version: nothing is left" in form.text

    response = page.post(where, typed(form))

    assert response["Location"] == address("browse", bucket, prefix=prefix)
    assert ids(bucket, key) == []


def test_null_version_below_named_ones_is_destroyed_alone(page, another_bucket, put) -> None:
    bucket = another_bucket(VersioningState.NEVER_SET)
    put("a", b"before versioning", into=bucket.name)
    versioning.enable(bucket.name)
    new = put("a", into=bucket.name)
    where = address("destroy", bucket, key="a", version="null")

    page.post(where, typed(page.get(where)))

    assert ids(bucket, "a") == [(new, False)]
    assert facts(bucket.name, "a").version_id == new


def test_version_overwritten_under_the_same_id_is_not_destroyed(page, another_bucket, put) -> None:
    bucket = another_bucket(VersioningState.SUSPENDED)
    put("a", b"seen", into=bucket.name)
    where = address("destroy", bucket, key="a", version="null")
    sent = typed(page.get(where))
    put("a", b"by somebody else", into=bucket.name)

    response = page.post(where, sent)

    assert response.status_code == 409
    assert "changed meanwhile" in response.text
    assert 'name="typed"' in response.text
    assert 'value="destroy"' not in response.text
    assert 'value="a"' not in response.text
    assert facts(bucket.name, "a").bytes == len(b"by somebody else")
    assert events("object.version_destroyed")[0].outcome == AuditEvent.Outcome.REFUSED


@pytest.mark.parametrize("trait", ["trashed", "failed", ""])
def test_version_that_a_photo_is_made_of_is_refused_and_another_is_not(page, bucket, put, trait) -> None:
    photo: Photo = PhotoFactory(pet=PetFactory(), bucket=bucket.name, **({trait: True} if trait else {}))
    photo.version_id = put(photo.key)
    photo.save()
    other = put(photo.key, b"stray")
    where = address("destroy", bucket, key=photo.key, version=photo.version_id)

    assert "trash" in page.get(where).text
    assert page.post(where, {"seen": "{}", "typed": word_for(photo.key)}).status_code == 409
    stray = address("destroy", bucket, key=photo.key, version=other)
    page.post(stray, typed(page.get(stray)))

    assert ids(bucket, photo.key) == [(photo.version_id, False)]


def test_service_refuses_a_photos_version_by_itself(bucket, put, ada) -> None:
    photo: Photo = PhotoFactory(pet=PetFactory(), bucket=bucket.name)
    photo.version_id = put(photo.key)
    photo.save()
    seen = Seen.of(facts(bucket.name, photo.key))

    with pytest.raises(NotPossible, match="Move the photo to the trash"):
        destroying.destroy_version(
            actor=ada, bucket=bucket, key=photo.key, version_id=photo.version_id, seen=seen
        )

    assert ids(bucket, photo.key) == [(photo.version_id, False)]
    assert events("object.version_destroyed")[0].outcome == AuditEvent.Outcome.REFUSED


def test_refusal_beside_the_key_is_read_and_told(page, bucket, prefix, put) -> None:
    key = f"{prefix}a"
    version = put(key)
    where = address("destroy", bucket, key=key, version=version)
    sent = typed(page.get(where))
    body = (
        f"<DeleteResult><Error><Key>{key}</Key><VersionId>{version}</VersionId><Code>AccessDenied</Code>"
        "<Message>not you</Message></Error></DeleteResult>"
    )

    with answering("DeleteObjects", refusal(200, "", body=body)):
        response = page.post(where, sent)

    assert response.status_code == 409
    assert "not you (AccessDenied)" in response.text
    assert events("object.version_destroyed")[0].outcome == AuditEvent.Outcome.REFUSED
    assert ids(bucket, key) == [(version, False)]


def test_store_that_only_says_that_it_is_gone_is_not_believed(page, bucket, prefix, put) -> None:
    key = f"{prefix}a"
    version = put(key)
    where = address("destroy", bucket, key=key, version=version)
    sent = typed(page.get(where))
    body = f"<DeleteResult><Deleted><Key>{key}</Key><VersionId>{version}</VersionId></Deleted></DeleteResult>"

    with answering("DeleteObjects", refusal(200, "", body=body)):
        response = page.post(where, sent)

    assert "still gives it" in response.text
    assert events("object.version_destroyed")[0].outcome == AuditEvent.Outcome.FAILED


# --- Locked versions -------------------------------------------------------------------------------


@pytest.fixture
def locked(photo_bucket: str, db: None) -> Bucket:
    """A bucket with object lock."""
    name = f"locked-{uuid4().hex[:12]}"
    buckets.create(name, Birth(object_lock=True))
    row: Bucket = BucketFactory(name=name)
    return row


def in_an_hour() -> datetime:
    return datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)


def test_governance_is_bypassed_by_choice_and_right_alone(client, locked, put) -> None:
    version = put("a", into=locked.name)
    object_lock.retain(
        locked.name, "a", Retention(RetentionMode.GOVERNANCE, in_an_hour()), version_id=version
    )
    where = address("destroy", locked, key="a", version=version)
    client.force_login(in_role("Storage admin"))
    form = client.get(where)
    assert "locked (GOVERNANCE) until" in form.text
    assert "bypass_governance" not in form.context["form"].fields
    assert "locked (GOVERNANCE)" in client.post(where, typed(form, bypass_governance="on")).text
    assert ids(locked, "a") == [(version, False)]

    user = UserFactory(
        rights=[
            "storage_admin.view_bucket",
            "storage_admin.destroy_version",
            "storage_admin.bypass_governance",
        ]
    )
    client.force_login(user)
    form = client.get(where)
    assert "locked (GOVERNANCE)" in client.post(where, typed(form)).text
    assert ids(locked, "a") == [(version, False)]
    client.post(where, typed(form, bypass_governance="on"))

    assert ids(locked, "a") == []
    [event] = events("object.version_destroyed")
    assert event.before is not None
    assert event.after is not None
    assert (event.actor, event.after["bypassed_governance"]) == (user, True)
    assert event.before["lock"] == "GOVERNANCE"


def test_service_asks_for_the_right_to_bypass(locked, put, ada) -> None:
    version = put("a", into=locked.name)
    seen = Seen.of(facts(locked.name, "a"))

    with pytest.raises(PermissionDenied):
        destroying.destroy_version(
            actor=ada, bucket=locked, key="a", version_id=version, seen=seen, bypass_governance=True
        )

    assert ids(locked, "a") == [(version, False)]


def test_legal_hold_has_no_form(page, locked, put) -> None:
    version = put("a", into=locked.name)
    object_lock.hold(locked.name, "a", on=True, version_id=version)
    where = address("destroy", locked, key="a", version=version)

    response = page.get(where)

    assert response.context["form"] is None
    assert "legal hold" in response.text
    assert page.post(where, {"seen": "{}"}).status_code == 409
    object_lock.hold(locked.name, "a", on=False, version_id=version)


def test_compliance_says_until_when(locked, put) -> None:
    version = put("a", into=locked.name)
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=30)
    object_lock.retain(locked.name, "a", Retention(RetentionMode.COMPLIANCE, end), version_id=version)

    reason = destroying.lock_against(facts(locked.name, "a"), bypass_governance=True)

    assert "COMPLIANCE" in reason
    assert "UTC" in reason


# --- Objects of buckets that keep nothing ----------------------------------------------------------


def test_object_of_an_unversioned_bucket_is_deleted_after_its_name_was_typed(
    page, another_bucket, put, ada
) -> None:
    bucket = another_bucket(VersioningState.NEVER_SET)
    put("cats/a.jpg", into=bucket.name)
    assert "Destroy this version" not in page.get(address("object", bucket, key="cats/a.jpg")).text
    where = address("delete_object", bucket, key="cats/a.jpg")
    form = page.get(where)
    assert "keeps no versions" in form.text

    response = page.post(where, typed(form))

    assert response["Location"] == address("browse", bucket, prefix="cats/")
    with pytest.raises(ObjectNotFound):
        facts(bucket.name, "cats/a.jpg")
    [event] = events("object.deleted")
    assert (event.actor, event.outcome) == (ada, AuditEvent.Outcome.DONE)
    assert event.before is not None
    assert event.before["versioning"] == "never set"


def test_object_that_was_overwritten_meanwhile_is_not_deleted(page, another_bucket, put) -> None:
    bucket = another_bucket(VersioningState.NEVER_SET)
    put("a", into=bucket.name)
    where = address("delete_object", bucket, key="a")
    sent = typed(page.get(where))
    put("a", b"by somebody else", into=bucket.name)

    response = page.post(where, sent)

    assert response.status_code == 409
    assert facts(bucket.name, "a").bytes == len(b"by somebody else")


def test_overwriting_at_the_last_moment_is_refused_by_the_store_itself(page, another_bucket, put) -> None:
    bucket = another_bucket(VersioningState.NEVER_SET)
    put("a", into=bucket.name)
    where = address("delete_object", bucket, key="a")
    sent = typed(page.get(where))

    def interfere() -> None:
        put("a", b"by somebody else", into=bucket.name)

    with answering("DeleteObject", interfere, times=1):
        page.post(where, sent)

    assert facts(bucket.name, "a").bytes == len(b"by somebody else")
    assert events("object.deleted")[0].outcome == AuditEvent.Outcome.REFUSED


def test_versioning_that_was_switched_on_meanwhile_stops_it(page, another_bucket, put) -> None:
    bucket = another_bucket(VersioningState.NEVER_SET)
    put("a", into=bucket.name)
    where = address("delete_object", bucket, key="a")
    sent = typed(page.get(where))
    versioning.enable(bucket.name)

    response = page.post(where, sent)

    assert response.status_code == 409
    assert ids(bucket, "a") == [("null", False)]


def test_bucket_that_keeps_versions_has_no_such_form(page, bucket, prefix, put) -> None:
    put(f"{prefix}a")

    response = page.get(address("delete_object", bucket, key=f"{prefix}a"))

    assert "deleting hides the object" in response.text
    assert "Delete for good" not in page.get(address("object", bucket, key=f"{prefix}a")).text


def suspended(put: Any, bucket: Bucket) -> str:
    """Give the key a version with an id below the version null; return the id."""
    versioning.enable(bucket.name)
    kept = put("a", b"kept", into=bucket.name)
    versioning.suspend(bucket.name)
    put("a", b"null one", into=bucket.name)
    return str(kept)


def delete_in_a_suspended_bucket(page: Any, bucket: Bucket, put: Any) -> None:
    kept = suspended(put, bucket)
    where = address("delete_object", bucket, key="a")
    form = page.get(where)
    assert "The version “null” is destroyed for good." in form.text
    assert "A delete marker “null” hides the object." in form.text
    assert "other ids (1) stay" in form.text

    response = page.post(where, typed(form), follow=True)

    assert "The object is deleted. What is left of it stands below." in response.text
    assert ids(bucket, "a") == [("null", True), (kept, False)]
    [event] = events("object.deleted")
    assert event.after == {"marker": "null"}


def test_delete_in_a_suspended_bucket_destroys_null_and_hides_the_rest(page, another_bucket, put) -> None:
    delete_in_a_suspended_bucket(page, another_bucket(VersioningState.SUSPENDED), put)


def test_delete_in_a_suspended_bucket_that_has_no_null_loses_nothing(page, another_bucket, put) -> None:
    bucket = another_bucket(VersioningState.ENABLED)
    kept = put("a", into=bucket.name)
    versioning.suspend(bucket.name)
    where = address("delete_object", bucket, key="a")
    form = page.get(where)
    assert "no bytes are lost" in form.text

    page.post(where, typed(form))

    assert ids(bucket, "a") == [("null", True), (kept, False)]
    assert objects.read(bucket.name, "a", version_id=kept) == b"bytes"


# --- The same on a store that is nearer to Amazon's --------------------------------------------------


@pytest.fixture
def amazon(tmp_path_factory: Any, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with stores.ministack(tmp_path_factory.mktemp("ministack")) as endpoint:
        use_store(settings, endpoint.endpoint_url)
        yield
        leave_store()


def test_suspended_delete_undelete_and_lock_on_ministack(amazon, page, db) -> None:
    """30-33, 52, 53: one run, since starting the store takes seconds."""

    def put(key: str, body: bytes, *, into: str) -> str:
        return str(session.client().put_object(Bucket=into, Key=key, Body=body).get("VersionId", ""))

    bucket = BucketFactory(name=f"suspended-{uuid4().hex[:8]}")
    buckets.create(bucket.name, Birth(versioned=True))
    delete_in_a_suspended_bucket(page, bucket, put)

    page.post(address("undelete", bucket, key="a", version="null"))
    assert [marker for _id, marker in ids(bucket, "a")] == [False]

    row = BucketFactory(name=f"locked-{uuid4().hex[:8]}")
    buckets.create(row.name, Birth(object_lock=True))
    version = put("a", b"x", into=row.name)
    object_lock.retain(row.name, "a", Retention(RetentionMode.COMPLIANCE, in_an_hour()), version_id=version)
    where = address("destroy", row, key="a", version=version)
    shown = page.get(where)
    assert shown.context["form"] is None
    assert "locked (COMPLIANCE) until" in shown.text
    assert page.post(where, {"seen": "{}"}).status_code == 409
    assert ids(row, "a") == [(version, False)]


# --- What is to be typed ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "word"),
    [
        ("a/b c.jpg", "b c.jpg"),
        ("a/", "destroy"),
        ("a\nb", "destroy"),
        ("a  b", "destroy"),
        (" a", "destroy"),
        ("日", "destroy"),
        ("x" * 81, "destroy"),
        ("<script>", "<script>"),
    ],
)
def test_word_to_type_is_one_that_a_keyboard_has(key: str, word: str) -> None:
    assert word_for(key) == word
