"""Typing a word before what cannot be undone: the name of the thing, or a word where that is hard to type."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

LONGEST_TO_TYPE = 80


def word_for(key: str) -> str:
    """Return what is to be typed for this key: its last segment, if a keyboard has it, else "destroy"."""
    name = key.rpartition("/")[2]
    easy = name.isascii() and name.isprintable() and name == " ".join(name.split())
    return name if name and easy and len(name) <= LONGEST_TO_TYPE else _("destroy")


class ReasonField(forms.CharField):
    """What it is done for: kept in the audit, and shown beside the versions. Nobody has to give one."""

    def __init__(self) -> None:
        super().__init__(
            label=gettext_lazy("What for"),
            required=False,
            max_length=500,
            help_text=gettext_lazy("Kept in the audit."),
        )


class _NeverKept(forms.TextInput):
    """Comes back empty: after a refusal the word is typed for what the page shows then."""

    def format_value(self, value: Any) -> None:
        return None


class TypedWordField(forms.CharField):
    """Refuses everything but the word; blanks around it do not count."""

    def __init__(self, word: str) -> None:
        self.word = word
        super().__init__(
            label=_("Type “%(word)s” to confirm") % {"word": word},
            widget=_NeverKept(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "off"}),
        )

    def clean(self, value: str) -> str:
        typed: str = super().clean(value)
        if typed != self.word:
            raise forms.ValidationError(_("That is not “%(word)s”. Nothing was done.") % {"word": self.word})
        return typed
