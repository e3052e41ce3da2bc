"""The bucket policy on its page: JSON with the place of each fault, and nobody let in by accident."""

import json
from typing import Any

import pytest

from portal.audit import AuditEvent
from portal.s3 import policy
from portal.s3.buckets import Birth
from portal.s3.ownership import Ownership
from portal.s3.public_access_block import PublicAccessBlock
from portal.s3.types import VersioningState
from storage_admin import addresses
from storage_admin.bucket_settings.policy import PolicyForm, PolicySetting
from storage_admin.bucket_settings.policy_statements import BucketPolicy, opening, shutting_out
from storage_admin.bucket_settings.setting import Level, Place
from storage_admin.models import BucketChange
from tests.factories import UserFactory
from tests.storage_admin.buckets.settings_forms import applied, look, reviewed
from tests.store import answering, refusal

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

PLACE = Place("pets", "default")


def statement(bucket: str = "pets", **changed: Any) -> dict[str, Any]:
    said = {
        "Sid": "s",
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
        **changed,
    }
    return {name: value for name, value in said.items() if value is not None}


def text(*statements: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def a_policy(*statements: Any) -> BucketPolicy:
    return BucketPolicy(text(*statements))


def deny_http(bucket: str) -> dict[str, Any]:
    return statement(
        bucket, Sid="tls", Effect="Deny", Principal="*", Action="s3:*",
        Condition={"Bool": {"aws:SecureTransport": "maybe"}},
    )  # fmt: skip


def test_policy_is_set_shown_and_removed(page, ada, another_bucket) -> None:
    bucket = another_bucket(VersioningState.ENABLED)

    applied(page, bucket, "policy", text=text(deny_http(bucket.name)))

    assert policy.parsed(policy.read(bucket.name))["Statement"][0]["Sid"] == "tls"
    shown = look(page, bucket, "policy")
    assert "Statement &quot;tls&quot;" in shown.text
    assert "Public, as the store judges it" in shown.text
    assert BucketChange.objects.get().state == BucketChange.State.DONE
    applied(page, bucket, "policy", text="")
    assert policy.read(bucket.name) == ""
    page.post(addresses.undo(bucket, BucketChange.objects.latest("pk").pk))
    assert "SecureTransport" in policy.read(bucket.name)
    assert AuditEvent.objects.filter(action="bucket.configured", actor=ada).count() == 3


def test_same_policy_in_another_layout_is_no_change(page, another_bucket) -> None:
    bucket = another_bucket(VersioningState.ENABLED)
    policy.write(bucket.name, text(deny_http(bucket.name)))

    response = reviewed(
        page, bucket, "policy", text=json.dumps(json.loads(text(deny_http(bucket.name))), indent=8)
    )

    assert "nothing would change" in response.text


def test_letting_strangers_in_needs_the_right_to_make_public(client, another_bucket) -> None:
    bucket = another_bucket(VersioningState.ENABLED)
    client.force_login(UserFactory(rights=["storage_admin.view_bucket", "storage_admin.configure_bucket"]))
    public = text(statement(bucket.name, Principal="*"))

    review = reviewed(client, bucket, "policy", text=public)
    applied(client, bucket, "policy", text=text(deny_http(bucket.name)))

    assert "storage_admin.make_public" in review.text
    assert "lets everybody in" in review.text
    assert "tls" in policy.read(bucket.name)


def test_public_policy_is_danger_and_the_store_says_so_afterwards(page, another_bucket) -> None:
    bucket = another_bucket(VersioningState.ENABLED)
    public = text(statement(bucket.name, Principal="*"))

    review = reviewed(page, bucket, "policy", text=public)
    assert "lets everybody in" in review.text
    applied(page, bucket, "policy", text=public)

    assert look(page, bucket, "policy").context["beside"]["Public, as the store judges it"] == "yes"


def test_photo_bucket_is_opened_only_after_its_name_was_typed(page, bucket) -> None:
    public = text(statement(bucket.name, Principal="*"))

    review = reviewed(page, bucket, "policy", text=public)
    applied(page, bucket, "policy", text=public)

    assert review.context["asks_for_name"]
    assert policy.read(bucket.name) == ""


def test_photo_bucket_is_never_shut(page, bucket) -> None:
    review = reviewed(
        page, bucket, "policy", text=text(statement(bucket.name, Effect="Deny", Principal="*", Action="s3:*"))
    )

    assert "shut the portal out of its own photos" in review.text
    assert "Apply the change" not in review.text


def test_block_public_access_is_named_before(page, amazon_like) -> None:
    bucket = amazon_like()

    review = reviewed(page, bucket, "policy", text=text(statement(bucket.name, Principal="*")))

    assert "Block Public Access forbids public policies here" in review.text


def test_store_without_a_judgement_says_that_it_has_none(page, amazon_like) -> None:
    bucket = amazon_like(Birth(Ownership.OBJECT_WRITER, PublicAccessBlock()))

    shown = look(page, bucket, "policy")

    assert "the store does not say" in shown.text


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ('{\n "Statement": [,', "line 2, column 16"),
        ("[]", "Statement"),
        (text(statement(Effect="allow")), "either Allow or Deny"),
        (text(statement(), statement(Action=None)), "Statement 2 needs “Action”"),
        (text(statement(NotAction="s3:*")), "Statement 1 needs “Action”, or “NotAction”"),
        (text(statement(Principal=None)), "needs “Principal”"),
        (text(statement("other")), "not of this bucket"),
        (text(statement(Resource=["arn:aws:s3:::pets", "*"])), "not of this bucket"),
        (text("no statement"), "no JSON object"),
        ("1" * 5_000, "cannot be read"),
        ("[" * 10_000, "cannot be read"),
        (text(statement(Sid="x" * 21_000)), "20480"),
    ],
)
def test_every_fault_is_told_with_its_place(wrong: str, words: str) -> None:
    form = PolicyForm({"text": wrong}, now=BucketPolicy(), place=PLACE)

    assert words in " ".join(str(error) for error in form.errors["text"])


def test_form_shows_what_is_there_also_when_it_is_no_policy() -> None:
    assert PolicyForm.initial_of(BucketPolicy("{"), None) == {"text": "{"}
    assert '\n  "Version"' in PolicyForm.initial_of(a_policy(statement()), None)["text"]


EVERYBODY = statement(Principal="*")
NETWORK = statement(Principal="*", Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})
SHUT = statement(Sid="shut", Effect="Deny", Principal={"AWS": ["*"]})


@pytest.mark.parametrize(
    ("before", "after", "opens"),
    [
        ([], [statement()], False),
        ([], [EVERYBODY], True),
        ([], [NETWORK], True),
        ([], [statement(Principal={"AWS": ["*"]})], True),
        ([], [statement(Principal=None, NotPrincipal={"AWS": "arn:aws:iam::1:root"})], True),
        ([NETWORK], [EVERYBODY], True),
        ([EVERYBODY], [EVERYBODY, statement(Sid="t")], False),
        ([EVERYBODY, SHUT], [EVERYBODY], True),
        ([EVERYBODY], [EVERYBODY, SHUT], False),
        ([EVERYBODY], [], False),
    ],
)
def test_what_lets_strangers_in_is_known(before: list[Any], after: list[Any], opens: bool) -> None:
    assert bool(opening(a_policy(*before), a_policy(*after))) is opens


def test_what_shuts_everybody_out_is_known_and_asks_for_the_name() -> None:
    after = a_policy(SHUT)

    assert shutting_out(BucketPolicy(), after)
    assert not shutting_out(after, after)
    assert not shutting_out(BucketPolicy(), a_policy(deny_http("pets")))
    assert PolicySetting().asks_for_name(BucketPolicy(), after, PLACE)


def test_unreadable_block_is_said(another_bucket) -> None:
    bucket = another_bucket(VersioningState.ENABLED)
    place = Place(bucket.name, "default")

    with answering("GetPublicAccessBlock", refusal(403, "AccessDenied")):
        found = PolicySetting().meaning(BucketPolicy(), a_policy(EVERYBODY), place)

    assert any("could not be read" in one.text and one.level is Level.WARNING for one in found)


def test_outage_and_refusal_are_told(page, another_bucket) -> None:
    bucket = another_bucket(VersioningState.ENABLED)
    with answering("GetBucketPolicy", refusal(503, "ServiceUnavailable")):
        assert page.get(addresses.of_setting(bucket, "policy")).status_code == 503
    with answering("GetBucketPolicy", refusal(403, "AccessDenied")):
        assert page.get(addresses.of_setting(bucket, "policy")).status_code == 502


def test_hostile_policy_is_shown_literally(page, another_bucket) -> None:
    bucket = another_bucket(VersioningState.ENABLED)
    hostile = statement(
        bucket.name, Sid="x", Condition={"StringLike": {"aws:UserAgent": "</textarea><script>\u202e"}}
    )
    body = text(hostile)
    with answering("GetBucketPolicy", refusal(200, "", body=body)):
        shown = page.get(addresses.of_setting(bucket, "policy")).text

    assert "<script>\u202e" not in shown
    assert "&lt;/textarea&gt;&lt;script&gt;" in shown
