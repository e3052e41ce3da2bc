"""The form for the tags of one version."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.s3 import tags
from storage_admin.objects import pairs
from storage_admin.objects import tags as object_tags
from storage_admin.objects.forms import Consequence, ObjectForm, Saved
from storage_admin.objects.pairs import PairsField


class TagsForm(ObjectForm):
    """All tags of the version shown; those of other versions stay."""

    page = "tags"
    version_stays = True

    tags = PairsField(
        label=gettext_lazy("Tags"),
        most=tags.MAX_OBJECT_TAGS,
        help_text=gettext_lazy(
            "At most 10. A name has up to 128 characters, a value up to 256. Empty a name and its value to"
            " remove the tag."
        ),
    )

    def initial_values(self) -> dict[str, Any]:
        return {"tags": pairs.editable(self.found.tags)}

    def state(self) -> dict[str, str]:
        return {
            _("Tags"): "; ".join(f"{name} = {value}" for name, value in sorted(self.found.tags.items()))
            or "–"
        }

    def exact(self) -> dict[str, str]:
        return self.found.tags

    def consequences(self) -> list[Consequence]:
        found = [Consequence(_("The tags of this one version change; no version is added, no byte moves."))]
        if kept := pairs.kept_apart(self.found.tags):
            found.append(
                Consequence(
                    _("%(count)d tags hold line feeds, which no form carries; they stay as they are.")
                    % {"count": len(kept)}
                )
            )
        return found

    def clean_tags(self) -> dict[str, str]:
        """Check what S3 would refuse, and that there is something to do."""
        wanted: dict[str, str] = pairs.kept_apart(self.found.tags) | self.cleaned_data["tags"]
        if faults := tags.faults(wanted, most=tags.MAX_OBJECT_TAGS):
            raise forms.ValidationError(faults)
        if wanted == self.found.tags:
            raise forms.ValidationError(_("These are the tags that the version has already."))
        return wanted

    def save(self) -> Saved:
        object_tags.edit(
            actor=self.user, bucket=self.found.bucket, key=self.found.key, seen=self.seen_version,
            seen_tags=self.seen_exact, wanted=self.cleaned_data["tags"],
        )  # fmt: skip
        return Saved(_("The tags are changed."))
