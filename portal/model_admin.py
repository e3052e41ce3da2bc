"""The base of the portal's admin classes: lists that stay fast, and no button where one slips."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.db.models import Field
from django.http import HttpRequest

from portal.paging import LatePaginator


class PortalModelAdmin(admin.ModelAdmin):
    """Counts up to a limit, finds a page by its keys, and counts no filter's choices."""

    paginator = LatePaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    def formfield_for_dbfield(self, db_field: Field, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer no button that deletes what a field points at: it stands where one expects to clear it."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and isinstance(field.widget, RelatedFieldWidgetWrapper):
            field.widget.can_delete_related = False
        return field
