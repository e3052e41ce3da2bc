"""The portal's roles: six groups whose rights are this table, filled after every `migrate`.

Roles only ever gain rights here. A right that someone gave a role by hand stays; one that
was taken from it by hand comes back with the next `migrate`, so a house with other habits
makes groups of its own. A right that is dropped from this table is taken away by a data
migration, never by this handler. No role may change accounts: whoever can do that can give
himself every right, so it stays with superusers.
"""

from typing import Any

from django.apps import AppConfig
from django.apps import apps as installed_apps
from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.db import DEFAULT_DB_ALIAS

VIEWER = "Viewer"
PHOTOGRAPHER = "Photographer"
CURATOR = "Curator"
STORAGE_OPERATOR = "Storage operator"
STORAGE_ADMIN = "Storage admin"
AUDITOR = "Auditor"

_SEE_PETS = {
    "pets.view_pet",
    "pets.view_owner",
    "pets.view_weightrecord",
    "pets.view_statuschange",
    "photos.view_photo",
}
_KEEP_PETS = {
    "pets.add_pet",
    "pets.change_pet",
    "pets.delete_pet",
    "pets.add_owner",
    "pets.change_owner",
    "pets.delete_owner",
    "pets.view_owner_contact",
    "pets.add_weightrecord",
    "pets.add_statuschange",
}
_TAKE_PHOTOS = {"photos.add_photo", "photos.change_photo"}
_KEEP_PHOTOS = {
    "photos.delete_photo",
    "photos.publish_photo",
    "photos.download_original",
    "photos.view_photo_location",
}
_SEE_STORAGE = {
    "photos.view_rendition",
    "storage_admin.view_bucket",
    "storage_admin.view_bucketchange",
    "storage_admin.view_usagesnapshot",
    "storage_admin.view_job",
    "storage_admin.view_sharelink",
    "storage_admin.view_mirroritem",
    "storage_admin.view_analyticsexport",
    "storage_admin.view_gluerun",
    "storage_admin.view_arrival",
}
# What can be undone; the bytes stay as they are.
_TEND_OBJECTS = {
    "storage_admin.hide_object",
    "storage_admin.recover_object",
    "storage_admin.edit_object",
    "storage_admin.change_object_class",
    "storage_admin.count_usage",
    "storage_admin.reconcile_bucket",
    "storage_admin.check_mirror",
    "storage_admin.redrive_event",
}
# What takes bytes out of the house.
_SHARE = {"storage_admin.share_object", "storage_admin.view_sharelink"}
_TAKE_OBJECTS = {
    "storage_admin.download_object",
    "storage_admin.export_analytics",
    "storage_admin.run_glue",
    *_SHARE,
}
# What adds to the store, opens it, or takes away for good. Bypassing governance is nobody's by role:
# whoever needs it is given it by name.
_RULE_STORAGE = {
    "storage_admin.upload_object",
    "storage_admin.encrypt_object",
    "storage_admin.change_object_acl",
    "storage_admin.make_public",
    "storage_admin.lock_object",
    "storage_admin.destroy_version",
    "storage_admin.empty_bucket",
    "storage_admin.configure_bucket",
    "storage_admin.add_bucket",
    "storage_admin.change_bucket",
    "storage_admin.delete_bucket",
}
_SEE_TRACES = {"portal.view_auditevent", "portal.view_user", "auth.view_group"}

# "app.codename"; docs/security.md says in words what each role can do.
ROLES: dict[str, frozenset[str]] = {
    VIEWER: frozenset(_SEE_PETS),
    PHOTOGRAPHER: frozenset(_SEE_PETS | _TAKE_PHOTOS),
    CURATOR: frozenset(_SEE_PETS | _KEEP_PETS | _TAKE_PHOTOS | _KEEP_PHOTOS | _SHARE),
    STORAGE_OPERATOR: frozenset(_SEE_PETS | _SEE_STORAGE | _TEND_OBJECTS | {"photos.change_photo"}),
    STORAGE_ADMIN: frozenset(
        _SEE_PETS
        | _TAKE_PHOTOS
        | _KEEP_PHOTOS
        | _SEE_STORAGE
        | _TEND_OBJECTS
        | _TAKE_OBJECTS
        | _RULE_STORAGE
        | _SEE_TRACES
    ),
    AUDITOR: frozenset(_SEE_PETS | _SEE_STORAGE | _SEE_TRACES),
}


def fill_roles(
    app_config: AppConfig,
    using: str = DEFAULT_DB_ALIAS,
    apps: Apps = installed_apps,
    **_signal: Any,
) -> None:
    """Give every role the rights it has in one app (a `post_migrate` handler; safe to repeat).

    Rights whose model has not been migrated yet are passed over: the app's own next
    `post_migrate` adds them.
    """
    prefix = f"{app_config.label}."
    wanted = {
        role: {right.removeprefix(prefix) for right in rights if right.startswith(prefix)}
        for role, rights in ROLES.items()
    }
    if not any(wanted.values()):
        return
    try:
        groups = apps.get_model("auth", "Group").objects.using(using)
        permissions = apps.get_model("auth", "Permission").objects.using(using)
    except LookupError:
        return  # an early partial `migrate`: the tables of django.contrib.auth are not there yet
    # Django's own handler may run after this one; whichever is second finds nothing to do.
    create_permissions(app_config, verbosity=0, using=using, apps=apps)
    for role, codenames in wanted.items():
        group, _created = groups.get_or_create(name=role)
        present = permissions.filter(content_type__app_label=app_config.label, codename__in=codenames)
        group.permissions.add(*present)
