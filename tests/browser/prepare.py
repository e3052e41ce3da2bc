"""Fills an empty data directory for the browser tests (run inside `manage.py shell`)."""

from django.contrib.auth.models import Group
from django.core.management import call_command

from portal.audit import record
from portal.models import User
from tests.factories import (
    AnalyticsExportFactory,
    BucketFactory,
    GlueRunFactory,
    PetFactory,
    PhotoFactory,
    ShareLinkFactory,
    StatusChangeFactory,
    WeightRecordFactory,
)

PASSWORD = "correct-horse-battery"
BOSS = "boss"  # a superuser
# Log-in names by role.
ACCOUNTS = {
    "vera": "Viewer",
    "phil": "Photographer",
    "cora": "Curator",
    "olaf": "Storage operator",
    "ada": "Storage admin",
    "audrey": "Auditor",
}


def prepare() -> None:
    """Create the tables, the static files' manifest, an account for each role and some pets with photos."""
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    for pet in PetFactory.create_batch(3, chipped=True, owned=True):
        WeightRecordFactory(pet=pet)
        StatusChangeFactory(pet=pet)
        # Without pictures: there is no store beside these pages.
        for state in ("processing", "failed", "rejected"):
            PhotoFactory(pet=pet, **{state: True})
    ShareLinkFactory(bucket=BucketFactory(versioning="Enabled"))
    AnalyticsExportFactory(state="failed", error="The store refused access. (AccessDenied)")
    GlueRunFactory(failed=True, arguments={"--date": "2026-12-01"})
    BucketFactory(last_error="The store refused access. (AccessDenied)")
    boss = User.objects.create_superuser(BOSS, "boss@example.org", PASSWORD, first_name="Bo")
    for name, role in ACCOUNTS.items():
        user = User.objects.create_user(name, password=PASSWORD, is_staff=True, first_name=name.title())
        user.groups.add(Group.objects.get(name=role))
        record("account.created", actor=boss, target=user, message=f"role {role}", after={"role": role})
