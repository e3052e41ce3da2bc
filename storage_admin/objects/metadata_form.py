"""The form for user metadata and system headers."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.http import parse_http_date_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.s3.attributes import Headers
from portal.s3.carried import MAX_METADATA_BYTES
from storage_admin.objects import changes as object_changes
from storage_admin.objects import pairs, rewriting
from storage_admin.objects.forms import Consequence, ObjectForm, Saved
from storage_admin.objects.pairs import PairsField

_HEADERS = {
    "content_type": "Content-Type",
    "cache_control": "Cache-Control",
    "content_disposition": "Content-Disposition",
    "content_encoding": "Content-Encoding",
    "content_language": "Content-Language",
    "expires": "Expires",
}
# RFC 9110: what a field name may hold; S3 puts "x-amz-meta-" before it.
_NAME_CHARACTERS = set("!#$%&'*+-.^_`|~") | set("abcdefghijklmnopqrstuvwxyz0123456789")


class _Header(forms.CharField):
    """A header's value: ASCII in one line, for HTTP carries no more."""

    def __init__(self, label: str, help_text: Any = "") -> None:
        super().__init__(label=label, required=False, help_text=help_text)

    def clean(self, value: Any) -> str:
        text = str(super().clean(value))
        if not (text.isascii() and (text.isprintable() or not text)):
            raise forms.ValidationError(_("Headers are ASCII only, in one line."))
        return text


class MetadataForm(ObjectForm):
    """What the object says of itself: its headers, and names with values of one's own."""

    page = "metadata"

    content_type = _Header("Content-Type", gettext_lazy("For example image/jpeg. Browsers go by it."))
    cache_control = _Header("Cache-Control")
    content_disposition = _Header("Content-Disposition")
    content_encoding = _Header("Content-Encoding")
    content_language = _Header("Content-Language")
    expires = _Header(
        "Expires", gettext_lazy("A date as HTTP writes it, such as Wed, 01 Jan 2031 00:00:00 GMT.")
    )
    metadata = PairsField(
        label=gettext_lazy("Metadata"),
        help_text=gettext_lazy(
            "Names and values in ASCII, 2,048 bytes in all; names in small letters, without blanks. Empty a"
            " name and its value to remove it."
        ),
    )

    def initial_values(self) -> dict[str, Any]:
        headers = {name: getattr(self.facts.headers, name) for name in _HEADERS}
        return {**headers, "metadata": self.facts.metadata}

    def state(self) -> dict[str, str]:
        said = {label: getattr(self.facts.headers, name) for name, label in _HEADERS.items()}
        metadata = "; ".join(f"{name} = {value}" for name, value in sorted(self.facts.metadata.items()))
        return {**{label: value for label, value in said.items() if value}, _("Metadata"): metadata or "–"}

    def consequences(self) -> list[Consequence]:
        return rewriting.consequences(self.found)

    def clean_metadata(self) -> dict[str, str]:
        """Check what HTTP can carry, and S3 takes."""
        wanted: pairs.Pairs = self.cleaned_data["metadata"]
        faults = [fault for name, value in wanted.items() for fault in _faults(name, value)]
        total = sum(len(name) + len(value) for name, value in wanted.items())
        if total > MAX_METADATA_BYTES:
            faults.append(
                _("The metadata has %(size)d bytes; S3 allows %(most)d.")
                % {"size": total, "most": MAX_METADATA_BYTES}
            )
        if faults:
            raise forms.ValidationError(faults)
        return wanted

    def clean_expires(self) -> str:
        """Check that it is a date, unless it is what stands there already: S3 keeps any text."""
        text: str = self.cleaned_data["expires"]
        if text and text != self.facts.headers.expires and parse_http_date_safe(text) is None:
            raise forms.ValidationError(_("That is no date as HTTP writes it."))
        return text

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        unchanged = self._headers() == self.facts.headers and cleaned.get("metadata") == self.facts.metadata
        if not self.errors and unchanged:
            raise forms.ValidationError(_("That is what the object says already: there is nothing to do."))
        return cleaned

    def save(self) -> Saved:
        made = object_changes.edit(
            actor=self.user, bucket=self.found.bucket, key=self.found.key, seen=self.seen_version,
            headers=self._headers(), metadata=self.cleaned_data["metadata"],
        )  # fmt: skip
        return rewriting.saved(_("Metadata and headers are changed."), made, self.found, self.user)

    def _headers(self) -> Headers:
        return Headers(**{name: self.cleaned_data.get(name, "") for name in _HEADERS})


def _faults(name: str, value: str) -> list[str]:
    found = []
    if not set(name) <= _NAME_CHARACTERS:
        found.append(
            _("The name “%(name)s” may have small letters a to z, digits and - _ . only.") % {"name": name}
        )
    if not (value.isascii() and (value.isprintable() or not value)):
        found.append(_("The value of “%(name)s” is not ASCII, in one line.") % {"name": name})
    if value != value.strip():
        found.append(_("The value of “%(name)s” has blanks at its ends; HTTP drops those.") % {"name": name})
    return found
