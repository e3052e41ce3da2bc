"""The forms for retention and legal hold of one version."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.s3.differences import Capability
from portal.s3.object_lock import Retention
from portal.s3.types import RetentionMode
from storage_admin.objects import locks as object_locks
from storage_admin.objects.forms import Consequence, Level, ObjectForm, Saved
from storage_admin.typed_word import word_for

_AS_INPUTS_WRITE = "%Y-%m-%dT%H:%M:%S"
_MODES = [
    ("", gettext_lazy("not locked")),
    (RetentionMode.GOVERNANCE.value, gettext_lazy("governance: who has the right may lift it")),
    (RetentionMode.COMPLIANCE.value, gettext_lazy("compliance: nobody can shorten or lift it")),
]


class _LockForm(ObjectForm):
    """Shows the lock as it is."""

    version_stays = True

    def state(self) -> dict[str, str]:
        lock = self.facts.retention
        end = date_format(timezone.localtime(lock.until), "DATETIME_FORMAT") if lock else ""
        return {
            _("Locked"): _("%(mode)s, until %(end)s") % {"mode": lock.mode.value, "end": end}
            if lock
            else _("no"),
            _("Legal hold"): _("on") if self.facts.legal_hold else _("off"),
        }

    def exact(self) -> Any:
        return object_locks.lock_of(self.facts)


class RetentionForm(_LockForm):
    """A mode and a date; the box that bypasses governance is there for those who may."""

    page = "retention"
    button = gettext_lazy("Change the lock")

    mode = forms.ChoiceField(
        label=gettext_lazy("Lock"), choices=_MODES, required=False, widget=forms.RadioSelect
    )
    until = forms.DateTimeField(
        label=gettext_lazy("Until"),
        required=False,
        input_formats=[_AS_INPUTS_WRITE, "%Y-%m-%dT%H:%M"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}, format=_AS_INPUTS_WRITE),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if Capability.LIFTED_LOCK in self.found.lacks and self.facts.retention is not None:
            mode = self.fields["mode"]
            assert isinstance(mode, forms.ChoiceField)  # noqa: S101 - declared so above; mypy asks
            mode.choices = [choice for choice in _MODES if choice[0]]
        self.word = word_for(self.found.key)
        label = _("For compliance, type “%(word)s”") % {"word": self.word}
        self.fields["typed"] = forms.CharField(
            label=label, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
        )
        if self._is_governed and self.user.has_perm(object_locks.BYPASS):
            self.fields["bypass_governance"] = forms.BooleanField(
                label=_("Bypass the governance lock"),
                required=False,
                help_text=_("The audit keeps that it was bypassed, and by whom."),
            )

    def initial_values(self) -> dict[str, Any]:
        lock = self.facts.retention
        return {
            "mode": lock.mode.value if lock else "",
            "until": timezone.localtime(lock.until) if lock else None,
        }

    def consequences(self) -> list[Consequence]:
        said = [
            Consequence(_("Until then this version cannot be destroyed. It can still be hidden.")),
            Consequence(
                _("Compliance cannot be undone: not by you, and not by the account's root user."),
                Level.DANGER,
            ),
        ]
        lock = self.facts.retention
        if lock is not None:
            said += self.lacking(Capability.LIFTED_LOCK)
        if lock is not None and lock.mode is RetentionMode.COMPLIANCE:
            said.append(
                Consequence(_("It is locked by compliance: only a later date is possible."), Level.WARNING)
            )
        elif self._is_governed:
            may = self.user.has_perm(object_locks.BYPASS)
            how = _("You may bypass it.") if may else _("Your account may not.")
            words = _("A later date is always possible; an earlier one, or none, bypasses governance.")
            said.append(Consequence(f"{words} {how}", Level.WARNING))
        return said

    def clean_until(self) -> Any:
        """Give the end its fractions of a second back, which no input shows."""
        until, lock = self.cleaned_data["until"], self.facts.retention
        if until and lock and until == lock.until.replace(microsecond=0):
            return lock.until
        return until

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        mode, until = cleaned.get("mode"), cleaned.get("until")
        if mode and not until and "until" not in self.errors:
            self.add_error("until", _("Say until when."))
        if until and until <= timezone.now():
            self.add_error("until", _("A lock ends in the future."))
        if mode == RetentionMode.COMPLIANCE and cleaned.get("typed") != self.word:
            self.add_error("typed", _("Type it: compliance cannot be undone."))
        if not self.errors and self.wanted() == self.facts.retention:
            raise forms.ValidationError(_("That is how it is locked already: there is nothing to do."))
        return cleaned

    def wanted(self) -> Retention | None:
        """Return the lock that was asked for."""
        mode = self.cleaned_data["mode"]
        return Retention(RetentionMode(mode), self.cleaned_data["until"]) if mode else None

    def save(self) -> Saved:
        object_locks.retain(
            actor=self.user, bucket=self.found.bucket, key=self.found.key, seen=self.seen_version,
            seen_lock=self.seen_exact, wanted=self.wanted(),
            bypass_governance=self.cleaned_data.get("bypass_governance", False),
        )  # fmt: skip
        return Saved(_("The lock is changed."))

    @property
    def _is_governed(self) -> bool:
        lock = self.facts.retention
        return lock is not None and lock.mode is RetentionMode.GOVERNANCE and lock.until > timezone.now()


class HoldForm(_LockForm):
    """On or off: a legal hold has no end of its own."""

    page = "hold"

    def consequences(self) -> list[Consequence]:
        if self.facts.legal_hold:
            words = _("The hold goes: the version can then be destroyed, unless it is locked besides.")
            return [Consequence(words, Level.WARNING)]
        return [Consequence(_("Until somebody takes the hold off, this version cannot be destroyed."))]

    def save(self) -> Saved:
        object_locks.hold(
            actor=self.user, bucket=self.found.bucket, key=self.found.key, seen=self.seen_version,
            seen_lock=self.seen_exact, on=not self.seen_exact["legal_hold"],
        )  # fmt: skip
        return Saved(_("The legal hold is changed."))
