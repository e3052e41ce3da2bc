"""The fields of a search over an inventory report; the command has the same."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.s3.inventory_rows import Wanted
from portal.s3.types import StorageClass

MOST_DAYS = 36_500


class SearchForm(forms.Form):
    """What is looked for; nothing given finds all."""

    text = forms.CharField(
        label=gettext_lazy("Part of the key"),
        required=False,
        max_length=1024,
        strip=False,
        help_text=gettext_lazy("With * or ? it is a pattern of the whole key: photos/*.heic"),
    )
    least = forms.IntegerField(label=gettext_lazy("At least, bytes"), required=False, min_value=0)
    most = forms.IntegerField(label=gettext_lazy("At most, bytes"), required=False, min_value=0)
    storage_class = forms.ChoiceField(
        label=gettext_lazy("Storage class"),
        required=False,
        choices=[("", gettext_lazy("any")), *((one.value, one.value) for one in StorageClass)],
    )
    older = forms.IntegerField(
        label=gettext_lazy("Older than, days"), required=False, min_value=0, max_value=MOST_DAYS
    )
    newer = forms.IntegerField(
        label=gettext_lazy("Younger than, days"), required=False, min_value=0, max_value=MOST_DAYS
    )
    versions = forms.BooleanField(
        label=gettext_lazy("Older versions and delete markers, too"), required=False
    )

    def clean(self) -> dict[str, Any]:
        """Refuse what nothing can be."""
        given = self.cleaned_data
        least, most = given.get("least"), given.get("most")
        if least is not None and most is not None and least > most:
            self.add_error("most", _("That is less than the least size."))
        return given

    def wanted(self) -> Wanted:
        """Return what the valid form asks for. Ages count from now, not from the report."""
        given, now = self.cleaned_data, timezone.now()
        return Wanted(
            text=given["text"],
            least=given["least"],
            most=given["most"],
            storage_class=given["storage_class"],
            before=None if given["older"] is None else now - timedelta(days=given["older"]),
            since=None if given["newer"] is None else now - timedelta(days=given["newer"]),
            only_current=not given["versions"],
        )
