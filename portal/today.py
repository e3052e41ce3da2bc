"""The cards of the Today page: what needs a person, each number a link to just these.

Apps register a provider in their `AppConfig.ready()`; the portal imports no app.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

import structlog
from django.http import HttpRequest
from django.utils.functional import Promise

from portal.display import count_text

logger = structlog.get_logger(__name__)


class Tone(StrEnum):
    """How much a count above zero matters."""

    URGENT = "urgent"  # something is broken or lost until a person acts
    ATTENTION = "attention"  # work that waits for a person
    INFO = "info"  # a total, shown also when it is zero


@dataclass(frozen=True, kw_only=True)
class Card:
    """One number. `count` is asked when the page is shown; give it a capped count."""

    label: str | Promise
    count: Callable[[], int]
    url: str
    tone: Tone = Tone.ATTENTION
    help: str | Promise = ""


@dataclass(frozen=True)
class Shown:
    """A card whose count has been read; `count` is None where reading it failed."""

    card: Card
    count: int | None

    @property
    def text(self) -> str:
        """The count as written on the card; empty where it is unknown, and the page says so in words."""
        return "" if self.count is None else count_text(self.count)

    @property
    def is_clear(self) -> bool:
        """Whether there is nothing to do. An unknown count is never clear."""
        return self.count == 0


@dataclass(frozen=True)
class Board:
    """The Today page's cards by where they stand."""

    waiting: list[Shown]
    clear: list[Shown]
    totals: list[Shown]


Provider = Callable[[HttpRequest], Iterable[Card]]
_providers: list[Provider] = []


def register(provider: Provider) -> Provider:
    """Add a provider: it yields the cards that this request's user may see. Usable as a decorator."""
    if provider not in _providers:
        _providers.append(provider)
    return provider


def board(request: HttpRequest) -> Board:
    """Read every card's count. One that cannot be read is shown as unknown and stops nothing."""
    shown = [_read(card) for provider in _providers for card in provider(request)]
    work = [one for one in shown if one.card.tone is not Tone.INFO]
    waiting = [one for one in work if not one.is_clear]
    # Stable: within a tone, the order in which apps registered.
    waiting.sort(key=lambda one: one.card.tone is not Tone.URGENT)
    return Board(
        waiting=waiting,
        clear=[one for one in work if one.is_clear],
        totals=[one for one in shown if one.card.tone is Tone.INFO],
    )


def _read(card: Card) -> Shown:
    try:
        return Shown(card, card.count())
    except Exception:
        # Whatever fails (a query, the store, Redis), the home page must still open.
        logger.exception("today_count_failed", card=str(card.label))
        return Shown(card, None)
