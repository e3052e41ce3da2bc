"""CORS, tags and the lock's default on their pages: read, changed, refused in words, taken back."""

import json
from typing import Any

import pytest

from portal.s3 import cors, object_lock, tags
from portal.s3.buckets import Birth
from portal.s3.cors import PORTAL_RULE
from portal.s3.errors import BadRequest
from portal.s3.object_lock import LockDefault
from portal.s3.types import RetentionMode, VersioningState
from storage_admin import addresses
from storage_admin.bucket_settings.bucket_tags import TagForm, TagsSetting
from storage_admin.bucket_settings.cors import CorsForm, CorsRules, CorsSetting
from storage_admin.bucket_settings.lock_default import LockForm, LockSetting
from storage_admin.bucket_settings.setting import Level, Place, SettingForm
from storage_admin.models import Bucket, BucketChange
from tests.storage_admin.buckets.settings_forms import applied, look, reviewed
from tests.store import answering, refusal

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

PLACE = Place("pets", "default")
RULE = {"ID": "site", "AllowedOrigins": ["https://pets.example.org"], "AllowedMethods": ["GET"]}
PORTALS = {**RULE, "ID": PORTAL_RULE, "AllowedMethods": ["GET", "PUT"]}


def told(form: SettingForm, field: str) -> str:
    return " ".join(str(error) for error in form.errors[field])


@pytest.fixture
def another(another_bucket) -> Bucket:
    row: Bucket = another_bucket(VersioningState.ENABLED)
    return row


@pytest.mark.parametrize(
    ("slug", "operation"),
    [
        ("cors", "GetBucketCors"),
        ("tags", "GetBucketTagging"),
        ("object-lock", "GetObjectLockConfiguration"),
    ],
)
def test_outage_and_refusal_are_told(page, another, slug, operation) -> None:
    with answering(operation, refusal(503, "ServiceUnavailable")):
        assert page.get(addresses.of_setting(another, slug)).status_code == 503
    with answering(operation, refusal(403, "AccessDenied")):
        assert page.get(addresses.of_setting(another, slug)).status_code == 502


# --- CORS --------------------------------------------------------------------------------------------


def test_cors_rules_are_set_kept_in_order_and_taken_back(page, another) -> None:
    cors.write(another.name, [PORTALS])

    shown = look(page, another, "cors")
    response = applied(page, another, "cors", text=json.dumps([RULE, PORTALS]))

    assert "the portal’s own" in shown.text
    assert "CORS is changed." in response.text
    assert [rule["ID"] for rule in cors.read(another.name)] == ["site", PORTAL_RULE]
    page.post(addresses.undo(another, BucketChange.objects.get().pk))
    assert CorsRules(cors.read(another.name)) == CorsRules((PORTALS,))


def test_cors_rules_are_removed_by_an_empty_text(page, another) -> None:
    cors.write(another.name, [RULE])

    applied(page, another, "cors", text="")

    assert cors.read(another.name) == ()


def test_cors_takes_the_form_of_the_command_line() -> None:
    form = CorsForm({"text": json.dumps({"CORSRules": [RULE]})}, now=CorsRules(), place=PLACE)

    assert form.is_valid()
    assert form.wanted() == CorsRules((RULE,))


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("[{", "line 1, column 3"),
        ("{}", "JSON list"),
        ("[1]", "Rule 1 is no JSON object"),
        ([{**RULE, "AllowedMethods": ["GET", "FETCH"]}], "no method &quot;FETCH&quot;"),
        ([{**RULE, "AllowedMethods": []}], "needs “AllowedMethods”"),
        ([RULE, {"AllowedMethods": ["GET"]}], "Rule 2 needs “AllowedOrigins”"),
        ([{**RULE, "AllowedOrigins": "*"}], "is a list of texts"),
        ([{**RULE, "AllowedOrigins": ["http://*.*"]}], "more than one “*”"),
        ([{**RULE, "AllowedHeaders": ["a\x01"]}], "is a list of texts"),
        ([{**RULE, "AllowedHeaders": ["\ud800"]}], "is a list of texts"),
        ([{**RULE, "Origins": []}], "no field &quot;Origins&quot;"),
        ([{**RULE, "MaxAgeSeconds": "60"}], "a number of seconds"),
        ([{**RULE, "ID": 7}], "is a text"),
        ([RULE] * 101, "There are 101 rules"),
    ],
)
def test_fault_of_a_cors_rule_is_told(said: Any, words: str) -> None:
    text = said if isinstance(said, str) else json.dumps(said)
    form = CorsForm({"text": text}, now=CorsRules(), place=PLACE)

    assert words.replace("&quot;", '"') in told(form, "text")


def test_hostile_cors_rule_is_shown_literally(page, another) -> None:
    cors.write(another.name, [{**RULE, "ID": "</textarea><script>alert(1)</script>"}])

    text = look(page, another, "cors").text

    assert "<script>alert(1)" not in text
    assert "&lt;/textarea&gt;" in text


def test_change_of_the_portals_own_rule_is_a_warning() -> None:
    photos = Place("photos", "default", holds_photos=True)
    setting = CorsSetting()

    without = setting.meaning(CorsRules((PORTALS,)), CorsRules(), photos)
    beside = setting.meaning(CorsRules((PORTALS,)), CorsRules((PORTALS, RULE)), photos)

    assert any("browsers cannot upload" in one.text and one.level is Level.WARNING for one in without)
    assert not any("browsers cannot upload" in one.text for one in beside)


# --- Tags --------------------------------------------------------------------------------------------


def test_tag_is_added_changed_and_removed_beside_the_others(page, another) -> None:
    tags.write_bucket(another.name, {"team": "vets"})

    applied(page, another, "tags", tag="cost", value="7")
    assert tags.of_bucket(another.name) == {"team": "vets", "cost": "7"}
    applied(page, another, "tags", part="cost", value="8", tag="ignored")
    assert tags.of_bucket(another.name) == {"team": "vets", "cost": "8"}
    applied(page, another, "tags", part="team", gone="on")
    assert tags.of_bucket(another.name) == {"cost": "8"}
    page.post(addresses.undo(another, BucketChange.objects.latest("pk").pk))
    assert tags.of_bucket(another.name) == {"team": "vets", "cost": "8"}


def test_tag_that_somebody_adds_meanwhile_stays(page, another) -> None:
    seen = look(page, another, "tags").context["seen"]
    tags.write_bucket(another.name, {"late": "1"})

    response = reviewed(page, another, "tags", seen=seen, tag="mine", value="")

    assert "It was changed meanwhile." in response.text
    assert tags.of_bucket(another.name) == {"late": "1"}


@pytest.mark.parametrize(
    ("now", "fields", "field", "words"),
    [
        ({"a": "1"}, {"tag": "a"}, "tag", "change that one"),
        ({}, {"tag": "aws:x"}, "__all__", "Amazon's own"),
        ({}, {"tag": "x" * 129}, "tag", "at most 128"),
        ({}, {"tag": "x", "value": "y" * 257}, "value", "at most 256"),
        ({f"{number}": "" for number in range(50)}, {"tag": "more"}, "__all__", "There are 51 tags"),
        ({}, {"tag": "a\x01"}, "__all__", "control characters"),
    ],
)
def test_tag_that_s3_refuses_is_told(now: Any, fields: Any, field: str, words: str) -> None:
    form = TagForm({"value": "", **fields}, now=now, place=PLACE)

    assert words in told(form, field)


def test_amazons_own_tags_are_shown_kept_and_not_edited(another, store_calls) -> None:
    now = {"aws:cloudformation:stack-name": "pets", "team": "vets"}
    form = TagForm({"tag": "cost", "value": "7"}, now=now, place=PLACE)

    assert form.is_valid(), form.errors
    assert form.wanted() == {**now, "cost": "7"}
    assert [part.name for part in TagsSetting().parts(now) or []] == ["team"]
    with pytest.raises(KeyError):
        TagForm(now=now, place=PLACE, part="aws:cloudformation:stack-name")
    # S3 refuses the set without them.
    tags.write_bucket(another.name, form.wanted())
    assert "PutBucketTagging" in store_calls


def test_other_faults_beside_amazons_tags_are_still_told(another) -> None:
    with pytest.raises(BadRequest, match="129 characters"):
        tags.write_bucket(another.name, {"aws:x": "", "y" * 129: ""})


# --- Object lock -------------------------------------------------------------------------------------


def test_lock_default_is_set_and_taken_back(amazon_like, page) -> None:
    bucket = amazon_like(Birth(object_lock=True))

    response = applied(page, bucket, "object-lock", mode="GOVERNANCE", span=2, unit="days")

    assert "Object lock is changed." in response.text
    assert object_lock.of_bucket(bucket.name) == LockDefault(True, RetentionMode.GOVERNANCE, days=2)
    applied(page, bucket, "object-lock", mode="", span="", unit="days")
    assert object_lock.of_bucket(bucket.name) == LockDefault(is_enabled=True)


def test_compliance_asks_for_the_name_and_says_that_nobody_lifts_it(amazon_like, page) -> None:
    bucket = amazon_like(Birth(object_lock=True))
    fields: dict[str, Any] = {"mode": "COMPLIANCE", "span": 1, "unit": "years"}

    review = reviewed(page, bucket, "object-lock", **fields)
    applied(page, bucket, "object-lock", **fields)

    assert "the account&#x27;s root user" in review.text
    assert object_lock.of_bucket(bucket.name).mode is None
    applied(page, bucket, "object-lock", name=bucket.name, **fields)
    assert object_lock.of_bucket(bucket.name).years == 1


def test_bucket_without_lock_says_how_it_is_given(page, another) -> None:
    text = look(page, another, "object-lock").text

    assert "can never be taken away again" in text
    assert "Review the change" not in text


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"mode": "GOVERNANCE", "unit": "days"}, "Say for how long"),
        ({"mode": "GOVERNANCE", "span": 36_501, "unit": "days"}, "36500 at most"),
        ({"mode": "COMPLIANCE", "span": 101, "unit": "years"}, "100 at most"),
        ({"mode": "COMPLIANCE", "span": 0, "unit": "years"}, "greater than or equal to 1"),
    ],
)
def test_span_that_s3_refuses_is_told(fields: dict[str, Any], words: str) -> None:
    form = LockForm(fields, now=LockDefault(is_enabled=True), place=PLACE)

    assert words in told(form, "span")


def test_lock_of_the_photo_bucket_says_what_the_portal_cannot_do_then() -> None:
    after = LockDefault(True, RetentionMode.GOVERNANCE, days=1)

    found = LockSetting().meaning(LockDefault(True), after, Place("p", "default", holds_photos=True))

    assert any("cannot remove refused uploads" in one.text for one in found)
