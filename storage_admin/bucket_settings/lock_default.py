"""Object lock of the bucket: how long new versions are protected when nobody says it for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.s3 import object_lock
from portal.s3.differences import Capability
from portal.s3.object_lock import LockDefault
from portal.s3.types import RetentionMode
from storage_admin.bucket_settings.setting import (
    Facts,
    Level,
    Meaning,
    Place,
    Setting,
    SettingForm,
    yes_or_no,
)

MAX_DAYS, MAX_YEARS = 36_500, 100  # API:DefaultRetention
DAYS, YEARS = "days", "years"
_MODES = {
    "": gettext_lazy("none: new versions are locked only when somebody asks for it"),
    RetentionMode.GOVERNANCE.value: gettext_lazy("governance: a right of its own lifts the lock"),
    RetentionMode.COMPLIANCE.value: gettext_lazy("compliance: nobody lifts the lock before its end"),
}


class LockForm(SettingForm):
    """The mode and its span."""

    mode = forms.ChoiceField(
        label=gettext_lazy("New versions are locked"),
        required=False,
        choices=list(_MODES.items()),
        widget=forms.RadioSelect,
    )
    span = forms.IntegerField(label=gettext_lazy("For so long"), required=False, min_value=1)
    unit = forms.ChoiceField(
        label=gettext_lazy("Counted in"),
        required=False,
        choices=[(DAYS, gettext_lazy("days")), (YEARS, gettext_lazy("years"))],
    )

    @classmethod
    def initial_of(cls, now: LockDefault, _part: str | None) -> dict[str, Any]:
        return {
            "mode": now.mode.value if now.mode else "",
            "span": now.days or now.years or None,
            "unit": YEARS if now.years else DAYS,
        }

    def clean(self) -> dict[str, Any]:
        """Ask for a span where there is a mode, within what S3 takes."""
        given = self.cleaned_data
        most = MAX_YEARS if given.get("unit") == YEARS else MAX_DAYS
        if given.get("mode") and "span" in given:
            if not given["span"]:
                self.add_error("span", _("Say for how long."))
            elif given["span"] > most:
                self.add_error("span", _("S3 allows %(most)d at most.") % {"most": most})
        return given

    def wanted(self) -> LockDefault:
        given = self.cleaned_data
        if not given["mode"]:
            return LockDefault(is_enabled=True)
        in_years = given["unit"] == YEARS
        return LockDefault(
            is_enabled=True,
            mode=RetentionMode(given["mode"]),
            days=0 if in_years else given["span"],
            years=given["span"] if in_years else 0,
        )


class LockSetting(Setting[LockDefault]):
    """The default for new versions; the lock itself is given at birth and stays."""

    slug = "object-lock"
    title = gettext_lazy("Object lock")
    about = gettext_lazy("How long new versions cannot be destroyed, when nobody says it for them.")
    term = "Object Lock configuration"
    needs = (Capability.OBJECT_LOCK,)
    form_class = LockForm

    def read(self, bucket: str, alias: str) -> LockDefault:
        return object_lock.of_bucket(bucket, alias=alias)

    def write(self, bucket: str, alias: str, wanted: LockDefault) -> None:
        object_lock.write_bucket(bucket, wanted, alias=alias)

    def as_data(self, value: LockDefault) -> dict[str, Any]:
        return {
            "is_enabled": value.is_enabled,
            "mode": value.mode.value if value.mode else "",
            "days": value.days,
            "years": value.years,
        }

    def from_data(self, data: Mapping[str, Any]) -> LockDefault:
        mode = RetentionMode.told(data["mode"]) if data["mode"] else None
        return LockDefault(data["is_enabled"], mode, data["days"], data["years"])

    def facts(self, value: LockDefault) -> Facts:
        mode = value.mode.value if value.mode else ""
        found = {
            _("Object lock"): yes_or_no(value.is_enabled),
            _("New versions are locked"): str(_MODES.get(mode, mode)),
        }
        if value.days:
            found[_("Days")] = str(value.days)
        if value.years:
            found[_("Years")] = str(value.years)
        return found

    def fixed(self, value: LockDefault, _place: Place) -> str:
        if value.is_enabled:
            return ""
        return _(
            "The bucket has no object lock. Give it to a bucket when you create it: it can never be taken "
            "away again."
        )

    def meaning(self, _before: LockDefault, after: LockDefault, place: Place) -> list[Meaning]:
        found = [
            Meaning(
                _("It counts for versions stored from now on. What is there keeps its own lock, or none.")
            )
        ]
        if after.mode is RetentionMode.COMPLIANCE:
            words = _(
                "Until its end nobody destroys such a version or shortens its lock: not this portal, not the "
                "account's root user. It is billed as long. An Undo changes what comes later, and nothing "
                "that was stored meanwhile."
            )
            found.append(Meaning(words, Level.DANGER))
        if after.mode is RetentionMode.GOVERNANCE:
            words = _("To destroy such a version earlier takes the right to bypass governance, and is kept.")
            found.append(Meaning(words, Level.WARNING))
        if after.mode is not None and place.holds_photos:
            words = _(
                "The portal cannot remove refused uploads, expired trash and old renditions before "
                "their lock ends."
            )
            found.append(Meaning(words, Level.WARNING))
        return found

    def asks_for_name(self, before: LockDefault, after: LockDefault, _place: Place) -> bool:
        """Nobody takes back what compliance locks."""
        return after.mode is RetentionMode.COMPLIANCE and after != before
