"""Pets and owners in the admin: lists that stay fast at 200,000 pets, changes through the services."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from pets import microchip, owner_services, pet_pages, search, services
from pets.errors import PetsError
from pets.fields import say
from pets.filters import TrashFilter
from pets.forms import PetForm
from pets.inlines import StatusInline, WeightInline
from pets.models import Owner, Pet
from pets.owner_services import CONTACT_PERMISSION
from pets.querysets import PetQuerySet
from photos import display
from photos import panel as photo_panel
from photos.filters import PhotoFilter
from portal.access import staff
from portal.display import ago
from portal.model_admin import LateList, PortalModelAdmin

AUTOCOMPLETE = "autocomplete"


class ServiceAdmin(PortalModelAdmin):
    """Shows what a service refused as a sentence on the same page, instead of an error page."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Show and store the form; the transaction around it is rolled back when a service refuses."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except PetsError as error:
            messages.error(request, str(error))
            return redirect(request.get_full_path())


class PetList(LateList):
    """The list with each pet's main photo and its tile: two queries more, however many pets."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Pet]:
        """Return what the filters and the search leave, and have the photos fetched with a page of it."""
        return display.with_main_photos(super().get_queryset(request, exclude_parameters))


@admin.register(Pet)
class PetAdmin(pet_pages.PetPages, ServiceAdmin):
    """Pets, with the trash as a filter of the same list."""

    form = PetForm
    inlines = (StatusInline, WeightInline)
    change_form_template = "photos/pet_change_form.html"
    list_display = (
        "main_photo",
        "reference",
        "name",
        "species",
        "status",
        "owner",
        "microchip",
        "updated",
    )
    list_display_links = ("reference", "name")
    list_filter = ("status", "species", "sex", PhotoFilter, TrashFilter)
    list_select_related = ("owner",)
    list_per_page = 50  # a hundred rows take the template 100 ms and more
    # Each of these orders has an index; a click on any other would sort every pet there is.
    sortable_by = ("reference", "name", "updated")
    autocomplete_fields = ("owner",)
    # Names a field only to have a search box: `get_search_results` does it all.
    search_fields = ("name",)
    search_help_text = _(
        "A microchip, a reference, a tag's or tracker's number, a name; the owner's name, phone or e-mail."
    )
    readonly_fields = ("chip_origin", "created_at", "updated_at")
    actions = ("trash_selected", "restore_selected")
    empty_words = _("No pet has been entered yet.")

    class Media:
        css = {"all": ["photos/photos.css"]}
        js = ["photos/pictures.js"]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[LateList]:
        """Let the list, and only the list, bring each pet's main photo."""
        return PetList

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        """Show the pet with its photos."""
        pet = kwargs.get("obj")
        panel = photo_panel.context(request, pet) if pet is not None else {}
        return super().render_change_form(request, {**context, "photo_panel": panel}, *args, **kwargs)

    @admin.display(description=_("photo"))
    def main_photo(self, pet: Pet) -> SafeString:
        """The tile of the pet's main photo, or a paw."""
        return display.main_tile(pet)

    def get_fieldsets(self, request: HttpRequest, obj: Pet | None = None) -> Any:
        """Leave out place and note of a status change where nothing can be changed."""
        status: tuple[str, ...] = ("status", "deceased_date")
        may_write = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        if may_write:
            status = (*status, "status_place", "status_note")
        return (
            (None, {"fields": ("name", "reference", "species", "owner", "warning")}),
            (_("Status"), {"fields": status}),
            (
                _("Looks"),
                {
                    "fields": (
                        "breed",
                        "second_breed",
                        "sex",
                        "neutered",
                        ("birth_date", "birth_date_estimated"),
                        "colour",
                        "markings",
                    )
                },
            ),
            (
                _("Identification"),
                {"fields": ("microchip", "chip_origin", "tag", ("tracker_vendor", "tracker_id"))},
            ),
            (_("More"), {"fields": ("notes", "created_at", "updated_at")}),
        )

    def has_change_permission(self, request: HttpRequest, obj: Pet | None = None) -> bool:
        """Whether the user may change pets; nothing is changed in the trash."""
        return super().has_change_permission(request, obj) and (obj is None or obj.is_live)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Pet], search_term: str
    ) -> tuple[QuerySet[Pet], bool]:
        """Ask `pets.search`; the choices of a foreign key are live pets only."""
        pets: PetQuerySet = queryset  # type: ignore[assignment]  # Pet.objects' own class
        if request.resolver_match and request.resolver_match.url_name == AUTOCOMPLETE:
            pets = pets.live()
        if not search_term.strip():
            return pets, False
        see_contact = request.user.has_perm(CONTACT_PERMISSION)
        return search.find(search_term, pets=pets, see_contact=see_contact).pets, False

    def save_model(self, request: HttpRequest, obj: Pet, form: ModelForm, change: bool) -> None:
        """Store through the service, with the history of the status."""
        services.save_pet(
            actor=staff(request),
            pet=obj,
            fields=form.changed_data if change else None,
            place=form.cleaned_data.get("status_place", ""),
            note=form.cleaned_data.get("status_note", ""),
        )

    def delete_model(self, request: HttpRequest, obj: Pet) -> None:
        """Move to the trash: the admin deletes no pet."""
        services.trash_pet(actor=staff(request), pet=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Pet]) -> None:
        """Move to the trash: the admin deletes no pet."""
        services.trash_pets(actor=staff(request), pets=Pet.objects.filter(pk__in=queryset.values("pk")))

    @admin.display(description=_("updated"), ordering="updated_at")
    def updated(self, pet: Pet) -> str | SafeString:
        """When the pet was changed last, relative."""
        return ago(pet.updated_at)

    @admin.display(description=_("about the chip"))
    def chip_origin(self, pet: Pet) -> str:
        """What the microchip's number says about its origin."""
        return say(microchip.explain(pet.microchip))


@admin.register(Owner)
class OwnerAdmin(ServiceAdmin):
    """Owners; contact data is there only for those who have `pets.view_owner_contact`."""

    list_filter = ("contact_consent",)
    sortable_by = ("name", "updated")
    search_fields = ("name",)
    search_help_text = _("A name; or phone or e-mail, for those who may see them.")
    readonly_fields = ("created_at", "updated_at", "pets_link")
    actions = None
    empty_words = _("No owner has been entered yet.")

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        """Show phone and e-mail to those who may see them."""
        contact = ("phone", "email") if request.user.has_perm(CONTACT_PERMISSION) else ()
        return ("name", *contact, "contact_consent", "pets_link", "updated")

    def get_fieldsets(self, request: HttpRequest, obj: Owner | None = None) -> Any:
        """Leave contact data out of the form, not only out of sight."""
        contact = Owner.CONTACT_FIELDS if request.user.has_perm(CONTACT_PERMISSION) else ()
        more = ("note", "pets_link", "created_at", "updated_at") if obj else ("note",)
        return (
            (None, {"fields": ("name",)}),
            (_("Contact"), {"fields": (*contact, "contact_consent")}),
            (_("More"), {"fields": more}),
        )

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Refuse filters on contact data in the address: ?phone__startswith=017 would tell it by bits."""
        hidden = {*Owner.CONTACT_FIELDS, "phone_digits"}
        if lookup.split("__", maxsplit=1)[0] in hidden and not request.user.has_perm(CONTACT_PERMISSION):
            return False
        return super().lookup_allowed(lookup, value, request)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Owner], search_term: str
    ) -> tuple[QuerySet[Owner], bool]:
        """Ask `pets.search`."""
        see_contact = request.user.has_perm(CONTACT_PERMISSION)
        return search.find_owners(search_term, owners=queryset, see_contact=see_contact), False

    def save_model(self, request: HttpRequest, obj: Owner, form: ModelForm, change: bool) -> None:
        """Store through the service."""
        owner_services.save_owner(
            actor=staff(request), owner=obj, fields=form.changed_data if change else None
        )

    def delete_model(self, request: HttpRequest, obj: Owner) -> None:
        """Delete through the service."""
        owner_services.delete_owner(actor=staff(request), owner=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Owner]) -> None:
        """Delete through the service."""
        for owner in queryset:
            owner_services.delete_owner(actor=staff(request), owner=owner)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Name the owners only: stock would list every pet that stands in the way."""
        owners = [str(owner) for owner in objs]
        in_use = Pet.objects.filter(owner__in=objs).exists()
        lacking = set() if self.has_delete_permission(request) else {str(self.opts.verbose_name)}
        protected = [str(_("pets, perhaps in the trash, that belong to the owner"))] if in_use else []
        return owners, {self.opts.verbose_name_plural: len(owners)}, lacking, protected

    @admin.display(description=_("pets"))
    def pets_link(self, owner: Owner) -> SafeString:
        """Lead to the list of the owner's pets."""
        query = urlencode({"owner__id__exact": owner.pk})
        return format_html('<a href="{}?{}">{}</a>', reverse("admin:pets_pet_changelist"), query, _("show"))

    @admin.display(description=_("updated"), ordering="updated_at")
    def updated(self, owner: Owner) -> str | SafeString:
        """When the owner was changed last, relative."""
        return ago(owner.updated_at)
