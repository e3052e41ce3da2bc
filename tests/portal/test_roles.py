"""Roles: exactly the table, safe to repeat, and nothing that an administrator added is lost."""

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command

from portal.roles import ROLES, fill_roles

pytestmark = pytest.mark.django_db


def held_by(role: str) -> set[str]:
    rights = Permission.objects.filter(group__name=role).select_related("content_type")
    return {f"{right.content_type.app_label}.{right.codename}" for right in rights}


def known_rights() -> set[str]:
    rights = Permission.objects.select_related("content_type")
    return {f"{right.content_type.app_label}.{right.codename}" for right in rights}


@pytest.mark.parametrize("role", ROLES)
def test_role_holds_exactly_its_row_of_the_table(role: str) -> None:
    assert held_by(role) == ROLES[role] & known_rights()


def test_table_names_only_rights_that_exist() -> None:
    """A misspelt codename would be passed over in silence."""
    apps_with_models = {right.partition(".")[0] for right in known_rights()}
    wanted = {right for rights in ROLES.values() for right in rights}

    missing = {right for right in wanted - known_rights() if right.partition(".")[0] in apps_with_models}

    assert not missing


def test_filling_twice_changes_nothing() -> None:
    before = {role: held_by(role) for role in ROLES}

    call_command("migrate", verbosity=0)

    assert {role: held_by(role) for role in ROLES} == before
    assert Group.objects.count() == len(ROLES)


def test_filling_brings_back_what_is_missing_and_keeps_what_was_added() -> None:
    group = Group.objects.get(name="Viewer")
    added = Permission.objects.get(codename="add_pet")
    group.permissions.set([added])

    for config in apps.get_app_configs():
        fill_roles(config)

    assert held_by("Viewer") == (ROLES["Viewer"] & known_rights()) | {"pets.add_pet"}


def test_no_role_may_change_accounts() -> None:
    """Who can change accounts can make himself a superuser."""
    wanted = {right for rights in ROLES.values() for right in rights}

    assert not {right for right in wanted if right.endswith(("_user", "_group")) and ".view_" not in right}


def test_partial_migrate_without_auth_tables_is_passed_over() -> None:
    """`migrate contenttypes` on an empty database sends the signal before groups exist."""

    class NoModels:
        def get_model(self, *_names: str) -> None:
            raise LookupError

    fill_roles(apps.get_app_config("pets"), apps=NoModels())  # type: ignore[arg-type]  # stands for an early state


def test_documentation_has_a_column_for_each_role() -> None:
    page = (settings.BASE_DIR / "docs" / "security.md").read_text(encoding="utf-8")
    header = next(line for line in page.splitlines() if line.startswith("| |"))

    assert [cell.strip() for cell in header.strip("|").split("|")[1:]] == list(ROLES)
