from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _

from pets import search_index
from portal import search, today


class PetsConfig(AppConfig):
    name = "pets"
    verbose_name = _("Pets")

    def ready(self) -> None:
        # Here, not above: it reads models, which are there only now.
        from pets import providers  # noqa: PLC0415 - Django's own habit for ready()

        search.register("pets", _("Pets"), providers.find_pets)
        search.register("owners", _("Owners"), providers.find_owners)
        today.register(providers.cards)
        post_migrate.connect(search_index.keep, sender=self, dispatch_uid="pets.search_index.keep")
