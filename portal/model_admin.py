"""The base of the portal's admin classes: lists that stay fast, and no button where one slips."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import SEARCH_VAR, ChangeList
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.paginator import Paginator
from django.db.models import Field, QuerySet
from django.http import HttpRequest

from portal.paging import LatePaginator, SearchPaginator

# What was typed into a list's search field, and into the choices of a foreign key.
_SEARCHES = (SEARCH_VAR, "term")


class LateList(ChangeList):
    """A list whose only page, too, comes from the paginator: stock reads it by running the query again."""

    def get_results(self, request: HttpRequest) -> None:
        """Read the page that is shown."""
        super().get_results(request)
        if not self.multi_page:
            self.result_list = self.paginator.page(1).object_list


class PortalModelAdmin(admin.ModelAdmin):
    """Counts up to a limit, finds a page by its keys, and counts no filter's choices."""

    paginator = LatePaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Return the class of the list."""
        return LateList

    def get_paginator(
        self, request: HttpRequest, queryset: QuerySet, per_page: int, *args: Any, **kwargs: Any
    ) -> Paginator:
        """Page through what a search found in another way than through everything."""
        if any(request.GET.get(name) for name in _SEARCHES):
            return SearchPaginator(queryset, per_page, *args, **kwargs)
        return super().get_paginator(request, queryset, per_page, *args, **kwargs)

    def formfield_for_dbfield(self, db_field: Field, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer no button that deletes what a field points at: it stands where one expects to clear it."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and isinstance(field.widget, RelatedFieldWidgetWrapper):
            field.widget.can_delete_related = False
        return field


class RecordAdmin(PortalModelAdmin):
    """Rows that tell what was: the portal writes them, and nobody adds, changes or deletes one by hand."""

    actions: Any = None
    view_on_site = False

    def has_add_permission(self, _request: HttpRequest) -> bool:
        """Rows come by what is done."""
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        """What a row tells stays as it was written."""
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        """What a row tells is kept."""
        return False
