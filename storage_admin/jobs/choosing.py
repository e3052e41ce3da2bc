"""What a job is about, before it is drafted: a path, chosen objects, or photos of the admin's list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote
from uuid import UUID

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from photos.models import Photo
from portal import filter_token
from portal.counts import capped
from portal.display import count_text
from portal.filter_token import FilterInvalid
from storage_admin.jobs import photo_rows
from storage_admin.jobs.kind import Kind
from storage_admin.jobs.targets import Selection

MAX_NAMED = 1_000  # keys or photos that a form names; more is a prefix or a filter
# A list without any filter has an empty token: with this before it, the address still says that it is one.
_QUERY = "?"


@dataclass(frozen=True)
class Choice:
    """What a request is about. `filter` is the canonical query string of the photos' list; None: no list."""

    prefix: str = ""
    keys: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    filter: str | None = None

    @classmethod
    def of(cls, request: HttpRequest) -> Choice:
        """Read it from a page's address, or from a form, where keys are percent-encoded and so exact."""
        listed = request.GET.get("photos", "")
        ticked = request.POST.getlist("photo") or request.POST.getlist(ACTION_CHECKBOX_NAME)
        return cls(
            prefix=request.GET.get("prefix", ""),
            keys=tuple(unquote(one) for one in request.POST.getlist("key")[:MAX_NAMED]),
            ids=tuple(str(UUID(one)) for one in ticked[:MAX_NAMED] if _is_uuid(one)),
            filter=filter_token.canonical(QueryDict(listed.removeprefix(_QUERY))) if listed else None,
        )

    @property
    def is_named(self) -> bool:
        """Whether a form names each object or photo."""
        return bool(self.keys or self.ids)

    @property
    def is_of_photos(self) -> bool:
        return bool(self.ids) or self.filter is not None

    @property
    def query(self) -> dict[str, str]:
        """What carries the choice on in an address."""
        photos = {} if self.filter is None else {"photos": _QUERY + self.filter}
        return {"prefix": self.prefix, **photos}

    @property
    def fields(self) -> list[tuple[str, str]]:
        """What carries it on in a form."""
        return [*(("key", quote(key, safe="")) for key in self.keys), *(("photo", one) for one in self.ids)]

    def fits(self, kind: Kind) -> bool:
        """Whether the kind works on such a choice."""
        if self.is_of_photos:
            return bool(kind.selection_of_photos())
        return "keys" in kind.selections or not self.keys

    def selection(self, kind: Kind) -> Selection | None:
        """Return it as the job keeps it; None for a path, of which the kind makes its own."""
        if self.ids:
            return {"what": kind.selection_of_photos(), "ids": list(self.ids)}
        if self.filter is not None:
            return {"what": kind.selection_of_photos(), "filter": self.filter}
        return {"what": "keys", "keys": list(self.keys)} if self.keys else None

    def words(self, *, contact: bool) -> str:
        """Return the photos in words with their number now; `contact` as `photo_rows.checked` keeps it."""
        if self.filter is None:
            return in_words({"ids": self.ids})
        count = capped(photo_rows.matching({"filter": self.filter, "contact": contact}))
        return f"{count_text(count)} {in_words({'filter': self.filter})}"


def in_words(selection: Selection) -> str:
    """Return the photos that a selection names in words; empty where it names none."""
    if "ids" in selection:
        count = len(selection["ids"])
        return ngettext("%(count)d chosen photo", "%(count)d chosen photos", count) % {"count": count}
    if "filter" not in selection:
        return ""
    try:
        said = filter_token.words(Photo, selection["filter"])
    except FilterInvalid as error:
        return str(error)
    return _("photos that match: %(filter)s") % {
        "filter": ", ".join(f"{name}: {value}" for name, value in said) or _("all")
    }


def list_url(selection: Selection) -> str:
    """Return where the photos of a filter are listed; empty for any other selection."""
    if "filter" not in selection:
        return ""
    return f"{reverse('admin:photos_photo_changelist')}?{selection['filter']}"


def _is_uuid(text: Any) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
