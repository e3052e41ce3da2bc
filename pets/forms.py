"""Forms of the pets' pages."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from pets.choices import Status
from pets.models import Pet, WeightRecord


class _Day(forms.DateInput):
    """The browser's own date picker, which wants ISO dates."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class _Moment(forms.SplitDateTimeWidget):
    """The browser's own pickers for day and time."""

    def __init__(self) -> None:
        super().__init__(date_format="%Y-%m-%d", time_format="%H:%M")
        day, time = self.widgets
        day.input_type, time.input_type = "date", "time"
        day.attrs["aria-label"], time.attrs["aria-label"] = _("Day"), _("Time")


class PetForm(forms.ModelForm):
    """A pet; place and note go into the history when the status changes."""

    status_place = forms.CharField(label=_("Place"), max_length=200, required=False)
    status_note = forms.CharField(
        label=_("Note"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Kept in the history when the status changes."),
    )

    class Meta:
        model = Pet
        exclude = ("trashed_at", "trashed_by")  # noqa: DJ006 - the admin's fieldsets name every field

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance._state.adding and "reference" in self.fields:
            # The model's default would show a reference that is not given yet.
            self.fields["reference"].initial = None

    def clean_reference(self) -> str:
        """Keep the reference of a pet that has one, when the field is emptied."""
        given: str = self.cleaned_data["reference"]
        return given or ("" if self.instance._state.adding else self.instance.reference)


class StatusForm(forms.Form):
    """What happened to a pet."""

    status = forms.ChoiceField(label=_("New status"), choices=Status.choices)
    at = forms.SplitDateTimeField(
        label=_("When"),
        # Not filled in: a minute that has begun would lie before a change of the same minute.
        required=False,
        widget=_Moment(),
        help_text=_("Left empty: now."),
    )
    place = forms.CharField(label=_("Place"), max_length=200, required=False)
    note = forms.CharField(label=_("Note"), required=False, widget=forms.Textarea(attrs={"rows": 3}))
    deceased_date = forms.DateField(
        label=_("Date of death"),
        required=False,
        widget=_Day(),
        help_text=_("Only with the status “deceased”."),
    )


class WeightForm(forms.ModelForm):
    """One weighing."""

    class Meta:
        model = WeightRecord
        fields = ("kg", "weighed_on")
        widgets = {"weighed_on": _Day()}
