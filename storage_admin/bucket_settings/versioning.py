"""Versioning: the net below every overwrite and delete."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal import spelling
from portal.s3 import lifecycle, object_lock, versioning
from portal.s3.errors import S3Error, Unsupported
from portal.s3.types import VersioningState
from portal.s3.versioning import Versioning
from storage_admin.bucket_settings.setting import (
    Facts,
    Level,
    Meaning,
    Place,
    Setting,
    SettingForm,
    yes_or_no,
)

_WORDS = {
    VersioningState.NEVER_SET: gettext_lazy("never set: overwriting and deleting destroy"),
    VersioningState.ENABLED: gettext_lazy("Enabled: older versions are kept"),
    VersioningState.SUSPENDED: gettext_lazy(
        "Suspended: older versions are kept, new writes replace each other"
    ),
}


class VersioningForm(SettingForm):
    """Enable or suspend. There is no choice that leads back to "never set": S3 has none."""

    state = forms.ChoiceField(label=gettext_lazy("Versioning"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = [VersioningState.ENABLED]
        if self.now.state is VersioningState.NEVER_SET:
            offered.append(VersioningState.NEVER_SET)
        else:
            offered.append(VersioningState.SUSPENDED)
        field = self.fields["state"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - for mypy: declared above
        field.choices = [(state.value, _WORDS[state]) for state in offered]

    @classmethod
    def initial_of(cls, now: Versioning, _part: str | None) -> dict[str, Any]:
        return {"state": now.state.value}

    def wanted(self) -> Versioning:
        return Versioning(VersioningState(self.cleaned_data["state"]), self.now.mfa_delete)


class VersioningSetting(Setting[Versioning]):
    """Three states: never set, Enabled, Suspended."""

    slug = "versioning"
    title = gettext_lazy("Versioning")
    about = gettext_lazy("Whether overwriting or deleting an object keeps its older versions.")
    term = "Versioning"
    form_class = VersioningForm

    def read(self, bucket: str, alias: str) -> Versioning:
        return versioning.read(bucket, alias=alias)

    def write(self, bucket: str, alias: str, wanted: Versioning) -> None:
        if wanted.state is VersioningState.ENABLED:
            versioning.enable(bucket, alias=alias)
        else:
            versioning.suspend(bucket, alias=alias)

    def as_data(self, value: Versioning) -> dict[str, Any]:
        return {"state": value.state.value, "mfa_delete": value.mfa_delete}

    def from_data(self, data: Mapping[str, Any]) -> Versioning:
        return Versioning(VersioningState(data["state"]), data["mfa_delete"])

    def facts(self, value: Versioning) -> Facts:
        return {
            _("Versioning"): str(_WORDS[value.state]),
            _("MFA delete"): yes_or_no(value.mfa_delete),
        }

    def beside(self, _value: Versioning, _place: Place) -> Facts:
        return {
            _("What MFA delete is"): _(
                "With it, only the account's root user, with a device that shows codes, destroys versions or "
                "changes versioning. Only that user can set it, and never by a console such as this one."
            )
        }

    def fixed(self, value: Versioning, _place: Place) -> str:
        if not value.mfa_delete:
            return ""
        return _(
            "This bucket has MFA delete: only its account's root user, with its device, may change that."
        )

    def refusals(self, before: Versioning, after: Versioning, place: Place) -> list[str]:
        if after.state is not VersioningState.SUSPENDED:
            return []
        found = []
        if place.holds_photos:
            found.append(
                _(
                    "The portal's photos lie here, and there is no other copy. Without versioning, deleting "
                    "or overwriting a photo destroys it, so the portal does not suspend it."
                )
            )
        if _has_lock(place):
            found.append(_("The bucket has object lock, which needs versioning: S3 refuses to suspend it."))
        return found

    def meaning(self, before: Versioning, after: Versioning, place: Place) -> list[Meaning]:
        if after.state is VersioningState.SUSPENDED:
            return _meaning_of_suspending()
        found = [
            Meaning(
                _(
                    "From now on overwriting and deleting keep the older version. Older versions are billed "
                    "until somebody, or a lifecycle rule, removes them."
                )
            )
        ]
        if before.state is VersioningState.NEVER_SET:
            found += [
                Meaning(
                    _("Versioning can never be switched off again, only suspended. This cannot be undone."),
                    Level.WARNING,
                ),
                Meaning(
                    _("What is there already has the version “null”; it is restored and deleted as that.")
                ),
                Meaning(
                    _(
                        "Amazon asks to wait 15 minutes after the first time before objects are written: "
                        "until then a new object may not be found."
                    )
                ),
            ]
        return found + _meaning_for_lifecycle(place)

    def no_way_back(self, before: Versioning, _after: Versioning) -> str:
        if before.state is not VersioningState.NEVER_SET:
            return ""
        return _("Versioning was never set before, and S3 has no way back to that. Suspending comes nearest.")


def _has_lock(place: Place) -> bool:
    try:
        return object_lock.of_bucket(place.bucket, alias=place.alias).is_enabled
    except S3Error:
        return False  # not readable: the store itself then refuses


def _meaning_of_suspending() -> list[Meaning]:
    return [
        Meaning(_("All versions that exist are kept, and billed as before. Suspended is not off.")),
        Meaning(
            _(
                "What is written from now on has the version “null”. The next write to its key replaces it, "
                "and deleting the object destroys it: neither can be brought back."
            ),
            Level.DANGER,
        ),
    ]


def _meaning_for_lifecycle(place: Place) -> list[Meaning]:
    """Tell which rules will hide what they removed so far (API:PutBucketVersioning)."""
    try:
        rules = lifecycle.read(place.bucket, alias=place.alias).rules
    except Unsupported:
        return []
    except S3Error as error:
        words = _("Whether lifecycle rules remove objects here could not be read: %(reason)s")
        return [Meaning(words % {"reason": error}, Level.WARNING)]
    names = [
        spelling.plain(str(rule.get("ID", "?")))
        for rule in rules
        if rule.get("Status") == "Enabled"
        and {"Days", "Date"} & set(rule.get("Expiration", {}))
        and "NoncurrentVersionExpiration" not in rule
    ]
    if not names:
        return []
    words = _(
        "These lifecycle rules remove objects today and will only hide them: %(names)s. Add an end for "
        "noncurrent versions to keep their effect."
    )
    return [Meaning(words % {"names": ", ".join(names)}, Level.WARNING)]
