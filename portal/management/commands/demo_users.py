"""`manage.py demo_users`: the demo's accounts, one for each role and a superuser."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from portal import roles
from portal.local import state
from portal.local.layout import DataDir
from portal.models import User

# Reserved by RFC 2606, so nobody's: it marks the accounts that are the demo's to change.
EMAIL_DOMAIN = "demo.invalid"


@dataclass(frozen=True)
class Login:
    """An account of the demo; `role` is the name of its group, empty for the superuser."""

    name: str
    role: str

    @property
    def email(self) -> str:
        return f"{self.name}@{EMAIL_DOMAIN}"


LOGINS = (
    Login("viewer", roles.VIEWER),
    Login("photographer", roles.PHOTOGRAPHER),
    Login("curator", roles.CURATOR),
    Login("operator", roles.STORAGE_OPERATOR),
    Login("admin", roles.STORAGE_ADMIN),
    Login("auditor", roles.AUDITOR),
    Login("root", ""),
)


class Command(BaseCommand):
    help = (
        "Make the demo's accounts, with the passwords in the data directory's state.json "
        "(`manage.py demo` writes it). Idempotent; accounts of real people are never touched."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        found = state.load(DataDir(settings.PORTAL_DATA_DIR).state)
        missing = [login.name for login in LOGINS if login.name not in found.passwords]
        if missing:
            raise CommandError(
                f"No password for {', '.join(missing)}; run `manage.py demo`, which makes them."
            )
        with transaction.atomic():
            for login in LOGINS:
                self.stdout.write(f"{login.name}: {_ensure(login, found.passwords[login.name])}")


def _ensure(login: Login, password: str) -> str:
    """Make the account, or give it back its password; return what was done."""
    user = User.objects.filter(username=login.name).first()
    if user is not None and user.email != login.email:
        raise CommandError(
            f"{login.name} is somebody's account in this database ({user.email or 'no e-mail'}); "
            "the demo wants a database of its own."
        )
    done = "found"
    if user is None:
        user = User(username=login.name, email=login.email, is_staff=True, is_superuser=not login.role)
        done = "made"
    if not user.check_password(password):
        user.set_password(password)
        user.save()
        done = done if done == "made" else "password set anew"
    if login.role:
        group, _created = Group.objects.get_or_create(name=login.role)
        user.groups.add(group)
    return done
