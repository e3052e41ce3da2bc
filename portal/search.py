"""The search field of every page: asks each app's provider and lists the hits by kind.

Apps register a provider in their `AppConfig.ready()`; the portal imports no app.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice

import structlog
from django.http import HttpRequest
from django.utils.functional import Promise

logger = structlog.get_logger(__name__)

MAX_TEXT_CHARACTERS = 200
MAX_HITS_PER_PROVIDER = 25


@dataclass(frozen=True, kw_only=True)
class Hit:
    """One thing found. `kind` is its heading in the list, in the plural: "Pets"."""

    title: str
    url: str
    kind: str | Promise
    subtitle: str = ""
    # A near miss (a chip number with one digit off) is offered, never opened by itself.
    is_near_miss: bool = False


@dataclass
class Results:
    """What a search found, and which providers could not be asked."""

    text: str
    groups: dict[str, list[Hit]] = field(default_factory=dict)
    # Labels of providers that failed: "no pets found" would be a lie for these.
    failed: list[str] = field(default_factory=list)
    # Labels of providers that had more hits than are listed.
    cut: list[str] = field(default_factory=list)

    @property
    def only_hit(self) -> Hit | None:
        """The one hit that may be opened at once; None when there are none, several or doubts."""
        hits = [hit for group in self.groups.values() for hit in group]
        if len(hits) != 1 or hits[0].is_near_miss or self.failed:
            return None
        return hits[0]


Find = Callable[[HttpRequest, str], Iterable[Hit]]
_providers: dict[str, tuple[str | Promise, Find]] = {}


def register(name: str, label: str | Promise, find: Find) -> None:
    """Add a provider under a unique name.

    `find(request, text)` yields hits that the request's user may see, best first; `text`
    is stripped and 1 to 200 characters long. `label` names it when it fails ("Pets").
    """
    _providers[name] = (label, find)


def find(request: HttpRequest, text: str) -> Results:
    """Ask every provider. One that fails is named in the results and stops nothing."""
    text = text.strip()[:MAX_TEXT_CHARACTERS]
    results = Results(text)
    if not text:
        return results
    for name, (label, provider) in _providers.items():
        try:
            hits = list(islice(provider(request, text), MAX_HITS_PER_PROVIDER + 1))
        except Exception:
            logger.exception("search_failed", provider=name)
            results.failed.append(str(label))
            continue
        if len(hits) > MAX_HITS_PER_PROVIDER:
            results.cut.append(str(label))
        for hit in hits[:MAX_HITS_PER_PROVIDER]:
            results.groups.setdefault(str(hit.kind), []).append(hit)
    return results
