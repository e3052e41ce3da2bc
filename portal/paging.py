"""Pages of long lists: counts that stop at a limit, and late row lookup.

A stock page of a million rows counts them all, twice, and lets the database carry whole rows
through `OFFSET`. Here the count stops at `counts.CAP`, and a page is found by its primary keys
(from an index alone, if one fits the order) before any row is read.

    class PetAdmin(admin.ModelAdmin):
        paginator = LatePaginator
        show_full_result_count = False
"""

from collections.abc import Iterator, Sequence
from math import ceil
from typing import Any

from django.core.paginator import EmptyPage, Page, Paginator
from django.db.models import Model, QuerySet
from django.db.models.sql.where import WhereNode
from django.utils.functional import cached_property

from portal.counts import CAP, capped
from portal.display import count_text

# A number far beyond any table, and small enough for every database's OFFSET.
MAX_PAGES = 10_000_000
# Nobody reads a thousand hits: they are a reason to search for more words.
SEARCH_CAP = 1_000


class CappedCount(int):
    """A count that was stopped: a number to compare with, written "over 10,000" wherever it is shown.

    The admin prints `result_count` in five places; this way none of its templates changes.
    """

    def __str__(self) -> str:
        return count_text(int(self), int(self) - 1)

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)


class LatePage(Page[Any]):
    """A page that knows from its own rows whether another follows."""

    def __init__(self, rows: Sequence[Model], number: int, paginator: "LatePaginator", *, more: bool) -> None:
        super().__init__(rows, number, paginator)
        self._more = more

    def has_next(self) -> bool:
        """Whether a further page exists, also beyond the counted ones."""
        return self._more

    def next_page_number(self) -> int:
        """Return the number of the next page; `EmptyPage` if this is the last."""
        if not self._more:
            raise EmptyPage(self.paginator.error_messages["no_results"])
        return self.number + 1


class LatePaginator(Paginator):
    """Paginates a queryset of models. Pages beyond the counted ones stay reachable, one after the other.

    `orphans` are not supported: where the last page begins is not known.
    """

    object_list: QuerySet[Any]

    @cached_property
    def count(self) -> int:
        """The number of rows; above the cap a `CappedCount` of cap + 1."""
        found = capped(self.object_list)
        return CappedCount(found) if found > CAP else found

    @property
    def is_capped(self) -> bool:
        """Whether there are more rows than were counted."""
        return isinstance(self.count, CappedCount)

    @cached_property
    def num_pages(self) -> int:
        """The number of pages known to hold rows; with a capped count, `page` moves it on."""
        return max(1, ceil(int(self.count) / self.per_page))

    def validate_number(self, number: Any) -> int:
        """Return the page number as an int; when the count is capped, whether it has rows is seen later."""
        try:
            return super().validate_number(number)
        except EmptyPage:
            if self.is_capped and 1 <= int(number) <= MAX_PAGES:
                return int(number)
            raise

    def page(self, number: Any) -> LatePage:
        """Return a page: its keys first, then the rows of these keys. `EmptyPage` where there are none."""
        number = self.validate_number(number)
        bottom = (number - 1) * self.per_page
        # One key more than the page shows tells whether another page follows.
        keys = self._keys(bottom, bottom + self.per_page + 1)
        if not keys and number > 1:
            raise EmptyPage(self.error_messages["no_results"])
        more = len(keys) > self.per_page
        if self.is_capped:
            self.num_pages = max(self.num_pages, number + more)
        rows = self._rows().in_bulk(keys[: self.per_page])
        # A row may have gone between the two queries.
        return LatePage([rows[key] for key in keys[: self.per_page] if key in rows], number, self, more=more)

    def _keys(self, bottom: int, top: int) -> list[Any]:
        return list(self.object_list.values_list("pk", flat=True)[bottom:top])

    def _rows(self) -> QuerySet[Any]:
        """Return the queryset with its joins and annotations, but with no condition and no order.

        The keys are known by now: a search in the conditions would be run a second time.
        """
        rows = self.object_list.order_by()
        rows.query.where = WhereNode()
        return rows

    def get_elided_page_range(
        self, number: Any = 1, *, on_each_side: int = 3, on_ends: int = 2
    ) -> Iterator[int | str]:
        """Return the page numbers to offer; with a capped count an ellipsis stands for what lies behind."""
        yield from super().get_elided_page_range(number, on_each_side=on_each_side, on_ends=on_ends)
        if self.is_capped:
            yield str(self.ELLIPSIS)


class SearchPaginator(LatePaginator):
    """For what a search found: it is run once, and not for its count as well.

    Its matches are all found and sorted for any page, so their keys, up to `SEARCH_CAP`, come with the first.
    """

    @cached_property
    def _first_keys(self) -> list[Any]:
        return super()._keys(0, SEARCH_CAP + 1)

    @cached_property
    def count(self) -> int:
        """The number of rows; above the cap a `CappedCount` of cap + 1."""
        found = len(self._first_keys)
        return CappedCount(found) if found > SEARCH_CAP else found

    def _keys(self, bottom: int, top: int) -> list[Any]:
        if self.is_capped and top > len(self._first_keys):
            return super()._keys(bottom, top)
        return self._first_keys[bottom:top]
