"""The form for bringing an archived version back."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.display import size
from portal.s3 import archive
from portal.s3.archive import Requested, Tier
from storage_admin import prices
from storage_admin.objects import archive as object_archive
from storage_admin.objects.forms import Consequence, Level, ObjectForm, Saved
from storage_admin.prices import dollars

MOST_DAYS = 365  # of one request; asked again, it stays longer
_SPANS = {
    Tier.EXPEDITED: gettext_lazy("minutes"),
    Tier.STANDARD: gettext_lazy("hours"),
    Tier.BULK: gettext_lazy("up to two days"),
}


class RestoreForm(ObjectForm):
    """How fast, and for how many days; a faster tier speeds a request up that is on its way."""

    page = "thaw"
    button = gettext_lazy("Ask for it")
    version_stays = True

    tier = forms.ChoiceField(label=gettext_lazy("How fast"), widget=forms.RadioSelect)
    days = forms.IntegerField(
        label=gettext_lazy("For how many days"),
        min_value=1,
        max_value=MOST_DAYS,
        help_text=gettext_lazy("Then the readable copy goes again; the archived version stays."),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        tier = self.fields["tier"]
        assert isinstance(tier, forms.ChoiceField)  # noqa: S101 - declared so above; mypy asks
        tier.choices = [(one.value, self._label(one)) for one in archive.tiers(self.facts)]
        if not archive.takes_days(self.facts):
            del self.fields["days"]

    def initial_values(self) -> dict[str, Any]:
        return {"tier": Tier.STANDARD.value, "days": 7}

    def state(self) -> dict[str, str]:
        tier = f" {self.facts.archive_tier}" if self.facts.archive_tier else ""
        return {
            _("Class"): f"{self.facts.storage_class}{tier}",
            _("Size"): size(self.facts.bytes),
            _("Restored"): self._restored(),
        }

    def consequences(self) -> list[Consequence]:
        said = [Consequence(_("The version stays archived, in its class; a copy of it becomes readable."))]
        if self.facts.restore is not None and self.facts.restore.in_progress:
            words = _("It is on its way already. Only a faster tier changes anything: it speeds that up.")
            said.append(Consequence(words, Level.WARNING))
        elif self.facts.restore is not None:
            said.append(Consequence(_("It is readable already; the days then count from today anew.")))
        if archive.takes_days(self.facts) and self.found.bills_as_amazon:
            words = _("While it is readable, its bytes are billed twice: in its class, and as STANDARD.")
            said.append(Consequence(words))
        return said

    def save(self) -> Saved:
        done = object_archive.restore(
            actor=self.user, bucket=self.found.bucket, key=self.found.key, seen=self.seen_version,
            tier=Tier(self.cleaned_data["tier"]), days=self.cleaned_data.get("days", 0),
        )  # fmt: skip
        if done is Requested.EXTENDED:
            return Saved(_("It is readable, and stays so for the days asked for."))
        return Saved(_("It is asked for. Look again later: this page says when it can be read."))

    def _restored(self) -> str:
        restore = self.facts.restore
        if restore is None:
            return _("no")
        if restore.in_progress or restore.until is None:
            return _("in progress")
        return _("readable until %(end)s") % {"end": date_format(localtime(restore.until), "DATETIME_FORMAT")}

    def _label(self, tier: Tier) -> str:
        words = f"{tier.value} – {_SPANS[tier]}"
        price = prices.of(self.found.bucket.region).restore(self.facts.storage_class, tier, self.facts.bytes)
        if price is None or not self.found.bills_as_amazon:
            return words
        return f"{words} – {dollars(price)}"
