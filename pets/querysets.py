"""Which pets are live, and which are in the trash: said here, once."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Literal

from django.db.models import Q, QuerySet

if TYPE_CHECKING:
    from pets.models import Pet  # noqa: F401 - named in a quoted base class below

# The one predicate: constraints, partial indexes and every query use these two.
LIVE = Q(trashed_at__isnull=True)
TRASHED = Q(trashed_at__isnull=False)


Code = Literal["microchip", "tracker_id", "tag"]


def carries(field: Code, codes: Collection[str]) -> Q:
    """Return the condition for the pets that carry one of these codes; an empty code matches none.

    The second half repeats the condition of the field's partial index: SQLite uses the index
    only where a query says it in the same words.
    """
    return Q(**{f"{field}__in": sorted(codes)}) & ~Q(**{field: ""})


class PetQuerySet(QuerySet["Pet"]):
    """Pets. The manager leaves nothing out, so that related lookups and the admin see the trash too."""

    def live(self) -> "PetQuerySet":
        """Return the pets that are not in the trash."""
        return self.filter(LIVE)

    def trashed(self) -> "PetQuerySet":
        """Return the pets in the trash."""
        return self.filter(TRASHED)
