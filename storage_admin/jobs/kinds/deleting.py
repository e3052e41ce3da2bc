"""Deleting many objects: hiding them behind markers, and destroying versions for good."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django import forms
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.s3 import delete_markers, listing, objects, uploads, versioning
from portal.s3.errors import Conflict, ObjectNotFound, S3Error
from storage_admin.jobs.kind import Beat, Done, Failed, Kind, Outcome, Skip, Skipped, first_of
from storage_admin.jobs.one_by_one import OneByOne
from storage_admin.jobs.protection import against_destroying, against_hiding
from storage_admin.jobs.targets import Target
from storage_admin.models import Job

GONE = Skip("gone", gettext_lazy("It is not there any more."))
_CURRENT = Skip("current", gettext_lazy("It is the newest version: this job leaves it."))
_MARKER = Skip("marker", gettext_lazy("It is a delete marker."))
_VERSION = Skip("version", gettext_lazy("It is no delete marker."))
_NEWER = Skip("newer", gettext_lazy("It is newer than the job's limit."))
_KEPT = Skip("kept", gettext_lazy("It is among the newest versions that are kept."))
_NOT_ALONE = Skip("hides", gettext_lazy("Versions lie below the marker: it hides an object."))

HIDDEN = "hidden"  # how an outcome tells its undo that a marker was put on: with the marker's id


def destroy(job: Job, targets: Sequence[Target], *, bypass: bool) -> list[Outcome]:
    """Destroy exactly these versions and markers; what the store says of each is its outcome."""
    by_name = {(target.key, target.version_id): target for target in targets}
    answers = objects.delete_versions(
        job.bucket.name, list(by_name), bypass_governance=bypass, alias=job.bucket.connection
    )
    found = ((by_name[one.key, one.version_id], one) for one in answers)
    return [Failed(target, one.code, one.message) if one.code else Done(target) for target, one in found]


def no_versions(job: Job) -> str:
    """Return why nothing is hidden in the job's bucket now: where versions are not kept, it would destroy."""
    if versioning.read(job.bucket.name, alias=job.bucket.connection).plain_delete_destroys:
        return _("Deleting here would destroy objects: the bucket's versioning is not switched on.")
    return ""


def marker_over(job: Job, key: str, *, etag: str = "", version_id: str = "") -> str:
    """Return the marker that lies directly on what is named so, as the newest entry; "" where none does."""
    entries = listing.key_versions(job.bucket.name, key, size=2, alias=job.bucket.connection).versions[:2]
    if len(entries) < 2 or not entries[0].is_delete_marker or entries[1].is_delete_marker:
        return ""
    below = entries[1]
    is_it = below.version_id == version_id if version_id else below.etag == etag
    return entries[0].version_id if is_it else ""


def _failed_or_gone(target: Target, error: S3Error) -> Outcome:
    """Tell of a target that nobody hid: another object is there by now, or none is."""
    if isinstance(error, ObjectNotFound):
        return Skipped(target, GONE)
    return Failed(target, error.code or type(error).__name__, str(error))


class Hide(OneByOne):
    """Puts a delete marker on each object."""

    slug = "hide"
    title = gettext_lazy("Delete (hide)")
    explanation = gettext_lazy("Puts a delete marker on each object. All versions stay and can come back.")
    right = "storage_admin.hide_object"
    keeps_successes = True
    undone_by = "undo"

    def obstacle(self, job: Job) -> str:
        return no_versions(job)

    def judge(self, job: Job, target: Target) -> Skip | None:
        return GONE if target.is_gone else None

    def judge_all(self, job: Job, targets: Sequence[Target]) -> list[Skip | None]:
        return first_of(super().judge_all(job, targets), against_hiding(job.bucket, targets))

    def act_on(self, job: Job, target: Target) -> Outcome:
        name, alias = job.bucket.name, job.bucket.connection
        try:
            marker = delete_markers.hide(name, target.key, if_etag=target.etag, alias=alias)
        except (Conflict, ObjectNotFound) as error:
            # It was there when the batch was read. Perhaps a worker before this one hid it and died, or
            # the answer was lost, and botocore's second try found the marker of its first.
            marker = marker_over(job, target.key, etag=target.etag)
            if not marker:
                return _failed_or_gone(target, error)
        return Done(target, made=f"{HIDDEN}:{marker}")

    def requests(self, targets: int) -> dict[str, int]:
        return {"DeleteObject": targets}


class DestroyForm(forms.Form):
    """Which versions go."""

    which = forms.ChoiceField(
        label=gettext_lazy("What goes"),
        choices=[
            ("old", gettext_lazy("old versions")),
            ("lone-markers", gettext_lazy("delete markers below which nothing is left")),
            ("everything", gettext_lazy("everything: all versions and delete markers")),
        ],
        widget=forms.RadioSelect,
        initial="old",
    )
    days = forms.IntegerField(
        label=gettext_lazy("Old for at least (days)"), min_value=0, max_value=36_500, initial=30,
        help_text=gettext_lazy("Counted from when a newer version, or a marker, took its place."),
    )  # fmt: skip
    keep = forms.IntegerField(
        label=gettext_lazy("Keep the newest old versions of each object"),
        min_value=0, max_value=100, initial=0,
    )  # fmt: skip
    bypass = forms.BooleanField(
        label=gettext_lazy("Also what governance retention protects"), required=False,
        help_text=gettext_lazy("Needs a right of its own, and is kept in the audit."),
    )  # fmt: skip


class Destroy(Kind):
    """Destroys versions and markers for good."""

    slug = "destroy"
    title = gettext_lazy("Destroy versions")
    explanation = gettext_lazy("Removes versions and delete markers for good.")
    right = "storage_admin.destroy_version"
    destroys = True
    keeps_successes = True
    selections = ("versions", "exact")
    batch_size = objects.DELETE_BATCH
    form_class = DestroyForm

    def judge(self, job: Job, target: Target) -> Skip | None:
        which = job.parameters.get("which", "old")
        if target.is_gone:
            return GONE
        if which == "lone-markers":
            if not target.is_marker:
                return _VERSION
            return None if target.is_alone else _NOT_ALONE
        if which == "old":
            return self._old_enough(job, target)
        return None

    def judge_all(self, job: Job, targets: Sequence[Target]) -> list[Skip | None]:
        return first_of(super().judge_all(job, targets), against_destroying(job.bucket, targets))

    def _old_enough(self, job: Job, target: Target) -> Skip | None:
        if target.is_marker:
            return _MARKER
        if target.is_latest or target.replaced_at is None:
            return _CURRENT
        if target.replaced_at > timezone.now() - timedelta(days=job.parameters.get("days", 0)):
            return _NEWER
        return _KEPT if target.rank <= job.parameters.get("keep", 0) else None

    def act(self, job: Job, targets: Sequence[Target], beat: Beat) -> list[Outcome]:
        outcomes = destroy(job, targets, bypass=job.parameters.get("bypass", False))
        beat()
        return outcomes

    def requests(self, targets: int) -> dict[str, int]:
        return {"DeleteObjects": -(-targets // objects.DELETE_BATCH)}

    def meaning(self, job: Job) -> list[str | Promise]:
        return [gettext_lazy("Nothing brings destroyed versions back.")]


class AbortUploads(OneByOne):
    """Aborts uploads that were begun and never ended."""

    slug = "abort-uploads"
    title = gettext_lazy("Abort open uploads")
    explanation = gettext_lazy(
        "Removes the parts of uploads that were begun and never ended; they are billed."
    )
    right = "storage_admin.destroy_version"
    destroys = True
    keeps_successes = True
    selections = ("uploads",)

    class AgeForm(forms.Form):
        days = forms.IntegerField(
            label=gettext_lazy("Begun at least so many days ago"), min_value=0, max_value=3_650, initial=7
        )

    form_class = AgeForm

    def judge(self, job: Job, target: Target) -> Skip | None:
        limit = timezone.now() - timedelta(days=job.parameters.get("days", 7))
        return _NEWER if target.modified is not None and target.modified > limit else None

    def act_on(self, job: Job, target: Target) -> Outcome:
        uploads.abort(job.bucket.name, target.key, target.upload_id, alias=job.bucket.connection)
        return Done(target)

    def requests(self, targets: int) -> dict[str, int]:
        return {"AbortMultipartUpload": targets, "ListParts": targets}

    def meaning(self, job: Job) -> list[str | Promise]:
        return [gettext_lazy("Who still sends parts has to begin again. How much they hold is not counted.")]
