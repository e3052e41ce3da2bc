"""The forms for what cannot be undone: destroying one version, deleting where nothing is kept."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.display import size
from portal.s3.attributes import Attributes
from portal.s3.listing import ListedVersion
from portal.s3.types import VersioningState
from storage_admin import addresses
from storage_admin.objects import destroying
from storage_admin.objects.destroying import NULL
from storage_admin.objects.forms import Consequence, Level, ObjectForm, Saved
from storage_admin.objects.gathering import Gathered
from storage_admin.objects.seen import Seen
from storage_admin.typed_word import ReasonField, TypedWordField, word_for


class _TypedForm(ObjectForm):
    """Says what is about to go, and asks to type its name."""

    reason = ReasonField()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["typed"] = TypedWordField(word_for(self.found.key))

    def state(self) -> dict[str, str]:
        facts = self.facts
        return {
            _("Version"): facts.version_id or self.found.shown_id or "–",
            _("Size"): _("%(size)s (%(bytes)s bytes)") % {"size": size(facts.bytes), "bytes": facts.bytes},
            _("Type"): facts.headers.content_type or "–",
            _("Class"): facts.storage_class,
            "ETag": facts.etag,
        }

    def done_url(self, saved: Saved) -> str:
        """Return where there is still something to see: the object, or the folder that it was in."""
        return saved.url or addresses.of_object(self.found.bucket, self.found.key)

    @property
    def folder_url(self) -> str:
        key = self.found.key
        return addresses.folder(self.found.bucket, key[: key.rfind("/") + 1])


class MarkerForm(_TypedForm):
    """A delete marker below something else, or of a key that has nothing else: Undelete is not for these."""

    page = "destroy"
    button = gettext_lazy("Destroy for good")

    @classmethod
    def about(cls, found: Gathered) -> type[ObjectForm] | None:
        return cls if found.marker is not None else None

    def shown(self) -> Seen:
        return Seen(self._marker.version_id, "", self._marker.last_modified.isoformat())

    @property
    def _marker(self) -> ListedVersion:
        if self.found.marker is None:
            raise ValueError("A form about a delete marker needs one.")
        return self.found.marker

    def state(self) -> dict[str, str]:
        deleted = destroying.moment(self._marker.last_modified)
        return {_("Delete marker"): self._marker.version_id, _("Deleted"): deleted}

    def consequences(self) -> list[Consequence]:
        lost = _("That and when the object was deleted here is forgotten; the time machine sees it no more.")
        others = [one for one in self.found.timeline if one.version_id != self._marker.version_id]
        if self.found.has_any_version:
            after = Consequence(_("What is on top stays on top: no reader notices."))
        elif others:
            after = Consequence(_("Other delete markers stay: the object is deleted as before."))
        else:
            after = Consequence(_("It is all that there is: nothing is left of the key."), Level.WARNING)
        return [after, Consequence(lost, Level.DANGER)]

    def differences(self, _now: Attributes | None, _state_now: dict[str, str]) -> list[str]:
        return []  # a marker does not change: another entry came above it, or it is gone

    def save(self) -> Saved:
        left = destroying.destroy_marker(
            actor=self.user, bucket=self.found.bucket, key=self.found.key, seen=self.seen_version,
            reason=self.cleaned_data["reason"],
        )  # fmt: skip
        if not left.entries:
            return Saved(_("The delete marker is destroyed; nothing is left of the key."), self.folder_url)
        return Saved(_("The delete marker is destroyed."))


class DestroyForm(_TypedForm):
    """One version, by its id. Governance is bypassed only by who may, and ticks it."""

    page = "destroy"
    version_stays = True
    button = gettext_lazy("Destroy for good")

    @classmethod
    def about(cls, found: Gathered) -> type[ObjectForm] | None:
        return cls if found.facts is not None else MarkerForm.about(found)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.lock = destroying.active_lock(self.facts)
        if self.lock is not None and self.user.has_perm(destroying.BYPASS):
            self.fields["bypass_governance"] = forms.BooleanField(
                label=_("Bypass the governance lock"),
                required=False,
                help_text=_("The audit keeps that it was bypassed, and by whom."),
            )

    def consequences(self) -> list[Consequence]:
        found = [
            Consequence(
                _("This version is destroyed for good. No undelete and no restore brings it back."),
                Level.DANGER,
            )
        ]
        others = [one for one in self.found.timeline if one.version_id != self.found.shown_id]
        there_are_more = bool(others) or self.found.next_mark is not None
        if not self.found.timeline_error and not there_are_more:
            found.append(
                Consequence(_("It is the only version: nothing is left of the object."), Level.DANGER)
            )
        elif self.found.is_newest and others:
            found.append(_next_newest(others))
        if reason := destroying.lock_against(self.facts, bypass_governance=False):
            may = self.user.has_perm(destroying.BYPASS)
            how = _("You may bypass it.") if may else _("Your account may not bypass it.")
            found.append(Consequence(f"{reason} {how}", Level.WARNING))
        return found

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or self.cleaned_data
        if self.lock is not None and not cleaned.get("bypass_governance"):
            self.add_error(None, destroying.lock_against(self.facts, bypass_governance=False))
        return cleaned

    def save(self) -> Saved:
        left = destroying.destroy_version(
            actor=self.user, bucket=self.found.bucket, key=self.found.key,
            version_id=self.found.shown_id or NULL, seen=self.seen_version,
            bypass_governance=self.cleaned_data.get("bypass_governance", False),
            reason=self.cleaned_data["reason"],
        )  # fmt: skip
        if not left.entries:
            return Saved(_("The version is destroyed; nothing is left of the object."), self.folder_url)
        return Saved(_("The version is destroyed."))


class DeleteForm(_TypedForm):
    """The whole object, where the bucket keeps nothing of it."""

    page = "delete_object"
    button = gettext_lazy("Delete for good")

    def state(self) -> dict[str, str]:
        return {_("The bucket's versioning"): self.found.versioning.value, **super().state()}

    def exact(self) -> str:
        return self.found.versioning.value

    def consequences(self) -> list[Consequence]:
        if self.found.versioning is VersioningState.SUSPENDED:
            return self._in_a_suspended_bucket()
        return [
            Consequence(_("The object is destroyed for good: this bucket keeps no versions."), Level.DANGER),
            Consequence(_("Switch versioning on first, and a deleted object can be brought back.")),
        ]

    def _in_a_suspended_bucket(self) -> list[Consequence]:
        ids = {one.version_id for one in self.found.timeline if not one.is_delete_marker}
        if self.found.timeline_error or (self.found.next_mark is not None and NULL not in ids):
            lost = Consequence(
                _("If the object has a version “null”, that is destroyed for good."), Level.DANGER
            )
        elif NULL in ids:
            lost = Consequence(_("The version “null” is destroyed for good."), Level.DANGER)
        else:
            lost = Consequence(_("The object has no version “null”, so no bytes are lost."))
        found = [lost, Consequence(_("A delete marker “null” hides the object."))]
        if kept := len(ids - {NULL}):
            found.append(
                Consequence(
                    _("Its versions with other ids (%(count)s) stay, and are billed.") % {"count": kept}
                )
            )
        return found

    def save(self) -> Saved:
        left = destroying.delete_for_good(
            actor=self.user, bucket=self.found.bucket, key=self.found.key, seen=self.seen_version,
            seen_state=VersioningState(self.seen_exact), reason=self.cleaned_data["reason"],
        )  # fmt: skip
        if not left.entries:
            return Saved(_("The object is destroyed."), self.folder_url)
        return Saved(_("The object is deleted. What is left of it stands below."))


def _next_newest(others: list[ListedVersion]) -> Consequence:
    """Say what comes to light; lists tell no order among entries of one second."""
    one = others[0]
    if any(other.last_modified == one.last_modified for other in others[1:]):
        words = _("What was written just before it is the newest then: a version, or a delete marker.")
        return Consequence(words, Level.WARNING)
    if one.is_delete_marker:
        return Consequence(_("Below it lies a delete marker: the object is deleted then."), Level.WARNING)
    words = _("Everybody then reads the version before it: %(size)s, written %(when)s.")
    when = destroying.moment(one.last_modified)
    return Consequence(words % {"size": size(one.bytes), "when": when}, Level.WARNING)
