"""The inventory: a report of all objects that Amazon makes by itself, for what would take a list too long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.s3 import inventory
from portal.s3.differences import Capability
from portal.s3.errors import PartlyDone, S3Error
from portal.s3.inventory import FIELDS, Format, Frequency, Inventory
from storage_admin.bucket_settings.json_text import quoted
from storage_admin.bucket_settings.setting import (
    Facts,
    Level,
    Meaning,
    Place,
    Setting,
    SettingForm,
    yes_or_no,
)

_FREQUENCIES = {
    "": gettext_lazy("none"),
    Frequency.DAILY.value: gettext_lazy("daily"),
    Frequency.WEEKLY.value: gettext_lazy("weekly, on Sundays"),
}
_FORMATS = {
    Format.PARQUET.value: gettext_lazy("Parquet: smaller, and read faster"),
    Format.CSV.value: gettext_lazy("CSV"),
}


class InventoryForm(SettingForm):
    """Whether there is a report, and how it is made. Where it goes, the portal's settings say."""

    frequency = forms.ChoiceField(
        label=gettext_lazy("Report"), choices=list(_FREQUENCIES.items()), required=False
    )
    written = forms.ChoiceField(label=gettext_lazy("Written as"), choices=list(_FORMATS.items()))
    all_versions = forms.BooleanField(
        label=gettext_lazy("With older versions and delete markers"),
        required=False,
        help_text=gettext_lazy("Comparing and counting a versioned bucket needs them."),
    )

    @classmethod
    def initial_of(cls, now: Inventory, _part: str | None) -> dict[str, Any]:
        return {
            "frequency": now.frequency.value if now.frequency and now.is_on else "",
            "written": now.format if now.format in _FORMATS else Format.PARQUET.value,
            "all_versions": now.all_versions if now.frequency else True,
        }

    def wanted(self) -> Inventory:
        """Return the report as the portal reads it, below the prefix that the settings name."""
        given, now = self.cleaned_data, self.now
        if not given["frequency"]:
            return Inventory()
        return Inventory(
            frequency=Frequency(given["frequency"]),
            bucket=settings.INVENTORY_BUCKET,
            prefix=settings.INVENTORY_PREFIX,
            format=given["written"],
            all_versions=given["all_versions"],
            is_on=True,
            fields=tuple(sorted({*FIELDS, *now.fields})),
            encryption=now.encryption,
        )


class InventorySetting(Setting[Inventory]):
    """The portal's own report of the bucket, by its name; reports that others set up are left alone."""

    slug = "inventory"
    title = gettext_lazy("Inventory")
    about = gettext_lazy(
        "A report of all objects, daily or weekly, that is read where a list takes too long."
    )
    term = "S3 Inventory (InventoryConfiguration)"
    needs = (Capability.INVENTORY,)
    form_class = InventoryForm

    def read(self, bucket: str, alias: str) -> Inventory:
        return inventory.read(bucket, settings.INVENTORY_ID, alias=alias)

    def write(self, bucket: str, alias: str, wanted: Inventory) -> None:
        """Let the reports in before they come; the former destination is shut when none come any more."""
        name = settings.INVENTORY_ID
        former = inventory.read(bucket, name, alias=alias)
        if wanted.frequency is not None:
            inventory.let_in(wanted.bucket, bucket, name, wanted.prefix, alias=alias)
        inventory.write(bucket, name, wanted, alias=alias)
        if not former.bucket or former.bucket == wanted.bucket:
            return
        try:
            inventory.shut_out(former.bucket, bucket, alias=alias)
        except S3Error as error:
            words = _("The policy of %(bucket)s still lets the reports in: %(reason)s")
            said = {"bucket": former.bucket, "reason": error}
            raise PartlyDone(words % said, operation="PutBucketPolicy") from error

    def as_data(self, value: Inventory) -> dict[str, Any]:
        return asdict(value) | {
            "frequency": value.frequency.value if value.frequency else "",
            "fields": list(value.fields),
        }

    def from_data(self, data: Mapping[str, Any]) -> Inventory:
        frequency = Frequency(data["frequency"]) if data["frequency"] else None
        return Inventory(**{**data, "frequency": frequency, "fields": tuple(data["fields"])})

    def facts(self, value: Inventory) -> Facts:
        if value.frequency is None:
            return {_("Report"): str(_FREQUENCIES[""])}
        return {
            _("Report"): str(_FREQUENCIES[value.frequency.value]),
            _("It is made"): yes_or_no(value.is_on),
            _("Delivered to the bucket"): quoted(value.bucket),
            _("Below"): quoted(value.prefix),
            _("Written as"): quoted(value.format),
            _("Older versions and delete markers"): yes_or_no(value.all_versions),
            _("Only of keys that begin with"): quoted(value.below),
            _("Encrypted with"): quoted(value.encryption),
            _("Columns"): ", ".join(quoted(one) for one in value.fields),
        }

    def summary(self, value: Inventory) -> str:
        if value.frequency is None:
            return str(_FREQUENCIES[""])
        said = str(_FREQUENCIES[value.frequency.value])
        return said if value.is_on else _("%(what)s, but switched off") % {"what": said}

    def beside(self, _value: Inventory, place: Place) -> Facts:
        """Return the reports that others set up: the portal does not read them."""
        try:
            found = inventory.all_of(place.bucket, alias=place.alias)
        except S3Error as error:
            return {_("Other reports of this bucket"): str(error)}
        others = sorted(quoted(name) for name in found if name != settings.INVENTORY_ID)
        return {_("Other reports of this bucket"): ", ".join(others) or _("none")}

    def fixed(self, value: Inventory, _place: Place) -> str:
        if settings.INVENTORY_BUCKET or value.frequency is not None:
            return ""
        return _("Name the bucket that reports are delivered to first: INVENTORY_BUCKET.")

    def refusals(self, _before: Inventory, after: Inventory, _place: Place) -> list[str]:
        if after.frequency is not None and not after.bucket:
            return [_("Name the bucket that reports are delivered to first: INVENTORY_BUCKET.")]
        return []

    def meaning(self, before: Inventory, after: Inventory, place: Place) -> list[Meaning]:
        if after.frequency is None:
            return [Meaning(_("No report is made any more. Those that were delivered stay, and are billed."))]
        found = [
            Meaning(_("Amazon may take 48 hours for the first report.")),
            Meaning(
                _(
                    "The policy of %(bucket)s gets a statement that lets S3 put this bucket's reports there. "
                    "Both buckets must be in the same region."
                )
                % {"bucket": quoted(after.bucket)}
            ),
            Meaning(_("Reports are billed by the million objects. A lifecycle rule may remove old ones.")),
        ]
        if after.bucket == place.bucket:
            words = _("The reports go into the bucket that they are about, and tell of themselves, too.")
            found.append(Meaning(words, Level.WARNING))
        if not after.all_versions:
            words = _("Without older versions a versioned bucket is searched by it, not compared or counted.")
            found.append(Meaning(words, Level.WARNING))
        return found
