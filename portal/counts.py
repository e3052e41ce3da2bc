"""Counting with a limit: "over 10,000" costs the same at a million rows as at ten thousand."""

from typing import Any

from django.db.models import QuerySet

CAP = 10_000


def capped(queryset: QuerySet[Any], cap: int = CAP) -> int:
    """Return the number of rows, at most `cap + 1`; anything above `cap` means "over `cap`".

    Ordering is dropped and only the primary key is read, so that the database may
    stop at the limit without sorting.
    """
    return queryset.order_by().values("pk")[: cap + 1].count()
