"""“All 1,240 that match”: what an admin list shows, as a text that is read again later, far from any request.

The text is the list's own query string without what is about the page alone. It is evaluated by the
list's own `ChangeList`, so it means what the list means: its search, its filters, what it leaves out
where nothing is asked for.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, TypeVar
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.admin.filters import ChoicesFieldListFilter, ListFilter, SimpleListFilter
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ERROR_FLAG, IGNORED_PARAMS, PAGE_VAR, SEARCH_VAR, ChangeList
from django.core.exceptions import FieldError, SuspiciousOperation, ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _

# What says how the list is shown, not what is in it.
_OF_THE_PAGE = {*IGNORED_PARAMS, PAGE_VAR, ERROR_FLAG} - {SEARCH_VAR}

Row = TypeVar("Row", bound=Model)


class FilterInvalid(Exception):
    """The list has no such filter, or not this choice of it; the message is a sentence."""


class _Reader:
    """Stands for whoever looks at the list: its search may depend on rights, and on nothing else of him."""

    is_active = is_staff = is_authenticated = True

    def __init__(self, rights: Collection[str]) -> None:
        self.rights = frozenset(rights)

    def has_perm(self, right: str, _row: Any = None) -> bool:
        """Return whether the right was given."""
        return right in self.rights


def canonical(query: QueryDict) -> str:
    """Return what a list's query string selects, always in the same order; empty for the list as it opens."""
    said = [
        (name, value)
        for name, values in query.lists()
        if name not in _OF_THE_PAGE
        for value in values
        if value.strip() or name != SEARCH_VAR
    ]
    return urlencode(sorted(said, key=lambda pair: pair[0]))


def matching(model: type[Row], token: str, rights: Collection[str] = ()) -> QuerySet[Row]:
    """Return the rows that the model's admin list shows for this token, in no order.

    `rights` are those of the person that the list's search may ask for. FilterInvalid when the list
    as it is today would not take the token, or does not offer what it chooses.
    """
    rows: QuerySet[Row] = _read(model, token, rights).queryset
    return rows.order_by().select_related(None).prefetch_related(None)


def words(model: type[Model], token: str) -> list[tuple[str, str]]:
    """Return what the token selects as (name, choice), in the list's own words. FilterInvalid as above."""
    listed = _read(model, token, ())
    told = []
    for spec in listed.filter_specs:
        chosen = next((one["display"] for one in spec.choices(listed) if one.get("selected")), None)
        if chosen is not None and (spec.used_parameters or _leaves_out(spec)):
            told.append((str(spec.title), str(chosen)))
    named = {name for spec in listed.filter_specs for name in spec.expected_parameters()}
    told += [
        (name, ", ".join(values))
        for name, values in QueryDict(token).lists()
        if name not in named and name != SEARCH_VAR
    ]
    return [*told, (_("search"), listed.query)] if listed.query.strip() else told


def _leaves_out(spec: ListFilter) -> bool:
    """Whether the filter's first choice has a name of its own, for it is not "All"."""
    return isinstance(spec, SimpleListFilter) and type(spec).choices is not SimpleListFilter.choices


def _read(model: type[Model], token: str, rights: Collection[str]) -> Any:
    """Return the list, without a page of it. FilterInvalid."""
    request = HttpRequest()
    request.method = "GET"
    request.user = _Reader(rights)  # type: ignore[assignment]  # a list asks it for rights alone
    try:
        request.GET = QueryDict(token)
        if any("\0" in value for _name, values in request.GET.lists() for value in values):
            raise FilterInvalid(_("The list's filter holds a character that no list takes."))
        listed = _list(model, request)
        for spec in listed.filter_specs:
            _check_choice(spec)
    except (IncorrectLookupParameters, SuspiciousOperation, FieldError, ValidationError, ValueError) as error:
        raise FilterInvalid(
            _("The list does not take this filter (any more): “%(filter)s”.") % {"filter": token}
        ) from error
    return listed


def _list(model: type[Model], request: HttpRequest) -> ChangeList:
    model_admin = admin.site.get_model_admin(model)
    kind = model_admin.get_changelist(request)

    class Unread(kind):  # type: ignore[misc,valid-type]  # the list's own class, known here alone
        def get_results(self, request: HttpRequest) -> None:
            """Read no page: the rule is wanted, not its first rows."""

    return Unread(
        request, model, ["__str__"], [], model_admin.get_list_filter(request), model_admin.date_hierarchy,
        model_admin.get_search_fields(request), False, model_admin.list_per_page,
        model_admin.list_max_show_all, (), model_admin, (), model_admin.search_help_text,
    )  # fmt: skip


def _check_choice(spec: Any) -> None:
    """Refuse a choice that the filter does not offer: it would be read as another, or select nothing."""
    if isinstance(spec, SimpleListFilter):
        offered = {str(value) for value, _title in spec.lookup_choices}
        given = [spec.value()] if spec.value() is not None else []
    elif isinstance(spec, ChoicesFieldListFilter):
        offered = {str(value) for value, _title in spec.field.flatchoices}
        given = [str(one) for one in spec.lookup_val or []]
    else:
        return
    for value in given:
        if value not in offered:
            raise FilterInvalid(
                _("The list's filter “%(name)s” does not offer “%(value)s” (any more).")
                % {"name": spec.title, "value": value}
            )
