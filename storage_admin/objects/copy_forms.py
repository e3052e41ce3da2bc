"""The forms for copying and moving a version."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal import spelling
from portal.display import size
from portal.s3.types import VersioningState
from storage_admin import addresses
from storage_admin.models import Bucket
from storage_admin.objects import copies as object_copies
from storage_admin.objects import pairs, rewriting, services
from storage_admin.objects.copies import Landed
from storage_admin.objects.forms import Consequence, Level, ObjectForm, Saved


class _Target(forms.ModelChoiceField):
    """A bucket of a connection that is there."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.connection} / {obj.name}"


class CopyForm(ObjectForm):
    """The version shown, under another key or in another bucket, perhaps of another store."""

    page = "copy"
    button = gettext_lazy("Copy")

    to = _Target(label=gettext_lazy("Into the bucket"), queryset=Bucket.objects.none(), empty_label=None)
    to_key = forms.CharField(
        label=gettext_lazy("Under the key"),
        required=False,
        strip=False,
        max_length=1024,
        help_text=gettext_lazy("The whole key, with its folders. Empty: the same key."),
    )
    overwrite = forms.BooleanField(
        label=gettext_lazy("Overwrite what is there"),
        required=False,
        help_text=gettext_lazy("Without it, a key that is taken is refused."),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        there = Bucket.objects.filter(gone_since=None, connection__in=settings.S3_CONNECTIONS)
        target = self.fields["to"]
        assert isinstance(target, forms.ModelChoiceField)  # noqa: S101 - declared so above; mypy asks
        target.queryset = there.order_by("connection", "name")

    def initial_values(self) -> dict[str, Any]:
        key = self.found.key if pairs.editable({self.found.key: ""}) else ""
        return {"to": self.found.bucket.pk, "to_key": key}

    def state(self) -> dict[str, str]:
        return {_("Size"): size(self.facts.bytes), _("Class"): str(self.facts.storage_class)}

    def consequences(self) -> list[Consequence]:
        return [
            Consequence(_("Within its store, a copy has all that the original has, but for its versions.")),
            Consequence(
                _(
                    "In another store it has the bytes, headers, metadata and tags, and the class if there is"
                    " such; not the ACL, the lock or a KMS key. What is missing is told."
                )
            ),
            Consequence(
                _("From a page, at most %(near)s are copied within a store, and %(far)s between two.")
                % {
                    "near": size(services.MAX_RESTORE_BYTES),
                    "far": size(object_copies.MAX_TRANSFER_BYTES),
                }
            ),
        ]

    def save(self) -> Saved:
        landed = object_copies.copy(**self._asked())
        return Saved(_told(_("Copied:"), landed))

    def _asked(self) -> dict[str, Any]:
        return {
            "actor": self.user,
            "bucket": self.found.bucket,
            "key": self.found.key,
            "seen": self.seen_version,
            "to": self.cleaned_data["to"],
            "to_key": self.cleaned_data["to_key"] or self.found.key,
            "overwrite": self.cleaned_data["overwrite"],
        }


class MoveForm(CopyForm):
    """The newest version, to where it is to be instead; a new name is a move, too."""

    page = "move"
    button = gettext_lazy("Move")

    def consequences(self) -> list[Consequence]:
        if self.found.versioning is VersioningState.ENABLED:
            words = _("The copy is compared with the original, and that is then hidden by a delete marker.")
            first = [Consequence(words), Consequence(_("Older versions stay under the former key."))]
        else:
            words = _("The copy is compared with the original, and that is then destroyed for good.")
            first = [Consequence(words, Level.DANGER), *rewriting.early_end(self.found)]
        return [*first, *super().consequences()]

    def save(self) -> Saved:
        landed = object_copies.move(**self._asked())
        return Saved(_told(_("Moved:"), landed), addresses.of_object(landed.bucket, landed.key))


def _told(done: str, landed: Landed) -> str:
    """Return what was done with the way to it, and what it lacks."""
    url = addresses.of_object(landed.bucket, landed.key, landed.version_id)
    name = f"{landed.bucket} / {spelling.plain(landed.key)}"
    if not landed.lost:
        return format_html('{} <a href="{}">{}</a>', done, url, name)
    lost = format_html_join("", " {}", ((sentence,) for sentence in landed.lost))
    return format_html('{} <a href="{}">{}</a>. {}{}', done, url, name, _("Not kept:"), lost)
