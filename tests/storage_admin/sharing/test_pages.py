"""The pages of share links: making one from an object or a photo, and the register."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.audit import AuditEvent
from storage_admin.models import Bucket, ShareLink
from storage_admin.sharing import links as share_links
from tests.factories import BucketFactory, PhotoFactory, ShareLinkFactory, UserFactory
from tests.storage_admin.conftest import address, in_role
from tests.store import answering, refusal

pytestmark = pytest.mark.django_db
LIST = "/admin/storage_admin/sharelink/"


def filled(**changes: str) -> dict[str, str]:
    return {"recipient": "Dr. Vet", "reason": "an operation", "size": "original", "lasts": "7", **changes}


def link_page(link: ShareLink) -> str:
    return reverse("admin:storage_admin_sharelink_change", args=[link.pk])


def revoke(link: ShareLink) -> str:
    return reverse("admin:storage_admin_sharelink_revoke", args=[link.pk])


@pytest.fixture
def shared_photo(settings: Any, db: None) -> Any:
    """A photo as rows alone, and the row of its bucket."""
    photo = PhotoFactory(bucket=settings.AWS_STORAGE_BUCKET_NAME, renditions=True)
    BucketFactory(name=photo.bucket)
    return photo


# --- Making ---------------------------------------------------------------------


@pytest.mark.servers
def test_form_makes_a_link_and_shows_it_once(page, bucket, put, prefix, ada) -> None:
    version = put(f"{prefix}a")
    where = address("share", bucket, key=f"{prefix}a", version=version)

    response = page.post(where, filled())

    link = ShareLink.objects.get()
    url = response.context["link_url"]
    assert (link.recipient, link.reason, link.size) == ("Dr. Vet", "an operation", "original")
    assert (link.made_by, link.version_id) == (ada, version)
    assert timedelta(days=6, hours=23) < link.expires_at - timezone.now() <= timedelta(days=7)
    assert url.startswith("http://testserver/s/")
    assert f'value="{url}"' in response.text
    assert Client().get(urlsplit(url).path).status_code == 302
    token = url.rpartition("/")[2]
    assert token not in page.get(where).text + page.get(link_page(link)).text + page.get(LIST).text


@pytest.mark.servers
def test_share_stands_on_the_page_of_an_object(page, bucket, put, prefix) -> None:
    version = put(f"{prefix}a")

    text = page.get(address("object", bucket, key=f"{prefix}a")).text

    assert address("share", bucket, key=f"{prefix}a", version=version).replace("&", "&amp;") in text


def test_photos_page_leads_to_the_form_with_its_version(client, shared_photo) -> None:
    client.force_login(in_role("Storage admin"))
    way = reverse("admin:storage_admin_bucket_share_photo", args=[shared_photo.pk])

    assert way in client.get(shared_photo.get_absolute_url()).text
    form = client.get(way, follow=True)

    assert form.request["QUERY_STRING"].endswith(f"version={shared_photo.version_id}")
    assert [value for value, _words in form.context["form"].fields["size"].choices] == ["web", "original"]
    assert form.context["form"].fields["size"].initial == "web"


def test_photos_page_offers_no_sharing_to_those_who_may_not(client, shared_photo) -> None:
    client.force_login(in_role("Photographer"))

    text = client.get(shared_photo.get_absolute_url()).text

    assert "/share/" not in text


def test_web_size_needs_no_store_to_be_shared(client, no_store, shared_photo) -> None:
    client.force_login(in_role("Storage admin"))
    way = reverse("admin:storage_admin_bucket_share_photo", args=[shared_photo.pk])
    where = client.get(way)["Location"]

    response = client.post(where, filled(size="web"))

    assert ShareLink.objects.get().photo_uuid == shared_photo.pk
    assert "/s/" in response.context["link_url"]


def test_photo_of_a_bucket_not_found_yet_is_told(client) -> None:
    client.force_login(in_role("Storage admin"))
    photo = PhotoFactory()

    response = client.get(reverse("admin:storage_admin_bucket_share_photo", args=[photo.pk]), follow=True)

    assert "has not found this photo&#x27;s bucket yet" in response.text


def test_form_offers_only_what_may_be_shared(client, shared_photo) -> None:
    client.force_login(UserFactory(rights=[share_links.SHARE, "photos.view_photo"]))
    where = client.get(reverse("admin:storage_admin_bucket_share_photo", args=[shared_photo.pk]))["Location"]

    form = client.get(where).context["form"]

    assert [value for value, _words in form.fields["size"].choices] == ["web"]
    assert "size" in client.post(where, filled(size="original")).context["form"].errors


def test_who_may_share_nothing_of_it_is_told_which_right_is_lacking(client) -> None:
    client.force_login(UserFactory(rights=[share_links.SHARE]))

    response = client.get(address("share", BucketFactory(), key="a"))

    assert response.status_code == 403
    assert "storage_admin.download_object" in response.text


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"recipient": ""}, "recipient"),
        ({"reason": " "}, "reason"),
        ({"lasts": "8"}, "lasts"),
        ({"lasts": "until"}, "until"),
        ({"lasts": "until", "until": "soon"}, "until"),
        ({"lasts": "until", "until": "2020-01-01"}, "until"),
        ({"lasts": "until", "until": "2999-01-01"}, "until"),
    ],
)
def test_form_says_what_is_missing_or_wrong(client, changes, field) -> None:
    client.force_login(in_role("Storage admin"))

    response = client.post(address("share", BucketFactory(), key="a"), filled(**changes))

    assert list(response.context["form"].errors) == [field]
    assert not ShareLink.objects.exists()


def test_last_day_counts_as_a_whole(client, shared_photo) -> None:
    client.force_login(in_role("Storage admin"))
    where = address("share", Bucket.objects.get(), key=shared_photo.key)
    day = timezone.localdate() + timedelta(days=3)

    client.post(where, filled(size="web", lasts="until", until=day.isoformat()))

    assert timezone.localtime(ShareLink.objects.get().expires_at).date() == day + timedelta(days=1)


def test_shorter_limit_leaves_longer_choices_out(client, settings) -> None:
    settings.SHARE_LINK_MAX_DAYS = 5
    client.force_login(in_role("Storage admin"))

    form = client.get(address("share", BucketFactory(), key="a")).context["form"]

    assert [value for value, _words in form.fields["lasts"].choices] == ["1", "until"]


@pytest.mark.servers
def test_form_shows_hostile_keys_literally(page, bucket, put, prefix) -> None:
    key = f"{prefix}<script>alert(1)</script>\u202e"
    put(key)

    text = page.post(address("share", bucket, key=key), filled(recipient="<b>x")).text
    listed = page.get(LIST).text

    assert "<script>alert" not in text + listed
    assert "\u202e" not in text + listed
    assert "<b>x" not in text + listed


def test_store_that_is_away_is_told_calmly(client, no_store) -> None:
    client.force_login(in_role("Storage admin"))

    assert client.post(address("share", BucketFactory(), key="a"), filled()).status_code == 503


@pytest.mark.servers
def test_refusal_of_the_store_stands_above_the_form(page, bucket, put, prefix) -> None:
    put(f"{prefix}a")

    with answering("HeadObject", refusal(403, "AccessDenied")):
        response = page.post(address("share", bucket, key=f"{prefix}a"), filled())

    assert response.status_code == 409
    assert response.context["form"].non_field_errors()


@pytest.mark.servers
def test_object_that_is_gone_is_told(page, bucket, prefix) -> None:
    response = page.post(address("share", bucket, key=f"{prefix}never"), filled())

    assert response.status_code == 409
    assert "not there any more" in response.text


# --- The register ------------------------------------------------------------------


@pytest.mark.parametrize("role", ["Storage operator", "Storage admin", "Auditor"])
def test_register_lists_who_made_which_link_for_whom(client, role) -> None:
    link = ShareLinkFactory(recipient="Dr. Vet", opened_count=3)
    client.force_login(in_role(role))

    text = client.get(LIST).text

    for shown in ("Dr. Vet", link.made_by_name, "an operation", "3 times", link.key.rpartition("/")[2]):
        assert shown in text


def test_register_takes_a_constant_number_of_queries_and_no_store(
    client, no_store, store_calls, django_assert_max_num_queries
) -> None:
    for _n in range(30):
        ShareLinkFactory()
    client.force_login(in_role("Auditor"))

    with django_assert_max_num_queries(12):
        assert client.get(LIST).status_code == 200

    assert not store_calls


@pytest.mark.parametrize(
    ("state", "recipient"), [("open", "open"), ("ended", "ended"), ("revoked", "closed")]
)
def test_register_is_filtered_by_state(client, state, recipient) -> None:
    ShareLinkFactory(recipient="open")
    ShareLinkFactory(recipient="ended", ended=True)
    ShareLinkFactory(recipient="closed", revoked=True)
    client.force_login(in_role("Auditor"))

    rows = client.get(LIST, {"state": state}).context["cl"].result_list

    assert [row.recipient for row in rows] == [recipient]


@pytest.mark.parametrize(("text", "count"), [("folder/ob", 1), ("vet", 1), ("nobody", 0)])
def test_register_is_searched_by_key_and_recipient(client, text, count) -> None:
    ShareLinkFactory()
    client.force_login(in_role("Auditor"))

    assert len(client.get(LIST, {"q": text}).context["cl"].result_list) == count


def test_register_knows_ones_own(client) -> None:
    user = in_role("Storage admin")
    mine = ShareLinkFactory(made_by=user)
    ShareLinkFactory()
    client.force_login(user)

    assert list(client.get(LIST, {"mine": "yes"}).context["cl"].result_list) == [mine]


def test_link_of_a_closed_account_says_that_it_opens_nothing(client) -> None:
    ShareLinkFactory(made_by=UserFactory(is_active=False))
    client.force_login(in_role("Auditor"))

    assert "opens nothing" in client.get(LIST).text


def test_revoke_button_closes_the_link(client) -> None:
    link = ShareLinkFactory()
    client.force_login(in_role("Storage admin"))
    assert revoke(link) in client.get(link_page(link)).text

    response = client.post(revoke(link), follow=True)

    link.refresh_from_db()
    assert link.revoked_at is not None
    assert "opens nothing from now on" in response.text
    assert revoke(link) not in response.text


def test_revoke_button_is_not_shown_to_those_who_may_not(client) -> None:
    link = ShareLinkFactory()
    client.force_login(in_role("Auditor"))

    assert revoke(link) not in client.get(link_page(link)).text
    assert client.post(revoke(link)).status_code == 403
    assert AuditEvent.objects.get(action="link.revoked").outcome == AuditEvent.Outcome.REFUSED


def test_revoke_takes_a_post_with_a_token_alone(client) -> None:
    link = ShareLinkFactory()
    user = in_role("Storage admin")
    client.force_login(user)
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(user)

    assert client.get(revoke(link)).status_code == 405
    assert strict.post(revoke(link)).status_code == 403


def test_many_links_are_revoked_at_once_and_foreign_ones_stay(client) -> None:
    user = UserFactory(rights=["storage_admin.view_sharelink"])
    mine, closed = ShareLinkFactory(made_by=user), ShareLinkFactory(made_by=user, revoked=True)
    foreign = ShareLinkFactory()
    client.force_login(user)

    response = client.post(
        LIST, {"action": "revoke_selected", "_selected_action": [mine.pk, closed.pk, foreign.pk]}, follow=True
    )

    assert not ShareLink.objects.live().filter(pk=mine.pk).exists()
    assert ShareLink.objects.live().get() == foreign
    for words in ("1 link is revoked", "1 were revoked already", "1 were made by others"):
        assert words in response.text
