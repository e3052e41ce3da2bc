"""The form that starts a Glue job."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from storage_admin.errors import NotPossible
from storage_admin.glue import arguments


class StartForm(forms.Form):
    """Which job, and what is handed to it. The number of the form makes a second press the same ask."""

    job = forms.ChoiceField(label=_("Job"), help_text=_("Those that GLUE_JOBS names."))
    arguments = forms.CharField(
        label=_("Arguments"),
        required=False,
        max_length=20_000,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}),
        help_text=_("One in each line, name=value. They are kept and shown: no passwords, keys or tokens."),
    )
    form = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["job"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - for the type alone
        field.choices = [(name, name) for name in settings.GLUE_JOBS]

    def clean_arguments(self) -> dict[str, str]:
        """Return the arguments by name, or say what is wrong with them."""
        try:
            return arguments.parsed(self.cleaned_data["arguments"])
        except NotPossible as error:
            raise forms.ValidationError(str(error)) from error
