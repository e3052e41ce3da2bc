"""What every member of staff may set for himself."""

from zoneinfo import available_timezones

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.models import User


class PreferencesForm(forms.ModelForm):
    """The time zone that times are shown in."""

    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        required=False,
        help_text=_("Times on every page are shown in this zone."),
    )

    class Meta:
        model = User
        fields = ["time_zone"]

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # passed on unread
        names = sorted(name for name in available_timezones() if "/" in name or name == "UTC")
        zones = self.fields["time_zone"]
        assert isinstance(zones, forms.ChoiceField)  # noqa: S101 - tells the type checker
        zones.choices = [("", _("The portal's own")), *((name, name.replace("_", " ")) for name in names)]
