"""The histories on a pet's page: to read; new entries have pages of their own."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from pets.models import StatusChange, WeightRecord

# A pet that is weighed daily has thousands of entries.
NEWEST_SHOWN = 25


class NewestFormSet(BaseInlineFormSet):
    """The newest rows only."""

    _newest: QuerySet[Any] | None = None

    def get_queryset(self) -> QuerySet[Any]:
        """Return the first rows in the model's own order, newest first."""
        # Kept: the formset asks for each row by itself, and a new slice is a new query.
        if self._newest is None:
            self._newest = super().get_queryset()[:NEWEST_SHOWN]
        return self._newest


class HistoryInline(admin.TabularInline):
    """A history: nothing is changed in it, and nothing is deleted."""

    formset = NewestFormSet
    template = "pets/history_inline.html"
    extra = 0
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Read who wrote each entry in the same query."""
        return super().get_queryset(request).select_related("by")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """New entries come from the services."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What was written stays."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What was written stays."""
        return False


class StatusInline(HistoryInline):
    """What happened to the pet."""

    model = StatusChange
    verbose_name_plural = _("status history (newest)")
    fields = ("at", "from_status", "to_status", "place", "note", "by")


class WeightInline(HistoryInline):
    """What the pet weighed."""

    model = WeightRecord
    verbose_name_plural = _("weights (newest)")
    fields = ("weighed_on", "kg", "by")
