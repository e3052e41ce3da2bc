from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _

from pets import search_index


class PetsConfig(AppConfig):
    name = "pets"
    verbose_name = _("Pets")

    def ready(self) -> None:
        post_migrate.connect(search_index.keep, sender=self, dispatch_uid="pets.search_index.keep")
