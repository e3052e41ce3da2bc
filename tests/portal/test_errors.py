"""Error pages speak to a person first, then tell the code and the request id."""

import re

import pytest
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from portal import errors
from portal import urls as portal_urls
from portal.models import User
from portal.s3.errors import StorageUnavailable

REQUEST_ID = r"request <code>[0-9a-f-]{36}</code>"


def breaks(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("secret detail")


def waits_for_storage(request: HttpRequest) -> HttpResponse:
    error = StorageUnavailable("no answer", code="SlowDown")
    return errors.storage_unavailable(request, admin.site.each_context(request), error=error)


handler404, handler500 = portal_urls.handler404, portal_urls.handler500
urlpatterns = [
    path("breaks/", breaks),
    path("storage/", waits_for_storage),
    *portal_urls.urlpatterns,
]


@pytest.fixture(autouse=True)
def breaking_urls(settings) -> None:
    settings.ROOT_URLCONF = __name__


@pytest.fixture
def quiet_client() -> Client:
    """A client that shows the error page instead of raising."""
    return Client(raise_request_exception=False)


def test_missing_page_says_so_in_words(quiet_client: Client, caplog) -> None:
    response = quiet_client.get("/nothing/here/")

    assert response.status_code == 404
    assert "There is nothing at this address" in response.text
    assert re.search(REQUEST_ID, response.text)


def test_broken_page_says_so_in_words_and_tells_no_detail(quiet_client: Client, caplog) -> None:
    response = quiet_client.get("/breaks/")

    assert response.status_code == 500
    assert "Something broke on our side" in response.text
    assert re.search(REQUEST_ID, response.text)
    assert "secret detail" not in response.text


def test_broken_page_survives_a_broken_template(quiet_client: Client, monkeypatch, caplog) -> None:
    monkeypatch.setattr(errors, "render_to_string", lambda *_args: 1 / 0)

    response = quiet_client.get("/breaks/")

    assert response.status_code == 500
    assert response["Content-Type"] == "text/plain"
    assert response.text.startswith("Something broke on our side.")


def test_error_pages_read_no_database(quiet_client: Client, caplog) -> None:
    """No `django_db` mark: a query would fail this test."""
    assert quiet_client.get("/nothing/").status_code == 404


def test_error_pages_answer_scripts_in_json(quiet_client: Client, caplog) -> None:
    response = quiet_client.get("/nothing/", headers={"Accept": "application/json"})

    assert response.json()["error"] == "There is nothing at this address"


@pytest.mark.django_db
def test_storage_page_is_calm_and_keeps_the_navigation(client: Client) -> None:
    client.force_login(User.objects.create_user("vera", is_staff=True))

    response = client.get("/storage/?page=2")

    assert response.status_code == 503
    assert response["Retry-After"] == "30"
    assert "Nothing is lost" in response.text
    assert 'href="/storage/?page=2"' in response.text
    assert 'id="portal-nav"' in response.text
    assert "503 · SlowDown" in response.text


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("referer", "retry"),
    [
        ("http://testserver/admin/?a=1", "http://testserver/admin/?a=1"),
        ("https://evil.example/", "/admin/"),
        ("javascript:alert(1)", "/admin/"),
        ("", "/admin/"),
    ],
)
def test_storage_page_after_a_post_leads_back_to_our_own_page(
    client: Client, referer: str, retry: str
) -> None:
    client.force_login(User.objects.create_user("vera", is_staff=True))

    response = client.post("/storage/", headers={"Referer": referer})

    assert response.context["retry_url"] == retry


@pytest.mark.django_db
def test_too_many_wrong_passwords_pause_the_log_in(client: Client, settings) -> None:
    settings.AXES_FAILURE_LIMIT = 2
    User.objects.create_user("vera", password="right-password", is_staff=True)

    for _ in range(2):
        response = client.post("/admin/login/", {"username": "vera", "password": "wrong"})

    assert response.status_code == 429
    assert "Too many wrong passwords" in response.text
    again = client.post("/admin/login/", {"username": "vera", "password": "right-password"})
    assert again.status_code == 429
