"""What stands beside the bytes of many objects: tags, metadata, headers."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.s3 import attributes, copying, tags
from portal.s3.attributes import Attributes, Headers
from portal.s3.copying import Copied
from storage_admin.jobs.kind import Done, Outcome, Skip, Skipped
from storage_admin.jobs.one_by_one import OneByOne
from storage_admin.jobs.rewriting import ALREADY, Rewrite
from storage_admin.jobs.targets import Target
from storage_admin.models import Job

EDIT = "storage_admin.edit_object"
GONE = Skip("gone", gettext_lazy("It is not there any more."))
_METADATA_NAME = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+")  # what HTTP allows in a header, in small letters
_HEADERS = ("content_type", "cache_control", "content_disposition", "content_language")


def pairs(text: str) -> dict[str, str]:
    """Return what lines of name=value say. ValueError names the first line that is none."""
    found = {}
    for line in filter(None, (one.strip() for one in text.splitlines())):
        name, equals, value = line.partition("=")
        if not equals or not name.strip():
            raise ValueError(line)
        found[name.strip()] = value.strip()
    return found


def names(text: str) -> tuple[str, ...]:
    """Return the names in a text with one a line."""
    return tuple(filter(None, (one.strip() for one in text.splitlines())))


class _LinesField(forms.CharField):
    """A text of one thing a line; it may be empty."""

    def __init__(self, **options: Any) -> None:
        widget = forms.Textarea(attrs={"rows": 4, "spellcheck": "false"})
        super().__init__(required=False, widget=widget, **options)


class _PairsForm(forms.Form):
    """Names to set and names to take away; whatever else an object has stays."""

    def clean_add(self) -> str:
        """Check that each line is a pair; the text is kept as it was typed."""
        text: str = self.cleaned_data["add"]
        try:
            faults = self.faults(pairs(text))
        except ValueError as error:
            raise forms.ValidationError(_("“%(line)s” is no name=value.") % {"line": error}) from error
        if faults:
            raise forms.ValidationError(faults)
        return text

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors and not any(cleaned.values()):
            raise forms.ValidationError(_("Say what to change."))
        both = set(pairs(cleaned.get("add", ""))) & set(names(cleaned.get("remove", "")))
        if both:
            raise forms.ValidationError(_("“%(name)s” is to be set and taken away.") % {"name": min(both)})
        return cleaned

    def faults(self, wanted: dict[str, str]) -> list[str]:
        """Return what S3 would refuse, as sentences."""
        raise NotImplementedError


class TagsForm(_PairsForm):
    """Tags to set and to take away."""

    add = _LinesField(label=gettext_lazy("Tags to set"), help_text=gettext_lazy("One name=value a line."))
    remove = _LinesField(label=gettext_lazy("Tags to take away"), help_text=gettext_lazy("One name a line."))
    replace = forms.BooleanField(
        label=gettext_lazy("Take all other tags away"), required=False,
        help_text=gettext_lazy("Each object then has exactly the tags to set."),
    )  # fmt: skip

    def faults(self, wanted: dict[str, str]) -> list[str]:
        return tags.faults(wanted, most=tags.MAX_OBJECT_TAGS)


class EditTags(OneByOne):
    """Sets some tags of current versions, takes others away, and leaves the rest."""

    slug = "edit-tags"
    title = gettext_lazy("Edit tags")
    explanation = gettext_lazy(
        "Sets some tags and takes others away. All other tags stay, unless told otherwise."
    )
    right = EDIT
    form_class = TagsForm

    def judge(self, job: Job, target: Target) -> Skip | None:
        return GONE if target.is_gone else None

    def act_on(self, job: Job, target: Target) -> Outcome:
        name, alias = job.bucket.name, job.bucket.connection
        found = attributes.read(name, target.key, alias=alias)
        before = tags.of_object(name, target.key, version_id=found.version_id, alias=alias)
        wanted = pairs(job.parameters.get("add", ""))
        removed = names(job.parameters.get("remove", ""))
        if job.parameters.get("replace"):
            removed = tuple(before.keys() - wanted.keys())
        after = tags.edit_object(
            name, target.key, add=wanted, remove=removed, if_unchanged=before,
            version_id=found.version_id, alias=alias,
        )  # fmt: skip
        return Skipped(target, ALREADY) if after == before else Done(target)

    def requests(self, targets: int) -> dict[str, int]:
        return {"HeadObject": targets, "GetObjectTagging": 2 * targets, "PutObjectTagging": targets}

    def meaning(self, job: Job) -> list[str | Promise]:
        others = [gettext_lazy("All other tags go, also those that the portal or others go by.")]
        return [
            *(others if job.parameters.get("replace") else []),
            gettext_lazy("Tags of older versions stay. No version is added, no byte moves."),
            gettext_lazy(
                "Lifecycle rules and policies may go by tags: what they do then, they do by themselves."
            ),
        ]


class HeadersForm(_PairsForm):
    """Headers to set, metadata to set and to take away; what is left empty stays as it is."""

    content_type = forms.CharField(label=gettext_lazy("Content-Type"), required=False, max_length=255)
    cache_control = forms.CharField(label=gettext_lazy("Cache-Control"), required=False, max_length=1024)
    content_disposition = forms.CharField(
        label=gettext_lazy("Content-Disposition"), required=False, max_length=1024
    )
    content_language = forms.CharField(label=gettext_lazy("Content-Language"), required=False, max_length=255)
    add = _LinesField(
        label=gettext_lazy("Metadata to set"), help_text=gettext_lazy("One name=value a line, in ASCII.")
    )
    remove = _LinesField(
        label=gettext_lazy("Metadata to take away"), help_text=gettext_lazy("One name a line.")
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        for name in _HEADERS:
            if not str(cleaned.get(name, "")).isascii():
                self.add_error(name, _("HTTP carries ASCII only."))
        return cleaned

    def faults(self, wanted: dict[str, str]) -> list[str]:
        if not all(_METADATA_NAME.fullmatch(name) for name in wanted):
            return [_("Names are of small letters, digits and - _ .")]
        return [] if all(value.isascii() for value in wanted.values()) else [_("HTTP carries ASCII only.")]


class EditHeaders(Rewrite):
    """Sets headers and metadata of current versions, by a copy of each onto itself."""

    slug = "edit-metadata"
    title = gettext_lazy("Edit metadata and headers")
    explanation = gettext_lazy(
        "Sets the headers and metadata that you name. All others stay, and all the rest."
    )
    right = EDIT
    form_class = HeadersForm

    def judge(self, job: Job, target: Target) -> Skip | None:
        return GONE if target.is_gone else against_archived(target)

    def rewrite(self, job: Job, target: Target) -> Copied:
        name, alias = job.bucket.name, job.bucket.connection
        found = attributes.read(name, target.key, alias=alias)
        headers, metadata = _wanted(job, found)
        return copying.edit(
            name, target.key, headers=headers, metadata=metadata, if_etag=target.etag, alias=alias
        )

    def is_done(self, job: Job, found: Attributes) -> bool:
        return _wanted(job, found) == (found.headers, found.metadata)

    def meaning(self, job: Job) -> list[str | Promise]:
        return [
            gettext_lazy(
                "In a versioned bucket each change adds a version; the old one stays, billed, as it is."
            )
        ]


def _wanted(job: Job, found: Attributes) -> tuple[Headers, dict[str, str]]:
    said = job.parameters
    headers = replace(found.headers, **{name: said[name] for name in _HEADERS if said.get(name)})
    removed = names(said.get("remove", ""))
    kept = {name: value for name, value in found.metadata.items() if name not in removed}
    return headers, kept | pairs(said.get("add", ""))


_ARCHIVED = Skip("archived", gettext_lazy("It is archived; it must be restored first."))


def against_archived(target: Target) -> Skip | None:
    """Return why a target of an archive class is not copied."""
    return _ARCHIVED if target.storage_class in attributes.ARCHIVED else None
