"""Tags of the bucket: names and values for bills, and for rights that go by them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.s3 import tags
from portal.s3.differences import Capability
from portal.s3.tags import Tags
from storage_admin.bucket_settings import json_text
from storage_admin.bucket_settings.json_text import quoted
from storage_admin.bucket_settings.setting import Facts, Level, Meaning, Part, Place, Setting, SettingForm

_AMAZONS = "aws:"  # set by Amazon's own services; S3 wants them back unchanged with the set


class TagForm(SettingForm):
    """One tag, new or there already: then it keeps its name."""

    tag = forms.CharField(label=gettext_lazy("Name of the tag"), max_length=tags.MAX_KEY_LETTERS)
    value = forms.CharField(
        label=gettext_lazy("Value"), required=False, max_length=tags.MAX_VALUE_LETTERS, strip=False
    )
    gone = forms.BooleanField(label=gettext_lazy("Remove this tag"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.part is None:
            del self.fields["gone"]
        else:
            self.fields["tag"].disabled = True

    @classmethod
    def initial_of(cls, now: Tags, part: str | None) -> dict[str, Any]:
        if part is None:
            return {}
        if part.startswith(_AMAZONS):
            raise KeyError(part)
        return {"tag": part, "value": now[part]}

    def clean_tag(self) -> str:
        """Refuse a name that is there already."""
        name: str = self.cleaned_data["tag"]
        if self.part is None and name in self.now:
            raise forms.ValidationError(
                _("There is a tag %(name)s already: change that one.") % {"name": quoted(name)}
            )
        return name

    def clean(self) -> dict[str, Any]:
        """Name what S3 would refuse."""
        given = self.cleaned_data
        if self.errors or given.get("gone"):
            return given
        name, value = given["tag"], given["value"]
        if not json_text.can_be_sent(name + value):
            self.add_error(None, _("Tags hold no control characters."))
        own = {
            kept: said
            for kept, said in self.wanted().items()
            if not kept.startswith(_AMAZONS) or kept == name
        }
        for fault in tags.faults(own, most=tags.MAX_BUCKET_TAGS):
            self.add_error(None, fault)
        return given

    def wanted(self) -> Tags:
        """Return all tags, with this one as the form has it."""
        given, found = self.cleaned_data, dict(self.now)
        if given.get("gone"):
            del found[given["tag"]]
        else:
            found[given["tag"]] = given["value"]
        return found


class TagsSetting(Setting[Tags]):
    """The whole set, one tag of it edited at a time."""

    slug = "tags"
    title = gettext_lazy("Tags")
    about = gettext_lazy("Names and values for bills, and for rights that go by them.")
    term = "Bucket tagging"
    needs = (Capability.TAGS_OF_BUCKET,)
    form_class = TagForm

    def read(self, bucket: str, alias: str) -> Tags:
        return tags.of_bucket(bucket, alias=alias)

    def write(self, bucket: str, alias: str, wanted: Tags) -> None:
        tags.write_bucket(bucket, wanted, alias=alias)

    def as_data(self, value: Tags) -> dict[str, Any]:
        return {"tags": dict(value)}

    def from_data(self, data: Mapping[str, Any]) -> Tags:
        return dict(data["tags"])

    def facts(self, value: Tags) -> Facts:
        return {quoted(name): quoted(said) for name, said in sorted(value.items())}

    def summary(self, value: Tags) -> str:
        return ", ".join(f"{name} = {said}" for name, said in self.facts(value).items()) or _("none")

    def parts(self, value: Tags) -> list[Part] | None:
        return [
            Part(name, quoted(name), quoted(said))
            for name, said in sorted(value.items())
            if not name.startswith(_AMAZONS)
        ]

    def beside(self, _value: Tags, _place: Place) -> Facts:
        return {
            _("Rights by tags"): _(
                "With attribute-based access control (ABAC) switched on for the bucket at Amazon, policies "
                "may decide by these tags, and each is then changed through the account, not as one set."
            )
        }

    def meaning(self, before: Tags, after: Tags, _place: Place) -> list[Meaning]:
        found = [
            Meaning(
                _("Bills show the bucket under its tags from the next day on; past days stay as they are.")
            )
        ]
        if any(name in before and after.get(name) != before[name] for name in before):
            words = _("Where policies go by these tags, the change may give rights or take them away.")
            found.append(Meaning(words, Level.WARNING))
        return found
