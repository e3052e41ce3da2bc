"""The form that makes a share link."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from storage_admin.models import ShareLink
from storage_admin.sharing import links as share_links

# What is offered beside a date; those longer than SHARE_LINK_MAX_DAYS are left out.
OFFERED_DAYS = (1, 7, 30)
UNTIL = "until"


class ShareForm(forms.Form):
    """For whom, why, how large, until when."""

    recipient = forms.CharField(
        label=_("For whom"),
        max_length=200,
        widget=forms.TextInput(attrs={"class": "vTextField"}),
        help_text=_("The register lists who made which link for whom."),
    )
    reason = forms.CharField(
        label=_("Why"), max_length=300, widget=forms.TextInput(attrs={"class": "vTextField"})
    )
    size = forms.ChoiceField(label=_("Size"), widget=forms.RadioSelect)
    lasts = forms.ChoiceField(label=_("Works for"))
    until = forms.DateField(
        label=_("Last day"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def __init__(self, *args: Any, sizes: Sequence[ShareLink.Size], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        size: Any = self.fields["size"]
        size.choices = [(one.value, _SIZE_WORDS[one]) for one in sizes]
        size.initial = sizes[0].value
        most = settings.SHARE_LINK_MAX_DAYS
        offered = [days for days in OFFERED_DAYS if days <= most]
        lasts: Any = self.fields["lasts"]
        lasts.choices = [
            *((str(days), ngettext("%(n)s day", "%(n)s days", days) % {"n": days}) for days in offered),
            (UNTIL, gettext("until the last day below")),
        ]
        lasts.initial = str(7 if 7 in offered else offered[0])
        today = timezone.localdate()
        until = self.fields["until"]
        until.widget.attrs |= {"min": today.isoformat(), "max": (today + timedelta(days=most)).isoformat()}
        until.help_text = gettext("At most %(days)s days from today.") % {"days": most}

    def clean(self) -> dict[str, Any]:
        """Work out when the link ends, as `ends_at`."""
        cleaned: dict[str, Any] = super().clean() or {}
        lasts = cleaned.get("lasts")
        if lasts == UNTIL:
            self._until(cleaned)
        elif lasts:
            cleaned["ends_at"] = timezone.now() + timedelta(days=int(lasts))
        return cleaned

    def _until(self, cleaned: dict[str, Any]) -> None:
        day = cleaned.get("until")
        if day is None:
            if "until" not in self.errors:
                self.add_error("until", _("Choose the last day."))
            return
        most = timezone.localdate() + timedelta(days=settings.SHARE_LINK_MAX_DAYS)
        if not timezone.localdate() <= day <= most:
            self.add_error("until", _("Choose a day from today on, and at most %(day)s.") % {"day": most})
            return
        # The whole day counts, where the maker is; but not beyond the most that a link may last.
        end = timezone.make_aware(datetime.combine(day + timedelta(days=1), time.min))
        cleaned["ends_at"] = min(end, share_links.latest_end())


_SIZE_WORDS = {
    ShareLink.Size.WEB: _("Web size: 1600 pixels, nothing in it but the picture"),
    ShareLink.Size.ORIGINAL: _("The original: the file as it is stored, with all that is written in it"),
}
