"""Creating a bucket, and deleting an empty one: safe by default, told in full, kept in the audit."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse

from portal.audit import AuditEvent
from portal.s3 import (
    bucket_names,
    buckets,
    encryption,
    object_lock,
    ownership,
    public_access_block,
    session,
    versioning,
)
from portal.s3.buckets import Birth
from portal.s3.ownership import Ownership
from portal.s3.types import VersioningState
from storage_admin import addresses
from storage_admin.buckets import services as bucket_services
from storage_admin.buckets.forms import NewBucketForm
from storage_admin.models import Bucket
from tests.factories import BucketFactory
from tests.storage_admin.conftest import address, in_role
from tests.store import answering, refusal

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

CREATE = "/admin/storage_admin/bucket/create/"
LIST = "/admin/storage_admin/bucket/"
ROLES = ["Viewer", "Photographer", "Curator", "Storage operator", "Storage admin", "Auditor"]
KEY_ARN = "arn:aws:kms:us-east-1:111122223333:key/11111111-2222-3333-4444-555555555555"


@pytest.fixture
def name(photo_bucket: str) -> Iterator[str]:
    """The name of a bucket that is not there yet, and is gone afterwards."""
    wanted = f"made-{uuid4().hex[:12]}"
    yield wanted
    if buckets.exists(wanted):
        session.client().delete_bucket(Bucket=wanted)


@pytest.fixture
def empty(photo_bucket: str) -> Bucket:
    """The row of an empty bucket with versions."""
    row: Bucket = BucketFactory(name=f"empty-{uuid4().hex[:12]}", versioning="Enabled")
    buckets.create(row.name)
    return row


def filled(name: str, **changed: Any) -> dict[str, Any]:
    """Return what the form sends as it comes, with a name."""
    form: dict[str, Any] = {
        "naming": "whole", "name": name, "blocked": "on", "ownership": Ownership.ENFORCED.value,
        "versioned": "on", "encryption": "",
    }  # fmt: skip
    return {field: value for field, value in {**form, **changed}.items() if value is not None}


def test_bucket_is_made_with_safe_settings_and_its_row_is_there_at_once(page, ada, name) -> None:
    response = page.post(CREATE, filled(name), follow=True)

    row = Bucket.objects.get(name=name)
    assert response.redirect_chain[-1][0] == reverse("admin:storage_admin_bucket_change", args=[row.pk])
    assert (row.connection, row.region, row.gone_since) == ("default", "us-east-1", None)
    assert row.versioning == "Enabled"
    assert versioning.read(name).state is VersioningState.ENABLED
    assert ownership.read(name) is Ownership.ENFORCED
    event = AuditEvent.objects.get(action="bucket.created")
    assert (event.outcome, event.actor, event.bucket) == (AuditEvent.Outcome.DONE, ada, name)
    assert (event.target_type, event.target_id) == ("storage_admin.bucket", str(row.pk))
    assert (event.after or {})["wanted"]["ownership"] == "BucketOwnerEnforced"


def test_store_that_lacks_nothing_gives_all_that_was_chosen(page, amazon_like) -> None:
    amazon_like()  # points the portal there
    wanted = f"made-{uuid4().hex[:12]}"

    response = page.post(
        CREATE,
        filled(wanted, encryption="aws:kms", kms_key=KEY_ARN, bucket_key="on", object_lock="on"),
        follow=True,
    )

    assert "is there." in response.text
    assert "The store lacks" not in response.text
    assert "does not say yet" not in response.text
    assert public_access_block.read(wanted).is_complete
    assert encryption.read(wanted).kms_key == KEY_ARN
    assert object_lock.of_bucket(wanted).is_enabled
    session.client().delete_bucket(Bucket=wanted)


def test_what_the_store_lacks_is_said_before_and_told_after(page, name, settings) -> None:
    settings.S3_CONNECTIONS = {"default": {**settings.S3_CONNECTIONS["default"], "server": "seaweedfs"}}

    before = page.get(CREATE).text
    after = page.post(CREATE, filled(name), follow=True).text

    assert "It has no Block Public Access (501)." in before
    assert 'name="blocked"' not in before
    assert "aws:kms" not in before
    assert "The store lacks it: public access block" in after


def test_get_makes_nothing(page, photo_bucket, store_calls) -> None:
    page.get(CREATE, filled("anything"))

    assert store_calls == []


def test_beginning_gets_a_random_end(page, photo_bucket) -> None:
    page.post(CREATE, filled("scans", naming="prefix"))

    row = Bucket.objects.get(name__startswith="scans-")
    assert re.fullmatch(r"scans-[a-z0-9]{10}", row.name)
    assert buckets.exists(row.name)
    session.client().delete_bucket(Bucket=row.name)


def test_beginning_that_leaves_no_room_is_refused(page, photo_bucket, store_calls) -> None:
    response = page.post(CREATE, filled("x" * 53, naming="prefix"))

    assert "The beginning has 53 characters; with a random end 52 fit." in response.text
    assert store_calls == []


@pytest.mark.parametrize("wrong", ["ab", "Photos", "a..b", "192.168.0.1", "x" * 64, "-a", "xn--abc"])
def test_every_fault_of_a_name_is_told_in_words(page, photo_bucket, store_calls, wrong) -> None:
    response = page.post(CREATE, filled(wrong))

    assert bucket_names.faults(wrong)
    for fault in bucket_names.faults(wrong):
        assert fault in response.context["form"].errors["name"]
    assert store_calls == []


def test_hostile_name_is_shown_literally(page, photo_bucket) -> None:
    text = page.post(CREATE, filled('"><script>alert(1)</script>')).text

    assert "<script>alert(1)" not in text
    assert "&lt;script&gt;" in text


def test_bucket_that_is_there_keeps_its_settings(page, name) -> None:
    buckets.create(name, Birth(versioned=False))

    response = page.post(CREATE, filled(name))

    assert "There is a bucket of this name here already." in response.text
    assert versioning.read(name).state is VersioningState.NEVER_SET
    event = AuditEvent.objects.get(action="bucket.created")
    assert (event.outcome, event.target_id) == (AuditEvent.Outcome.REFUSED, "")


def test_row_of_a_former_bucket_comes_back_and_forgets_what_was_read(page, name) -> None:
    from_before = BucketFactory(
        name=name, gone_since="2026-01-01T00:00:00Z", versioning="Suspended", public="public", region="x"
    )

    page.post(CREATE, filled(name))

    from_before.refresh_from_db()
    assert (from_before.gone_since, from_before.public, from_before.versioning) == (None, "", "Enabled")
    assert from_before.region == "us-east-1"


def test_object_lock_is_given_at_birth(page, name) -> None:
    page.post(CREATE, filled(name, object_lock="on", versioned=None))

    assert object_lock.of_bucket(name).is_enabled
    assert versioning.read(name).state is VersioningState.ENABLED


def test_setting_that_is_refused_leaves_the_bucket_and_says_what_is_missing(page, name) -> None:
    with answering("PutBucketVersioning", refusal(403, "AccessDenied")):
        response = page.post(CREATE, filled(name), follow=True)

    assert "not with all of its settings. versioning: The store refused access" in response.text
    row = Bucket.objects.get(name=name)
    assert f'href="{addresses.of_setting(row, "versioning")}"' in response.text
    assert row.gone_since is None
    assert buckets.exists(name)
    event = AuditEvent.objects.get(action="bucket.created")
    assert (event.outcome, (event.after or {})["missing"]) == (AuditEvent.Outcome.FAILED, ["versioning"])


def test_setting_that_the_store_does_not_give_back_is_told(page, name) -> None:
    nothing = "<VersioningConfiguration xmlns='http://s3.amazonaws.com/doc/2006-03-01/'/>"
    with answering("GetBucketVersioning", refusal(200, "", body=nothing)):
        response = page.post(CREATE, filled(name), follow=True)

    assert "does not say yet that the bucket has this: versioning" in response.text


def test_store_that_is_away_says_that_nothing_is_known(page, no_store) -> None:
    response = page.post(CREATE, filled("anything"))

    assert response.status_code == 503
    assert "Whether the bucket was made is not known" in response.text
    assert 'value="anything"' in response.text
    assert not Bucket.objects.exists()
    assert AuditEvent.objects.get(action="bucket.created").outcome == AuditEvent.Outcome.FAILED


def test_refused_creation_is_told_with_its_code(page, name) -> None:
    with answering("CreateBucket", refusal(403, "AccessDenied")):
        response = page.post(CREATE, filled(name))

    assert response.status_code == 502
    assert "(AccessDenied)" in response.text
    assert not Bucket.objects.filter(name=name).exists()


def test_bucket_is_made_at_the_chosen_connection(page, name, settings) -> None:
    settings.S3_CONNECTIONS = {**settings.S3_CONNECTIONS, "archive": settings.S3_CONNECTIONS["default"]}

    form = page.get(f"{CREATE}?connection=archive")
    page.post(f"{CREATE}?connection=archive", filled(name))

    assert form.context["alias"] == "archive"
    assert Bucket.objects.get(name=name).connection == "archive"
    assert page.get(f"{CREATE}?connection=nonsense").status_code == 302


def the_form(settings: Any, user: Any, **sent: Any) -> NewBucketForm:
    """The form for a store that lacks nothing."""
    settings.S3_CONNECTIONS = {"default": {"region": "eu-central-1"}}
    return NewBucketForm(filled("photos-of-pets", **sent), alias="default", user=user)


@pytest.mark.parametrize("arn", ["", "alias/photos", "11111111-2222-3333-4444-555555555555"])
def test_kms_needs_the_full_arn_of_a_key(settings, ada, arn) -> None:
    form = the_form(settings, ada, encryption="aws:kms", kms_key=arn)

    assert "full ARN" in form.errors["kms_key"][0]


def test_choices_make_the_birth(settings, ada) -> None:
    form = the_form(settings, ada, encryption="aws:kms", kms_key=KEY_ARN, bucket_key="on", blocked=None)

    assert form.is_valid()
    birth = form.birth()
    assert birth.encryption is not None
    assert (birth.encryption.kms_key, birth.encryption.bucket_key) == (KEY_ARN, True)
    assert not birth.public_access_block.block_public_policy


def test_form_as_it_comes_makes_the_safe_birth(settings, ada) -> None:
    form = the_form(settings, ada)

    assert form.is_valid()
    assert form.birth() == Birth()


def test_public_access_stays_blocked_for_those_who_may_not_make_public(settings, ada, name) -> None:
    user = in_role("Auditor")

    form = the_form(settings, user, blocked=None)

    assert form.is_valid()
    assert form.birth().public_access_block.is_complete


@pytest.mark.parametrize("role", ROLES)
def test_buckets_are_made_and_deleted_by_those_who_may(client, empty, role) -> None:
    client.force_login(in_role(role))
    remove = address("remove", empty)
    may = role == "Storage admin"

    for response in (client.get(CREATE), client.get(remove), client.post(CREATE), client.post(remove)):
        assert (response.status_code != 403) is may
    for text in (client.get(LIST).text, client.get(f"{LIST}{empty.pk}/change/").text):
        assert (CREATE in text or remove.rstrip("?") in text) is may
    assert buckets.exists(empty.name)


def test_refused_tries_are_kept(bucket) -> None:
    user = in_role("Auditor")

    with pytest.raises(PermissionDenied, match="add_bucket"):
        bucket_services.create(actor=user, connection="default", name="never-made", birth=Birth())

    event = AuditEvent.objects.get(action="bucket.created")
    assert (event.outcome, event.bucket, event.actor) == (AuditEvent.Outcome.REFUSED, "never-made", user)


def test_empty_bucket_is_deleted_by_its_typed_name_and_its_row_stays(page, ada, empty) -> None:
    shown = page.get(address("remove", empty)).text
    response = page.post(address("remove", empty), {"name": empty.name}, follow=True)

    assert "its name is free for anybody" in shown
    assert "is deleted. Its name is free now" in response.text
    assert not buckets.exists(empty.name)
    empty.refresh_from_db()
    assert empty.gone_since is not None
    event = AuditEvent.objects.get(action="bucket.deleted")
    assert (event.outcome, event.actor, event.target_id) == (
        AuditEvent.Outcome.DONE,
        ada,
        str(empty.pk),
    )


@pytest.mark.parametrize("typed", ["", "empty", "EMPTY"])
def test_wrong_name_deletes_nothing(page, empty, typed) -> None:
    response = page.post(address("remove", empty), {"name": typed})

    assert response.status_code == 409
    assert "That is not the bucket&#x27;s name." in response.text
    assert buckets.exists(empty.name)


def test_bucket_with_versions_markers_and_uploads_is_refused_with_the_counts(page, empty) -> None:
    """50, 51, 57"""
    client = session.client()
    client.put_object(Bucket=empty.name, Key="a", Body=b"1")
    client.put_object(Bucket=empty.name, Key="a", Body=b"2")
    client.delete_object(Bucket=empty.name, Key="b")
    client.create_multipart_upload(Bucket=empty.name, Key="c")

    shown = page.get(address("remove", empty))
    response = page.post(address("remove", empty), {"name": empty.name})

    found = shown.context["contents"]
    assert (found.objects, found.versions, found.markers, found.uploads) == (1, 1, 1, 1)
    assert 'name="name"' not in shown.text
    assert "mode=versions" in shown.text
    assert "mode=deleted" in shown.text
    assert addresses.of_setting(empty, "lifecycle") in shown.text
    assert response.status_code == 409
    assert "1 objects, 1 older versions, 1 delete markers, 1 open uploads" in response.text
    assert buckets.exists(empty.name)
    assert AuditEvent.objects.get(action="bucket.deleted").outcome == AuditEvent.Outcome.REFUSED


def test_more_than_one_answer_holds_says_more_than(page, empty, monkeypatch) -> None:
    for key in "ab":
        session.client().put_object(Bucket=empty.name, Key=key, Body=b"1")
    counted = buckets.contents
    monkeypatch.setattr(buckets, "contents", lambda name, **named: counted(name, limit=1, **named))

    assert "more than" in page.get(address("remove", empty)).text


def test_bucket_that_is_filled_between_the_page_and_the_button_stays(page, empty) -> None:
    assert page.get(address("remove", empty)).context["contents"].is_empty
    session.client().put_object(Bucket=empty.name, Key="late", Body=b"1")

    response = page.post(address("remove", empty), {"name": empty.name})

    assert response.status_code == 409
    assert session.client().get_object(Bucket=empty.name, Key="late")["Body"].read() == b"1"


def test_photo_bucket_is_never_deleted(page, bucket, store_calls) -> None:
    shown = page.get(address("remove", bucket))
    response = page.post(address("remove", bucket), {"name": bucket.name})

    assert "photos live in this bucket" in shown.text
    assert response.status_code == 409
    assert "DeleteBucket" not in store_calls
    assert address("remove", bucket).rstrip("?") not in page.get(f"{LIST}{bucket.pk}/change/").text


def test_bucket_that_is_gone_already_says_so(page, photo_bucket) -> None:
    row = BucketFactory(name=f"gone-{uuid4().hex[:10]}")

    response = page.post(address("remove", row), {"name": row.name})

    assert response.status_code == 404
    assert "This bucket is gone" in response.text


def test_delete_that_the_store_refuses_is_told(page, empty) -> None:
    with answering("DeleteBucket", refusal(403, "AccessDenied")):
        response = page.post(address("remove", empty), {"name": empty.name})

    assert response.status_code == 502
    empty.refresh_from_db()
    assert empty.gone_since is None
    assert AuditEvent.objects.get(action="bucket.deleted").outcome == AuditEvent.Outcome.FAILED


def test_delete_that_is_agreed_but_not_seen_is_not_called_done(page, empty) -> None:
    with answering("HeadBucket", refusal(403, "AccessDenied")):
        response = page.post(address("remove", empty), {"name": empty.name}, follow=True)

    assert "does not say yet that it is gone" in response.text
    empty.refresh_from_db()
    assert empty.gone_since is None
    assert AuditEvent.objects.get(action="bucket.deleted").outcome == AuditEvent.Outcome.FAILED


def test_delete_while_the_store_is_away_gives_the_calm_page(page, no_store) -> None:
    row = BucketFactory()

    assert page.get(address("remove", row)).status_code == 503
    assert page.post(address("remove", row), {"name": row.name}).status_code == 503


def test_forms_want_a_token(ada, empty) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(ada)

    assert strict.post(CREATE, filled("anything")).status_code == 403
    assert strict.post(address("remove", empty), {"name": empty.name}).status_code == 403
    assert buckets.exists(empty.name)
