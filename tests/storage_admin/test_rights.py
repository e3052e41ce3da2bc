"""Who may open the pages of buckets and objects, and press their buttons."""

import pytest
from django.test import Client

from photos import keys
from portal.audit import AuditEvent
from storage_admin.objects import services
from tests.storage_admin.conftest import address, in_role

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

MAY = {
    "browse": {"Storage operator", "Storage admin", "Auditor"},
    "object": {"Storage operator", "Storage admin", "Auditor"},
    "hide": {"Storage operator", "Storage admin"},
    "undelete": {"Storage operator", "Storage admin"},
    "restore": {"Storage operator", "Storage admin"},
    "download": {"Storage admin"},
    "link": {"Storage admin"},
    "picture": {"Storage admin"},
    "compare": {"Storage operator", "Storage admin", "Auditor"},
    "upload_here": {"Storage admin"},
    "upload": {"Storage admin"},
    "delete_object": {"Storage admin"},
    "destroy": {"Storage admin"},
}
READS = {"browse", "object", "download", "picture", "compare"}


@pytest.mark.parametrize("name", MAY)
@pytest.mark.parametrize(
    "role", ["Viewer", "Photographer", "Curator", "Storage operator", "Storage admin", "Auditor"]
)
def test_each_role_may_what_the_table_says(client, bucket, prefix, put, role, name) -> None:
    version = put(f"{prefix}a")
    client.force_login(in_role(role))
    where = address(name, bucket, key=f"{prefix}a", version=version, newest=version)

    response = client.get(where) if name in READS else client.post(where)

    assert (response.status_code != 403) is (role in MAY[name])


@pytest.mark.parametrize("role", ["Auditor", "Storage operator"])
def test_pages_offer_no_button_that_the_role_may_not_press(client, bucket, prefix, put, role) -> None:
    put(f"{prefix}a")
    put(f"{prefix}a")
    client.force_login(in_role(role))

    text = client.get(address("object", bucket, key=f"{prefix}a")).text

    assert ("Delete (hide)" in text) is (role in MAY["hide"])
    assert ("Restore<" in text) is (role in MAY["restore"])
    assert "Make the link" not in text
    assert ">Download<" not in text


def test_originals_are_taken_only_by_those_who_may_take_originals(client, bucket, put) -> None:
    user = in_role("Auditor")
    client.force_login(user)
    key = f"{keys.ORIGINALS}anything/orphan.jpg"
    put(key)

    refused = client.get(address("download", bucket, key=key))

    assert refused.status_code == 403
    assert services.download_right(bucket, key) == "photos.download_original"
    event = AuditEvent.objects.get(action="object.downloaded")
    assert (event.outcome, event.actor) == (AuditEvent.Outcome.REFUSED, user)


@pytest.mark.parametrize("name", ["link", "hide", "undelete", "restore"])
def test_buttons_take_posts_with_a_token_alone(bucket, ada, page, name) -> None:
    assert page.get(address(name, bucket, key="a", version="v", newest="w")).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(ada)

    assert strict.post(address(name, bucket, key="a", version="v", newest="w")).status_code == 403


def test_nobody_is_sent_to_the_log_in(client, bucket) -> None:
    for name in MAY:
        assert client.get(address(name, bucket, key="a"))["Location"].startswith("/admin/login/")
