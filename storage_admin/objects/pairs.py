"""A form field for names with values: tags, and metadata. Rows of two inputs, and no script.

Inputs carry no line feeds: whoever offers the field keeps such pairs out of it, and as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count, takewhile
from typing import Any

from django import forms
from django.utils.translation import gettext as _

EMPTY_ROWS = 3  # to type new pairs into; more come with the next saving
_LOST_IN_INPUTS = {"\r", "\n", "\0"}

Pairs = dict[str, str]


def editable(pairs: Mapping[str, str]) -> Pairs:
    """Return the pairs that an input gives back as it got them."""
    return {name: value for name, value in pairs.items() if not _LOST_IN_INPUTS & set(name + value)}


def kept_apart(pairs: Mapping[str, str]) -> Pairs:
    """Return the others."""
    return {name: value for name, value in pairs.items() if name not in editable(pairs)}


class PairsWidget(forms.Widget):
    """Draws a row for each pair, and a few empty ones, but no more than `most` in all."""

    template_name = "storage_admin/pairs.html"
    use_fieldset = True

    def __init__(self, *, most: int | None = None) -> None:
        super().__init__()
        self.most = most

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        pairs = list(value.items()) if isinstance(value, Mapping) else list(value or [])
        empty = EMPTY_ROWS if self.most is None else max(0, min(EMPTY_ROWS, self.most - len(pairs)))
        context["widget"]["pairs"] = [*pairs, *[("", "")] * empty]
        return context

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[tuple[str, str]]:
        """Return what was typed, row by row, empty rows left out."""
        rows = ((data.get(f"{name}-{number}-name"), data.get(f"{name}-{number}-value")) for number in count())
        return [row for row in takewhile(lambda row: None not in row, rows) if any(row)]

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return f"{name}-0-name" not in data

    def id_for_label(self, id_: str) -> str:
        return ""


class PairsField(forms.Field):
    """Gives a dict. An empty name beside a value, or a name that comes twice, is refused."""

    def __init__(self, *, most: int | None = None, **options: Any) -> None:
        super().__init__(widget=PairsWidget(most=most), required=False, **options)

    def clean(self, value: Any) -> Pairs:
        found: Pairs = {}
        for name, text in value or []:
            if not name:
                raise forms.ValidationError(_("The value “%(value)s” has no name.") % {"value": text})
            if name in found:
                raise forms.ValidationError(_("The name “%(name)s” comes twice.") % {"name": name})
            found[name] = text
        return found
