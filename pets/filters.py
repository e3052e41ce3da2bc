"""Filters of the pets' lists."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from pets.querysets import PetQuerySet


class TrashFilter(admin.SimpleListFilter):
    """The live pets, unless the trash is asked for."""

    title = _("trash")
    parameter_name = "trash"
    IN_TRASH = "1"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, Any]]:
        """Offer the trash."""
        return [(self.IN_TRASH, _("in the trash"))]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """Call the absence of the filter by its meaning: it is not "All"."""
        live, *others = super().choices(changelist)
        yield {**live, "display": _("not in the trash")}
        yield from others

    def queryset(self, request: HttpRequest, queryset: PetQuerySet) -> PetQuerySet:  # type: ignore[override]
        """Return the trashed pets or the live ones."""
        return queryset.trashed() if self.value() == self.IN_TRASH else queryset.live()
