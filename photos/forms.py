"""Forms of the photo pages."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from pets.models import Pet
from photos import formats
from photos.models import Photo

ACCEPT = ",".join(sorted({f".{extension}" for extension in formats.EXTENSIONS} | {"image/*"}))


class MultipleFileInput(forms.ClearableFileInput):
    """A file input that takes many."""

    allow_multiple_selected = True


class MultipleFileField(forms.FileField):
    """Files, as a list. What is in them is judged one by one by the upload service."""

    widget = MultipleFileInput

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        files = data if isinstance(data, list | tuple) else [data] if data else []
        if not files:
            raise ValidationError(self.error_messages["required"], code="required")
        if len(files) > settings.MAX_UPLOAD_FILES:
            raise ValidationError(
                _("%(found)s files at once are too many; at most %(most)s are taken."),
                params={"found": len(files), "most": settings.MAX_UPLOAD_FILES},
            )
        return list(files)


class UploadForm(forms.Form):
    """Many photos for one pet, or for none yet."""

    pet = forms.ModelChoiceField(
        Pet.objects.live(),
        required=False,
        label=_("Pet"),
        help_text=_("Left empty, the photos wait on the Today page for somebody who knows the pet."),
    )
    files = MultipleFileField(  # type: ignore[assignment]  # a field, read by its key; not the form's raw files
        label=_("Photos"),
        widget=MultipleFileInput(attrs={"accept": ACCEPT}),
        error_messages={"required": _("Choose at least one photo.")},
    )


class ReplaceForm(forms.Form):
    """A better file for the same photo."""

    file = forms.FileField(label=_("New file"), widget=forms.FileInput(attrs={"accept": ACCEPT}))


class PhotoForm(forms.ModelForm):
    """What staff write about a photo. Which pet it shows is changed through the service."""

    class Meta:
        model = Photo
        fields = ("pet", "also_shows", "caption", "alt_text", "position")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        pet, others = cleaned.get("pet"), cleaned.get("also_shows")
        if pet is not None and others is not None and pet in others:
            self.add_error("also_shows", _("%(pet)s is the photo's pet already.") % {"pet": pet})
        return cleaned


def sentences(form: forms.Form) -> list[str]:
    """Return what is wrong with the form, without the fields' names."""
    return [str(sentence) for errors in form.errors.values() for sentence in errors]
