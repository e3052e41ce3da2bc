"""`admin_page`: who gets in, and how a refusal reads."""

from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, path

from portal import urls as portal_urls
from portal.access import admin_page
from portal.models import User

pytestmark = pytest.mark.django_db


class Door(admin.ModelAdmin):
    @admin_page(permission="portal.view_auditevent")
    def room(self, request, name):
        return HttpResponse(f"hello {name}")

    @admin_page(permission="portal.view_auditevent", post_only=True)
    def lever(self, request):
        return HttpResponse("pulled")


door = Door(User, admin.site)
handler403 = portal_urls.handler403
urlpatterns = [
    path("room/<str:name>/", door.room),
    path("lever/", door.lever),
    *portal_urls.urlpatterns,
]


@pytest.fixture(autouse=True)
def door_urls(settings) -> None:
    settings.ROOT_URLCONF = __name__


@pytest.fixture
def stranger() -> User:
    return User.objects.create_user("stranger", is_staff=True)


@pytest.fixture
def keeper() -> User:
    user = User.objects.create_user("keeper", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_auditevent"))
    return user


def test_page_sends_anonymous_users_to_the_log_in(client: Client) -> None:
    response = client.get("/room/x/")

    assert response.status_code == 302
    assert response["Location"] == "/admin/login/?next=/room/x/"


def test_page_refuses_the_wrong_role_in_words(client: Client, stranger: User) -> None:
    client.force_login(stranger)

    response = client.get("/room/x/")

    assert response.status_code == 403
    assert "Your account may not do this" in response.text
    assert "portal.view_auditevent" in response.text


def test_page_answers_scripts_with_the_same_words_as_json(client: Client, stranger: User) -> None:
    client.force_login(stranger)

    response = client.get("/room/x/", headers={"Accept": "application/json"})

    assert response.status_code == 403
    assert response.json()["error"] == "Your account may not do this"
    assert response.json()["request_id"]


def test_page_lets_the_right_role_in_and_passes_arguments(client: Client, keeper: User) -> None:
    client.force_login(keeper)

    response = client.get("/room/ada/")

    assert response.text == "hello ada"
    assert "no-cache" in response["Cache-Control"]


def test_post_only_page_refuses_get_and_says_what_to_do(client: Client, keeper: User) -> None:
    client.force_login(keeper)

    response = client.get("/lever/")

    assert response.status_code == 405
    assert response["Allow"] == "POST"
    assert "only takes a button press" in response.text


def test_post_only_page_takes_post(client: Client, keeper: User) -> None:
    client.force_login(keeper)

    assert client.post("/lever/").text == "pulled"


def test_post_needs_a_csrf_token(keeper: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(keeper)

    response = client.post("/lever/")

    assert response.status_code == 403
    assert "This form is too old" in response.text


def callbacks(patterns: list[URLPattern | URLResolver]) -> Iterator[URLPattern]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from callbacks(pattern.url_patterns)
        else:
            yield pattern


def test_every_custom_admin_view_goes_through_the_decorator(settings) -> None:
    """`admin_view` asks only for `is_staff`: a page of ours without a permission is open to all staff."""
    settings.ROOT_URLCONF = "portal.urls"
    (admin_resolver,) = [
        one for one in get_resolver().url_patterns if getattr(one, "namespace", None) == "admin"
    ]
    assert isinstance(admin_resolver, URLResolver)

    open_views = []
    for pattern in callbacks(admin_resolver.url_patterns):
        view = getattr(pattern.callback, "__wrapped__", pattern.callback)
        # Django's own, also where a class of ours overrides it, guards itself.
        is_djangos = view.__module__.startswith("django.") or hasattr(admin.ModelAdmin, view.__name__)
        is_djangos = is_djangos or hasattr(admin.AdminSite, view.__name__)
        if not is_djangos and not hasattr(pattern.callback, "portal_permission"):
            open_views.append(f"{pattern.pattern} -> {view.__module__}.{view.__qualname__}")

    assert not open_views
