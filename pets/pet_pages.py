"""The pages and actions around one pet or several: trash, restore, a new status, a weighing."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME, AdminForm
from django.db.models import QuerySet
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.dateparse import parse_datetime
from django.utils.http import urlencode
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from pets import microchip, services
from pets.choices import Status
from pets.errors import InvalidError, PetsError
from pets.filters import TrashFilter
from pets.forms import StatusForm, WeightForm
from pets.models import Pet, WeightRecord
from pets.querysets import PetQuerySet
from portal.access import admin_page, staff
from portal.counts import capped
from portal.undo import offer_undo

SAMPLE = 10


class PetPages(admin.ModelAdmin):
    """A base of `PetAdmin`: every page beside the stock ones."""

    def get_urls(self) -> list[URLPattern]:
        """Put the own pages before Django's, whose last pattern takes everything."""
        return [
            path("undo-trash/", self.undo_trash_view, name="pets_pet_undo_trash"),
            path("<uuid:pet_id>/delete/", self.trash_view, name="pets_pet_delete"),
            path("<uuid:pet_id>/restore/", self.restore_view, name="pets_pet_restore"),
            path("<uuid:pet_id>/status/", self.status_view, name="pets_pet_status"),
            path("<uuid:pet_id>/weight/", self.weight_view, name="pets_pet_weight"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Say so when the pets shown carry a microchip that only resembles the one searched for."""
        response = super().changelist_view(request, extra_context)
        changes = getattr(response, "context_data", None) or {}
        listed = changes.get("cl")
        if listed is not None and listed.query:
            shown = {pet.microchip for pet in listed.result_list}
            code = microchip.normalise(listed.query)
            changes["are_near_misses"] = code not in shown and bool(shown & microchip.near_misses(code))
        return response

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """Show the pet without stock's Delete, which the button for the trash stands for."""
        context = {"show_delete": False, **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Offer the trash where live pets are listed, and the way back where trashed ones are."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        in_trash = request.GET.get(TrashFilter.parameter_name) == TrashFilter.IN_TRASH
        actions.pop("trash_selected" if in_trash else "restore_selected", None)
        return actions

    @admin.action(description=_("Move to the trash"), permissions=["delete"])
    def trash_selected(self, request: HttpRequest, queryset: QuerySet[Pet]) -> HttpResponseBase | None:
        """Ask once, with the count; then move, and offer Undo."""
        if "confirmed" not in request.POST:
            return self._confirm(request, queryset, "trash_selected")
        try:
            moment = services.trash_pets(actor=staff(request), pets=_of(queryset))
        except PetsError as error:
            messages.error(request, str(error))
            return None
        if moment is not None:
            count = Pet.objects.filter(trashed_at=moment, trashed_by=staff(request)).count()
            text = ngettext("%(count)d pet is in the trash.", "%(count)d pets are in the trash.", count)
            query = urlencode({"moment": moment.isoformat()})
            offer_undo(request, text % {"count": count}, f"{reverse('admin:pets_pet_undo_trash')}?{query}")
        return None

    @admin.action(description=_("Restore from the trash"), permissions=["delete"])
    def restore_selected(self, request: HttpRequest, queryset: QuerySet[Pet]) -> HttpResponseBase | None:
        """Ask once, with the count; then restore, and say which could not be and why."""
        if "confirmed" not in request.POST:
            return self._confirm(request, queryset, "restore_selected")
        try:
            done = services.restore_pets(actor=staff(request), pets=_of(queryset))
        except PetsError as error:
            messages.error(request, str(error))
            return None
        _tell(request, done)
        return None

    @admin_page(permission="pets.delete_pet", post_only=True)
    def trash_view(self, request: HttpRequest, pet_id: UUID) -> HttpResponseBase:
        """Move one pet to the trash at once, and offer Undo."""
        pet = _get(pet_id)
        services.trash_pet(actor=staff(request), pet=pet)
        self.log_change(request, pet, gettext("Moved to the trash."))
        text = gettext("%(pet)s is in the trash.") % {"pet": pet}
        offer_undo(request, text, reverse("admin:pets_pet_restore", args=[pet.pk]))
        return redirect("admin:pets_pet_changelist")

    @admin_page(permission="pets.delete_pet", post_only=True)
    def restore_view(self, request: HttpRequest, pet_id: UUID) -> HttpResponseBase:
        """Take one pet out of the trash."""
        try:
            pet = services.restore_pet(actor=staff(request), pet=_get(pet_id))
        except PetsError as error:
            messages.error(request, str(error))
        else:
            self.log_change(request, pet, gettext("Restored from the trash."))
            messages.success(request, gettext("%(pet)s is back.") % {"pet": pet})
        return redirect("admin:pets_pet_change", pet_id)

    @admin_page(permission="pets.delete_pet", post_only=True)
    def undo_trash_view(self, request: HttpRequest) -> HttpResponseBase:
        """Restore what this user moved to the trash at the moment that the message named."""
        try:
            moment = parse_datetime(request.GET.get("moment", ""))
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            raise Http404
        _tell(request, services.undo_trash(actor=staff(request), moment=moment))
        return redirect("admin:pets_pet_changelist")

    @admin_page(permission="pets.change_pet")
    def status_view(self, request: HttpRequest, pet_id: UUID) -> HttpResponseBase:
        """Record what happened to a pet."""
        pet = _get(pet_id)
        form = StatusForm(request.POST or None, initial={"status": pet.status})
        if form.is_valid():
            values = {**form.cleaned_data, "status": Status(form.cleaned_data["status"])}
            if self._done(form, lambda: services.change_status(actor=staff(request), pet=pet, **values)):
                self.log_change(request, pet, [{"changed": {"fields": ["Status"]}}])
                messages.success(request, gettext("The new status of %(pet)s is recorded.") % {"pet": pet})
                return redirect("admin:pets_pet_change", pet_id)
        return self._form_page(request, pet, form, gettext("Change the status"))

    @admin_page(permission="pets.add_weightrecord")
    def weight_view(self, request: HttpRequest, pet_id: UUID) -> HttpResponseBase:
        """Record a weighing."""
        pet = _get(pet_id)
        form = WeightForm(request.POST or None, instance=WeightRecord(pet=pet))
        if form.is_valid():
            values = form.cleaned_data
            if self._done(form, lambda: services.record_weight(actor=staff(request), pet=pet, **values)):
                messages.success(request, gettext("The weight of %(pet)s is recorded.") % {"pet": pet})
                return redirect("admin:pets_pet_change", pet_id)
        return self._form_page(request, pet, form, gettext("Record a weight"))

    def _done(self, form: BaseForm, change: Callable[[], object]) -> bool:
        """Run a service; put what it refuses beside the form's fields."""
        try:
            change()
        except InvalidError as error:
            for name, sentences in error.errors.items():
                field = _FORM_FIELDS.get(name, name)
                form.add_error(field if field in form.fields else None, sentences)
        except PetsError as error:
            form.add_error(None, str(error))
        return form.is_valid()

    def _form_page(self, request: HttpRequest, pet: Pet, form: BaseForm, title: str) -> HttpResponseBase:
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "subtitle": str(pet),
            "pet": pet,
            "opts": self.opts,
            "form": form,
            "adminform": AdminForm(
                form,  # type: ignore[arg-type]  # stubs ask for a ModelForm, Django does not
                [(None, {"fields": list(form.fields)})],
                {},
                model_admin=self,
            ),
        }
        return TemplateResponse(request, "pets/form.html", context)

    def _confirm(self, request: HttpRequest, queryset: QuerySet[Pet], action: str) -> HttpResponseBase:
        """Show what an action will do to how many pets, before it does."""
        pets = _of(queryset)
        back = action == "restore_selected"
        chosen = pets.trashed() if back else pets.live()
        count = capped(chosen)
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Restore from the trash") if back else gettext("Move to the trash"),
            "opts": self.opts,
            "action": action,
            "count": count,
            "skipped": capped(pets) - count,
            "is_restore": back,
            "too_many": count > services.MAX_AT_ONCE,
            "most": services.MAX_AT_ONCE,
            "sample": chosen[:SAMPLE],
            "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
            "select_across": request.POST.get("select_across", "0"),
            "checkbox_name": ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "pets/confirm.html", context)


# A service names the model's field, the form its own.
_FORM_FIELDS = {"to_status": "status"}


def _get(pet_id: UUID) -> Pet:
    return get_object_or_404(Pet, pk=pet_id)


def _of(queryset: QuerySet[Pet]) -> PetQuerySet:
    """Return an action's queryset as the manager's own class, without the list's extras."""
    return Pet.objects.filter(pk__in=queryset.order_by().values("pk"))


def _tell(request: HttpRequest, done: services.Restored) -> None:
    """Say what was restored, and what was not and why."""
    if done.pets:
        count = len(done.pets)
        text = ngettext("%(count)d pet is back.", "%(count)d pets are back.", count)
        messages.success(request, text % {"count": count})
    for refusal in done.refusals[:SAMPLE]:
        messages.error(request, refusal)
    if not done.pets and not done.refusals:
        messages.warning(request, gettext("There was nothing to restore."))
