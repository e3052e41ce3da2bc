"""The forms that take files: new objects below a prefix, and a new version of an object."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.validators import RegexValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from photos.forms import MultipleFileField
from portal.display import size
from portal.s3.types import StorageClass
from storage_admin.objects import uploading
from storage_admin.objects.destroying import DESTROY
from storage_admin.objects.forms import Consequence, Level, ObjectForm, Saved
from storage_admin.typed_word import ReasonField

# "type/subtype" and parameters, as a header may hold them.
_MEDIA_TYPE = RegexValidator(
    r"^[\w.+-]+/[\w.+-]+(; ?[\w.+-]+=[\w.+\"-]+)*\Z", gettext_lazy("A type looks like image/png.")
)
_CLASSES = [(one.value, one.value) for one in StorageClass if one is not StorageClass.REDUCED_REDUNDANCY]


def _most() -> str:
    return size(settings.MAX_UPLOAD_BYTES)


class UploadObjectsForm(forms.Form):
    """One or several files, each of which becomes an object."""

    files = MultipleFileField(  # type: ignore[assignment]  # the name that inputs of files have; as in photos
        label=gettext_lazy("Files"),
        help_text=gettext_lazy("One or several. Each becomes an object, named as the file is."),
    )
    content_type = forms.CharField(
        label=gettext_lazy("Type"),
        required=False,
        max_length=255,
        validators=[_MEDIA_TYPE],
        help_text=gettext_lazy("Of all of them. Empty: guessed by the end of each name."),
    )
    storage_class = forms.ChoiceField(
        label=gettext_lazy("Class"),
        required=False,
        choices=[("", gettext_lazy("the store's default")), *_CLASSES],
    )
    overwrite = forms.BooleanField(
        label=gettext_lazy("Overwrite objects that have the same name"), required=False
    )
    reason = ReasonField()


class UploadVersionForm(ObjectForm):
    """New bytes under the same key; what stands beside them stays."""

    page = "upload"
    button = gettext_lazy("Upload")

    file = forms.FileField(label=gettext_lazy("File"))
    content_type = forms.CharField(
        label=gettext_lazy("Type"), required=False, max_length=255, validators=[_MEDIA_TYPE],
        help_text=gettext_lazy("Empty: guessed by the end of the key."),
    )  # fmt: skip
    storage_class = forms.ChoiceField(
        label=gettext_lazy("Class"), choices=[("", gettext_lazy("as it is now")), *_CLASSES], required=False
    )

    reason = ReasonField()

    def initial_values(self) -> dict[str, Any]:
        return {"content_type": self.facts.headers.content_type}

    def state(self) -> dict[str, str]:
        return {
            _("Size"): size(self.facts.bytes),
            _("Type"): self.facts.headers.content_type or "–",
            _("Class"): self.facts.storage_class,
            "ETag": self.facts.etag,
        }

    def consequences(self) -> list[Consequence]:
        found = [
            Consequence(_("Metadata, the other headers, tags, encryption and ACL stay as they are.")),
            Consequence(_("At most %(most)s are taken.") % {"most": _most()}),
        ]
        if not uploading.loses_bytes(self.found.versioning, self.facts):
            return [
                Consequence(
                    _("This adds a version. The one before it stays, is billed, and can be restored.")
                ),
                *found,
            ]
        lost = _("The bytes of now are lost for good: nothing keeps them in this bucket.")
        if not self.user.has_perm(DESTROY):
            lost = f"{lost} {_('Your account may not do that.')}"
        return [Consequence(lost, Level.DANGER), *found]

    def save(self) -> Saved:
        uploading.upload_version(
            actor=self.user, bucket=self.found.bucket, key=self.found.key, seen=self.seen_version,
            file=self.cleaned_data["file"], content_type=self.cleaned_data["content_type"],
            storage_class=self.cleaned_data["storage_class"], reason=self.cleaned_data["reason"],
        )  # fmt: skip
        return Saved(_("The file is uploaded as the newest version."))
