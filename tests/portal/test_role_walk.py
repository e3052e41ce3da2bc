"""Every address of the site, looked at and pressed: by nobody, by staff without rights, and by each role.

What is expected follows from the pages themselves: `portal_permission` of ours, the `ModelAdmin` of
Django's own, and three short tables for what is neither. A page that is added later is walked without
a change here; one that takes a parameter of a new name asks for a line in `VALUES`.

The store is away all the while: what it would say is the matter of each page's own tests.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote as url_quote

import pytest
from django.conf import settings as django_settings
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Model
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver, resolve

from pets.models import Pet
from photos.models import Photo
from portal.audit import AuditEvent
from portal.models import User
from portal.roles import ROLES
from portal.s3.types import VersioningState
from storage_admin.models import Bucket, BucketChange, GlueRun, Job, ShareLink
from tests.factories import UserFactory
from tests.portal.test_admin_walk import MODELS, makers

pytestmark = pytest.mark.django_db

NO_RIGHTS = "staff without rights"
LOOK, PRESS = "GET", "POST"
# Where the store is asked, its absence is told with one of these.
STORE_IS_AWAY = {502, 503}
# Addresses of buckets' pages name a key, a version and the newest one.
QUERY = "key=a&version=v&newest=w"

Rows = dict[type[Model], Model]

# What may stand for each parameter of an address, by its name. `object_id` is the row of the page's model.
VALUES: dict[str, Callable[[Rows], Any]] = {
    "bucket_id": lambda rows: rows[Bucket].pk,
    "change_id": lambda rows: BucketChange.objects.get(bucket_id=rows[Bucket].pk).pk,
    "job_id": lambda rows: rows[Job].pk,
    "kind": lambda _rows: "destroy",
    "run_id": lambda rows: rows[GlueRun].pk,
    "link_id": lambda rows: rows[ShareLink].pk,
    "pet_id": lambda rows: rows[Pet].pk,
    "photo_id": lambda rows: rows[Photo].pk,
    "id": lambda rows: rows[User].pk,  # of the page that sets a password
    "name": lambda _rows: "tile",
    "schedule": lambda _rows: "trash",
    "slug": lambda _rows: "versioning",
    "token": lambda _rows: "a-guess",
    "app_label": lambda _rows: "pets",
    "content_type_id": lambda _rows: ContentType.objects.get_for_model(Pet).pk,
    "url": lambda _rows: "there/is/no/such/page/",
}
# Open to the world.
OPEN = {"", "health/live", "health/ready", "s/<str:token>", "admin/login/", "admin/logout/"}
# Django's own pages that are no model's: for all staff.
FOR_ALL_STAFF = {
    "admin/",
    "admin/password_change/",
    "admin/password_change/done/",
    "admin/jsi18n/",
    "admin/r/<path:content_type_id>/<path:object_id>/",
    "admin/(?P<app_label>)/",
    "admin/(?P<url>)",
}
CHOICES = "admin/autocomplete/"
CHOICES_QUERY = "app_label=pets&model_name=pet&field_name=owner"
# Django's own pages that name no model: the right that each asks for.
OTHERS = {CHOICES: "pets.view_owner", "admin/portal/user/<id>/password/": "portal.change_user"}


@dataclass(frozen=True)
class Door:
    """One URL pattern: its route, and what answers there."""

    route: str
    name: str
    callback: Any

    @property
    def parameters(self) -> list[str]:
        return re.findall(r"<(?:\w+:)?(\w+)>", self.route)

    def address(self, rows: Rows) -> str:
        """Return an address that this pattern takes."""

        def value(found: re.Match[str]) -> str:
            name = found[1] or found[2]
            if name == "object_id":
                model_admin = getattr(self.callback, "model_admin", None)
                return quote(str(rows[model_admin.model if model_admin else Pet].pk))
            return url_quote(str(VALUES[name](rows)))

        path = re.sub(r"\(\?P<(\w+)>\)|<(?:\w+:)?(\w+)>", value, self.route)
        return f"/{path}?{CHOICES_QUERY if self.route == CHOICES else QUERY}"


def doors() -> list[Door]:
    """Return every pattern of the site."""
    return list(_doors(get_resolver().url_patterns, ""))


def _doors(patterns: list[Any], above: str) -> Iterator[Door]:
    for pattern in patterns:
        # Regular expressions are Django's own two: without anchors, and without what a parameter may be.
        text = (
            re.sub(r"(\(\?P<\w+>)[^)]*\)", r"\1)", str(pattern.pattern)).removeprefix("^").removesuffix("$")
        )
        if isinstance(pattern, URLResolver):
            yield from _doors(pattern.url_patterns, above + text)
        else:
            assert isinstance(pattern, URLPattern)
            yield Door(above + text, pattern.name or "", pattern.callback)


def someone(role: str) -> User:
    user: User = UserFactory(username="walker")
    if role != NO_RIGHTS:
        user.groups.add(Group.objects.get(name=role))
    return user


def may(user: User, door: Door, method: str, rows: Rows) -> bool:
    """Return whether the page itself should let this user in; a service may want a further right."""
    callback = resolve(door.address(rows).partition("?")[0]).func  # pages of ours stand before Django's
    if hasattr(callback, "portal_permission"):
        return callback.portal_permission is None or user.has_perm(callback.portal_permission)
    if door.route in OTHERS:
        takes_no_press = door.route == CHOICES and method == PRESS  # 405, whoever asks
        return takes_no_press or user.has_perm(OTHERS[door.route])
    return door.route in OPEN | FOR_ALL_STAFF or _admin_lets_in(callback, user, door, method, rows)


def _admin_lets_in(callback: Any, user: User, door: Door, method: str, rows: Rows) -> bool:
    """Ask the model's admin, which may be stricter than the rights that a role holds."""
    model_admin, request = callback.model_admin, RequestFactory().get("/")
    request.user = user
    row = rows[model_admin.model]
    action = door.name.rpartition("_")[2]
    if action == "change" and method == PRESS:
        action = "press"
    asks: dict[str, Callable[[], bool]] = {
        "changelist": lambda: model_admin.has_view_or_change_permission(request),
        "add": lambda: model_admin.has_add_permission(request),
        "change": lambda: model_admin.has_view_or_change_permission(request, row),
        "history": lambda: model_admin.has_view_or_change_permission(request, row),
        "press": lambda: model_admin.has_change_permission(request, row),
        "delete": lambda: model_admin.has_delete_permission(request, row),
        "": lambda: True,  # the old form of an address: leads to the new one, which asks
    }
    return asks[action]()


@pytest.fixture
def rows() -> Rows:
    """One row of each registered model, and one change of a bucket."""
    made = {model: makers()[model]() for model in MODELS}
    states = (VersioningState.NEVER_SET, VersioningState.ENABLED)
    never, on = ({"state": state.value, "mfa_delete": False} for state in states)
    BucketChange.objects.create(
        bucket_id=made[Bucket].pk, setting="versioning", before=never, after=on, made_by_name="somebody"
    )
    return made


@pytest.fixture(autouse=True)
def store_is_away(no_store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No page waits between two tries of a store that is not there."""
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _seconds: None)


def ask(client: Client, door: Door, method: str, rows: Rows) -> tuple[Any, int]:
    """Look or press, then put everything back; return the answer, and how many refused presses were kept."""
    with transaction.atomic():
        response: Any = client.generic(method, door.address(rows))
        kept = AuditEvent.objects.filter(action="page.refused").count()
        transaction.set_rollback(True)
    return response, kept


def leads_to_log_in(response: HttpResponse) -> bool:
    return response.status_code == 302 and response["Location"].startswith("/admin/login/?next=")


def test_every_parameter_of_an_address_has_a_value() -> None:
    unknown = [
        f"{door.route}: say in VALUES what “{name}” may be, so that the page is walked."
        for door in doors()
        for name in door.parameters
        if name != "object_id" and name not in VALUES
    ]

    assert not unknown, "\n".join(unknown)


def test_every_page_says_who_may_open_it() -> None:
    """Ours by the decorator, a model's by its admin, and what is neither by a table above."""
    open_pages = [
        door.route
        for door in doors()
        if not hasattr(door.callback, "portal_permission")
        and not hasattr(door.callback, "model_admin")
        and door.route not in OPEN | FOR_ALL_STAFF | set(OTHERS)
    ]

    assert not open_pages


def test_tables_name_only_pages_that_exist() -> None:
    assert OPEN | FOR_ALL_STAFF | set(OTHERS) <= {door.route for door in doors()}
    assert set(VALUES) <= {name for door in doors() for name in door.parameters}


def test_rights_of_pages_exist() -> None:
    """A misspelt one would keep everybody out but superusers."""
    known = {
        f"{right.content_type.app_label}.{right.codename}"
        for right in Permission.objects.select_related("content_type")
    }
    named = {getattr(door.callback, "portal_permission", None) for door in doors()} - {None}

    assert named <= known


@pytest.mark.parametrize("method", [LOOK, PRESS])
def test_nobody_gets_no_further_than_the_log_in(client: Client, rows: Rows, method: str) -> None:
    client.raise_request_exception = False
    wrong = []

    for door in doors():
        response, _kept = ask(client, door, method, rows)
        if leads_to_log_in(response) is (door.route in OPEN) or response.status_code == 500:
            wrong.append(f"{door.route}: {response.status_code}")

    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("method", [LOOK, PRESS])
@pytest.mark.parametrize("role", [NO_RIGHTS, *ROLES])
def test_every_page_lets_in_whom_its_right_lets_in(
    client: Client, rows: Rows, role: str, method: str
) -> None:
    user = someone(role)
    client.force_login(user)
    client.raise_request_exception = False
    session = client.cookies[django_settings.SESSION_COOKIE_NAME].value
    wrong = []

    for door in doors():
        client.cookies[django_settings.SESSION_COOKIE_NAME] = session  # logging out is walked, too
        response, kept = ask(client, door, method, rows)
        words = _wrong(user, response, allowed=may(user, door, method, rows), kept=kept, method=method)
        if words:
            wrong.append(f"{method} /{door.route}: {words}")

    assert not wrong, f"{role}\n" + "\n".join(wrong)


def _wrong(user: User, response: Any, *, allowed: bool, kept: int, method: str) -> str:
    """Return what is wrong with an answer; empty when it is as it should be."""
    status = response.status_code
    words = ""
    if status >= 500 and status not in STORE_IS_AWAY:
        words = f"broke with {status}"
    elif leads_to_log_in(response):
        words = "sends signed-in staff to the log-in"
    elif not allowed:
        if status != 403 or "Your account may not do this" not in response.text:
            words = f"should refuse, and answers {status}"
        elif method == PRESS and kept != 1:
            words = f"the refused press left {kept} events"
    elif status == 403:
        lacking = re.findall(r"“([a-z_]+\.[a-z_]+)”", response.text)
        # What lies behind the page may need a right of its own, and says which.
        if not lacking or any(user.has_perm(right) for right in lacking):
            words = "refuses somebody who has the right"
    return words


# --- The table in the documentation ----------------------------------------------------


def documented() -> list[str]:
    """Return the table's lines as docs/security.md must have them."""
    held = {right for rights in ROLES.values() for right in rights}
    special = {
        f"{model._meta.app_label}.{codename}"
        for model in MODELS
        for codename, _name in model._meta.permissions
    }
    names = {
        f"{right.content_type.app_label}.{right.codename}": right.name
        for right in Permission.objects.select_related("content_type")
    }
    lines = [
        f"| right | what it allows | {' | '.join(ROLES)} |",
        f"|---|---|{'---|' * len(ROLES)}",
    ]
    for right in sorted(held | special):
        marks = " | ".join("yes" if right in rights else "–" for rights in ROLES.values())
        lines.append(f"| `{right}` | {names[right].removeprefix('Can ')} | {marks} |")
    return lines


def test_documentation_says_which_role_has_which_right() -> None:
    page = (django_settings.BASE_DIR / "docs" / "security.md").read_text(encoding="utf-8")
    _before, _heading, after = page.partition("## Rights, one by one\n")
    found = [line for line in after.partition("\n## ")[0].splitlines() if line.startswith("|")]

    expected = documented()

    assert found == expected, "Put this table into docs/security.md:\n" + "\n".join(expected)


def test_every_registered_model_of_ours_is_in_the_walk() -> None:
    assert {Pet, Photo, Bucket, ShareLink} <= set(admin.site._registry)
