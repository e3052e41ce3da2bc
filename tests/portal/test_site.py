"""The frame of every page: navigation, policy, own settings, messages, accounts and audit lists."""

import pytest
from django.contrib.auth.models import Group
from django.contrib.messages import get_messages
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils.html import strip_tags

from portal import navigation
from portal.audit import record
from portal.models import User
from portal.navigation import Link
from portal.undo import offer_undo

pytestmark = pytest.mark.django_db


def someone(role: str) -> User:
    user = User.objects.create_user("someone", is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    return user


def sections_of(client: Client) -> dict[str, list[str]]:
    listed = client.get("/admin/").context["available_apps"]
    return {str(section["name"]): [str(model["name"]) for model in section["models"]] for section in listed}


def test_navigation_is_grouped_by_work(admin_client: Client) -> None:
    sections = sections_of(admin_client)

    assert sections["People & audit"] == ["Users", "Groups", "Audit events", "Access attempts"]
    assert "More" not in sections


def test_navigation_shows_only_what_the_role_may_open(client: Client) -> None:
    client.force_login(someone("Auditor"))

    assert sections_of(client)["People & audit"] == ["Users", "Groups", "Audit events"]


def test_navigation_link_needs_its_permission(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(navigation, "_links", [])
    navigation.register(Link("photos", "Upload photos", "admin:search", "photos.add_photo"))
    client.force_login(someone("Viewer"))
    assert "Upload photos" not in sections_of(client).get("Photos", [])

    client.force_login(User.objects.create_superuser("boss"))
    assert "Upload photos" in sections_of(client)["Photos"]


def test_current_page_is_marked_in_the_navigation(admin_client: Client) -> None:
    text = admin_client.get(reverse("admin:portal_user_changelist")).text

    assert '<a href="/admin/portal/user/" aria-current="page">Users</a>' in text


@pytest.mark.parametrize(
    "address", ["/admin/", "/admin/login/", "/nothing/", "/admin/portal/user/add/", "/health/live"]
)
def test_every_page_has_a_strict_content_security_policy(admin_client: Client, address: str, caplog) -> None:
    policy = admin_client.get(address)["Content-Security-Policy"]

    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "style-src 'self'" in policy
    assert "unsafe-" not in policy


def test_user_chooses_a_time_zone(client: Client) -> None:
    user = someone("Viewer")
    client.force_login(user)

    response = client.post("/admin/preferences/", {"time_zone": "Europe/Berlin"}, follow=True)

    user.refresh_from_db()
    assert user.time_zone == "Europe/Berlin"
    assert "Saved." in response.text


def test_unknown_time_zone_is_refused(client: Client) -> None:
    user = someone("Viewer")
    client.force_login(user)

    response = client.post("/admin/preferences/", {"time_zone": "Mars/Olympus"})

    user.refresh_from_db()
    assert user.time_zone == ""
    assert "Please correct the error below" in response.text


def test_undo_message_holds_an_escaped_text_and_a_button(rf: RequestFactory) -> None:
    request = rf.get("/")
    SessionMiddleware(lambda _request: HttpResponse()).process_request(request)
    MessageMiddleware(lambda _request: HttpResponse()).process_request(request)

    offer_undo(request, "Moved <b>Bella</b> to the trash.", "/admin/undo/1/")

    (message,) = get_messages(request)
    assert "Moved &lt;b&gt;Bella&lt;/b&gt;" in message.message
    assert 'form="undo-form" formaction="/admin/undo/1/"' in message.message


def test_undo_form_stands_on_a_page_with_messages(client: Client) -> None:
    client.force_login(someone("Viewer"))

    response = client.post("/admin/preferences/", {"time_zone": "UTC"}, follow=True)

    assert (
        '<form id="undo-form" method="post"><input type="hidden" name="csrfmiddlewaretoken"' in response.text
    )


def test_audit_list_shows_events_and_offers_no_change(client: Client) -> None:
    user = someone("Auditor")
    record("photo.trashed", actor=user, bucket="pets", key="photos/a/b.jpg")
    client.force_login(user)

    response = client.get(reverse("admin:portal_auditevent_changelist"))

    assert "photo.trashed" in response.text
    assert "pets/photos/a/b.jpg" in strip_tags(response.text)
    assert client.get(reverse("admin:portal_auditevent_add")).status_code == 403


def test_audit_list_takes_a_constant_number_of_queries(client: Client, django_assert_max_num_queries) -> None:
    """However many events there are; each choice that a filter offers is one hop along an index."""
    user = someone("Auditor")
    client.force_login(user)
    for number in range(30):
        record("photo.trashed", actor=user, key=f"photos/{number}.jpg")

    with django_assert_max_num_queries(12):
        client.get(reverse("admin:portal_auditevent_changelist"))


def test_empty_list_says_what_will_be_there(client: Client) -> None:
    client.force_login(someone("Auditor"))

    text = client.get(reverse("admin:portal_auditevent_changelist")).text

    assert "Nothing has been recorded yet." in text


def test_empty_search_offers_the_way_back(admin_client: Client) -> None:
    text = admin_client.get(reverse("admin:portal_user_changelist"), {"q": "zzz"}).text

    assert "Nothing here matches." in text
    assert "Show everything" in text
