"""The settings of a bucket: what the store says, the review before a change, the change itself."""

import time
from typing import Any

import pytest
from django.core import signing
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portal.audit import AuditEvent
from portal.s3 import encryption, lifecycle, session, together, versioning
from portal.s3.lifecycle import Lifecycle
from portal.s3.types import Algorithm, VersioningState
from portal.s3.versioning import Versioning
from storage_admin import addresses, bucket_settings
from storage_admin.bucket_settings import reading
from storage_admin.bucket_settings.versioning import VersioningSetting
from storage_admin.buckets import changes
from storage_admin.models import BucketChange
from tests.storage_admin.buckets.settings_forms import applied, confirmed, hidden, look, reviewed, setting_of
from tests.storage_admin.conftest import address
from tests.store import answering, refusal

pytestmark = [pytest.mark.django_db, pytest.mark.servers]


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "READ_BACK_PAUSES_SECONDS", (0, 0, 0))


@pytest.fixture
def suspended(another_bucket):
    return another_bucket(VersioningState.SUSPENDED)


def state(bucket: Any) -> VersioningState:
    return versioning.read(bucket.name).state


# --- The overview ------------------------------------------------------------------------------------


def test_overview_says_of_each_setting_what_the_store_says(page, suspended) -> None:
    response = page.get(address("settings", suspended))

    assert response.status_code == 200
    for setting in bucket_settings.ALL:
        assert str(setting.title) in response.text
        assert addresses.of_setting(suspended, setting.slug) in response.text
    assert "Suspended: older versions are kept" in response.text


def test_overview_asks_the_store_once_for_each_setting(page, suspended, store_calls) -> None:
    page.get(address("settings", suspended))  # the session, the content types
    store_calls.clear()

    with CaptureQueriesContext(connection) as captured:
        page.get(address("settings", suspended))

    asked = [one for one in bucket_settings.ALL if not reading.lacking(one, suspended.connection)]
    assert len(store_calls) == len(set(store_calls)) == len(asked) == len(bucket_settings.ALL) - 1
    assert all(name.startswith("Get") for name in store_calls)
    assert len(captured) <= 7
    suspended.refresh_from_db()
    assert suspended.versioning == VersioningState.SUSPENDED


def test_what_the_store_is_known_to_lack_is_told_without_asking(
    page, suspended, settings, store_calls
) -> None:
    settings.S3_CONNECTIONS["default"]["server"] = "seaweedfs"

    text = page.get(address("settings", suspended)).text
    one = page.get(addresses.of_setting(suspended, "public-access")).text

    for shown in (text, one):
        assert "This store has none:" in shown
        assert "It has no Block Public Access (501)." in shown
    assert '<form method="post" action="/admin/storage_admin/bucket' not in one
    assert "GetPublicAccessBlock" not in store_calls


def test_what_the_store_says_it_lacks_is_told(page, suspended) -> None:
    text = page.get(addresses.of_setting(suspended, "public-access")).text

    assert "This store has none: The store answers" in text


def test_part_that_may_not_be_read_is_unknown_with_the_reason(page, suspended) -> None:
    with answering("GetBucketEncryption", refusal(403, "AccessDenied")):
        response = page.get(address("settings", suspended))

    assert response.status_code == 200
    assert "unknown" in response.text
    assert "(AccessDenied)" in response.text
    assert "Suspended: older versions are kept" in response.text


def test_slow_part_does_not_keep_the_others_waiting(page, suspended, monkeypatch) -> None:
    ask_all = together.ask_all
    monkeypatch.setattr(together, "ask_all", lambda asks: ask_all(asks, seconds=0.5))
    slow = setting_of("ownership")
    monkeypatch.setattr(type(slow), "read", lambda *_where: time.sleep(2))

    response = page.get(address("settings", suspended))

    assert "(TooSlow)" in response.text
    assert "Suspended: older versions are kept" in response.text


@pytest.mark.parametrize("name", ["settings", "setting"])
def test_outage_is_told_calmly(page, suspended, no_store, name) -> None:
    below = ["versioning"] if name == "setting" else []

    response = page.get(addresses.of_bucket(suspended, name, *below))

    assert response.status_code == 503
    assert "does not answer" in response.text


def test_bucket_that_is_gone_is_told(page, suspended) -> None:
    session.client().delete_bucket(Bucket=suspended.name)

    for where in (address("settings", suspended), addresses.of_setting(suspended, "versioning")):
        response = page.get(where)
        assert response.status_code == 404
        assert "This bucket is gone" in response.text


def test_unknown_setting_and_unknown_bucket_are_not_found(page, suspended) -> None:
    assert page.get(addresses.of_setting(suspended, "nothing")).status_code == 404
    suspended.pk += 1000
    assert page.get(address("settings", suspended)).status_code == 404


# --- Review and change -------------------------------------------------------------------------------


def test_change_is_reviewed_applied_kept_and_undoable(page, ada, suspended) -> None:
    review = reviewed(page, suspended, "versioning", state="Enabled")

    assert state(suspended) is VersioningState.SUSPENDED
    assert "Suspended: older versions" in review.text
    assert "Enabled: older versions" in review.text
    assert "Older versions are billed" in review.text
    response = confirmed(page, suspended, "versioning", review)
    assert state(suspended) is VersioningState.ENABLED
    assert "Versioning is changed." in response.text
    row = BucketChange.objects.get()
    assert (row.state, row.made_by, row.made_by_name) == (BucketChange.State.DONE, ada, ada.username)
    assert (row.before["state"], row.after["state"]) == ("Suspended", "Enabled")
    event = AuditEvent.objects.get(action="bucket.configured")
    assert (event.outcome, event.actor, event.bucket) == (AuditEvent.Outcome.DONE, ada, suspended.name)
    assert (event.before or {})["value"]["state"] == "Suspended"
    assert (event.after or {})["value"]["state"] == "Enabled"
    assert addresses.undo(suspended, row.pk) in response.text


def test_first_versioning_says_that_there_is_no_way_back(page, another_bucket) -> None:
    """27, 41"""
    bucket = another_bucket(VersioningState.NEVER_SET)

    review = reviewed(page, bucket, "versioning", state="Enabled")
    response = confirmed(page, bucket, "versioning", review)

    for words in ("never be switched off again, only suspended", "15 minutes", "No Undo:", "version “null”"):
        assert words in review.text
    assert state(bucket) is VersioningState.ENABLED
    row = BucketChange.objects.get()
    assert addresses.undo(bucket, row.pk) not in response.text
    assert "S3 has no way back to that" in response.text
    assert state(bucket) is VersioningState.ENABLED


def test_suspending_says_what_it_destroys_and_is_never_called_off(page, another_bucket) -> None:
    bucket = another_bucket(VersioningState.ENABLED)

    review = reviewed(page, bucket, "versioning", state="Suspended")

    assert "Danger:" in review.text
    assert "neither can be brought back" in review.text
    assert "Suspended is not off." in review.text
    confirmed(page, bucket, "versioning", review)
    assert state(bucket) is VersioningState.SUSPENDED
    assert "Suspended: older versions are kept" in look(page, bucket, "versioning").text


def test_enabling_names_the_lifecycle_rules_that_will_only_hide(page, suspended) -> None:
    """42, with a name that would like to be markup."""
    rule = {"ID": "old<b>", "Status": "Enabled", "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 3}}
    lifecycle.write(suspended.name, Lifecycle((rule,)))

    text = reviewed(page, suspended, "versioning", state="Enabled").text

    assert "will only hide them: old&lt;b&gt;" in text
    assert "old<b>" not in text


def test_photo_bucket_keeps_its_versioning(page, bucket) -> None:
    review = reviewed(page, bucket, "versioning", state="Suspended")

    assert "there is no other copy" in review.text
    assert 'name="reviewed"' not in review.text
    wanted = {"state": "Suspended", "mfa_delete": False}
    seen = {"state": "Enabled", "mfa_delete": False}
    forced = signing.dumps(
        {"bucket": bucket.pk, "setting": "versioning", "seen": seen, "wanted": wanted},
        salt="storage_admin.setting.wanted",
    )
    response = page.post(
        addresses.of_setting(bucket, "versioning", "apply"), {"reviewed": forced}, follow=True
    )
    assert "there is no other copy" in response.text
    assert state(bucket) is VersioningState.ENABLED
    assert AuditEvent.objects.get().outcome == AuditEvent.Outcome.REFUSED
    assert not BucketChange.objects.exists()


def test_mfa_delete_is_explained_and_fixes_the_state(page, suspended, monkeypatch) -> None:
    """44"""
    protected = Versioning(VersioningState.ENABLED, mfa_delete=True)
    monkeypatch.setattr(VersioningSetting, "read", lambda *_where: protected)

    text = look(page, suspended, "versioning").text

    assert "only its account&#x27;s root user, with its device" in text
    assert 'name="seen"' not in text


def test_default_encryption_is_set_and_taken_back(page, suspended) -> None:
    before = encryption.read(suspended.name)

    review = reviewed(page, suspended, "encryption", algorithm="AES256")
    response = confirmed(page, suspended, "encryption", review)

    assert "stay encrypted as they are, or not" in review.text
    assert encryption.read(suspended.name).algorithm is Algorithm.SSE_S3
    assert "Default encryption is changed." in response.text
    page.post(addresses.undo(suspended, BucketChange.objects.get().pk))
    assert encryption.read(suspended.name) == before


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"algorithm": "aws:kms", "kms_key": "alias/<script>"}, "by its full ARN"),
        ({"algorithm": "AES256", "kms_key": "arn:aws:kms:eu-west-1:123456789012:key/1"}, "leave this empty"),
        ({"algorithm": "aws:kms:dsse", "bucket_key": "on"}, "has no bucket key"),
        ({"algorithm": "rot13"}, "rot13"),
        ({}, "This field is required"),
        ({"algorithm": ""}, "This field is required"),
    ],
)
def test_form_says_what_is_wrong_with_it(page, suspended, fields, words) -> None:
    encryption.write(suspended.name, encryption.DefaultEncryption(Algorithm.SSE_S3))

    text = reviewed(page, suspended, "encryption", **fields).text

    assert words in text
    assert 'name="reviewed"' not in text
    assert "alias/<script>" not in text


def test_kms_is_not_offered_where_the_store_has_none(page, suspended, settings) -> None:
    settings.S3_CONNECTIONS["default"]["server"] = "seaweedfs"

    text = look(page, suspended, "encryption").text

    assert "SSE-S3" in text
    assert "SSE-KMS" not in text
    assert "This SeaweedFS has no KMS" in text


def test_change_that_changes_nothing_is_told(page, suspended) -> None:
    assert "nothing would change" in reviewed(page, suspended, "versioning", state="Suspended").text


def test_stale_form_is_refused_with_what_changed_at_the_review(page, suspended) -> None:
    seen = hidden(look(page, suspended, "versioning").text, "seen")
    versioning.enable(suspended.name)

    response = reviewed(page, suspended, "versioning", seen=seen, state="Suspended")

    assert "It was changed meanwhile. Nothing was done." in response.text
    assert "Suspended: older versions" in response.text
    assert "Enabled: older versions" in response.text
    assert 'name="reviewed"' not in response.text


def test_stale_review_is_refused_with_what_changed(page, suspended) -> None:
    review = reviewed(page, suspended, "versioning", state="Enabled")
    versioning.enable(suspended.name)

    response = confirmed(page, suspended, "versioning", review)

    assert "was changed meanwhile: Versioning: Suspended" in response.text
    event = AuditEvent.objects.get()
    assert (event.outcome, (event.before or {})["wanted"]["state"]) == (AuditEvent.Outcome.REFUSED, "Enabled")
    assert not BucketChange.objects.exists()


def test_what_a_form_carries_cannot_be_forged(page, suspended, another_bucket) -> None:
    other = another_bucket(VersioningState.SUSPENDED)
    review = reviewed(page, other, "versioning", state="Enabled")
    carried = hidden(review.text, "reviewed")
    seen = hidden(look(page, suspended, "versioning").text, "seen")

    for forged in ("", "x", carried + "x", carried, seen):
        response = page.post(
            addresses.of_setting(suspended, "versioning", "apply"), {"reviewed": forged}, follow=True
        )
        assert "too old or damaged" in response.text
    response = reviewed(page, suspended, "versioning", seen=carried, state="Enabled")
    assert response.status_code == 302
    assert state(suspended) is VersioningState.SUSPENDED


def test_old_form_is_shown_anew(page, suspended, monkeypatch) -> None:
    review = reviewed(page, suspended, "versioning", state="Enabled")
    later = time.time() + 13 * 3600
    monkeypatch.setattr("django.core.signing.time.time", lambda: later)

    assert "too old or damaged" in confirmed(page, suspended, "versioning", review).text
    assert state(suspended) is VersioningState.SUSPENDED


# --- When the store does not play along --------------------------------------------------------------


def test_refusal_of_the_store_is_told_and_kept(page, suspended) -> None:
    with answering("PutBucketVersioning", refusal(403, "AccessDenied")):
        response = applied(page, suspended, "versioning", state="Enabled")

    assert "(AccessDenied)" in response.text
    row = BucketChange.objects.get()
    assert row.state == BucketChange.State.FAILED
    assert "(AccessDenied)" in row.message
    assert AuditEvent.objects.get().outcome == AuditEvent.Outcome.FAILED


def test_store_that_says_yes_and_does_nothing_is_found_out(page, suspended) -> None:
    with answering("PutBucketVersioning", refusal(200, "", body="<ok/>")):
        response = applied(page, suspended, "versioning", state="Enabled")

    assert "The store said yes, but has something else" in response.text
    row = BucketChange.objects.get()
    assert row.state == BucketChange.State.FAILED
    event = AuditEvent.objects.get()
    assert (event.outcome, (event.after or {})["value"]["state"]) == (AuditEvent.Outcome.FAILED, "Suspended")


def test_change_that_the_store_shows_a_moment_later_is_waited_for(page, suspended, monkeypatch) -> None:
    """Settings are eventually consistent at Amazon."""
    old, read = iter([Versioning(VersioningState.SUSPENDED)]), VersioningSetting.read
    write = VersioningSetting.write

    def late(setting: Any, bucket: str, alias: str, wanted: Versioning) -> None:
        write(setting, bucket, alias, wanted)
        monkeypatch.setattr(VersioningSetting, "read", lambda *where: next(old, None) or read(*where))

    monkeypatch.setattr(VersioningSetting, "write", late)

    applied(page, suspended, "versioning", state="Enabled")

    assert BucketChange.objects.get().state == BucketChange.State.DONE


@pytest.mark.parametrize("operation", ["PutBucketVersioning", "GetBucketVersioning"])
def test_store_that_goes_away_in_between_leaves_it_open(page, suspended, operation) -> None:
    review = reviewed(page, suspended, "versioning", state="Enabled")
    read = VersioningSetting.read
    seen: list[int] = []

    def gone_after_the_first(*where: Any) -> Any:
        seen.append(1)
        if operation == "GetBucketVersioning" and len(seen) > 1:
            with answering(operation, refusal(503, "SlowDown")):
                return read(*where)
        return read(*where)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(VersioningSetting, "read", gone_after_the_first)
        if operation == "PutBucketVersioning":
            with answering(operation, refusal(503, "SlowDown")):
                response = confirmed(page, suspended, "versioning", review)
        else:
            response = confirmed(page, suspended, "versioning", review)

    assert response.status_code == 503
    row = BucketChange.objects.get()
    assert row.state == BucketChange.State.BEGUN
    assert "unknown" in row.message
    shown = page.get(address("changes", suspended)).text
    expected = "has what it had before" if operation == "PutBucketVersioning" else "has what was wanted"
    assert f"The store {expected}." in shown
