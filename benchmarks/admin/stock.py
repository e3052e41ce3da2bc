"""The same lists and forms as stock Django admin makes them from the usual options: the peer."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from pets.models import Owner, Pet, StatusChange, WeightRecord
from photos.models import Photo, Rendition


class StockSite(admin.AdminSite):
    """A plain site; the skin, which both wear, only wants two addresses that stock has not."""

    def get_urls(self) -> list[URLPattern | URLResolver]:
        elsewhere = RedirectView.as_view(url="/")
        missing = [path(f"{name}/", elsewhere, name=name) for name in ("search", "preferences")]
        return [*missing, *super().get_urls()]


site = StockSite(name="stock")


class StatusChangeInline(admin.TabularInline):
    model = StatusChange
    extra = 0


class WeightInline(admin.TabularInline):
    model = WeightRecord
    extra = 0


class StockAdmin(admin.ModelAdmin):
    """Without the templates that only our own pages fill."""

    change_form_template = "admin/change_form.html"
    change_list_template = "admin/change_list.html"


@admin.register(Pet, site=site)
class StockPetAdmin(StockAdmin):
    list_display = ("reference", "name", "species", "status", "owner", "microchip", "updated_at")
    list_filter = ("status", "species", "sex")
    list_select_related = ("owner",)
    list_per_page = 50
    search_fields = ("name", "reference", "microchip", "tag", "tracker_id", "owner__name", "owner__phone")
    date_hierarchy = "created_at"
    inlines = (StatusChangeInline, WeightInline)


@admin.register(Owner, site=site)
class StockOwnerAdmin(StockAdmin):
    list_display = ("name", "phone", "email", "contact_consent", "updated_at")
    list_filter = ("contact_consent",)
    search_fields = ("name", "phone", "email")


@admin.register(Photo, site=site)
class StockPhotoAdmin(StockAdmin):
    list_display = ("tile", "file_name", "pet", "status", "created_at")
    list_filter = ("status", "is_published", "content_type")
    list_select_related = ("pet",)
    list_per_page = 48
    search_fields = ("file_name", "caption", "key", "pet__name", "pet__microchip")
    date_hierarchy = "created_at"

    @admin.display
    def tile(self, photo: Photo) -> str:
        """The tile's key: a query a row, as a method of a list costs."""
        made: Rendition | None = photo.renditions.filter(name="tile").first()
        return made.key if made else "-"


urlpatterns = [path("stock/", site.urls), path("", include("portal.urls"))]
