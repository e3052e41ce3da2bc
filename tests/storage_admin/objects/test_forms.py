"""What all forms on objects share: fresh state, a stale form, the right, hostile text, a store away."""

import html
import json

import pytest
from django.test import Client

from portal.audit import AuditEvent
from portal.s3 import session, tags
from storage_admin.objects.acts import KINDS
from storage_admin.objects.form_pages import FORMS
from tests.factories import BucketFactory
from tests.storage_admin.conftest import address, in_role
from tests.store import answering, refusal

pytestmark = [pytest.mark.django_db, pytest.mark.servers]


def filled(response, **changes: str) -> dict[str, str]:
    """Return what a browser would send of the form on the page, with some fields changed."""
    form = response.context["form"]
    sent: dict[str, str] = {}
    for field in form:
        value = field.value()
        if isinstance(value, dict):
            for number, (name, text) in enumerate(value.items()):
                sent |= {f"{field.name}-{number}-name": name, f"{field.name}-{number}-value": text}
        elif isinstance(value, bool):
            sent |= {field.name: "on"} if value else {}
        elif value is not None:
            sent[field.name] = str(value)
    return sent | changes


def test_every_form_is_a_line_of_the_table() -> None:
    assert {form.page for form in FORMS} <= {kind.page for kind in KINDS}


def test_act_is_offered_to_those_with_the_right_alone(client, bucket, prefix, put) -> None:
    put(f"{prefix}a")
    where = address("object", bucket, key=f"{prefix}a")

    offered = {}
    for role in ("Auditor", "Storage operator"):
        client.force_login(in_role(role))
        offered[role] = [act.label for act in client.get(where).context["acts"]]

    assert offered["Auditor"] == []
    assert "Edit tags" in offered["Storage operator"]


OPERATORS, ADMINS = {"Storage operator", "Storage admin"}, {"Storage admin"}
MAY = {
    "metadata": OPERATORS, "tags": OPERATORS, "class": OPERATORS, "thaw": OPERATORS,
    "encryption": ADMINS, "acl": ADMINS, "public": ADMINS, "private": ADMINS,
    "retention": ADMINS, "hold": ADMINS, "copy": ADMINS, "move": ADMINS,
}  # fmt: skip


@pytest.mark.parametrize("name", MAY)
@pytest.mark.parametrize(
    "role", ["Viewer", "Photographer", "Curator", "Storage operator", "Storage admin", "Auditor"]
)
def test_each_role_opens_and_sends_what_the_table_says(client, bucket, prefix, put, role, name) -> None:
    put(f"{prefix}a")
    client.force_login(in_role(role))
    where = address(name, bucket, key=f"{prefix}a")

    assert (client.get(where).status_code != 403) is (role in MAY[name])
    assert (client.post(where).status_code != 403) is (role in MAY[name])


def test_forms_take_posts_with_a_token_alone(bucket, ada) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(ada)

    for name in MAY:
        assert strict.post(address(name, bucket, key="a")).status_code == 403


def test_stale_form_says_what_changed_and_keeps_what_was_typed(page, bucket, prefix, put) -> None:
    key = f"{prefix}a"
    version = put(key, Tagging="kind=photo")
    where = address("tags", bucket, key=key, version=version)
    sent = filled(page.get(where), **{"tags-0-value": "mine"})
    tags.write_object(bucket.name, key, {"kind": "theirs"})

    response = page.post(where, sent)

    assert response.status_code == 409
    text = html.unescape(response.text)
    assert "it was “kind = photo”, it is “kind = theirs” now" in text
    assert 'value="mine"' in text
    assert tags.of_object(bucket.name, key) == {"kind": "theirs"}
    assert AuditEvent.objects.get(action="object.tags_edited").outcome == AuditEvent.Outcome.REFUSED

    again = page.post(where, filled(response, **{"tags-0-name": "kind", "tags-0-value": "mine"}))

    assert again.status_code == 302
    assert tags.of_object(bucket.name, key) == {"kind": "mine"}


def test_form_of_a_version_that_went_meanwhile_says_so(page, bucket, prefix, put) -> None:
    key = f"{prefix}a"
    version = put(key, Tagging="kind=photo")
    where = address("tags", bucket, key=key, version=version)
    sent = filled(page.get(where), **{"tags-0-value": "mine"})
    session.client().delete_object(Bucket=bucket.name, Key=key, VersionId=version)

    assert page.post(where, sent).status_code == 404


def test_damaged_form_is_refused(page, bucket, prefix, put) -> None:
    version = put(f"{prefix}a")
    where = address("tags", bucket, key=f"{prefix}a", version=version)

    for seen in ("", "{", json.dumps({"version": {"evil": 1}})):
        response = page.post(where, {"seen": seen, "tags-0-name": "a", "tags-0-value": "b"})
        assert response.status_code == 200
        assert response.context["form"].errors
    assert not tags.of_object(bucket.name, f"{prefix}a")


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.page)
def test_form_while_the_store_is_away_is_calm(page, no_store, form) -> None:
    where = address(form.page, BucketFactory(), key="a", version="v")

    assert page.get(where).status_code == 503
    assert page.post(where, {"seen": "{}"}).status_code == 503


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.page)
def test_form_of_an_object_that_is_not_there_is_not_found(page, bucket, form) -> None:
    assert page.get(address(form.page, bucket, key="no/such")).status_code == 404
    assert page.get(address(form.page, bucket)).status_code == 404


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.page)
def test_form_about_a_delete_marker_says_what_that_is(page, bucket, prefix, put, form) -> None:
    put(f"{prefix}a")
    marker = session.client().delete_object(Bucket=bucket.name, Key=f"{prefix}a")["VersionId"]
    where = address(form.page, bucket, key=f"{prefix}a", version=marker)

    assert "A delete marker has no" in page.get(where).text
    assert page.post(where, {"seen": "{}"}).status_code == 409


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.page)
def test_form_is_refused_without_its_right(client, bucket, form) -> None:
    client.force_login(in_role("Auditor"))

    assert client.get(address(form.page, bucket, key="a")).status_code == 403
    assert client.post(address(form.page, bucket, key="a")).status_code == 403


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.page)
@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "a b+c%20?#", "é/日", "a\nb", "a\tb", "x&\"'y"]
)
def test_form_of_a_hostile_key_shows_it_literally(page, bucket, prefix, put, form, name) -> None:
    put(f"{prefix}{name}", Metadata={"note": "<b>bold</b>"}, Tagging="k=%3Ci%3E")

    response = page.get(address(form.page, bucket, key=f"{prefix}{name}"))

    assert response.status_code == 200
    assert "<script>alert" not in response.text
    assert "<b>bold" not in response.text
    assert "<i>" not in response.text


def test_refusal_of_the_store_is_told_with_its_code(page, bucket, prefix, put) -> None:
    version = put(f"{prefix}a")
    where = address("tags", bucket, key=f"{prefix}a", version=version)
    sent = filled(page.get(where), **{"tags-0-name": "a", "tags-0-value": "b"})

    with answering("PutObjectTagging", refusal(403, "AccessDenied")):
        response = page.post(where, sent)

    assert response.status_code == 502
    assert "AccessDenied" in response.text
    assert AuditEvent.objects.get(action="object.tags_edited").outcome == AuditEvent.Outcome.FAILED


def test_tags_of_the_version_shown_change_and_those_of_others_stay(page, bucket, prefix, put, ada) -> None:
    key = f"{prefix}a"
    old, new = put(key, Tagging="kind=old&vet=Dr.+A"), put(key, b"2", Tagging="kind=new")
    where = address("tags", bucket, key=key, version=old)
    sent = filled(page.get(where), **{"tags-0-value": "older", "tags-1-name": "", "tags-1-value": ""})

    response = page.post(where, sent | {"tags-2-name": "é +-=._:/@", "tags-2-value": ""}, follow=True)

    assert response.status_code == 200
    assert tags.of_object(bucket.name, key, version_id=old) == {"kind": "older", "é +-=._:/@": ""}
    assert tags.of_object(bucket.name, key, version_id=new) == {"kind": "new"}
    event = AuditEvent.objects.get(action="object.tags_edited")
    assert (event.actor, event.version_id) == (ada, old)
    assert event.before == {"tags": {"kind": "old", "vet": "Dr. A"}}
    assert event.after == {"tags": {"kind": "older", "é +-=._:/@": ""}}


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({f"tags-{n}-{part}": f"{part}{n}" for n in range(11) for part in ("name", "value")}, "allows 10"),
        ({"tags-0-name": "n" * 129, "tags-0-value": ""}, "1 to 128"),
        ({"tags-0-name": "n", "tags-0-value": "v" * 257}, "allows 256"),
        ({"tags-0-name": "", "tags-0-value": "v"}, "has no name"),
        (
            {"tags-0-name": "n", "tags-0-value": "v", "tags-1-name": "n", "tags-1-value": "w"},
            "comes twice",
        ),
        ({}, "already"),
    ],
)
def test_tags_that_s3_would_refuse_are_told_before(page, bucket, prefix, put, typed, words) -> None:
    version = put(f"{prefix}a")
    where = address("tags", bucket, key=f"{prefix}a", version=version)

    response = page.post(where, filled(page.get(where), **typed))

    assert words in response.text
    assert not tags.of_object(bucket.name, f"{prefix}a")
