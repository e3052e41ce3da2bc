"""Settings that let the world in, or keep it out: on MiniStack, which enforces them as Amazon does."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from portal.audit import AuditEvent
from portal.s3 import acl, encryption, ownership, public_access_block
from portal.s3.acl import EVERYBODY, Acl, Canned, Grant, Permission
from portal.s3.buckets import Birth
from portal.s3.encryption import DefaultEncryption
from portal.s3.errors import AclInTheWay
from portal.s3.ownership import Ownership
from portal.s3.public_access_block import PublicAccessBlock
from portal.s3.types import Algorithm
from storage_admin import addresses
from storage_admin.bucket_settings.bucket_acl import BucketAclSetting
from storage_admin.bucket_settings.setting import Level, Place
from storage_admin.buckets import changes
from storage_admin.models import BucketChange
from tests.factories import UserFactory
from tests.storage_admin.buckets.settings_forms import applied, confirmed, hidden, look, reviewed, setting_of
from tests.store import answering, refusal

pytestmark = [pytest.mark.django_db, pytest.mark.servers]
OPEN = Birth(Ownership.OBJECT_WRITER, PublicAccessBlock(), versioned=False)
SWITCHES = ("block_public_acls", "ignore_public_acls", "block_public_policy", "restrict_public_buckets")
FRIEND = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "READ_BACK_PAUSES_SECONDS", (0, 0, 0))


def switched(*on: str) -> dict[str, str]:
    return dict.fromkeys(on, "on")


# --- Block Public Access -----------------------------------------------------------------------------


def test_switches_are_shown_changed_and_taken_back(page, amazon_like) -> None:
    bucket = amazon_like()

    shown = look(page, bucket, "public-access").text
    response = applied(page, bucket, "public-access", **switched(*SWITCHES[:3]))

    assert "Accounts have settings at Amazon S3 alone." in shown
    assert public_access_block.read(bucket.name) == PublicAccessBlock(True, True, True, False)
    assert "Block Public Access is changed." in response.text
    page.post(addresses.undo(bucket, BucketChange.objects.get().pk))
    assert public_access_block.read(bucket.name).is_complete


def test_switching_off_needs_the_right_to_make_public(client, amazon_like) -> None:
    bucket = amazon_like()
    user = UserFactory(rights=["storage_admin.view_bucket", "storage_admin.configure_bucket"])
    client.force_login(user)

    review = reviewed(client, bucket, "public-access")

    assert "lacks the right “storage_admin.make_public”" in review.text
    assert 'name="reviewed"' not in review.text
    setting = setting_of("public-access")
    with pytest.raises(PermissionDenied):
        changes.change(
            actor=user, bucket=bucket, setting=setting,
            seen=PublicAccessBlock.all_on(), wanted=PublicAccessBlock(),
        )  # fmt: skip
    assert public_access_block.read(bucket.name).is_complete
    assert AuditEvent.objects.get().outcome == AuditEvent.Outcome.REFUSED


def test_switching_off_says_what_comes_back_to_life(page, amazon_like) -> None:
    """65"""
    bucket = amazon_like(OPEN)
    acl.write_bucket(bucket.name, canned=Canned.PUBLIC_READ)
    public_access_block.write(bucket.name, PublicAccessBlock.all_on())

    text = reviewed(page, bucket, "public-access").text

    assert "The bucket&#x27;s own ACL grants the world something: it counts again." in text
    assert "Public ACLs of single objects" in text
    assert "Public policies can be stored from now on." in text
    assert "Danger:" in text


def test_switching_on_says_who_is_shut_out(page, amazon_like) -> None:
    text = reviewed(page, amazon_like(OPEN), "public-access", **switched(*SWITCHES)).text

    assert "is shut out at once" in text
    assert "Danger:" not in text


def test_account_that_stays_shut_is_told(monkeypatch) -> None:
    """63"""
    setting = setting_of("public-access")
    monkeypatch.setattr(public_access_block, "read_account", lambda **_alias: PublicAccessBlock.all_on())
    monkeypatch.setattr(
        "storage_admin.bucket_settings.public_access.exposure.read",
        lambda *_bucket, **_alias: type(
            "Stored", (), {"public_acl": None, "public_policy": False, "ownership": None}
        ),
    )
    place = Place("a-bucket", "default")

    shown = setting.beside(PublicAccessBlock(), place)
    means = setting.meaning(PublicAccessBlock.all_on(), PublicAccessBlock(), place)

    assert list(shown.values()) == ["all four switches on", "all four switches on"]
    assert any("nothing changes for: BlockPublicAcls" in one.text for one in means)
    unknown = [one for one in means if "could not be read" in one.text]
    assert [one.level for one in unknown] == [Level.DANGER]


def test_photo_bucket_is_opened_only_by_its_typed_name(page, amazon_like, settings) -> None:
    bucket = amazon_like()
    settings.AWS_STORAGE_BUCKET_NAME = bucket.name

    review = reviewed(page, bucket, "public-access")
    for typed in ("", "another-name", bucket.name.upper()):
        response = confirmed(page, bucket, "public-access", review, name=typed)
        assert "only after the name of the bucket was typed" in response.text
        assert public_access_block.read(bucket.name).is_complete

    assert "to confirm" in review.text
    confirmed(page, bucket, "public-access", review, name=bucket.name)
    assert public_access_block.read(bucket.name) == PublicAccessBlock()


def test_undo_that_opens_the_photo_bucket_leads_to_its_page(page, ada, amazon_like, settings) -> None:
    bucket = amazon_like(OPEN)
    made = changes.change(
        actor=ada, bucket=bucket, setting=setting_of("public-access"),
        seen=PublicAccessBlock(), wanted=PublicAccessBlock.all_on(),
    )  # fmt: skip
    settings.AWS_STORAGE_BUCKET_NAME = bucket.name

    response = page.post(addresses.undo(bucket, made.pk), follow=True)

    assert "only after the name of the bucket was typed, on the page of the setting" in response.text
    assert public_access_block.read(bucket.name).is_complete


# --- Encryption --------------------------------------------------------------------------------------

KEY = "arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555"


def test_kms_key_of_its_own_is_set_and_taken_back(page, amazon_like) -> None:
    """102"""
    bucket = amazon_like()
    before = encryption.read(bucket.name)

    review = reviewed(page, bucket, "encryption", algorithm="aws:kms", kms_key=KEY, bucket_key="on")
    confirmed(page, bucket, "encryption", review)

    assert "Those that are there stay encrypted as they are" in review.text
    assert "Without the key nobody can read them, ever" in review.text
    assert encryption.read(bucket.name) == DefaultEncryption(Algorithm.SSE_KMS, KEY, bucket_key=True)
    page.post(addresses.undo(bucket, BucketChange.objects.get().pk))
    assert encryption.read(bucket.name) == before


# --- Ownership ---------------------------------------------------------------------------------------


def test_grants_that_stand_in_the_way_are_shown_first(page, amazon_like) -> None:
    """60"""
    bucket = amazon_like(OPEN)
    acl.write_bucket(bucket.name, canned=Canned.PUBLIC_READ)
    with pytest.raises(AclInTheWay):
        ownership.write(bucket.name, Ownership.ENFORCED)

    shown = look(page, bucket, "ownership").text
    review = reviewed(page, bucket, "ownership", ownership="BucketOwnerEnforced")

    assert "everybody in the world: READ" in shown
    assert "Remove these grants first" in review.text
    assert 'name="reviewed"' not in review.text
    assert ownership.read(bucket.name) is Ownership.OBJECT_WRITER


def test_ownership_is_enforced_and_given_up(page, amazon_like) -> None:
    bucket = amazon_like(OPEN)

    applied(page, bucket, "ownership", ownership="BucketOwnerEnforced")
    assert ownership.read(bucket.name) is Ownership.ENFORCED
    review = reviewed(page, bucket, "ownership", ownership="ObjectWriter")

    assert "ACLs count again" in review.text
    assert "is theirs: this account may be unable to read it" in review.text
    confirmed(page, bucket, "ownership", review)
    assert ownership.read(bucket.name) is Ownership.OBJECT_WRITER


def boxes(page: Any, bucket: Any) -> dict[str, Any]:
    """Return the boxes of the grants that are there, as a browser sends them back."""
    fields = look(page, bucket, "acl").context["form"].fields
    return {name: field.initial for name, field in fields.items() if name.startswith("grant-")}


# --- The bucket's ACL --------------------------------------------------------------------------------


def test_acl_is_read_only_where_ownership_is_enforced(page, amazon_like) -> None:
    """58"""
    bucket = amazon_like()

    text = look(page, bucket, "acl").text

    assert "ACLs do not count here and cannot be changed" in text
    assert 'name="seen"' not in text


def test_canned_acl_is_set_and_taken_back(page, amazon_like) -> None:
    bucket = amazon_like(OPEN)

    review = reviewed(page, bucket, "acl", kind="public-read", **boxes(page, bucket))
    confirmed(page, bucket, "acl", review)

    assert "New: everybody in the world, READ" in review.text
    assert "Danger:" in review.text
    assert [grant.grantee for grant in acl.of_bucket(bucket.name).public_grants] == [EVERYBODY]
    page.post(addresses.undo(bucket, BucketChange.objects.get().pk))
    assert acl.of_bucket(bucket.name).is_private


def test_grants_are_added_and_the_others_kept(page, amazon_like) -> None:
    bucket = amazon_like(OPEN)
    own = acl.of_bucket(bucket.name)
    acl.write_bucket(
        bucket.name, acl=Acl(own.owner, (*own.grants, Grant(FRIEND, Permission.READ_ACP)), own.owner_name)
    )
    applied(
        page, bucket, "acl", kind="listed", new_grantee="account", new_account=FRIEND,
        new_permissions=["READ"], **boxes(page, bucket),
    )  # fmt: skip

    held = {(grant.grantee, grant.permission) for grant in acl.of_bucket(bucket.name).grants}
    assert held == {
        (own.owner, Permission.FULL_CONTROL),
        (FRIEND, Permission.READ_ACP),
        (FRIEND, Permission.READ),
    }


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"kind": "listed", "new_grantee": "account", "new_permissions": ["READ"]}, "Which account?"),
        ({"kind": "listed", "new_grantee": EVERYBODY}, "Choose both"),
        ({"kind": "private", "new_grantee": EVERYBODY, "new_permissions": ["READ"]}, "one or the other"),
        ({"kind": "public-read", "grant-0": ["FULL_CONTROL", "READ"]}, "one or the other"),
        (
            {
                "kind": "listed",
                "new_grantee": "account",
                "new_account": "a@b.org",
                "new_permissions": ["READ"],
            },
            "is an e-mail address",
        ),
    ],
)
def test_acl_form_says_what_is_wrong_with_it(page, amazon_like, fields, words) -> None:
    """69"""
    bucket = amazon_like(OPEN)

    review = reviewed(page, bucket, "acl", **{**boxes(page, bucket), **fields})

    assert words in review.text
    assert 'name="reviewed"' not in review.text


def test_public_grant_under_a_switch_names_the_switch(page, amazon_like) -> None:
    """62"""
    bucket = amazon_like(Birth(Ownership.OBJECT_WRITER, PublicAccessBlock(block_public_acls=True)))

    review = reviewed(page, bucket, "acl", kind="public-read", **boxes(page, bucket))

    assert "The bucket&#x27;s switch BlockPublicAcls forbids public grants." in review.text
    assert 'name="reviewed"' not in review.text


def test_store_that_goes_away_at_the_review_is_told_calmly(page, amazon_like) -> None:
    bucket = amazon_like(OPEN)
    fields = boxes(page, bucket)
    seen = hidden(look(page, bucket, "acl").text, "seen")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BucketAclSetting, "meaning", lambda *_change: ownership.read("gone", alias="default"))
        response = reviewed(page, bucket, "acl", seen=seen, kind="public-read", **fields)

    assert response.status_code == 404
    assert "This bucket is gone" in response.text


def test_public_grant_that_is_ignored_is_told_to_have_no_effect(page, amazon_like) -> None:
    """64"""
    bucket = amazon_like(Birth(Ownership.OBJECT_WRITER, PublicAccessBlock(ignore_public_acls=True)))

    text = reviewed(page, bucket, "acl", kind="public-read", **boxes(page, bucket)).text

    assert "it has no effect until that is off" in text


def test_part_that_cannot_be_read_for_the_meaning_is_told(page, amazon_like) -> None:
    bucket = amazon_like(OPEN)

    with answering("GetPublicAccessBlock", refusal(403, "AccessDenied")):
        text = reviewed(page, bucket, "acl", kind="public-read", **boxes(page, bucket)).text

    assert "could not be read" in text


def test_hostile_names_in_an_acl_are_shown_literally(page, amazon_like, monkeypatch) -> None:
    bucket = amazon_like(OPEN)
    odd: Any = Acl("owner", (Grant("ff", Permission.READ, "<b>eve\u202e</b>"),), "<i>")
    monkeypatch.setattr(acl, "of_bucket", lambda *_bucket, **_alias: odd)

    text = look(page, bucket, "acl").text

    assert "&lt;b&gt;eve\\u202e&lt;/b&gt;" in text
    assert "<b>eve" not in text
