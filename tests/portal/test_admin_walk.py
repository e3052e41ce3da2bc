"""Every page of every registered model, for several roles: it opens, or refuses in words, and never breaks.

Models that are registered later are walked without a change here; what they need is a
factory in `tests.factories`.
"""

from collections.abc import Callable
from inspect import isclass
from typing import Any

import factory
import pytest
from axes.models import AccessAttempt
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.contrib.auth.models import AnonymousUser, Group
from django.db.models import Model
from django.test import Client, RequestFactory
from django.urls import reverse

from portal.audit import AuditEvent, record
from portal.models import User
from tests import factories

pytestmark = pytest.mark.django_db

ROLES = ("Viewer", "Curator", "Storage admin", "Auditor", "superuser")
PAGES = ("list", "add", "change", "history", "delete")
# Django's right for what each page does; any of them opens the page.
RIGHTS = {
    "list": ("view", "change"),
    "add": ("add",),
    "change": ("view", "change"),
    "history": ("view", "change"),
    "delete": ("delete",),
}

Maker = Callable[[], Model]


def makers() -> dict[type[Model], Maker]:
    """Return what makes one row of each model: the factories, and models that are no app's of ours."""
    kind: Any = factory.django.DjangoModelFactory  # factory_boy has no types
    made: list[Any] = [thing for thing in vars(factories).values() if isclass(thing)]
    found: dict[type[Model], Maker] = {maker._meta.model: maker for maker in made if issubclass(maker, kind)}
    return found | {
        Group: lambda: Group.objects.create(name="a group"),
        AuditEvent: lambda: record("walk.started"),
        AccessAttempt: lambda: AccessAttempt.objects.create(username="x", failures_since_start=1),
    }


MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)


def someone(role: str) -> User:
    if role == "superuser":
        return User.objects.create_superuser("walker")
    user = User.objects.create_user("walker", is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    return user


def address(model: type[Model], page: str, row: Model) -> str:
    name = (
        f"admin:{model._meta.app_label}_{model._meta.model_name}_{'changelist' if page == 'list' else page}"
    )
    return reverse(name, args=[] if page in {"list", "add"} else [quote(row.pk)])


def may_open(model: type[Model], page: str, row: Model, user: User) -> bool:
    """Ask the model's admin, which may be stricter than the rights that a role holds."""
    request = RequestFactory().get("/")
    request.user = user
    model_admin = admin.site._registry[model]
    if page == "add":
        return model_admin.has_add_permission(request)
    if page == "delete":
        return model_admin.has_delete_permission(request, row)
    return model_admin.has_view_or_change_permission(request, None if page == "list" else row)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_every_registered_model_has_a_factory(model: type[Model]) -> None:
    assert model in makers(), "write a factory in tests/factories.py, so that its pages can be walked"


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_pages_open_or_refuse_as_the_role_says(client: Client, model: type[Model], role: str) -> None:
    row = makers()[model]()
    user = someone(role)
    client.force_login(user)

    for page in PAGES:
        # A page may hand over to another one (adding photos is uploading them), which then answers.
        response = client.get(address(model, page, row), follow=True)

        expected = 200 if may_open(model, page, row, user) else 403
        # What goes to a trash asks nothing first: its address only takes a POST.
        found = 200 if page == "delete" and response.headers.get("Allow") == "POST" else response.status_code
        assert found == expected, f"{page}: {response.status_code}"
        if expected == 200:
            label, name = model._meta.app_label, model._meta.model_name
            assert any(user.has_perm(f"{label}.{right}_{name}") for right in RIGHTS[page]), page
        else:
            assert "Your account may not do this" in response.text


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_pages_send_anonymous_users_to_the_log_in(client: Client, model: type[Model]) -> None:
    row = makers()[model]()

    for page in PAGES:
        url = address(model, page, row)
        response = client.get(url)

        assert response.status_code == 302
        assert response["Location"] == f"/admin/login/?next={url}"


def test_accounts_that_are_no_staff_stay_outside(client: Client) -> None:
    client.force_login(User.objects.create_user("visitor"))

    assert client.get("/admin/").status_code == 302


def test_anonymous_users_have_no_rights() -> None:
    """What the walk above leans on."""
    assert not AnonymousUser().has_perm("pets.view_pet")
