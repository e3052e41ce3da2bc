"""Lifecycle rules on their page: one is changed, the others stay, and what they will do is said first."""

from typing import Any

import pytest

from portal.s3 import lifecycle
from portal.s3.lifecycle import Lifecycle
from portal.s3.types import VersioningState
from storage_admin import addresses
from storage_admin.bucket_settings.lifecycle import LifecycleSetting
from storage_admin.bucket_settings.lifecycle_form import RuleForm
from storage_admin.bucket_settings.setting import Level, Place
from storage_admin.buckets import changes
from storage_admin.errors import NotKept
from storage_admin.models import Bucket, BucketChange
from tests.factories import BucketFactory
from tests.storage_admin.buckets.settings_forms import applied, look, reviewed
from tests.store import answering, refusal

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

PLACE = Place("bucket", "default")
THEIRS = {
    "ID": "theirs",
    "Status": "Enabled",
    "Filter": {"And": {"Prefix": "logs/", "Tags": [{"Key": "kind", "Value": "log"}]}},
    "Expiration": {"Days": 90},
}


@pytest.fixture
def tended(another_bucket) -> Bucket:
    """A bucket with versions and with somebody else's rule."""
    row: Bucket = another_bucket(VersioningState.ENABLED)
    lifecycle.write(row.name, Lifecycle((THEIRS,)))
    return row


def rules(bucket: Bucket) -> dict[str, Any]:
    return {rule["ID"]: rule for rule in lifecycle.read(bucket.name, alias=bucket.connection).rules}


def test_rule_is_added_beside_the_others(page, tended) -> None:
    fields: dict[str, Any] = {"rule": "tidy", "is_on": "on", "abort": 7, "older": 30, "keep": 3}

    applied(page, tended, "lifecycle", **fields)
    assert set(rules(tended)) == {"theirs"}

    applied(page, tended, "lifecycle", name=tended.name, **fields)

    found = rules(tended)
    assert found["theirs"] == THEIRS
    assert found["tidy"]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}
    assert found["tidy"]["NoncurrentVersionExpiration"] == {
        "NoncurrentDays": 30,
        "NewerNoncurrentVersions": 3,
    }


def test_rule_is_changed_and_keeps_what_the_form_does_not_know(page, tended) -> None:
    shown = look(page, tended, "lifecycle", part="theirs")

    assert "chooses keys in a way that the portal keeps" in shown.text
    applied(page, tended, "lifecycle", part="theirs", name=tended.name, is_on="on", begins="evil/", expire=30)

    assert rules(tended)["theirs"] == {**THEIRS, "Expiration": {"Days": 30}}


def test_rule_is_switched_off_and_undone(page, tended) -> None:
    applied(page, tended, "lifecycle", part="theirs", expire=90)
    assert rules(tended)["theirs"] == {**THEIRS, "Status": "Disabled"}

    made = BucketChange.objects.get()
    page.post(addresses.undo(tended, made.pk))

    assert rules(tended)["theirs"] == THEIRS


def test_rule_is_removed_and_the_last_one_leaves_none(page, tended) -> None:
    applied(page, tended, "lifecycle", name=tended.name, rule="tidy", is_on="on", abort=7)
    review = reviewed(page, tended, "lifecycle", part="theirs", gone="on")

    assert "Rule &quot;theirs&quot;" in review.text
    applied(page, tended, "lifecycle", part="theirs", gone="on")
    assert set(rules(tended)) == {"tidy"}
    applied(page, tended, "lifecycle", part="tidy", gone="on")

    assert lifecycle.read(tended.name) == Lifecycle()


def test_rule_that_somebody_else_adds_meanwhile_is_told_and_stays(page, tended) -> None:
    review = reviewed(page, tended, "lifecycle", part="theirs", gone="on")
    lifecycle.merge_rule(tended.name, {**THEIRS, "ID": "late"})
    carried = review.context["reviewed"]

    response = page.post(
        addresses.of_setting(tended, "lifecycle", "apply"), {"reviewed": carried}, follow=True
    )

    assert "was changed meanwhile" in response.text
    assert set(rules(tended)) == {"theirs", "late"}


def test_form_of_a_rule_that_is_gone_is_not_found(page, tended) -> None:
    assert page.get(addresses.of_setting(tended, "lifecycle", part="never")).status_code == 404


def test_hostile_rule_is_shown_literally(page, another_bucket) -> None:
    row = another_bucket(VersioningState.ENABLED)
    hostile = "<script>alert(1)</script>\u202e"
    lifecycle.write(
        row.name,
        Lifecycle(
            ({"ID": hostile, "Status": "Enabled", "Filter": {"Prefix": hostile}, "Expiration": {"Days": 1}},)
        ),
    )

    text = look(page, row, "lifecycle").text

    assert "<script>alert(1)" not in text
    assert "&lt;script&gt;" in text
    assert "\u202e" not in text
    assert look(page, row, "lifecycle", part=hostile).status_code == 200


def test_store_that_moves_nothing_says_so(page, tended, settings) -> None:
    settings.S3_CONNECTIONS = {"default": {**settings.S3_CONNECTIONS["default"], "server": "seaweedfs"}}

    shown = look(page, tended, "lifecycle")

    assert "It refuses rules that move objects to another class." in shown.text
    assert shown.context["form"].fields["steps"].disabled


def test_rules_are_refused_in_the_portals_words_before_the_store_is_asked(page, tended, store_calls) -> None:
    response = reviewed(
        page, tended, "lifecycle", rule="cold", is_on="on", steps="10 STANDARD_IA, 90 STANDARD"
    )

    assert "30 days at the earliest" in response.text
    assert "Nothing can move to “STANDARD”" in response.text
    assert "PutBucketLifecycleConfiguration" not in store_calls


def test_moves_reach_a_store_that_has_classes_and_come_back(page, amazon_like) -> None:
    bucket = amazon_like()
    fields: dict[str, Any] = {
        "rule": "cold",
        "is_on": "on",
        "steps": "30 STANDARD_IA, 90 GLACIER",
        "begins": "old/",
    }

    review = reviewed(page, bucket, "lifecycle", **fields)
    applied(page, bucket, "lifecycle", **fields)

    assert "An object stored now moves to GLACIER on" in review.text
    assert rules(bucket)["cold"]["Transitions"] == [
        {"Days": 30, "StorageClass": "STANDARD_IA"},
        {"Days": 90, "StorageClass": "GLACIER"},
    ]
    form = look(page, bucket, "lifecycle", part="cold").context["form"]
    assert form.initial["steps"] == "30 STANDARD_IA, 90 GLACIER"


def test_store_that_loses_a_part_of_a_rule_is_not_called_done(page, amazon_like) -> None:
    """MiniStack forgets the older form of a prefix: the rule then counts for the whole bucket."""
    bucket = amazon_like()
    # As a form of before that somebody still holds: the page itself only writes filters.
    wanted = Lifecycle(({"ID": "r", "Status": "Enabled", "Prefix": "a/", "Expiration": {"Days": 1}},))

    with pytest.raises(NotKept, match="something else"):
        changes.change(
            actor=None, bucket=bucket, setting=LifecycleSetting(), seen=Lifecycle(), wanted=wanted,
            typed_name=bucket.name,
        )  # fmt: skip

    assert BucketChange.objects.get().state == BucketChange.State.FAILED


def test_outage_and_refusal_are_told(page, tended) -> None:
    with answering("GetBucketLifecycleConfiguration", refusal(503, "ServiceUnavailable")):
        assert page.get(addresses.of_setting(tended, "lifecycle")).status_code == 503
    with answering("GetBucketLifecycleConfiguration", refusal(403, "AccessDenied")):
        assert page.get(addresses.of_setting(tended, "lifecycle")).status_code == 502


def test_photos_are_not_expired_by_a_rule(page, bucket) -> None:
    for begins in ("", "photos/", "pho", "photos/a/"):
        response = reviewed(page, bucket, "lifecycle", rule="no", is_on="on", expire=1, begins=begins)
        assert "behind everybody&#x27;s back" in response.text
    response = reviewed(page, bucket, "lifecycle", rule="no", is_on="on", expire=1, begins="scratch/")
    assert "behind everybody&#x27;s back" not in response.text
    assert response.context["asks_for_name"]


def test_bucket_with_mfa_delete_takes_no_rules(page, tended) -> None:
    body = (
        "<VersioningConfiguration xmlns='http://s3.amazonaws.com/doc/2006-03-01/'>"
        "<Status>Enabled</Status><MfaDelete>Enabled</MfaDelete></VersioningConfiguration>"
    )
    with answering("GetBucketVersioning", refusal(200, "", body=body)):
        text = page.get(addresses.of_setting(tended, "lifecycle")).text

    assert "MFA delete: S3 takes no lifecycle rules" in text
    assert "Review the change" not in text


def said(before: Lifecycle, after: Lifecycle, place: Place = PLACE) -> list[tuple[str, Level]]:
    return [(one.text, one.level) for one in LifecycleSetting().meaning(before, after, place)]


def expiring(**more: Any) -> Lifecycle:
    return Lifecycle(({"ID": "r", "Status": "Enabled", "Filter": {}, "Expiration": {"Days": 3}, **more},))


@pytest.mark.parametrize(
    ("state", "words", "level"),
    [
        (VersioningState.ENABLED, "adds delete markers", Level.WARNING),
        (VersioningState.SUSPENDED, "destroys the version “null”", Level.DANGER),
        (VersioningState.NEVER_SET, "gone for good", Level.DANGER),
    ],
)
def test_what_expiring_means_follows_the_versioning(another_bucket, state, words, level) -> None:
    row = another_bucket(state)

    found = said(Lifecycle(), expiring(), Place(row.name, "default"))

    assert any(words in text and its is level for text, its in found)
    assert any("00:00 UTC" in text for text, _level in found)
    assert any("brings nothing back" in text for text, _level in found)


def test_versioning_that_cannot_be_read_is_not_guessed(another_bucket) -> None:
    row = another_bucket(VersioningState.ENABLED)

    with answering("GetBucketVersioning", refusal(403, "AccessDenied")):
        found = said(Lifecycle(), expiring(), Place(row.name, "default"))

    assert any("could not be read" in text and level is Level.DANGER for text, level in found)


def test_rule_that_does_nothing_means_nothing() -> None:
    off = expiring(Status="Disabled")

    assert said(Lifecycle(), off) == []
    assert LifecycleSetting().asks_for_name(Lifecycle(), off, PLACE) is False


def test_moves_say_what_they_cost() -> None:
    moves = [{"Days": 30, "StorageClass": "STANDARD_IA"}, {"Days": 90, "StorageClass": "DEEP_ARCHIVE"}]
    after = Lifecycle(({"ID": "r", "Status": "Enabled", "Filter": {}, "Transitions": moves},))

    text = " ".join(one for one, _level in said(Lifecycle(), after, Place("b", "default", holds_photos=True)))

    for words in ("30 days at least", "billed as 128 KB", "180 days", "40 KB more", "Archived photos"):
        assert words in text


def the_form(now: Lifecycle, part: str | None = None, **fields: Any) -> RuleForm:
    return RuleForm(fields, now=now, place=PLACE, part=part)


def test_form_reads_what_it_wrote() -> None:
    form = the_form(
        Lifecycle(), rule="all", is_on="on", begins="a/", abort=1, older=2, keep=3, expire=400,
        steps="30 STANDARD_IA, 90 GLACIER", older_steps="40 ONEZONE_IA",
    )  # fmt: skip
    assert form.is_valid(), form.errors
    made = form.wanted()

    again = RuleForm(RuleForm.initial_of(made, "all"), now=made, place=PLACE, part="all")

    assert again.is_valid(), again.errors
    assert again.wanted().rules == made.rules


def test_moves_and_dates_that_the_form_cannot_show_are_kept() -> None:
    rule: dict[str, Any] = {
        "ID": "r", "Status": "Enabled", "Prefix": "old-style/", "Tomorrow": {"a": 1},
        "Expiration": {"Date": "2031-01-01T00:00:00Z"},
        "Transitions": [{"Date": "2030-01-01T00:00:00Z", "StorageClass": "GLACIER"}],
        "NoncurrentVersionTransitions": [
            {"NoncurrentDays": 30, "StorageClass": "GLACIER", "NewerNoncurrentVersions": 2}
        ],
    }  # fmt: skip
    now = Lifecycle((rule,), "varies_by_storage_class")

    form = the_form(now, "r", is_on="on", abort=5, begins="old-style/", steps="1 GLACIER", older_steps="x")

    assert form.is_valid(), form.errors
    wanted = form.wanted()
    assert wanted.rules == ({**rule, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 5}},)
    assert wanted.smallest_moved == "varies_by_storage_class"


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"keep": 2}, "keep", "how many days"),
        ({"markers": "on", "expire": 5}, "markers", "a rule of its own"),
        ({"steps": "soon GLACIER"}, "steps", "days and a class"),
        ({"abort": 0}, "abort", "greater than or equal to 1"),
        ({"older": 1, "keep": 101}, "keep", "less than or equal to 100"),
        ({}, "__all__", "must do something"),
        ({"begins": "a\x01", "abort": 1}, "__all__", "control characters"),
        ({"steps": "60 GLACIER, 90 STANDARD_IA"}, "__all__", "only go down"),
    ],
)
def test_form_refuses_in_words(fields: dict[str, Any], field: str, words: str) -> None:
    form = the_form(Lifecycle(), **({"rule": "r", "is_on": "on"} | fields))

    assert words in " ".join(str(error) for error in form.errors[field])


def test_name_of_another_rule_is_refused() -> None:
    form = the_form(Lifecycle((THEIRS,)), rule="theirs", abort=1)

    assert "There is a rule" in form.errors["rule"][0]


def test_row_of_a_connection_that_is_gone_says_so(page, photo_bucket) -> None:
    row = BucketFactory(connection="former")

    assert page.get(addresses.of_setting(row, "lifecycle")).status_code == 404
