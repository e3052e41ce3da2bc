from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.core.checks import Tags, register
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _

from portal import checks, roles


class PortalConfig(AppConfig):
    name = "portal"
    verbose_name = _("Portal")

    def ready(self) -> None:
        post_migrate.connect(roles.fill_roles, dispatch_uid="portal.roles.fill_roles")
        register(checks.check_photo_limits, Tags.compatibility)
        register(checks.check_storage_addresses, Tags.compatibility)
        register(checks.check_arrivals, Tags.compatibility)
        register(checks.check_region, Tags.compatibility, deploy=True)
        register(checks.check_database_fits, Tags.compatibility, deploy=True)


class PortalAdminConfig(AdminConfig):
    """Makes `django.contrib.admin.site` the portal's own site."""

    default_site = "portal.site.PortalAdminSite"
