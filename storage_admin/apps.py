from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate
from django.utils.translation import gettext_lazy as _


class StorageAdminConfig(AppConfig):
    name = "storage_admin"
    verbose_name = _("Storage")

    def ready(self) -> None:
        """Show ways from audit events to objects, on Today which buckets need a person, and a page."""
        # Here and not above: these modules need the models, which need this class to be loaded.
        from portal import audit_links as ways  # noqa: PLC0415
        from portal import navigation  # noqa: PLC0415
        from portal import today as portal_today  # noqa: PLC0415
        from storage_admin import audit_links, services_today, today  # noqa: PLC0415
        from storage_admin.mirror import triggers  # noqa: PLC0415

        pre_migrate.connect(triggers.set_aside, sender=self, dispatch_uid="storage_admin.mirror.set_aside")
        post_migrate.connect(triggers.put_back, sender=self, dispatch_uid="storage_admin.mirror.put_back")
        portal_today.register(today.cards)
        portal_today.register(services_today.cards)
        ways.register(audit_links.of_object)
        connections = "admin:storage_admin_bucket_connections"
        navigation.register(
            navigation.Link("storage", _("Connections"), connections, "storage_admin.view_bucket")
        )
