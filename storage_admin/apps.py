from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class StorageAdminConfig(AppConfig):
    name = "storage_admin"
    verbose_name = _("Storage")
