"""Rolling keys back to what they were at a moment, undeleting, undoing both. No version is destroyed here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from portal.s3 import attributes, capabilities, copying, delete_markers, listing, objects
from portal.s3.differences import Capability
from portal.s3.errors import Conflict, ObjectNotFound
from portal.s3.types import StorageClass
from storage_admin.jobs import history
from storage_admin.jobs.history import Change
from storage_admin.jobs.kind import Done, Failed, Outcome, Skip, Skipped, first_of
from storage_admin.jobs.kinds.deleting import HIDDEN, marker_over, no_versions
from storage_admin.jobs.one_by_one import OneByOne
from storage_admin.jobs.protection import against_hiding
from storage_admin.jobs.targets import Selection, Target
from storage_admin.models import Bucket, Job

_ARCHIVED = Skip("archived", gettext_lazy("What it was is archived; it must be restored first."))
_HOLLOW = Skip(
    "hollow", gettext_lazy("Nothing is left below its delete marker: the versions were destroyed.")
)
_LOSES_KEYS = gettext_lazy(
    "Where more than 1,000 versions lie below the path, this store's lists may lack keys: look again."
)
_ARCHIVES = {StorageClass.GLACIER, StorageClass.DEEP_ARCHIVE}
_NO_MARKER = Skip("no-marker", gettext_lazy("The job put no delete marker on it."))
# What was done to a key, as its undo reads it: the word, then what it needs.
_RESTORED, _UNDELETED = "restored", "undeleted"
_NULL = "null"  # the id of what was made while versioning was off


def moment_field(**options: Any) -> forms.DateTimeField:
    """Return a field for a moment to the second, which a browser offers its calendar for."""
    return forms.DateTimeField(
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}, format="%Y-%m-%dT%H:%M:%S"),
        **options,
    )


_IN_YOUR_ZONE = gettext_lazy("In the time zone in which the portal's pages show times to you.")


class MomentForm(forms.Form):
    """The moment to go back to, and what of it."""

    moment = moment_field(label=gettext_lazy("As it was at"), help_text=_IN_YOUR_ZONE)
    changes = forms.MultipleChoiceField(
        label=gettext_lazy("What to take back"),
        choices=[
            (Change.DELETED.value, gettext_lazy("deletions")),
            (Change.CHANGED.value, gettext_lazy("changes")),
            (Change.ADDED.value, gettext_lazy("additions (they are hidden)")),
        ],
        widget=forms.CheckboxSelectMultiple,
        initial=[Change.DELETED.value],
    )


class RollBack(OneByOne):
    """Brings every key back to what it was: markers of since then go, old versions are copied on top."""

    slug = "roll-back"
    title = gettext_lazy("Time machine: roll back")
    explanation = gettext_lazy(
        "Brings objects back to what they were at a moment. What was added since is hidden, not destroyed."
    )
    right = "storage_admin.recover_object"
    keeps_successes = True
    selections = ("history",)
    form_class = MomentForm
    undone_by = "undo"
    place = "time_machine"

    def rights(self, bucket: Bucket, parameters: dict[str, Any]) -> tuple[str, ...]:
        hides = Change.ADDED in parameters.get("changes", ())
        return (self.right, "storage_admin.hide_object") if hides else (self.right,)

    def selection(self, job_prefix: str, parameters: dict[str, Any]) -> Selection:
        return {
            "what": "history",
            "prefix": job_prefix,
            "moment": parameters["moment"].isoformat(),
            "changes": parameters["changes"],
        }

    def obstacle(self, job: Job) -> str:
        return no_versions(job)

    def judge_all(self, job: Job, targets: Sequence[Target]) -> list[Skip | None]:
        return self.against(job.bucket, targets)

    def against(self, bucket: Bucket, targets: Sequence[Target]) -> list[Skip | None]:
        """Return for each target why it cannot become what it was; the page tells it before a job does."""
        hidden = against_hiding(bucket, [one for one in targets if one.change == Change.ADDED])
        of_added = iter(hidden)
        photos = [next(of_added) if one.change == Change.ADDED else None for one in targets]
        return first_of([_against_bringing_back(bucket, one) for one in targets], photos)

    def act_on(self, job: Job, target: Target) -> Outcome:
        if target.change == Change.ADDED:
            return _hide(job, target)
        if target.markers:
            return _unhide(job, target)
        outcome = _put_back(job, target, target.was, expected=target.version_id)
        if isinstance(outcome, Done) and target.is_marker:
            # Versions lay between: to undo this is to hide it again.
            return Done(target, made=f"{_UNDELETED}:{outcome.made.partition(':')[2]}")
        return outcome

    def requests(self, targets: int) -> dict[str, int]:
        return {"HeadObject": targets, "CopyObject": targets}

    def meaning(self, job: Job) -> list[str | Promise]:
        return [
            gettext_lazy("Restored versions are copied on top: they are billed once more."),
            gettext_lazy("What was destroyed since that moment left no trace and does not come back."),
            gettext_lazy("The job can be undone as a whole."),
            *_lacks(job),
        ]


class UndeleteForm(forms.Form):
    """When what comes back was deleted: all of it, or what one mishap took."""

    begin = moment_field(label=gettext_lazy("Deleted from"), required=False, help_text=_IN_YOUR_ZONE)
    end = moment_field(
        label=gettext_lazy("until"), required=False,
        help_text=gettext_lazy("Both may be empty: then it counts whenever it was deleted."),
    )  # fmt: skip


class Undelete(OneByOne):
    """Takes the delete markers of a time away, each by its version id: what they hid is there again."""

    slug = "undelete"
    title = gettext_lazy("Undelete")
    explanation = gettext_lazy("Brings hidden objects back as they were last, by taking their markers away.")
    right = "storage_admin.recover_object"
    keeps_successes = True
    selections = ("hidden",)
    form_class = UndeleteForm
    undone_by = "undo"

    def selection(self, job_prefix: str, parameters: dict[str, Any]) -> Selection:
        ends = {name: parameters.get(name) for name in ("begin", "end")}
        return {"what": "hidden", "prefix": job_prefix} | {
            name: moment.isoformat() for name, moment in ends.items() if moment
        }

    def judge_all(self, job: Job, targets: Sequence[Target]) -> list[Skip | None]:
        return [_against_bringing_back(job.bucket, one) for one in targets]

    def act_on(self, job: Job, target: Target) -> Outcome:
        return _unhide(job, target)

    def requests(self, targets: int) -> dict[str, int]:
        return {"DeleteObjects": targets}

    def meaning(self, job: Job) -> list[str | Promise]:
        return [
            gettext_lazy("Nothing is copied and no version destroyed. The job can be undone as a whole."),
            *_lacks(job),
        ]


class Undo(OneByOne):
    """Takes back what a job did that destroyed nothing, key by key."""

    slug = "undo"
    title = gettext_lazy("Undo a job")
    explanation = gettext_lazy(
        "Puts objects back to what they were before the job, unless others changed them."
    )
    right = "storage_admin.recover_object"
    keeps_successes = True
    selections = ("done",)
    is_drafted_elsewhere = True

    def obstacle(self, job: Job) -> str:
        return no_versions(job)

    def act_on(self, job: Job, target: Target) -> Outcome:
        name, alias = job.bucket.name, job.bucket.connection
        did, _sep, needed = target.made.partition(":")
        if did == HIDDEN and not needed:
            return Skipped(target, _NO_MARKER)  # without its id a delete would put one more on
        if did == HIDDEN:
            [removed] = objects.delete_versions(name, [(target.key, needed)], alias=alias)
            return Failed(target, removed.code, removed.message) if removed.code else Done(target)
        if did == _UNDELETED:
            return _hide(job, target, only=needed)
        return _put_back(job, target, target.version_id, expected=needed)

    def requests(self, targets: int) -> dict[str, int]:
        return {"HeadObject": targets, "CopyObject": targets}


def _against_bringing_back(bucket: Bucket, target: Target) -> Skip | None:
    if target.change == Change.ADDED:
        return None
    if not target.was:
        return _HOLLOW
    if not target.markers:
        return _ARCHIVED if target.storage_class in _ARCHIVES else None
    if _NULL in target.markers:
        lacks = capabilities.known(capabilities.server(bucket.connection))
        reason = lacks.get(Capability.NULL_MARKERS)
        return Skip("null-marker", reason) if reason else None
    return None


def _lacks(job: Job) -> list[str | Promise]:
    """Return what the plan says of a store whose lists lose keys where their pages end."""
    return [_LOSES_KEYS] if history.may_lack(job.bucket) else []


def _unhide(job: Job, target: Target) -> Outcome:
    """Take the target's markers away. A version that came meanwhile is somebody's work: it stays on top."""
    removed = objects.delete_versions(
        job.bucket.name, [(target.key, one) for one in target.markers], alias=job.bucket.connection
    )
    failed = next((one for one in removed if one.code), None)
    if failed is not None:
        return Failed(target, failed.code, failed.message)
    return Done(target, made=f"{_UNDELETED}:{target.was}")


def _hide(job: Job, target: Target, *, only: str = "") -> Outcome:
    """Hide what the target names, or the version `only`; whatever else is on top by now stays."""
    name, alias = job.bucket.name, job.bucket.connection
    expected = only or target.version_id
    entries = listing.key_versions(name, target.key, size=1, alias=alias).versions
    if entries and entries[0].version_id == expected:
        try:
            marker = delete_markers.hide(name, target.key, if_etag=entries[0].etag, alias=alias)
        except (Conflict, ObjectNotFound):
            marker = ""  # somebody was faster; or the answer was lost, and a second try met the first
        if marker:
            return Done(target, made=f"{HIDDEN}:{marker}")
    if marker := marker_over(job, target.key, version_id=expected):
        # By a worker before this one, which died, or by somebody: it is as it should be.
        return Done(target, made=f"{HIDDEN}:{marker}")
    return Failed(target, "ChangedMeanwhile", str(_MEANWHILE))


def _put_back(job: Job, target: Target, version_id: str, *, expected: str) -> Outcome:
    """Copy an older version on top of the one that is expected to be the newest."""
    name, alias = job.bucket.name, job.bucket.connection
    newest = listing.key_versions(name, target.key, size=1, alias=alias).versions
    if newest and newest[0].version_id != expected:
        return _back_already(job, target, version_id, besides=expected)
    try:
        copied = copying.restore_version(name, target.key, version_id, alias=alias)
    except Conflict:
        return _back_already(job, target, version_id, besides=expected)
    return Done(target, made=f"{_RESTORED}:{copied.version_id}")


def _back_already(job: Job, target: Target, version_id: str, *, besides: str) -> Outcome:
    """Tell whether the newest is a copy of the version: a worker before this one made it and died.

    Or it was made by this one, whose answer was lost. What else is on top by now is somebody's work.
    """
    name, alias = job.bucket.name, job.bucket.connection
    newest = listing.key_versions(name, target.key, size=1, alias=alias).versions
    if newest and newest[0].version_id != besides and not newest[0].is_delete_marker:
        old = attributes.read(name, target.key, version_id=version_id, alias=alias)
        if (newest[0].etag, newest[0].bytes) == (old.etag, old.bytes):
            return Done(target, made=f"{_RESTORED}:{newest[0].version_id}")
    return Failed(target, "ChangedMeanwhile", str(_MEANWHILE))


_MEANWHILE = gettext_lazy("It was changed after the job had looked at it.")
