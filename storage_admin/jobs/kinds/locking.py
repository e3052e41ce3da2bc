"""Locking many objects: retention that can be lifted again by those who may, and legal hold."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.s3 import attributes, capabilities, object_lock
from portal.s3.attributes import Attributes
from portal.s3.differences import Capability
from portal.s3.object_lock import Retention
from portal.s3.types import RetentionMode
from storage_admin.jobs.kind import Done, Failed, Outcome, Skip, Skipped
from storage_admin.jobs.kinds.describing import GONE
from storage_admin.jobs.kinds.time_machine import moment_field
from storage_admin.jobs.one_by_one import OneByOne
from storage_admin.jobs.rewriting import ALREADY
from storage_admin.jobs.targets import Target
from storage_admin.models import Bucket, Job

RETAIN, HOLD, RELEASE = "retain", "hold", "release"


class LockForm(forms.Form):
    """Retention until a moment, or a legal hold. Compliance is no choice: nobody could take it back."""

    lock = forms.ChoiceField(
        label=gettext_lazy("What to set"),
        widget=forms.RadioSelect,
        initial=RETAIN,
        choices=[
            (RETAIN, gettext_lazy("governance retention, until the moment below; longer ones stay")),
            (HOLD, gettext_lazy("a legal hold: no end of its own")),
            (RELEASE, gettext_lazy("no legal hold any more")),
        ],
        help_text=gettext_lazy("Compliance is set object by object, on its page: nobody takes it back."),
    )
    until = moment_field(label=gettext_lazy("Until"), required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("lock") != RETAIN:
            return cleaned | {"until": None}
        until = cleaned.get("until")
        if not self.errors and (until is None or until <= timezone.now()):
            self.add_error("until", _("A lock ends in the future."))
        return cleaned


class Lock(OneByOne):
    """Locks current versions, or puts legal holds on and off. Takes nothing away from a longer lock."""

    slug = "lock"
    title = gettext_lazy("Lock")
    explanation = gettext_lazy("Keeps objects from being destroyed: until a moment, or by a legal hold.")
    right = "storage_admin.lock_object"
    keeps_successes = True
    form_class = LockForm

    def refusal(self, bucket: Bucket) -> str:
        return capabilities.known(capabilities.server(bucket.connection)).get(Capability.OBJECT_LOCK, "")

    def obstacle(self, job: Job) -> str:
        if object_lock.of_bucket(job.bucket.name, alias=job.bucket.connection).is_enabled:
            return ""
        return _("The bucket has no object lock: nothing in it can be locked.")

    def judge(self, job: Job, target: Target) -> Skip | None:
        return GONE if target.is_gone else None

    def act_on(self, job: Job, target: Target) -> Outcome:
        name, alias = job.bucket.name, job.bucket.connection
        found = attributes.read(name, target.key, alias=alias)
        if _is_locked(job, found):
            return Skipped(target, ALREADY)
        if wanted := retention(job.parameters):
            object_lock.retain(name, target.key, wanted, version_id=found.version_id, alias=alias)
        else:
            is_on = job.parameters["lock"] == HOLD
            object_lock.hold(name, target.key, on=is_on, version_id=found.version_id, alias=alias)
        after = attributes.read(name, target.key, version_id=found.version_id, alias=alias)
        if not _is_locked(job, after):
            return Failed(target, "NotKept", _("The store took the lock without an error, but has another."))
        return Done(target)

    def requests(self, targets: int) -> dict[str, int]:
        return {"HeadObject": 2 * targets, "PutObjectRetention, PutObjectLegalHold": targets}

    def meaning(self, job: Job) -> list[str | Promise]:
        said: list[str | Promise] = [
            gettext_lazy("Current versions are locked: older ones, and what is written later, are not.")
        ]
        if job.parameters["lock"] == RETAIN:
            said.append(
                gettext_lazy("To shorten or lift it takes the right to bypass governance, object by object.")
            )
        if job.bucket.holds_photos:
            said.append(gettext_lazy("Photos whose originals are locked stay in the trash until that ends."))
        return said


def retention(parameters: dict[str, Any]) -> Retention | None:
    """Return the retention that the job sets; None where it is about legal holds."""
    if parameters["lock"] != RETAIN:
        return None
    until = parameters["until"]  # a moment when it comes from the form, its text when from the row
    moment = until if isinstance(until, datetime) else datetime.fromisoformat(until)
    return Retention(RetentionMode.GOVERNANCE, moment)


def _is_locked(job: Job, found: Attributes) -> bool:
    """Whether the version has the lock already, or one that holds longer."""
    wanted = retention(job.parameters)
    if wanted is None:
        return found.legal_hold is (job.parameters["lock"] == HOLD)
    # Stores keep whole seconds, or fewer digits of them than they were given.
    return found.retention is not None and found.retention.until >= wanted.until.replace(microsecond=0)
