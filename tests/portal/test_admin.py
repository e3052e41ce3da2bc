"""Accounts: roles as boxes to tick, and a trace of who gave whom which right."""

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from portal.audit import AuditEvent
from portal.models import User

pytestmark = pytest.mark.django_db

PASSWORD = "a long enough password"


@pytest.fixture
def boss(client: Client) -> User:
    user = User.objects.create_superuser("boss")
    client.force_login(user)
    return user


def save(client: Client, user: User, **changes: object) -> None:
    form = client.get(reverse("admin:portal_user_change", args=[user.pk])).context["adminform"].form
    values = {name: value for name, value in form.initial.items() if value and not isinstance(value, list)}
    values |= {f"{name}_{part}": "" for name in ("last_login", "date_joined") for part in (0, 1)}
    response = client.post(reverse("admin:portal_user_change", args=[user.pk]), values | changes)
    assert response.status_code == 302, response.context["errors"]


def test_roles_are_boxes_to_tick(client: Client, boss: User) -> None:
    text = client.get(reverse("admin:portal_user_change", args=[boss.pk])).text

    assert text.count('<input type="checkbox" name="groups"') == Group.objects.count()


def test_giving_a_role_leaves_a_trace(client: Client, boss: User) -> None:
    user = User.objects.create_user("vera", is_staff=True)
    role = Group.objects.get(name="Curator")

    save(client, user, groups=[role.pk])

    event = AuditEvent.objects.get(action="account.changed")
    assert event.actor == boss
    assert event.target_id == str(user.pk)
    assert (event.after or {})["roles"] == ["Curator"]


def test_making_an_account_leaves_a_trace(client: Client, boss: User) -> None:
    client.post(
        reverse("admin:portal_user_add"),
        {"username": "vera", "password1": PASSWORD, "password2": PASSWORD, "usable_password": "true"},
    )

    event = AuditEvent.objects.get(action="account.added")
    assert (event.after or {})["username"] == "vera"


def test_trace_of_a_deleted_account_stays_and_names_the_actor(client: Client, boss: User) -> None:
    user = User.objects.create_user("vera", is_staff=True)

    client.post(reverse("admin:portal_user_delete", args=[user.pk]), {"post": "yes"})

    event = AuditEvent.objects.get(action="account.deleted")
    assert (event.before or {})["username"] == "vera"
    assert not User.objects.filter(username="vera").exists()


def test_new_password_leaves_a_trace_without_it(client: Client, boss: User) -> None:
    user = User.objects.create_user("vera", is_staff=True)

    client.post(
        reverse("admin:auth_user_password_change", args=[user.pk]),
        {"password1": PASSWORD, "password2": PASSWORD, "usable_password": "true"},
    )

    event = AuditEvent.objects.get(action="account.changed")
    assert PASSWORD not in f"{event.message}{event.after}"


def test_list_takes_a_constant_number_of_queries(
    client: Client, boss: User, django_assert_max_num_queries
) -> None:
    for number in range(30):
        user = User.objects.create_user(f"user{number}", is_staff=True)
        user.groups.add(Group.objects.get(name="Viewer"))

    with django_assert_max_num_queries(12):
        client.get(reverse("admin:portal_user_changelist"))
