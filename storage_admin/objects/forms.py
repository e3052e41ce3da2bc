"""The base of the forms that change an object: what they show, ask, and hand to a service.

A form is made of what the store says now (`Gathered`). What it showed travels with it, as JSON in a
hidden field, so that the service can refuse to overwrite what somebody did meanwhile, and the page
can say what that was.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, ClassVar

from django import forms
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.models import User
from portal.s3.attributes import Attributes
from portal.s3.differences import Capability
from storage_admin import addresses
from storage_admin.objects.acts import BY_PAGE, Kind
from storage_admin.objects.gathering import Gathered
from storage_admin.objects.seen import Seen


class Level(StrEnum):
    """How much a consequence weighs: it is said, it costs or surprises, or it cannot be taken back."""

    NOTE = "note"
    WARNING = "warning"
    DANGER = "danger"


@dataclass(frozen=True)
class Consequence:
    """A sentence on what the change will mean."""

    words: str
    level: Level = Level.NOTE


@dataclass(frozen=True)
class Saved:
    """What was done, as a sentence, and the page that shows it; empty: the object's own.

    `undo_url` takes it back by a POST. `former_url` leads to what can be done with the version that
    was the newest before, and stays: `former_words` say it.
    """

    words: str
    url: str = ""
    undo_url: str = ""
    former_url: str = ""
    former_words: str = ""

    def said(self) -> str:
        """Return the sentence, with the link to the former version behind it."""
        if not self.former_url:
            return self.words
        return format_html('{} <a href="{}">{}</a>', self.words, self.former_url, self.former_words)


class ObjectForm(forms.Form):
    """A form about one version of one object.

    Subclasses name their `page` in `object_acts.KINDS`, and say what is now (`state`), what the
    change will mean (`consequences`) and what to do (`save`). `version_stays`: the change is made
    to the version shown, which the page shows again afterwards; else there is a newer one then.
    """

    page: ClassVar[str]
    button: ClassVar[Promise] = gettext_lazy("Save")
    version_stays: ClassVar[bool] = False

    seen = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, data: Any = None, files: Any = None, *, found: Gathered, user: User) -> None:
        self.found, self.user = found, user
        super().__init__(data, files, initial={**self.initial_values(), "seen": self.sealed()})

    @classmethod
    def about(cls, found: Gathered) -> type[ObjectForm] | None:
        """Return the form for what is shown; None for a delete marker, which most forms are not about."""
        return cls if found.facts is not None else None

    @property
    def facts(self) -> Attributes:
        """The version's facts. ValueError for a delete marker: `about` lets none through."""
        if self.found.facts is None:
            raise ValueError("A form about an object needs its facts.")
        return self.found.facts

    @classmethod
    def kind(cls) -> Kind:
        """Return the line of the table: label, right, and condition."""
        return BY_PAGE[cls.page]

    def initial_values(self) -> dict[str, Any]:
        """Return what the fields hold at first: what is now."""
        return {}

    def state(self) -> dict[str, str]:
        """Return what the store says now of what is about to change, by its label."""
        return {}

    def exact(self) -> Any:
        """Return the same as data, where the service must compare it and the version does not tell."""
        return None

    def consequences(self) -> list[Consequence]:
        """Return what the change will mean."""
        return []

    def save(self) -> Saved:
        """Do it, by a service. StorageError when it is refused, S3Error when the store would not."""
        raise NotImplementedError

    def sealed(self) -> str:
        """Return what is shown now, as it travels with the form."""
        version = asdict(self.shown())
        return json.dumps({"version": version, "state": self.state(), "exact": self.exact()})

    def shown(self) -> Seen:
        """Return the version that is shown now."""
        return Seen.of(self.facts)

    def clean_seen(self) -> dict[str, Any]:
        """Return what the form showed when it was opened."""
        try:
            said = json.loads(self.cleaned_data["seen"])
            return {"version": Seen(**said["version"]), "state": dict(said["state"]), "exact": said["exact"]}
        except (ValueError, TypeError, KeyError) as error:
            raise forms.ValidationError(_("The form was damaged on its way. Open it anew.")) from error

    @property
    def seen_version(self) -> Seen:
        """The version that the form showed, for the service."""
        version: Seen = self.cleaned_data["seen"]["version"]
        return version

    @property
    def seen_state(self) -> dict[str, str]:
        """What the form showed of it, by label."""
        state: dict[str, str] = self.cleaned_data["seen"]["state"]
        return state

    @property
    def seen_exact(self) -> Any:
        """The same as data, as `exact` gave it."""
        return self.cleaned_data["seen"]["exact"]

    def differences(self, now: Attributes | None, state_now: dict[str, str]) -> list[str]:
        """Return sentences on what changed between what the form showed and what is now."""
        if now is None:
            return [_("The object was deleted.")]
        found = [
            _("%(what)s: it was “%(before)s”, it is “%(after)s” now.")
            % {"what": label, "before": self.seen_state.get(label, "–"), "after": state_now.get(label, "–")}
            for label in {**self.seen_state, **state_now}
            if self.seen_state.get(label) != state_now.get(label)
        ]
        if not self.seen_version.is_still(now):
            found.insert(0, _("Somebody wrote the object anew; what is below is about the new version."))
        return found

    def lacking(self, *names: Capability) -> list[Consequence]:
        """Return what the store is known not to do of these, as it bears on the change."""
        lacks = self.found.lacks
        return [
            Consequence(_("This store: %(reason)s") % {"reason": lacks[name]}, Level.WARNING)
            for name in names
            if name in lacks
        ]

    def done_url(self, saved: Saved) -> str:
        """Return where it is shown what came of it."""
        stays = self.version_stays and not self.found.is_newest
        version_id = self.found.version_id if stays else ""
        return saved.url or addresses.of_object(self.found.bucket, self.found.key, version_id)
