from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _

from photos import unpictured


class PhotosConfig(AppConfig):
    name = "photos"
    verbose_name = _("Photos")

    def ready(self) -> None:
        """Tell the portal what photos contribute to the Today page, the search and the navigation."""
        # Here and not above: these modules need the models, which need this class to be loaded.
        from photos import search, today  # noqa: PLC0415
        from portal import navigation  # noqa: PLC0415
        from portal import search as portal_search  # noqa: PLC0415
        from portal import today as portal_today  # noqa: PLC0415

        post_migrate.connect(unpictured.keep, sender=self, dispatch_uid="photos.unpictured.keep")
        portal_today.register(today.cards)
        portal_search.register("photos", _("Photos"), search.hits)
        navigation.register(
            navigation.Link("photos", _("Upload photos"), "admin:photos_photo_upload", "photos.add_photo")
        )
