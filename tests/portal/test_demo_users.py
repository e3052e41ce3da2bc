import io

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command

from portal import roles
from portal.local import state
from portal.local.state import State
from portal.management.commands.demo_users import LOGINS
from portal.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def kept(tmp_path, settings):
    """The state that a demo has written to its data directory."""
    settings.PORTAL_DATA_DIR = tmp_path
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    found = State()
    found.add_passwords(login.name for login in LOGINS)
    state.save(found, tmp_path / "state.json")
    return found


def demo_users():
    said = io.StringIO()
    call_command("demo_users", stdout=said)
    return said.getvalue()


def test_demo_users_cover_every_role_and_a_superuser():
    assert {login.role for login in LOGINS} == {*roles.ROLES, ""}


def test_demo_users_can_sign_in_and_have_their_role_alone(kept):
    demo_users()

    for login in LOGINS:
        user = User.objects.get(username=login.name)
        assert user.check_password(kept.passwords[login.name])
        assert user.is_staff
        assert user.is_superuser == (login.name == "root")
        assert [group.name for group in user.groups.all()] == ([login.role] if login.role else [])


def test_demo_users_twice_changes_nothing(kept):
    demo_users()
    before = list(User.objects.order_by("pk").values_list("username", "password"))

    said = demo_users()

    assert list(User.objects.order_by("pk").values_list("username", "password")) == before
    assert "viewer: found" in said


def test_demo_users_get_back_the_password_that_is_printed(kept):
    demo_users()
    viewer = User.objects.get(username="viewer")
    viewer.set_password("something else")
    viewer.save()

    said = demo_users()

    viewer.refresh_from_db()
    assert viewer.check_password(kept.passwords["viewer"])
    assert "viewer: password set anew" in said


def test_demo_users_never_touch_a_real_account(kept):
    User.objects.create_user("root", "root@example.org", "a real password")

    with pytest.raises(CommandError, match=r"root is somebody's account .*root@example\.org"):
        demo_users()

    assert User.objects.get(username="root").check_password("a real password")
    assert User.objects.count() == 1
    assert not Group.objects.filter(user__isnull=False).exists()


def test_demo_users_without_passwords_say_where_they_come_from(tmp_path, settings):
    settings.PORTAL_DATA_DIR = tmp_path

    with pytest.raises(CommandError, match=r"run `manage\.py demo`"):
        demo_users()
